# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the collection costs on a booted arm64 machine, against what it could cost at least.

Everything is measured in one run on one machine, so that ratios hold wherever it runs. Results go
to build/bench/results.json, and as tables to standard output.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from machine.lifecycle import Machine  # noqa: E402
from plays.drift import DRIFTS, OPERATOR, SITE  # noqa: E402
from plays.runner import Controller, extra_vars  # noqa: E402

RESULTS = CHECKOUT / "build/bench/results.json"
OBSERVATION = "arm64.docker.docker_host_facts"

# What site installs on Debian 13; the run checks that nothing is left for site to install.
PACKAGES = (
    "docker.io",
    "docker-cli",
    "docker-buildx",
    "docker-compose",
    "ca-certificates",
    "python3-requests",
)
BARE = (
    "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && "
    f"apt-get -qq -y --no-install-recommends install {' '.join(PACKAGES)}"
)


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def bare_install() -> float:
    """Return the seconds that apt alone takes on a fresh machine, as root over ssh."""
    with Machine("bench-bare") as machine:
        machine.start()
        started = time.monotonic()
        machine.ssh(BARE, timeout=1800)
        seconds = time.monotonic() - started
        left = Controller(machine.inventory()).playbook("arm64.docker.site", "--check").demand()
        if left.changed:
            raise SystemExit(f"site would install more than bare apt did:\n{left.output}")
    return seconds


def first_install(machine: Machine) -> float:
    """Return the seconds that site takes on a fresh machine."""
    run = Controller(machine.inventory()).playbook("arm64.docker.site").demand()
    return run.seconds


def installs(rounds: int) -> dict[str, Any]:
    """Measure bare apt and site by turns, each on a fresh machine."""
    bare, site = [], []
    for number in range(1, rounds + 1):
        say(f"installation {number} of {rounds}: bare apt (usually 2 minutes)")
        bare.append(bare_install())
        say(f"installation {number} of {rounds}: site (usually 2 minutes)")
        with Machine("bench-site") as machine:
            machine.start()
            site.append(first_install(machine))
    return {
        "bare_seconds": bare,
        "site_seconds": site,
        "ratio_of_medians": statistics.median(site) / statistics.median(bare),
    }


def second_runs(machine: Machine, rounds: int) -> dict[str, Any]:
    """Measure the second run of site against a ping, and count what it sends."""
    controller = Controller(machine.inventory())
    pings, sites, sent, changed = [], [], [], []
    for _ in range(rounds):
        pings.append(controller.module("ansible.builtin.ping").demand().seconds)
        run = controller.playbook(*SITE).demand()
        sites.append(run.seconds)
        sent.append(len(run.sent))
        changed.append(run.changed)
    return {
        "ping_seconds": pings,
        "site_seconds": sites,
        "ratio_of_medians": statistics.median(sites) / statistics.median(pings),
        "modules_sent": sent,
        "changed": changed,
    }


def observation(machine: Machine, rounds: int) -> dict[str, Any]:
    """Measure one observation against `command: true` plus `docker version`."""
    controller = Controller(machine.inventory())
    least, facts = [], []
    for _ in range(rounds):
        command = controller.module("ansible.builtin.command", "true", "--become").demand()
        started = time.monotonic()
        machine.ssh("docker version >/dev/null")
        least.append(command.seconds + time.monotonic() - started)
        facts.append(controller.module(OBSERVATION, "", "--become").demand().seconds)
    return {
        "command_and_docker_version_seconds": least,
        "observation_seconds": facts,
        "ratio_of_medians": statistics.median(facts) / statistics.median(least),
    }


def diagnostics(machine: Machine, rounds: int) -> list[float]:
    """Return the seconds that the diagnostics of a healthy host take, each time."""
    controller = Controller(machine.inventory())
    with tempfile.TemporaryDirectory() as folder:
        options = extra_vars(docker_diagnostics_dir=folder)
        return [
            controller.playbook("arm64.docker.diagnostics", *options).demand().seconds
            for _ in range(rounds)
        ]


