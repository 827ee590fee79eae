# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of an image without booting it: kernel and initrd, as firmware reads them, and others."""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from .errors import MachineError

KERNEL = "kernel"
INITRD = "initrd"


def extract(raw: Path, folder: Path) -> None:
    """Write the files `kernel` and `initrd` into `folder`, read from the ext4 image `raw`."""
    for link, name in (("vmlinuz", KERNEL), ("initrd.img", INITRD)):
        target = _debugfs(raw, f"stat /{link}").decode(errors="replace")
        found = re.search(r'Fast link dest: "(.+)"', target)
        if not found:
            raise MachineError(f"{raw} has no kernel to boot: /{link} is not a symbolic link")
        _extract(raw, posixpath.join("/", found[1]), folder / name)


def extract_chosen(raw: Path, folder: Path, kernel: str, initrd: str) -> None:
    """Write `kernel` and `initrd`, by their paths on the ext4 image `raw`, as `extract` does.

    Does nothing where there is no kernel of arm64 by that path, which is the case for the files
    that stand for one. https://docs.kernel.org/arch/arm64/booting.html gives its magic number.
    """
    if _debugfs(raw, f"cat {_quoted(kernel)}")[56:60] == b"ARM\x64":
        _extract(raw, kernel, folder / KERNEL)
        _extract(raw, initrd, folder / INITRD)


def extract_from_overlay(disk: Path, folder: Path) -> None:
    """Write `kernel` and `initrd` as they are on the qcow2 `disk`, which no QEMU may be using."""
    with raw_copy(disk, folder) as raw:
        extract(raw, folder)


@contextlib.contextmanager
def raw_copy(disk: Path, folder: Path) -> Iterator[Path]:
    """Make a raw copy of the qcow2 `disk`, which no QEMU may be writing to, for as long as needed.

    debugfs reads only raw images; the copy is sparse, costs seconds, and lies in `folder`.
    """
    handle, name = tempfile.mkstemp(prefix=".disk-", dir=folder)
    os.close(handle)
    raw = Path(name)
    try:
        subprocess.run(
            ["qemu-img", "convert", "-W", "-t", "unsafe", "-O", "raw", str(disk), str(raw)],
            check=True,
        )
        yield raw
    finally:
        raw.unlink()


def replay_journal(raw: Path) -> None:
    """Bring into the ext4 image `raw` what its journal holds after a machine was killed."""
    done = subprocess.run(
        ["/sbin/e2fsck", "-y", "-E", "journal_only", str(raw)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        raise MachineError(f"the journal of {raw} cannot be replayed: {done.stdout}{done.stderr}")


def read(raw: Path, path: str) -> str | None:
    """Return the text of a file of the ext4 image `raw`, or None where there is none."""
    if "Type: regular" not in _debugfs(raw, f"stat {_quoted(path)}").decode(errors="replace"):
        return None
    return _debugfs(raw, f"cat {_quoted(path)}").decode(errors="replace")


def write(raw: Path, files: Mapping[str, Path]) -> None:
    """Write new files, and the folders that they lack, into the ext4 image `raw`.

    They belong to root and have mode 0644.
    """
    folders = {str(folder): None for path in files for folder in reversed(Path(path).parents)}
    requests = [f"mkdir {_quoted(folder)}" for folder in folders if not _exists(raw, folder)]
    for path, source in files.items():
        folder, name = posixpath.split(path)
        requests += [f"cd {_quoted(folder)}", f"write {_quoted(str(source))} {_quoted(name)}"]
        requests.append(f"set_inode_field {_quoted(name)} mode 0100644")
    done = subprocess.run(
        ["/sbin/debugfs", "-w", "-f", "-", str(raw)],
        input="\n".join(requests) + "\n",
        check=False,
        capture_output=True,
        text=True,
    )
    # debugfs goes on after what fails, and ends with 0.
    for path, source in files.items():
        if read(raw, path) != source.read_text():
            raise MachineError(f"{path} cannot be written to {raw}: {done.stderr}")


def _extract(raw: Path, path: str, to: Path) -> None:
    content = _debugfs(raw, f"cat {_quoted(path)}")
    if not content:
        raise MachineError(f"{raw} has no kernel to boot: {path} is missing or empty")
    partial = to.with_name(f".{to.name}")
    partial.write_bytes(content)
    partial.rename(to)


def _exists(raw: Path, path: str) -> bool:
    return b"Inode:" in _debugfs(raw, f"stat {_quoted(path)}")


def _quoted(path: str) -> str:
    """Return `path` as one argument of a debugfs request, in which a quote is doubled."""
    return '"{}"'.format(path.replace('"', '""'))


def _debugfs(raw: Path, request: str) -> bytes:
    done = subprocess.run(
        ["/sbin/debugfs", "-R", request, str(raw)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return done.stdout
