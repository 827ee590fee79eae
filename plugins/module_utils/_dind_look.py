# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a Docker daemon holds of instances of Docker in Docker: one question for each kind."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._dind_container import LABEL
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result, Runner

_PORT = re.compile(r"(\S+):(\d+)(?:-(\d+))?->")


@dataclass(frozen=True)
class Docker:
    """The docker command that talks to the host's own daemon; ``timeout`` is of each call."""

    runner: Runner
    cli: str
    timeout: float

    @property
    def argv(self) -> tuple[str, ...]:
        """Return the command line of the daemon that community.docker talks to by itself.

        The docker context in use may be that of an engine in a container, which was exported.
        """
        return self.cli, "--host", "unix:///var/run/docker.sock"

    def inspect(self, kind: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what ``docker KIND inspect`` says of the names that exist, by name.

        :raises DockerHostError: where the daemon does not answer
        """
        return self.inspecting(kind, names)()

    def inspecting(
        self, kind: str, names: Sequence[str]
    ) -> Callable[[], dict[str, dict[str, Any]]]:
        """Begin to ask, and return what waits for the answer: each question costs a process."""
        wanted = list(dict.fromkeys(name for name in names if name))
        if not wanted:
            return dict
        pending = self.runner.start([*self.argv, kind, "inspect", *wanted], self.timeout)
        return lambda: {
            item["Name"].lstrip("/"): item for item in self._list(kind, pending.result())
        }

    def image(self, name: str) -> dict[str, Any] | None:
        """Return what ``docker image inspect`` says of an image that is on the host."""
        return self.imaging(name)()

    def imaging(self, name: str) -> Callable[[], dict[str, Any] | None]:
        """Begin to ask for an image, and return what waits for the answer."""
        pending = self.runner.start([*self.argv, "image", "inspect", name], self.timeout)
        return lambda: next(iter(self._list("image", pending.result())), None)

    def publishing(self) -> Callable[[], list[tuple[str, str, int]]]:
        """Begin to ask for the published ports of running containers: container, address, port."""
        pending = self.runner.start([*self.argv, "ps", "--format", "{{json .}}"], self.timeout)
        return lambda: self._ports(pending.result())

    def using(self, kind: str, name: str) -> Callable[[], list[str]]:
        """Begin to ask for the containers, running or not, that have a volume or network."""
        argv = [*self.argv, "ps", "--all", "--filter", f"{kind}={name}", "--format", "{{.Names}}"]
        pending = self.runner.start(argv, self.timeout)

        def answer() -> list[str]:
            result = pending.result()
            self._demand_answer(result)
            return result.stdout.split()

        return answer

    def logging(
        self, container: str, lines: int, since: str = ""
    ) -> Callable[[], list[str] | None]:
        """Begin to ask for the last lines that a container wrote; None where they are not kept."""
        when = ["--since", since] if since else []
        argv = [*self.argv, "logs", *when, "--tail", str(lines), container]
        pending = self.runner.start(argv, self.timeout)

        def answer() -> list[str] | None:
            result = pending.result()
            return (result.stdout + result.stderr).splitlines() if result.ok else None

        return answer

    def _list(self, kind: str, result: Result) -> list[dict[str, Any]]:
        self._demand_answer(result)
        try:
            found = json.loads(result.stdout or "[]")
        except ValueError as error:
            raise DockerHostError(
                f"'docker {kind} inspect' did not answer in JSON: {result.stdout[:200]!r}.",
                "Check that the docker command is Docker's own.",
            ) from error
        return found

    def _ports(self, result: Result) -> list[tuple[str, str, int]]:
        self._demand_answer(result)
        taken = []
        for line in result.stdout.splitlines():
            row = json.loads(line)
            for address, first, last in _PORT.findall(row.get("Ports", "")):
                for port in range(int(first), int(last or first) + 1):
                    taken.append((row["Names"], address.strip("[]"), port))
        return taken

    def _demand_answer(self, result: Result) -> None:
        said = " ".join(result.stderr.split())
        if result.missing:
            raise DockerHostError(
                f"There is no docker command ('{self.cli}').",
                "Install Docker with the role arm64.docker.docker_engine.",
            )
        if result.timed_out or "annot connect to the Docker daemon" in said:
            raise DockerHostError(
                f"The Docker daemon of the host does not answer: {said or 'its time was up'}",
                "'systemctl status docker' says why.",
            )
        if "permission denied" in said:
            raise DockerHostError(
                f"The Docker daemon may not be used by this user: {said}", "Run with become."
            )


def owner(item: Mapping[str, Any]) -> str:
    """Return the instance that a container, network or volume was made for; empty if none."""
    labels = item.get("Labels") or (item.get("Config") or {}).get("Labels") or {}
    return labels.get(LABEL, "")


def missing_for_rootless(root: str = "/") -> list[str]:
    """Return what this host lacks for an engine without root in a container, with remedies."""

    def number(path: str, default: int) -> int:
        try:
            with open(os.path.join(root, path), encoding="ascii") as stream:
                return int(stream.read())
        except (OSError, ValueError):
            return default

    reasons = []
    if number("proc/sys/user/max_user_namespaces", 0) < 1:
        reasons.append(
            "The kernel gives out no user namespaces (user.max_user_namespaces is 0 or missing). "
            "Set it, such as to 28633, in /etc/sysctl.d, or take the variant dind."
        )
    if number("proc/sys/kernel/unprivileged_userns_clone", 1) != 1:
        reasons.append(
            "Users without root may not make user namespaces. Set kernel.unprivileged_userns_clone "
            "to 1 in /etc/sysctl.d, or take the variant dind."
        )
    device = os.path.join(root, "dev/net/tun")
    if not os.path.exists(device):
        reasons.append(
            "There is no /dev/net/tun, which networks without root need. Load the kernel's module "
            "tun ('modprobe tun', and its name in /etc/modules-load.d)."
        )
    elif os.stat(device).st_mode & 0o006 != 0o006:
        reasons.append(
            "/dev/net/tun is for root alone, and networks without root need it. Give it mode 0666, "
            "as udev does."
        )
    return reasons
