# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what emulation costs: the same build for this machine's own architecture and for another.

And what it costs to verify a handler by executing a program, beyond the start of the module.

Needs a Docker Engine with buildx and a handler for the other architecture on this machine
(`tests/host/prepare containers` brings both). Prints a table.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
COLLECTIONS = CHECKOUT / "build/collections"
PACKAGES = CHECKOUT / "tests/host/lib/packages.sh"

ROUNDS = 3
VERIFICATIONS = 20
VERIFICATION_BOUND_MS = 50
OWN = "arm64" if platform.machine() == "aarch64" else "amd64"
OTHER = "amd64" if OWN == "arm64" else "arm64"

# What a build does in the main: it computes, or it starts programs.
WORK = {
    "compress 32 MiB": "dd if=/dev/zero bs=1M count=32 | sha256sum; "
    "head -c 33554432 /dev/urandom | gzip -9 | wc -c",
    "start 500 programs": "i=0; while [ $i -lt 500 ]; do /bin/busybox true; i=$((i+1)); done",
}

DOCKERFILE = """\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "mkdir", "-p", "/usr/bin", "/sbin", "/usr/sbin"]
RUN ["/bin/busybox", "--install"]
RUN {work}
"""


def busybox(architecture: str, folder: Path) -> Path:
    """Unpack Debian's static busybox of an architecture; nothing of it is executed."""
    root = folder / f"root-{architecture}"
    script = (
        f'source "{PACKAGES.parent}/say.sh"; source "{PACKAGES}"; debian_sources trixie | '
        f"mmdebstrap --quiet --mode=root --variant=extract --arch={architecture} "
        f"--include=busybox-static trixie {root} -"
    )
    subprocess.run(["bash", "-c", script], check=True)
    return next(path for path in (root / "usr/bin/busybox", root / "bin/busybox") if path.exists())


def build(architecture: str, folder: Path, work: str) -> float:
    """Return the seconds that a build takes without any cache."""
    context = folder / f"context-{architecture}"
    (context / "Dockerfile").write_text(DOCKERFILE.format(work=work), encoding="utf-8")
    command = ["docker", "buildx", "build", "--no-cache", "--platform", f"linux/{architecture}"]
    started = time.monotonic()
    subprocess.run([*command, "."], cwd=context, check=True, capture_output=True)
    return time.monotonic() - started


# The module's own code, found by the name that Ansible gives it.
VERIFY = f"""
import statistics, time
from ansible_collections.arm64.docker.plugins.module_utils._execute import execute
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
times = []
for _ in range({VERIFICATIONS}):
    started = time.monotonic()
    assert execute(Runner(), "{OTHER}", 10) is None
    times.append(1000 * (time.monotonic() - started))
print(statistics.median(times), max(times))
"""


def verification() -> tuple[float, float]:
    """Return the median and the longest of the milliseconds that one verification takes."""
    done = subprocess.run(
        [sys.executable, "-c", VERIFY],
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    median, longest = map(float, done.stdout.split())
    return median, longest


def main() -> None:
    median, longest = verification()
    print(
        f"Verifying {OTHER} takes {median:.1f} ms, {longest:.1f} ms at most in {VERIFICATIONS} "
        f"times (bound {VERIFICATION_BOUND_MS} ms).\n"
    )
    if median > VERIFICATION_BOUND_MS:
        raise SystemExit("That is more than the bound.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for architecture in (OWN, OTHER):
            context = folder / f"context-{architecture}"
            context.mkdir()
            program = busybox(architecture, folder).read_bytes()
            (context / "busybox").write_bytes(program)
            (context / "busybox").chmod(0o755)
        print(f"| RUN | {OWN}, native | {OTHER}, emulated | factor |\n|---|---|---|---|")
        for title, work in {"nothing": "true", **WORK}.items():
            medians = []
            for architecture in (OWN, OTHER):
                runs = [build(architecture, folder, work) for _ in range(ROUNDS)]
                medians.append(statistics.median(runs))
            own, other = medians
            print(f"| {title} | {own:.2f} s | {other:.2f} s | {other / own:.1f} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
