# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils import _image_content
from ansible_collections.arm64.docker.plugins.plugin_utils._plain import plain


def missing_archives(saved: Any, present: Any) -> list[str]:
    """Return the archives that have to be loaded.

    :raises AnsibleFilterError: where what it is given has another shape
    """
    try:
        return _image_content.missing_archives(plain(saved), plain(present))
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            "arm64.docker.missing_archives takes what the lookup arm64.docker.saved_images and "
            f"community.docker.docker_image_info say; something is missing: {error!r}."
        ) from error


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"missing_archives": missing_archives}
