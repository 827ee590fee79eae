# SPDX-License-Identifier: GPL-3.0-or-later
"""Another program that holds the locks of the package manager."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from plays.host import Host

DPKG = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
LISTS = ("/var/lib/apt/lists/lock",)

# What holds them is an interpreter, so `python3` is the name that messages must give.
HOLDER = "python3"

HOLD = """
import fcntl, pathlib, sys, time

files = [open(path, "a") for path in sys.argv[2:]]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
pathlib.Path("/run/faults-held").touch()


def apt_runs():
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\\0")
        except OSError:
            continue
        if words[0].endswith(b"apt-get") and b"install" in words:
            return True
    return False


while sys.argv[1] == "forever" or not apt_runs():
    time.sleep(0.5)
time.sleep(40)
assert apt_runs(), "apt-get did not wait"
"""

UNIT = "faults-holder.service"


@contextlib.contextmanager
def held(host: Host, paths: tuple[str, ...], until: str = "forever") -> Iterator[None]:
    """Hold the locks `paths`, as apt and dpkg do, while the block runs."""
    with host.planted(
        f"""
        mkdir -p /opt/faults {" ".join(path.rpartition("/")[0] for path in paths)}
        cat >/opt/faults/hold.py <<'end'\n{HOLD}\nend
        systemd-run --quiet --unit={UNIT} \
            /usr/bin/python3 /opt/faults/hold.py {until} {" ".join(paths)}
        for attempt in $(seq 60); do test -e /run/faults-held && exit; sleep 0.5; done
        exit 1
        """,
        f"""
        systemctl stop {UNIT} || true
        systemctl reset-failed {UNIT} 2>/dev/null || true
        rm -f /opt/faults/hold.py /run/faults-held
        """,
    ):
        yield


@contextlib.contextmanager
def held_until_apt_waits(host: Host) -> Iterator[None]:
    """Hold dpkg's locks until apt-get has waited for them for 40 seconds.

    Fails where apt-get did not wait so long.
    """
    with held(host, DPKG, until="awaited"):
        yield
        assert host.ssh(f"systemctl is-failed {UNIT} || true").strip() == "inactive"
