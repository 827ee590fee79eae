# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run docker buildx, and say plainly why it did not do what it was told."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import Builder, parse
from ansible_collections.arm64.docker.plugins.module_utils._buildx_reasons import explain, said
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import NodeWish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import (
    Pending,
    Result,
    Runner,
)

# They would choose another builder, or another BuildKit, than the options say.
FOREIGN_VARIABLES = ("BUILDX_BUILDER", "BUILDKIT_HOST")

_NO_BUILDER = re.compile(r"no builder .* found")


@dataclass(frozen=True)
class Buildx:
    """The docker command with its plugin.

    :param config: the folder in the place of ``~/.docker``, None is docker's own choice
    :param seconds: how long each call may take
    """

    runner: Runner
    cli: str = "docker"
    config: str | None = None
    seconds: float = 300

    def _argv(self, *words: str) -> list[str]:
        return [self.cli, *(("--config", self.config) if self.config else ()), *words]

    def ask_builder(self, name: str | None = None) -> Pending:
        """Start to ask for a builder, or for the current one."""
        words = ("inspect", name) if name else ("inspect",)
        return self.runner.start(self._argv("buildx", *words), self.seconds)

    def ask_contexts(self) -> Pending:
        """Start to ask for the docker contexts."""
        words = ("context", "ls", "--format", "{{json .}}")
        return self.runner.start(self._argv(*words), self.seconds)

    def builder(self, pending: Pending) -> Builder | None:
        """Return the builder of an answer, None where there is none of that name.

        :raises DockerHostError: where buildx cannot say
        """
        result = pending.result()
        if result.rc == 1 and _NO_BUILDER.search(result.stderr):
            return None
        return parse(self._demand(result, "The builders cannot be read").stdout)

    def contexts(self, pending: Pending) -> dict[str, str]:
        """Return the endpoints of the docker contexts by name.

        :raises DockerHostError: where docker cannot say
        """
        result = self._demand(pending.result(), "The docker contexts cannot be read")
        try:
            rows = [json.loads(line) for line in result.stdout.splitlines() if line.strip()]
            return {row["Name"]: row.get("DockerEndpoint", "") for row in rows}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DockerHostError(
                "docker context ls answers in a form that is not Docker's.",
                "Look at what it says, and which program the docker command is.",
            ) from error

    def create(
        self,
        name: str,
        driver: str,
        node: NodeWish,
        config: str | None,
        append: bool,
        *,
        folder: str | None = None,
        problem: str = "",
    ) -> None:
        """Create a builder with its first node, or append one.

        :param config: the path of BuildKit's configuration
        :param folder: where buildx writes it instead, so that nothing else sees it
        :param problem: what it means where buildx refuses, if not that the node cannot be made
        :raises DockerHostError: where buildx refuses
        """
        elsewhere = ["env", f"BUILDX_CONFIG={folder}"] if folder else []
        argv = self._argv(*create_words(name, driver, node, config, append))
        self._demand(
            self.runner.run([*elsewhere, *argv], self.seconds),
            problem or f"The node '{node.name}' of the builder '{name}' cannot be made",
        )

    def remove(self, name: str, keep_state: bool) -> str:
        """Remove a builder; return what could not be removed with it, as buildx says it.

        buildx forgets a builder also where a node of it did not answer.

        :raises DockerHostError: where the builder is still there
        """
        words = ("rm", *(("--keep-state",) if keep_state else ()), name)
        result = self.runner.run(self._argv("buildx", *words), self.seconds)
        if result.ok:
            return ""
        if self.builder(self.ask_builder(name)) is None:
            return said(result)
        self._demand(result, f"The builder '{name}' cannot be removed")
        return ""

    def use(self, name: str) -> None:
        """Make a builder the current one.

        :raises DockerHostError: where buildx refuses
        """
        self._demand(
            self.runner.run(self._argv("buildx", "use", name), self.seconds),
            f"The builder '{name}' cannot be made the current one",
        )

    def bootstrap(self, name: str) -> None:
        """Start BuildKit on every node that answers.

        :raises DockerHostError: where one does not come up
        """
        self._demand(
            self.runner.run(self._argv("buildx", "inspect", "--bootstrap", name), self.seconds),
            f"The builder '{name}' is there, and its BuildKit does not start",
        )

    def _demand(self, result: Result, what: str) -> Result:
        """Return a result that is one, or raise with its reason and what to do."""
        if result.ok:
            return result
        message, remedy = explain(result, self.cli, self.seconds)
        raise DockerHostError(f"{what}: {message}", remedy)


def create_words(
    name: str, driver: str, node: NodeWish, config: str | None, append: bool
) -> list[str]:
    """Return the words behind ``docker`` that make a node."""
    words = ["buildx", "create", "--name", name, "--node", node.name, "--driver", driver]
    if append:
        words.append("--append")
    if node.platforms:
        words += ["--platform", ",".join(node.platforms)]
    for key, value in node.driver_opts:
        words += ["--driver-opt", _csv(f"{key}={value}")]
    if config:
        # Releases before 0.13 know no --buildkitd-config, and later ones still take this.
        words += ["--config", config]
    return [*words, *([node.endpoint] if node.endpoint else ())]


def _csv(field: str) -> str:
    """Quote a field for buildx, which reads every --driver-opt as a line of CSV."""
    if re.search(r'[",\n\r]|^\s|\s$', field):
        return '"{}"'.format(field.replace('"', '""'))
    return field
