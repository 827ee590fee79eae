# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._report_record import record


def report_record(facts: Any, name: str, usage: Any = None, error: str = "") -> dict[str, Any]:
    """Return one host as arm64.docker.docker_report takes it.

    :param facts: what docker_host_facts returned; anything empty for a host without facts
    :raises AnsibleFilterError: where facts or usage are none
    """
    try:
        return record(str(name), facts or None, usage or None, str(error or ""))
    except (AttributeError, KeyError, TypeError) as problem:
        raise AnsibleFilterError(
            "arm64.docker.report_record takes the facts of docker_host_facts and of "
            f"docker_usage_facts, and {name} has others: {problem!r}"
        ) from problem


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report_record": report_record}
