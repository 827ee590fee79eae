# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons


def container_devices(says: Any) -> list[str]:
    """Return why a container needs a GPU or another device, in words.

    :raises AnsibleFilterError: where it is no dictionary
    """
    if not isinstance(says, Mapping):
        raise AnsibleFilterError(
            "arm64.docker.container_devices takes the options of a container or a service, not "
            f"{type(says).__name__}."
        )
    return device_reasons(says)


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"container_devices": container_devices}
