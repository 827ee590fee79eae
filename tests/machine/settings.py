# SPDX-License-Identifier: GPL-3.0-or-later
"""How a machine was asked to be, and the folder that holds it and tells its state."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import boot, firmware
from .image import DISK, Base
from .paths import state_dir
from .processes import Process


@dataclass(frozen=True)
class Settings:
    """What start was called with; memory is in MiB, base the folder of an image or layer."""

    base: str
    port: int
    arch: str
    cpu: str
    cpus: int
    memory: int
    board: str | None
    append: str
    offline: bool
    owner: Process | None


class Files:
    """The folder of one machine."""

    def __init__(self, name: str) -> None:
        self.folder = state_dir() / name
        self.settings = self.folder / "settings.json"
        self.disk = self.folder / DISK
        self.console = self.folder / "console.log"
        self.device_tree = self.folder / "board.dtb"
        # Held by the guardian for as long as it lives.
        self.lock = self.folder / "lock"
        self.guardian = self.folder / "guardian.json"
        self.guardian_log = self.folder / "guardian.log"
        # One line that says how the last run ended.
        self.ended = self.folder / "ended"
        # Only where the disk may have another kernel than the base.
        self.kernel = self.folder / boot.KERNEL
        self.initrd = self.folder / boot.INITRD
        # What the board's firmware read at the last start. None without board.
        self.firmware = self.folder / "firmware.json"

    def boot_files(self, settings: Settings) -> tuple[Path, Path]:
        """Return the kernel and initrd to boot with."""
        if self.kernel.exists():
            return self.kernel, self.initrd
        base = Base(Path(settings.base))
        return base.kernel, base.initrd

    def running(self) -> bool:
        """Tell whether the guardian lives. It ends with the machine."""
        try:
            with self.lock.open("r") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def how_it_ended(self) -> str:
        """Return one line on how the machine ended, or an empty string."""
        try:
            return self.ended.read_text().strip()
        except FileNotFoundError:
            return ""

    def process(self, which: str) -> Process:
        """Return the process of the `guardian` or of `qemu`, which may have ended since."""
        return Process(**json.loads(self.guardian.read_text())[which])

    def discard_disk(self) -> None:
        for path in (self.disk, self.kernel, self.initrd, self.firmware):
            path.unlink(missing_ok=True)

    def log_ends(self) -> str:
        """Return the last lines of the console and of the guardian, for messages."""
        ends = []
        for path in (self.console, self.guardian_log):
            if path.exists() and path.stat().st_size:
                lines = path.read_text(errors="replace").splitlines()[-60:]
                ends.append("\n".join([f"The end of {path}:", *lines]))
        return "\n".join(ends)

    def save(self, settings: Settings) -> None:
        write_json(self.settings, asdict(settings))

    def load(self) -> Settings:
        fields = json.loads(self.settings.read_text())
        owner = fields.pop("owner")
        return Settings(owner=Process(**owner) if owner else None, **fields)

    def save_start(self, start: firmware.Start) -> None:
        write_json(self.firmware, asdict(start))

    def load_start(self) -> firmware.Start:
        return firmware.Start(**json.loads(self.firmware.read_text()))


def write_json(path: Path, content: Any) -> None:
    """Replace `path` at once, so that no reader sees half of it."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.rename(path)
