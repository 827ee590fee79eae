# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import override


def compose_override(rows: Any, pin: bool = False) -> dict[str, Any]:
    """Return what a further compose file has to say, nothing where nothing is to be said.

    :raises AnsibleFilterError: where the rows are not those of image_fit
    """
    try:
        return override(rows, pin)
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            "arm64.docker.compose_override takes rows of arm64.docker.image_fit, each with the "
            f"service that it is for; something is missing: {error!r}."
        ) from error


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"compose_override": compose_override}
