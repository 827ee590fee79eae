# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks on top of disks: private overlays, and saved ones that scenarios share."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import boot
from .errors import MachineError
from .image import DISK, Base
from .paths import check_name, layers_dir, state_dir
from .settings import Files, write_json

FACTS = "layer.json"


def make_overlay(base: Base, disk: Path) -> None:
    """Create `disk`, empty but for what it will hold differently from `base`."""
    argv = ["qemu-img", "create", "-q", "-f", "qcow2"]
    argv += ["-b", str(base.disk), "-F", "qcow2", str(disk)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"cannot put a disk on {base.disk}: {done.stderr}")


def load(name: str) -> Base:
    """Return a saved layer; raises MachineError if there is none of that name."""
    folder = layers_dir() / check_name(name)
    if not folder.exists():
        known = ", ".join(names()) or "none"
        raise MachineError(f"no layer {name!r}; saved layers: {known}")
    return Base(folder)


def arch(name: str) -> str:
    """Return the architecture of a layer."""
    return str(json.loads((load(name).folder / FACTS).read_text())["arch"])


def names() -> list[str]:
    """Return the names of all layers."""
    return sorted(folder.name for folder in layers_dir().iterdir() if folder.name[0] != ".")


def save(files: Files, name: str) -> Base:
    """Turn the disk of a cleanly stopped machine into the layer `name`; the machine loses it.

    A layer of that name is replaced, unless a disk or another layer lies on it.
    """
    folder = layers_dir() / check_name(name)
    if folder.exists():
        remove(name)
    settings = files.load()
    partial = Path(tempfile.mkdtemp(prefix=".", dir=layers_dir()))
    try:
        boot.extract_from_overlay(files.disk, partial)
        write_json(partial / FACTS, {"arch": settings.arch, "base": settings.base})
        partial.chmod(0o755)
        files.disk.rename(partial / DISK)
        for file in partial.iterdir():
            file.chmod(0o444)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Base(folder)


def remove(name: str) -> None:
    """Delete a layer; raises MachineError when something lies on it."""
    layer = load(name)
    users = [
        folder.name
        for facts in (*state_dir().glob("*/settings.json"), *layers_dir().glob(f"*/{FACTS}"))
        for folder in [facts.parent]
        if (folder / DISK).exists() and json.loads(facts.read_text())["base"] == str(layer.folder)
    ]
    if users:
        raise MachineError(f"layer {name!r} is in use by: {', '.join(sorted(users))}")
    shutil.rmtree(layer.folder)
