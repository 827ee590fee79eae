# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._dind_container import (
    container,
    context_url,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_together import together
from ansible_collections.arm64.docker.plugins.module_utils._dind_types import typed
from ansible_collections.arm64.docker.plugins.module_utils._dind_wish import (
    CLI,
    ROOTLESS,
    complete,
    refusals,
)
from ansible_collections.arm64.docker.plugins.plugin_utils._plain import plain

_NAME = "arm64.docker.dind_instances"


def dind_instances(
    given: Any, platform: str, state: str = "present", local: bool = False
) -> dict[str, Any]:
    """Return ``docker_dind_instances`` with every option, and what their containers are.

    :param platform: the host's, such as linux/arm64
    :param state: that of instances that name none
    :param local: whether the host is the controller itself
    :raises AnsibleFilterError: where the list or an instance is something else
    """
    if not isinstance(given, (list, tuple)) or not all(
        isinstance(instance, Mapping) for instance in given
    ):
        raise AnsibleFilterError(f"{_NAME} takes a list of dictionaries, not {given!r}.")
    instances, notes, reasons = [], [], []
    for instance in given:
        values, untyped = typed(plain(instance))
        full, translated = complete(values, state)
        instances.append(full)
        notes += translated
        reasons += [f"{full['name']}: {reason}" for reason in untyped]
    reasons += [reason for full in instances for reason in refusals(full, platform, local)]
    reasons += together(instances) if not reasons else []
    if reasons:
        return {"instances": [], "refusals": reasons, "notes": notes}
    by_name = {full["name"]: full for full in instances}
    return {
        "instances": [
            {
                **full,
                "rootless": full["variant"] == ROOTLESS,
                "context_url": context_url(full),
                "container": container(full, platform, by_name)
                if full["state"] == "present"
                else None,
            }
            # Clients need the network and the certificates of their engine, and go before it.
            for full in sorted(
                instances, key=lambda full: (full["variant"] == CLI) == (full["state"] == "present")
            )
        ],
        "refusals": [],
        "notes": notes,
    }


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"dind_instances": dind_instances}
