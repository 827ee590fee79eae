# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For which platforms an image is there, and which of them a host takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_manifest import (
    Entry,
    Index,
    NoImage,
    read_config,
    read_manifest,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._registry_document import Document

# An index in an index is rare, one level deep, and never longer than a handful.
_DEEPEST = 4
_MOST_DOCUMENTS = 64
_SHOWN = 12

# Each returns a document of a registry: by tag or digest, and by digest.
GetManifest = Callable[[ImageReference, str], Document]
GetConfig = Callable[[ImageReference, str], Document]


@dataclass(frozen=True)
class Available:
    """One image of one platform; ``size`` is that of its manifest in bytes.

    ``devices`` says why it needs a GPU or another device, None where its configuration was not
    read.
    """

    platform: Platform
    digest: str
    size: int
    devices: tuple | None = None


@dataclass(frozen=True)
class Description:
    """What a registry holds under a name; ``kind`` is ``index`` or ``manifest``."""

    kind: str
    digest: str
    media_type: str
    source: str
    available: tuple


@dataclass(frozen=True)
class Target:
    """The host that images are for.

    ``emulated`` are platforms that it runs by emulation, the preferred first. ``aarch32`` says
    whether its cores run 32-bit Arm programs.
    """

    platform: Platform
    emulated: tuple = ()
    aarch32: bool = True


@dataclass(frozen=True)
class Selection:
    """The image that a host takes; ``match`` is ``exact``, ``compatible`` or ``emulated``."""

    chosen: Available
    match: str


def describe(
    image: ImageReference, get_manifest: GetManifest, get_config: GetConfig
) -> Description:
    """Ask a registry for all platforms of an image.

    :raises DockerHostError: where it does not tell
    """
    first = get_manifest(image, image.version)
    walk = _Walk(image, get_manifest, get_config)
    found = read_manifest(image, first.body, first.media_type)
    if isinstance(found, Index):
        available = tuple(walk.index(found, 1))
        if walk.left_out is not None and not available:
            raise walk.left_out
        return Description("index", first.digest, found.media_type, first.source, available)
    only = walk.image(found.config, first.digest, len(first.body))
    return Description("manifest", first.digest, found.media_type, first.source, (only,))


def select(
    target: Target, available: Sequence[Available], wanted: Platform | None = None
) -> Selection | None:
    """Choose as containerd does: what fits exactly, then what is compatible, then emulation.

    :param wanted: the only platform that is taken, with what is compatible with it
    """
    accepted = [platform for platform in target.platform.accepted() if _runs(target, platform)]
    order = [*accepted, *target.emulated]
    if wanted is not None:
        order = [platform for platform in wanted.accepted() if platform in order]
    for platform in order:
        for candidate in available:
            if candidate.platform == platform:
                fits = target.platform.match(platform) if platform in accepted else "emulated"
                return Selection(candidate, fits or "emulated")
    return None


def misfit(
    image: ImageReference,
    target: Target,
    available: Sequence[Available],
    wanted: Platform | None = None,
) -> DockerHostError:
    """Say why a host takes none of the images that there are."""
    names = [str(one.platform) for one in available]
    listed = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    if not names:
        return DockerHostError(
            f"{image} holds no image for any platform: its index is empty.",
            "Take another tag, or push the image again.",
        )
    if wanted is not None and wanted not in (*target.platform.accepted(), *target.emulated):
        return DockerHostError(
            f"{image} is asked for as {wanted}, which {target.platform} does not run.",
            f"Take platform out of the service, or list {wanted} in emulated_platforms if the host "
            "emulates it.",
        )
    if not target.aarch32 and select(Target(target.platform), available, wanted):
        return DockerHostError(
            f"{image} is there for 32-bit Arm only ({listed}), and the cores of this host do not "
            "run it (no AArch32).",
            f"Take an image that is there for {target.platform}, or list the platform in "
            "emulated_platforms if the host emulates it.",
        )
    platform = wanted or target.platform
    namespaced = " (on Docker Hub arm64v8/ has some)" if platform.architecture == "arm64" else ""
    ways = [f"Take a tag or an image that is there for {platform}{namespaced}", "build it for that"]
    other = select(target, available)
    if wanted is None:
        ways.append("list one of these in emulated_platforms if the host emulates it")
    elif other is not None:
        ways.append(f"take platform out of the service: the host takes {other.chosen.platform}")
    return DockerHostError(
        f"{image} is not there for {platform}, but for {listed}.",
        f"{', '.join(ways[:-1])}, or {ways[-1]}.",
    )


def _runs(target: Target, platform: Platform) -> bool:
    return target.aarch32 or target.platform.architecture != "arm64" or platform.bits == 64


class _Walk:
    """One image's way through its indexes, bounded in depth and in documents."""

    def __init__(
        self, image: ImageReference, get_manifest: GetManifest, get_config: GetConfig
    ) -> None:
        self._image = image
        self._get_manifest = get_manifest
        self._get_config = get_config
        self._left = _MOST_DOCUMENTS
        # Why the first entry that turned out to be no image is none.
        self.left_out: NoImage | None = None

    def index(self, index: Index, depth: int) -> list[Available]:
        found: list[Available] = []
        for entry in index.entries:
            if entry.platform is not None and not entry.is_index:
                found.append(Available(entry.platform, entry.digest, entry.size))
            else:
                found += self._entry(entry, depth)
        return found

    def image(self, config: str, digest: str, size: int) -> Available:
        """Return the image of a manifest, which says no platform itself."""
        self._count()
        body = self._get_config(self._image, config).body
        platform, devices = read_config(self._image, body)
        return Available(platform, digest, size, devices)

    def _entry(self, entry: Entry, depth: int) -> list[Available]:
        """Look behind an entry that is an index, or that does not say its platform."""
        self._count()
        document = self._get_manifest(self._image, entry.digest)
        try:
            found = read_manifest(self._image, document.body, document.media_type)
            if not isinstance(found, Index):
                return [self.image(found.config, entry.digest, entry.size)]
        except NoImage as error:
            self.left_out = self.left_out or error
            return []
        if depth == _DEEPEST:
            raise self._endless()
        return self.index(found, depth + 1)

    def _count(self) -> None:
        if self._left == 0:
            raise self._endless()
        self._left -= 1

    def _endless(self) -> DockerHostError:
        return DockerHostError(
            f"{self._image} is an index of more indexes than any client follows.",
            "Push the image again, as one index of all its platforms.",
        )
