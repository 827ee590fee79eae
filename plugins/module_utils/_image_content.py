# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is, whatever id an engine gives it, and which archives a host lacks by that."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timezone
from typing import Any, Iterable, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._image_reference import full_name
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# What every engine since 25 says of an image as its configuration has it.
_KEYS = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
_CHECK = "Healthcheck"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
# What engines say of an image that does not say when it was made.
_NEVER = "0001-01-01T00:00:00Z"


def content_of_config(document: Mapping[str, Any]) -> str:
    """Return a digest of what the configuration of an image says that it is.

    :param document: as in an archive (Image Specification), which has rootfs and config
    :raises AttributeError: and other errors of shape where it is none
    """
    platform = Platform.of_image(
        *(document.get(key) or "" for key in ("os", "architecture", "variant"))
    )
    layers = (document.get("rootfs") or {}).get("diff_ids")
    return _content(platform, document.get("created"), layers, document.get("config"))


def content_of_host(image: Mapping[str, Any]) -> str:
    """Return the same digest of an image on a host, by what ``docker image inspect`` says."""
    platform = Platform.of_image(
        *(image.get(key) or "" for key in ("Os", "Architecture", "Variant"))
    )
    layers = (image.get("RootFS") or {}).get("Layers")
    return _content(platform, image.get("Created"), layers, image.get("Config"))


def missing_archives(
    saved: Iterable[Mapping[str, Any]], present: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Return the archives of which a name does not stand for the archive's image on a host.

    An archive with images that have no names is always one of them.

    :param saved: what the lookup saved_images says
    :param present: what docker_image_info says of the host's images
    """
    there = {
        full_name(name): (image.get("Id"), content_of_host(image))
        for image in present
        for name in image.get("RepoTags") or ()
    }
    found: dict[tuple[str, str], bool] = {}
    for image in saved:
        for name in map(full_name, image["names"] or [""]):
            identity, content = there.get(name, (None, None))
            same = identity in image["ids"] or content == image["content"]
            # Of one name an archive may hold the images of several platforms.
            found[image["archive"], name] = found.get((image["archive"], name), False) or same
    return list(dict.fromkeys(archive for (archive, _name), same in found.items() if not same))


def _content(platform: Platform, created: Any, layers: Any, config: Any) -> str:
    said = config or {}
    check = {key: value for key, value in (said.get(_CHECK) or {}).items() if value}
    content = [
        str(platform),
        _moment(str(created or "")),
        layers or [],
        # Whether what is empty is there at all depends on the engine.
        [said.get(key) or None for key in _KEYS],
        check,
    ]
    return f"sha256:{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()}"


def _moment(text: str) -> str:
    """Return a moment in UTC without zeros at its end, as engines may write it otherwise."""
    match = _MOMENT.fullmatch(text)
    if not match or text == _NEVER:
        return "" if text == _NEVER else text
    try:
        moment = datetime.strptime(match[1] + match[3], "%Y-%m-%dT%H:%M:%S%z")
        moment = moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return text
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{(match[2] or '').rstrip('0')}"
