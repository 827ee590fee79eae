# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that the daemon runs with a new daemon.json, and the way back where it does not."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils import (
    _atomic,
    _dockerd_flags,
    _json_object,
    _no_log,
)
from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import RELOAD, RESTART
from ansible_collections.arm64.docker.plugins.module_utils._daemon_service import Service, State
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# A daemon that hangs is killed after 90 s (DefaultTimeoutStopSec); then the old one has to start.
_PUT_BACK_SECONDS = 150


@dataclass(frozen=True)
class Proof:
    """What it takes to apply a file that has been written, and to go back.

    ``data`` is what the file holds and ``good`` the last content that the daemon ran with (None:
    no file), which lies in ``undo_path`` too; ``mode`` are the permissions that the file had before
    this run, None where there was none. ``seconds`` is how long the daemon may take.
    ``hidden`` are secrets that no message may show.
    """

    service: Service
    state: State
    path: str
    undo_path: str
    data: bytes | None
    good: bytes | None
    mode: int | None
    seconds: float
    hidden: frozenset[str]

    def apply(self, how: str) -> None:
        """Reload or restart the daemon and wait until it runs with the file.

        :raises DockerHostError: where it does not, with the journals, after the last content that
            it ran with has been put back and applied; it says whether the daemon runs now
        """
        start = self.service.clock.now()
        trouble = self._attempt(how, self.seconds)
        if trouble is None:
            _atomic.remove(self.undo_path)
            return
        failed = f"{self.service.unit} does not run with {self.path} ({how}"
        failed += f"{self._changed()}): {trouble}."
        journal = f"Journal of the attempt:\n{self.service.journal(start)}\n"
        if self.good == self.data:
            raise self._error(
                f"{failed} The file holds this since before this run, and there is nothing to put "
                f"back.\n{journal}",
                f"Docker may be down: mend what the journal names, then {self._by_hand()}",
            )
        back = self.service.clock.now()
        trouble = self._put_back(how)
        journal += f"Journal after the old file was put back:\n{self.service.journal(back)}\n"
        if trouble is None:
            raise self._error(
                f"{failed} The old file is back, and the daemon runs with it.\n{journal}",
                "Correct the configuration by what the first journal says, and run again.",
            )
        raise self._error(
            f"{failed} Docker is down, also with the old file: {trouble}.\n{journal}",
            f"Mend what the second journal names, then {self._by_hand()}",
        )

    def _changed(self) -> str:
        """Return the keys that differ from what the daemon ran with, in words; not their values."""
        old, new = (_json_object.read(one or b"")[0] or {} for one in (self.good, self.data))
        keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        return f"; it differs in {', '.join(keys)}" if keys else ""

    def _attempt(self, how: str, seconds: float) -> str | None:
        """Apply what the file holds now; return None, or why the daemon does not run with it."""
        try:
            document = _json_object.read(_atomic.read(self.path) or b"")[0] or {}
        except DockerHostError as error:
            return error.message
        hosts = _dockerd_flags.values(self.state.flags, "host")
        listed = document.get("hosts")
        if isinstance(listed, list):
            hosts += [host for host in listed if isinstance(host, str)]
        address = _dockerd_flags.address(hosts, self.state.socket)
        verb = self.service.reload if how == RELOAD else self.service.restart
        return verb(address, seconds)

    def _put_back(self, how: str) -> str | None:
        """Put the good content back and apply it; return None, or why the daemon is down."""
        try:
            if self.good is None:
                _atomic.remove(self.path)
            else:
                mode = 0o644 if self.mode is None else self.mode
                _atomic.write(self.path, self.good, mode, keep=self.mode is None)
            _atomic.remove(self.undo_path)
        except DockerHostError as error:
            return f"{error.message} The old file lies in {self.undo_path}"
        # A daemon that refused a reload runs on, with its containers; only one that did not
        # survive it has to be started.
        if how == RELOAD and self._attempt(RELOAD, self.seconds) is None:
            return None
        return self._attempt(RESTART, max(self.seconds, _PUT_BACK_SECONDS))

    def _by_hand(self) -> str:
        unit = self.service.unit
        return f"'systemctl reset-failed {unit}' and 'systemctl restart {unit}'."

    def _error(self, message: str, remedy: str) -> DockerHostError:
        return DockerHostError(_no_log.scrub(message, self.hidden), remedy)
