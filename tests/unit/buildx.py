# SPDX-License-Identifier: GPL-3.0-or-later
"""A docker command that keeps builders in a folder as buildx does, with its flaws."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said
from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES

RECORDS = FIXTURES / "buildx"
HOST = "unix:///var/run/docker.sock"


def refused(text: str) -> Result:
    return said(stderr=f"ERROR: {text}\n", rc=1)


class PretendBuildx:
    """Builders in ``folder``; nodes at an endpoint in ``down`` do not answer.

    BuildKit does not start on nodes that have a driver option in ``unfit``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contexts = {"default": HOST}
        self.current = "default"
        self.down: set[str] = set()
        self.running: set[str] = set()
        self.unfit: set[str] = set()
        self.runner = FakeRunner(docker=self._answer, env=self._elsewhere)

    def record(self, name: str) -> Path:
        return self.folder / "instances" / name.lower()

    def changes(self) -> list[str]:
        """Return the command lines that change something."""
        lines = self.runner.command_lines("docker")
        return [line for line in lines if line.split()[2] in ("create", "rm", "use")]

    def _elsewhere(self, argv: tuple) -> Result:
        other = PretendBuildx(Path(argv[1].split("=", 1)[1]))
        return other._answer(argv[2:])

    def _answer(self, argv: tuple) -> Result:
        words = list(argv[1:])
        if words[0] == "context":
            rows = [{"Name": key, "DockerEndpoint": at} for key, at in self.contexts.items()]
            return said("\n".join(map(json.dumps, rows)))
        return getattr(self, f"_{words[1]}")(words[2:])

    def _inspect(self, words: list[str]) -> Result:
        boot = "--bootstrap" in words
        name = words[-1] if words else self.current
        if name in self.contexts and not self.record(name).exists():
            return said(
                f"Name: {name}\nDriver: docker\n\nNodes:\nName: {name}\nEndpoint: {name}\n"
                "Status: running\n"
            )
        if not self.record(name).exists():
            return refused(f'no builder "{name}" found')
        kept = json.loads(self.record(name).read_text())
        if boot and any(self.unfit & set(node["DriverOpts"] or ()) for node in kept["Nodes"]):
            return refused("pull access denied for example.org/buildkit")
        if boot:
            self.running |= {node["Name"] for node in kept["Nodes"]}
        lines = [f"Name:   {kept['Name']}", f"Driver: {kept['Driver']}", "", "Nodes:"]
        for node in kept["Nodes"]:
            lines += [f"Name:     {node['Name']}", f"Endpoint: {node['Endpoint']}"]
            if node["Endpoint"] in self.down:
                lines += ["Error:    Cannot connect to the Docker daemon at it", ""]
                continue
            up = node["Name"] in self.running
            lines += [f"Status:   {'running' if up else 'inactive'}", ""]
        return said("\n".join(lines))

    def _create(self, words: list[str]) -> Result:
        options: dict[str, Any] = {"--driver-opt": []}
        append, endpoint = False, HOST
        while words:
            word = words.pop(0)
            if word == "--append":
                append = True
            elif word == "--driver-opt":
                options[word] += next(csv.reader([words.pop(0)]))
            elif word.startswith("--"):
                options[word] = words.pop(0)
            else:
                endpoint = self.contexts["default"] if word == "default" else word
        path = self.record(options["--name"])
        if path.exists() != append:
            return refused("existing instance" if path.exists() else "failed to find instance")
        kept = {"Name": options["--name"], "Driver": options["--driver"], "Nodes": []}
        if append:
            kept = json.loads(path.read_text())
        if endpoint in self.down:
            for node in kept["Nodes"]:
                node["Platforms"] = []
            if append:
                path.write_text(json.dumps(kept))
            return refused(
                f"failed to initialize builder: Cannot connect to the Docker daemon at {endpoint}"
            )
        kept["Nodes"].append(_node(options, endpoint))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept))
        return said(options["--name"])

    def _rm(self, words: list[str]) -> Result:
        path = self.record(words[-1])
        if not path.exists():
            return refused(f'failed to remove: no builder "{words[-1]}" found')
        nodes = json.loads(path.read_text())["Nodes"]
        ends = {node["Endpoint"] for node in nodes}
        self.running -= {node["Name"] for node in nodes}
        path.unlink()
        return refused("failed to remove one or more builders") if ends & self.down else said()

    def _use(self, words: list[str]) -> Result:
        self.current = words[-1]
        return said()


def _node(options: dict[str, Any], endpoint: str) -> dict[str, Any]:
    keys = ("os", "architecture", "variant")
    platforms = [dict(zip(keys, name.split("/"))) for name in _names(options.get("--platform"))]
    files = {}
    if options.get("--config"):
        # Comments are gone, as from what buildx rewrites.
        lines = Path(options["--config"]).read_text().splitlines()
        text = "\n".join(line for line in lines if not line.startswith("#"))
        files = {"buildkitd.toml": base64.b64encode(text.encode()).decode()}
    return {
        "Name": options["--node"],
        "Endpoint": endpoint,
        "Platforms": platforms or None,
        "DriverOpts": dict(option.split("=", 1) for option in options["--driver-opt"]) or None,
        "Flags": None,
        "Files": files or None,
    }


def _names(text: str | None) -> list[str]:
    return text.split(",") if text else []
