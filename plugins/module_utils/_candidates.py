# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to try in the place of an image that is not there for a platform."""

from __future__ import annotations

import re
from dataclasses import replace

from ansible_collections.arm64.docker.plugins.module_utils._image_reference import (
    DOCKER_HUB,
    ImageReference,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# Where Docker Hub keeps the official images of one architecture (docker-library/official-images,
# "Architectures other than amd64").
_NAMESPACES = {
    "linux/arm64": "arm64v8",
    "linux/arm/v7": "arm32v7",
    "linux/arm/v6": "arm32v6",
    "linux/arm/v5": "arm32v5",
    "linux/amd64": "amd64",
    "linux/386": "i386",
    "linux/riscv64": "riscv64",
    "linux/s390x": "s390x",
    "linux/ppc64le": "ppc64le",
}
_SPELLINGS = {
    "arm64": ("arm64", "arm64v8", "aarch64"),
    "arm": ("arm32v7", "armhf", "armv7"),
    "amd64": ("amd64", "x86_64", "x64"),
}
_VERSION = re.compile(r"(v?)(\d+(?:\.\d+)*)(.*)", re.DOTALL)
_LONGEST_TAG = 128


def candidates(image: ImageReference, platform: Platform) -> list[ImageReference]:
    """Return names that may hold the same image for a platform, the nearest first.

    That is the same tag in the namespace of the architecture, the tag of the architecture in the
    place of another's, then tags that move on: of 1.4.2-slim these are 1.4-slim, 1-slim and latest,
    and the next versions, such as 1.5.0-slim and 1.5-slim. None of them is known to exist.
    """
    found = []
    namespace = _NAMESPACES.get(str(platform))
    if image.registry == DOCKER_HUB and namespace:
        folder, _slash, name = image.repository.rpartition("/")
        if folder in ("library", *_NAMESPACES.values()) and folder != namespace:
            found.append(replace(image, repository=f"{namespace}/{name}", digest=""))
    plain = replace(image, digest="")
    tags = [*_of_architecture(image.tag, platform), *_newer(image.tag)]
    found += [replace(plain, tag=tag) for tag in tags]
    known = [one for one in dict.fromkeys(found) if one.tag and len(one.tag) <= _LONGEST_TAG]
    return [one for one in known if one != plain]


def _of_architecture(tag: str, platform: Platform) -> list[str]:
    """Return tags with this architecture, or none, where a tag names another."""
    own = _SPELLINGS.get(platform.architecture, (platform.architecture,))
    for architecture, spellings in _SPELLINGS.items():
        for spelling in spellings:
            pattern = rf"(^|[-_.]){re.escape(spelling)}(?=$|[-_.])"
            if architecture == platform.architecture or not re.search(pattern, tag):
                continue
            without = re.sub(pattern, "", tag).strip("-_.")
            return [re.sub(pattern, rf"\g<1>{name}", tag) for name in own] + [without]
    return []


def _newer(tag: str) -> list[str]:
    found = _VERSION.fullmatch(tag)
    if not found:
        return ["latest"]
    sign, version, rest = found.groups()
    parts = version.split(".")
    shorter = [parts[:length] for length in range(len(parts) - 1, 0, -1)]
    following = []
    for place in range(len(parts) - 1, -1, -1):
        risen = [*parts[:place], _next(parts[place])]
        whole = [*risen, *map(_first, parts[place + 1 :])]
        following += [whole] if whole == risen else [whole, risen]
    return [sign + ".".join(one) + rest for one in (*shorter, *following)] + ["latest"]


def _first(number: str) -> str:
    """Return the number that a part of a version begins with again: 00 where it is written 04."""
    return "0" * len(number) if number.startswith("0") else "0"


def _next(number: str) -> str:
    return str(int(number) + 1).zfill(len(number))