def drifts(machine: Machine) -> list[dict[str, Any]]:
    """Plant each drift, run site, and see it mended."""
    controller = Controller(machine.inventory())
    rows = []
    for drift in DRIFTS:
        machine.ssh(drift.plant)
        run = controller.playbook(*SITE).demand()
        mended = machine.ssh(drift.mended, check=False).returncode == 0
        rows.append(
            {
                "drift": drift.name,
                "seconds": run.seconds,
                "modules_sent": len(run.sent),
                "mended": mended,
                "modules_sent_after": len(controller.playbook(*SITE).demand().sent),
            }
        )
    return rows


def other_role(path: str) -> dict[str, float]:
    """Measure any role on a fresh machine: a first run, and a second one."""
    role = Path(path).resolve()
    play = [{"hosts": "all", "become": True, "roles": [{"role": str(role)}]}]
    playbook = RESULTS.parent / "other-role.yml"
    playbook.write_text(json.dumps(play), encoding="utf-8")
    with Machine("bench-other") as machine:
        machine.start()
        controller = Controller(machine.inventory())
        first = controller.playbook(str(playbook)).demand()
        second = controller.playbook(str(playbook)).demand()
    return {
        "role": role.name,
        "first_seconds": first.seconds,
        "first_modules_sent": len(first.sent),
        "second_seconds": second.seconds,
        "second_modules_sent": len(second.sent),
    }


def tables(results: dict[str, Any]) -> str:
    """Return the results for people, as Markdown."""

    def seconds(values: list[float]) -> str:
        return ", ".join(f"{value:.1f}" for value in values)

    lines = ["| what | seconds | ratio of medians | bound |", "|---|---|---|---|"]
    if "installs" in results:
        install = results["installs"]
        lines += [
            "| bare `apt-get update && apt-get install` "
            f"| {seconds(install['bare_seconds'])} | | |",
            f"| first `site` | {seconds(install['site_seconds'])} "
            f"| {install['ratio_of_medians']:.2f} | 1.25 |",
        ]
    second, look = results["second_runs"], results["observation"]
    lines += [
        f"| `ansible -m ping` | {seconds(second['ping_seconds'])} | | |",
        f"| second `site` | {seconds(second['site_seconds'])} "
        f"| {second['ratio_of_medians']:.2f} | 2.00 |",
        "| `command: true` and `docker version` "
        f"| {seconds(look['command_and_docker_version_seconds'])} | | |",
        f"| `docker_host_facts` | {seconds(look['observation_seconds'])} "
        f"| {look['ratio_of_medians']:.2f} | 1.50 |",
        f"| `diagnostics` | {seconds(results['diagnostics_seconds'])} | | 20 s |",
        "",
        f"The second `site` sent {', '.join(map(str, second['modules_sent']))} modules and changed "
        f"{', '.join(map(str, second['changed']))} things.",
        "",
        "| drift | seconds | modules sent | mended | modules sent by the next run |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['drift']} | {row['seconds']:.1f} | {row['modules_sent']} "
        f"| {'yes' if row['mended'] else 'NO'} | {row['modules_sent_after']} |"
        for row in results["drifts"]
    ]
    if "other_role" in results:
        other = results["other_role"]
        lines += [
            "",
            "| role | first run, seconds | modules | second run, seconds | modules |",
            "|---|---|---|---|---|",
            f"| {other['role']} | {other['first_seconds']:.1f} | {other['first_modules_sent']} "
            f"| {other['second_seconds']:.1f} | {other['second_modules_sent']} |",
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of each measurement (3)")
    parser.add_argument("--role", help="path of another role to measure for comparison")
    parser.add_argument(
        "--no-installs", action="store_true", help="measure only what runs on one machine"
    )
    arguments = parser.parse_args()

    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    if not arguments.no_installs:
        results["installs"] = installs(arguments.rounds)
    with Machine("bench-site") as machine:
        say("second runs, observation, diagnostics and drift (usually 10 minutes)")
        machine.start()
        machine.ssh(["useradd", OPERATOR])
        Controller(machine.inventory()).playbook(*SITE).demand()
        results["second_runs"] = second_runs(machine, arguments.rounds)
        results["observation"] = observation(machine, arguments.rounds)
        results["diagnostics_seconds"] = diagnostics(machine, arguments.rounds)
        results["drifts"] = drifts(machine)
    if arguments.role:
        say("the other role (usually 5 minutes)")
        results["other_role"] = other_role(arguments.role)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(tables(results))


if __name__ == "__main__":
    main()
