# SPDX-License-Identifier: GPL-3.0-or-later
"""Build an image once, keep it in the cache, never change it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import boot, requirements
from .errors import MachineError
from .paths import cache_dir, locked
from .recipe import Recipe
from .ssh import private_key

DISK = "disk.qcow2"


@dataclass(frozen=True)
class Base:
    """A read-only disk to put overlays on, and the kernel and initrd that boot it."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / DISK

    @property
    def kernel(self) -> Path:
        return self.folder / boot.KERNEL

    @property
    def initrd(self) -> Path:
        return self.folder / boot.INITRD


def say(message: str) -> None:
    """Tell the person who waits what happens; standard output is for results."""
    print(message, file=sys.stderr, flush=True)


def build(release: str = "trixie", arch: str = "arm64", size: str = "8G") -> Base:
    """Return the cached image; build it first if it is not there.

    `size` is what the guest sees as its disk, as debvm-create takes it (8G, 6GB); the file is
    sparse. Raises MachineError when the host lacks a tool or the build fails.
    """
    requirements.demand(requirements.missing_to_name())
    recipe = Recipe(release, arch, size, private_key().with_suffix(".pub"))
    folder = cache_dir() / recipe.key()
    with locked(cache_dir() / f"{release}-{arch}.lock", _say_waiting):
        if not folder.exists():
            requirements.demand(requirements.missing_to_build(arch))
            _build(recipe, folder)
    return Base(folder)


def _build(recipe: Recipe, folder: Path) -> None:
    log = folder.with_suffix(".log")
    say(
        f"Building a Debian {recipe.release} {recipe.arch} machine: once, about "
        f"{_usual_minutes(recipe.arch)}. Log: {log}"
    )
    started = time.monotonic()
    partial = folder.with_name(f".{folder.name}")
    # A build that was killed may have left one.
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        raw = partial / "disk.ext4"
        create = ["debvm-create", f"--output={raw}", *recipe.debvm_arguments()]
        _logged(["env", *recipe.emulation(), *create], log)
        for argv, statuses in recipe.finish(raw):
            _logged(argv, log, statuses)
        boot.extract(raw, partial)
        _logged(["qemu-img", "convert", "-O", "qcow2", str(raw), str(partial / DISK)], log)
        raw.unlink()
        for file in partial.iterdir():
            file.chmod(0o444)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"Built in {time.monotonic() - started:.0f} s: {folder}")


def _say_waiting() -> None:
    say("Waiting for another process that is building this image.")


def _usual_minutes(arch: str) -> str:
    native = platform.machine() in requirements.KERNEL_MACHINES[arch]
    return "a minute" if native else "8 minutes on an idle machine"


def _logged(argv: list[str], log: Path, statuses: tuple[int, ...] = (0,)) -> None:
    """Run `argv`, its output appended to `log`; raise MachineError with the end of it.

    `statuses` are those that mean success.

    Everything it starts and mounts is gone when it ends, also when this process is killed.
    """
    alone = ["setpriv", "--pdeathsig", "KILL"]
    alone += ["unshare", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child", "--"]
    # A fresh /proc hides the mount by which mmdebstrap sees how foreign programs are executed.
    alone += ["sh", "-c", 'mount -t binfmt_misc none "$0" || true; exec "$@"']
    alone += [str(requirements.BINFMT)]
    with log.open("ab") as output, tempfile.TemporaryDirectory(prefix="arm64-docker-") as scratch:
        # apt's own user works in it.
        os.chmod(scratch, 0o755)
        environment = {
            **os.environ,
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
            "TMPDIR": scratch,
        }
        done = subprocess.run(
            [*alone, *argv],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            # A failing mmdebstrap sends SIGHUP to its process group, which is not to be ours.
            start_new_session=True,
        )
    if done.returncode not in statuses:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise MachineError(f"{argv[0]} failed with status {done.returncode}:\n{end}\nLog: {log}")
