# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._project_remains import (
    folders,
    removable,
)


def project_folders(project: Any) -> list[str]:
    """Return the folders on the host that hold what was copied there.

    :raises AnsibleFilterError: where it is no project of the lookup compose_projects
    """
    try:
        return folders(project)
    except (KeyError, TypeError) as error:
        raise _no_project("project_folders", error) from error


def project_remains(there: Any, project: Any, whole: bool = False) -> list[str]:
    """Return what to remove of a project's folder.

    :raises AnsibleFilterError: where it is no project of the lookup compose_projects
    """
    try:
        return removable(project, there, whole)
    except (KeyError, TypeError) as error:
        raise _no_project("project_remains", error) from error


def _no_project(name: str, error: Exception) -> AnsibleFilterError:
    return AnsibleFilterError(
        f"arm64.docker.{name} takes a project of the lookup arm64.docker.compose_projects; "
        f"something is missing: {error!r}."
    )


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"project_folders": project_folders, "project_remains": project_remains}
