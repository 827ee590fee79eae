# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._daemon_config import (
    changed_keys,
    check,
    merge,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask

_NAME = "arm64.docker.daemon_config_drift"


def daemon_config_drift(facts: Any, wanted: Any) -> list[str]:
    """Return the top-level keys of daemon.json that daemon_config would change, sorted.

    :param facts: ``daemon_config`` of docker_host_facts, in which secrets are markers
    :param wanted: the option ``config`` of the module daemon_config
    :raises AnsibleFilterError: where one of them is something else
    """
    if not isinstance(facts, Mapping) or not {"valid", "content"} <= set(facts):
        raise AnsibleFilterError(
            f"{_NAME} takes ansible_facts['docker_host'].daemon_config, and this is not it but of "
            f"type {type(facts).__name__}. Gather it with arm64.docker.docker_host_facts; where it "
            "is null there, a finding says why."
        )
    if not isinstance(wanted, Mapping):
        raise AnsibleFilterError(
            f"{_NAME} wants a dictionary of keys, not {type(wanted).__name__}."
        )
    try:
        config = _plain(wanted)
    except DockerHostError as error:
        raise AnsibleFilterError(f"{_NAME}: {error}") from error
    if not facts["valid"]:
        return sorted(config)
    content = _plain(facts["content"] or {})
    return list(changed_keys(content, merge(content, mask(config))))


def _plain(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what the module gets of a dictionary; templating hands over lazy ones.

    :raises DockerHostError: where it is no JSON document
    """
    copy = _copy(value)
    check(copy)
    return json.loads(json.dumps(copy))


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"daemon_config_drift": daemon_config_drift}
