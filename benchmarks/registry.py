# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure image_platform_info against a loop of skopeo, behind an added round-trip time.

Debian's registry with TLS and tokens answers both, in the same run. Results go to
build/bench/registry.json, and as a table to standard output. No machine is booted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from registry import Registries  # noqa: E402
from registry.delay import Delays  # noqa: E402
from registry.images import index, inspect, push_by_hand, single  # noqa: E402

RESULTS = CHECKOUT / "build/bench/registry.json"
MODULE = "arm64.docker.image_platform_info"
COLLECTIONS = CHECKOUT / "build/collections"

# In seconds.
ROUND_TRIP = 0.04
REPOSITORIES = 100
TAGS = 10
# What it must reach: the part of skopeo's time, and, from 100 images to 1,000, the factor of time
# and the MiB of memory, which the answer itself takes some of.
TIME_BOUND, FACTOR_BOUND, MEMORY_BOUND = 0.1, 10.0, 16.0


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def fill(registries: Registries) -> None:
    """Push images, one of five for one platform only, each with several tags."""
    tags = [f"v{number}" for number in range(TAGS)]
    platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
    for number in range(REPOSITORIES):
        name = f"bench/image-{number}"
        if number % 5 == 0:
            image = single(name, "docker", "linux/arm64")
        else:
            image = index(name, "oci", platforms, attested=True)
        push_by_hand(image, registries.open, registries.ca, tags)


def module(names: Sequence[str], ca: Path) -> dict[str, Any]:
    """Run the module as Ansible does on a host, return seconds and the MiB it took at most."""
    given = {
        "images": list(names),
        "ca_path": str(ca),
        "_ansible_remote_tmp": tempfile.gettempdir(),
    }
    code = (
        "import runpy; runpy.run_module("
        "'ansible_collections.arm64.docker.plugins.modules.image_platform_info', "
        "run_name='__main__')"
    )
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS), "DOCKER_CONFIG": "/nonexistent"}
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout:
        stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        stdin.seek(0)
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=stdin, stdout=stdout, env=environment
        )
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        # It was waited for already.
        process.returncode = 0
        stdout.seek(0)
        demand_all_found(json.loads(stdout.read()), len(names))
    return {"seconds": seconds, "mib": usage.ru_maxrss / 1024}


def command(names: Sequence[str], ca: Path) -> float:
    """Return the seconds that the whole command takes, with Ansible around the module."""
    options = json.dumps({"images": list(names), "ca_path": str(ca)})
    started = time.monotonic()
    done = subprocess.run(
        ["ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", MODULE, "-a", options]
        + ["-e", f"ansible_python_interpreter={sys.executable}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "DOCKER_CONFIG": "/nonexistent", "ANSIBLE_NOCOLOR": "1"},
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"ansible failed:\n{done.stdout[:2000]}{done.stderr}")
    demand_all_found(json.loads(done.stdout.partition("=>")[2]), len(names))
    return seconds


def demand_all_found(answer: dict[str, Any], count: int) -> None:
    found = [image for image in answer.get("images", []) if image["supported"]]
    if len(found) != count:
        raise SystemExit(f"{len(found)} of {count} images were found: {answer.get('msg')}")


def skopeo(repositories: Sequence[str], delayed: Any, ca: Path) -> float:
    """Return the seconds that one `skopeo inspect --raw` after the other takes."""
    started = time.monotonic()
    for repository in repositories:
        inspect(repository, delayed, ca)
    return time.monotonic() - started


class Delayed:
    """The registry as clients far away reach it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.login = None


def measure(rounds: int) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        delays = stack.enter_context(Delays(ROUND_TRIP))
        registries = stack.enter_context(Registries(folder / "registries", delays.to))
        say(f"{REPOSITORIES} repositories (usually 15 s)")
        fill(registries)
        delayed = Delayed(delays.to(registries.token.name))
        repositories = [f"bench/image-{number}:v0" for number in range(REPOSITORIES)]
        hundred = [f"{delayed.name}/{name}" for name in repositories]
        thousand = [f"{name[:-1]}{tag}" for name in hundred for tag in range(TAGS)]
        say(f"{REPOSITORIES} images, by turns (usually {rounds} minutes)")
        ours, whole, theirs = [], [], []
        for _ in range(rounds):
            ours.append(module(hundred, registries.ca))
            whole.append(command(hundred, registries.ca))
            theirs.append(skopeo(repositories, delayed, registries.ca))
        say(f"{len(thousand)} images")
        many = [module(thousand, registries.ca) for _ in range(rounds)]
    return {
        "skopeo_seconds": theirs,
        "module_seconds": [one["seconds"] for one in ours],
        "ansible_seconds": whole,
        "module_ratio": _median(ours, "seconds") / statistics.median(theirs),
        "ansible_ratio": statistics.median(whole) / statistics.median(theirs),
        "thousand_seconds": [one["seconds"] for one in many],
        "factor": _median(many, "seconds") / _median(ours, "seconds"),
        "hundred_mib": _median(ours, "mib"),
        "thousand_mib": _median(many, "mib"),
    }


def _median(rows: Sequence[dict[str, float]], key: str) -> float:
    return statistics.median(row[key] for row in rows)


def table(results: dict[str, Any]) -> str:
    """Return the results for people, as Markdown."""

    def seconds(key: str) -> str:
        return ", ".join(f"{value:.1f}" for value in results[key])

    more = results["thousand_mib"] - results["hundred_mib"]
    return "\n".join(
        [
            "| what, behind 40 ms | seconds | ratio of medians | bound |",
            "|---|---|---|---|",
            f"| 100 times `skopeo inspect --raw` | {seconds('skopeo_seconds')} | | |",
            f"| `image_platform_info`, 100 images | {seconds('module_seconds')} "
            f"| {results['module_ratio']:.3f} | {TIME_BOUND:.2f} |",
            f"| the same with `ansible` around it | {seconds('ansible_seconds')} "
            f"| {results['ansible_ratio']:.3f} | {TIME_BOUND:.2f} |",
            f"| `image_platform_info`, 1,000 images | {seconds('thousand_seconds')} "
            f"| {results['factor']:.1f} of 100 images | {FACTOR_BOUND:.0f} |",
            "",
            f"Memory: {results['hundred_mib']:.0f} MiB for 100 images, {more:.0f} MiB more for "
            f"1,000 (bound: {MEMORY_BOUND:.0f}).",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of each measurement (3)")
    arguments = parser.parse_args()
    # What was begun is ended when this process is asked to end, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = measure(arguments.rounds)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(f"{json.dumps(results, indent=2)}\n", encoding="utf-8")
    print(table(results))
    kept = (
        results["ansible_ratio"] <= TIME_BOUND
        and results["factor"] <= FACTOR_BOUND
        and results["thousand_mib"] - results["hundred_mib"] <= MEMORY_BOUND
    )
    if not kept:
        raise SystemExit("A bound was not kept.")


if __name__ == "__main__":
    main()
