# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the hosts of tests/fixtures/hosts as folders that the readers can look at.

tests/fixtures/hosts/README.md describes the files.
"""

from __future__ import annotations

import copy
import functools
import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Problem
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._look import (
    GROUPS,
    Request,
    observe,
)
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"

_NESTED = ("uname", "modules", "packages", "files", "links", "units")


def fixture(path: str) -> str:
    """Return the text of a file in tests/fixtures."""
    return (FIXTURES / path).read_text(encoding="utf-8")


@functools.cache
def describe(name: str) -> dict[str, Any]:
    """Read the description of a host, laid over that of its base."""
    own = yaml.safe_load(fixture(f"hosts/{name}.yml"))
    if "base" not in own:
        return own
    base = describe(own["base"])
    nested = {key: {**base.get(key, {}), **own.get(key, {})} for key in _NESTED}
    return {**base, **own, **nested}


def status_record(name: str, package: dict[str, Any] | str, architecture: str) -> str:
    """Render one record of dpkg's status file, as dpkg writes it.

    :param package: its version, or a mapping of version, architecture and status
    """
    fields = {"version": package} if isinstance(package, str) else package
    return (
        f"Package: {name}\n"
        f"Status: {fields.get('status', 'install ok installed')}\n"
        "Priority: optional\n"
        "Maintainer: Nobody <nobody@example.org>\n"
        f"Architecture: {fields.get('architecture', architecture)}\n"
        f"Version: {fields['version']}\n"
        f"Description: the package {name}\n"
        " It does what its name says.\n"
        " .\n"
        " Version: 0 (words in a description are no fields)\n"
        "\n"
    )


def units_answer(units: dict[str, dict[str, str]]) -> str:
    """Render what ``systemctl show`` says about units."""
    return "\n".join(
        "".join(f"{key}={value}\n" for key, value in {"Id": name, **fields}.items())
        for name, fields in units.items()
    )


class Machine:
    """One host of the fixtures, on disk, with what can be changed about it."""

    def __init__(self, root: Path, description: dict[str, Any]) -> None:
        self.root = root
        self.architecture = description["architecture"]
        self.uname = dict(description["uname"])
        self.packages = dict(description["packages"])
        # Programs of other architectures run as they do where handlers work.
        self.runner = FakeRunner(program=said(rc=42))
        if description.get("units"):
            self.runner.answers["systemctl"] = said(units_answer(description["units"]))
        if description.get("apt_config"):
            self.runner.answers["apt-config"] = said(description["apt_config"])
        if description.get("docker"):
            answer = fixture(f"docker_version/{description['docker']}.json")
            self.runner.answers["docker"] = said(answer)
        for path in description.get("folders", ()):
            self.folder(path)
        for path, content in description["files"].items():
            if content is not None:
                self.write(path, content)
        for path, target in description["links"].items():
            if target is not None:
                self.link(path, target)
        self._write_modules(description["modules"])
        self.install()

    def path(self, path: str) -> Path:
        """Return where a path of the host lies."""
        return self.root / path.lstrip("/")

    def write(self, path: str, content: str | bytes) -> Path:
        place = self.path(path)
        self._clear(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def link(self, path: str, target: str) -> None:
        place = self.path(path)
        self._clear(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def folder(self, path: str) -> None:
        """Put a folder there, also in the place of a file."""
        place = self.path(path)
        if not place.is_dir():
            self._clear(place)
            place.mkdir(parents=True)

    def remove(self, path: str) -> None:
        self._clear(self.path(path))

    def install(self, packages: dict[str, Any] | None = None) -> None:
        """Add packages to dpkg's status file, or take those out that are None."""
        self.packages.update(packages or {})
        self.write(
            "/var/lib/dpkg/status",
            "".join(
                status_record(name, package, self.architecture)
                for name, package in self.packages.items()
                if package is not None
            ),
        )

    def host(self, timeout: float = 10.0, runner: Any = None) -> Host:
        """Return the host as the readers get it."""
        return Host(str(self.root), runner or self.runner, timeout, **self.uname)

    def observe(
        self, *groups: str, runner: Any = None, timeout: float = 10.0, **request: Any
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Read the groups, or all of them, and return facts and problems."""
        wanted = Request(groups=groups or GROUPS, **request)
        return observe(self.host(timeout, runner), wanted)

    def _write_modules(self, modules: dict[str, list[str]]) -> None:
        folder = f"/lib/modules/{self.uname['release']}"
        if not modules:
            return
        for name, kind in (("modules.builtin", "builtin"), ("modules.dep", "available")):
            ending = "" if kind == "builtin" else ":"
            lines = [f"kernel/net/{module}.ko{ending}\n" for module in modules.get(kind, ())]
            self.write(f"{folder}/{name}", "".join(lines))
        loaded = modules.get("loaded", ())
        lines = [f"{module} 16384 0 - Live 0x0000000000000000\n" for module in loaded]
        self.write("/proc/modules", "".join(lines))

    def _clear(self, place: Path) -> None:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        elif os.path.lexists(place):
            place.unlink()


def settle(facts: dict[str, Any]) -> dict[str, Any]:
    """Put fixed values where the kernel that runs the tests has been asked."""
    facts = copy.deepcopy(facts)
    facts["clock"]["synchronized"] = True
    facts["storage"]["free_mb"] = 20000
    if facts["platform"]["aarch32"] is not None:
        facts["platform"]["aarch32"] = True
    return facts


def names() -> list[str]:
    """Return the names of every host in the fixtures."""
    return sorted(path.stem for path in (FIXTURES / "hosts").glob("*.yml"))


def build(name: str, root: Path) -> Machine:
    """Build a host in a folder."""
    return Machine(root, describe(name))
