# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform


def platform(value: Any) -> str:
    """Return the normalised platform of any spelling, such as linux/arm64 of aarch64.

    :raises AnsibleFilterError: where the value is no platform
    """
    if not isinstance(value, str):
        raise AnsibleFilterError(
            f"arm64.docker.platform takes a string, not {type(value).__name__}: {value!r}"
        )
    try:
        return str(Platform.parse(value))
    except DockerHostError as error:
        raise AnsibleFilterError(f"arm64.docker.platform: {error}") from error


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"platform": platform}
