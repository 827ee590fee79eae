# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._audit import Audited, report
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._fit import (
    Need,
    machine,
    of_registry,
)

_NAME = "arm64.docker.audit_report"


def audit_report(hosts: Any, registry: Any, tried: Any = ()) -> dict[str, Any]:
    """Return what a fleet is told of its images.

    :raises AnsibleFilterError: where what it is given has another shape
    """
    try:
        audited = [_host(host) for host in hosts]
        return report(audited, of_registry(registry), of_registry(tried))
    except DockerHostError as error:
        raise AnsibleFilterError(f"{_NAME}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"{_NAME} takes a list of hosts, each with name, facts and needs, and what "
            f"arm64.docker.image_platform_info answered; something is missing: {error!r}."
        ) from error


def _host(host: Mapping[str, Any]) -> Audited:
    return Audited(
        host["name"],
        machine(host["facts"], host.get("emulated") or ()),
        tuple(map(_need, host["needs"])),
        tuple(map(_need, host.get("running") or ())),
        {one["what"]: one["digests"] for one in host.get("running") or () if one.get("digests")},
    )


def _need(says: Mapping[str, Any]) -> Need:
    return Need(
        says["what"],
        says["image"],
        says.get("platform") or "",
        error=says.get("error") or "",
        built=bool(says.get("built")),
    )


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_report": audit_report}
