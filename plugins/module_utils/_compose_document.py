# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a compose file as YAML, with the tags that Compose knows."""

from __future__ import annotations

from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

try:
    import yaml
except ImportError:
    # Only hosts that read compose files need it; controllers have it.
    yaml = None

_LIMIT = 1024 * 1024


def read_document(path: str) -> dict[str, Any]:
    """Return the mapping that a file holds.

    :raises DockerHostError: where the file is none, or PyYAML is missing
    """
    if yaml is None:
        raise DockerHostError(
            f"{path} cannot be read: this Python has no PyYAML.",
            "Let the task run on the controller, which has it (delegate_to: localhost), or install "
            "python3-yaml.",
        )
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LIMIT + 1)
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be read: {error.strerror}.", "Name a compose file of this host."
        ) from error
    if len(data) > _LIMIT:
        raise DockerHostError(
            f"{path} is larger than {_LIMIT // 1024} KiB.", "Name a compose file."
        )
    try:
        document = _load(data)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DockerHostError(
            f"{path} is no YAML{_place(error)}.", "Mend the file; 'docker compose config' reads it."
        ) from error
    if not isinstance(document, dict):
        raise DockerHostError(f"{path} is no compose file.", "Its first level is a mapping.")
    return document


def _load(data: bytes) -> Any:
    class Loader(yaml.SafeLoader):
        """Knows !reset, which takes a value away, and !override, which only changes merging."""

    def reset(loader: Any, node: Any) -> str:
        return ""

    def override(loader: Any, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_constructor("!reset", reset)
    Loader.add_constructor("!override", override)
    return yaml.load(data, Loader)


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f", line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else ""
