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
_MERGE, _VALUE, _TEXT = (f"tag:yaml.org,2002:{name}" for name in ("merge", "value", "str"))
# YAML lets a few lines merge mappings into each other until memory ends.
_MOST_MERGED = 100000


class _Reset:
    """What !reset leaves in the place of a value."""


RESET = _Reset()


class OverrideMapping(dict):
    """A mapping with !override, which takes the place of an earlier one."""


class OverrideList(list):
    """A list with !override, which takes the place of an earlier one."""


def read_documents(path: str) -> list[dict[str, Any]]:
    """Return the mappings that a file holds, at least one.

    Compose lays the later documents of a file over the earlier, as it does with files.

    What has the tag !reset is ``RESET``, mappings and lists with !override are
    ``OverrideMapping`` and ``OverrideList``.

    :raises DockerHostError: where the file is none, or PyYAML is missing
    """
    shown = printable(path)
    if yaml is None:
        raise DockerHostError(
            f"{shown} cannot be read: this Python has no PyYAML.",
            "Let the task run on the controller, which has it (delegate_to: localhost), or install "
            "python3-yaml.",
        )
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file has such a name"
        raise DockerHostError(
            f"{shown} cannot be read: {reason}.", "Name a compose file of this host."
        ) from error
    if len(data) > _LIMIT:
        raise DockerHostError(
            f"{shown} is larger than {_LIMIT // 1024} KiB.", "Name a compose file."
        )
    try:
        documents = _load(data)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DockerHostError(
            f"{shown} is no YAML{_place(error)}.",
            "Mend the file; 'docker compose config' reads it.",
        ) from error
    if not documents or not all(isinstance(document, dict) for document in documents):
        raise DockerHostError(f"{shown} is no compose file.", "Its first level is a mapping.")
    return documents


def printable(text: str) -> str:
    """Return a text with what cannot be printed, such as control characters, spelled out."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _load(data: bytes) -> list[Any]:
    class Loader(yaml.SafeLoader):
        """Knows !reset and !override, and bounds what mappings may merge."""

        merged = 0

        def flatten_mapping(self, node: Any) -> None:
            """Put the pairs of the mappings that << names before those of a mapping itself."""
            sources, own = [], []
            for key, value in node.value:
                if key.tag != _MERGE:
                    key.tag = _TEXT if key.tag == _VALUE else key.tag
                    own.append((key, value))
                    continue
                several = isinstance(value, yaml.SequenceNode)
                sources += reversed(value.value) if several else [value]
            if not sources:
                return
            # A mapping that merges itself then finds only its own pairs.
            node.value = own
            pairs = []
            for source in sources:
                if not isinstance(source, yaml.MappingNode):
                    raise _unmerged(node, source, "what is merged with << is no mapping")
                self.flatten_mapping(source)
                self.merged += 1 + len(source.value)
                if self.merged > _MOST_MERGED:
                    raise _unmerged(node, source, f"<< merges more than {_MOST_MERGED} keys")
                pairs += source.value
            node.value = pairs + own

    def reset(loader: Any, node: Any) -> _Reset:
        return RESET

    def override(loader: Any, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return OverrideMapping(loader.construct_mapping(node, deep=True))
        if isinstance(node, yaml.SequenceNode):
            return OverrideList(loader.construct_sequence(node, deep=True))
        return loader.construct_scalar(node)

    Loader.add_constructor("!reset", reset)
    Loader.add_constructor("!override", override)
    return list(yaml.load_all(data, Loader))


def _unmerged(node: Any, source: Any, problem: str) -> Exception:
    return yaml.constructor.ConstructorError(
        "while reading a mapping", node.start_mark, problem, source.start_mark
    )


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f", line {mark.line + 1}, column {mark.column + 1}: {printable(problem)}" if mark else ""
