# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils import _project_faults


def project_faults(items: Any, folder: str) -> list[str]:
    """Return what is wrong with items of ``docker_deploy_projects``, nothing where all is well.

    :raises AnsibleFilterError: where it is no list of dictionaries
    """
    try:
        return _project_faults.project_faults(items, folder)
    except (TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"arm64.docker.project_faults takes a list of dictionaries: {error}"
        ) from error


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"project_faults": project_faults}
