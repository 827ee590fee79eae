# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many images at once: what each is there for, and whether a host takes it."""

from __future__ import annotations

import os
import queue
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, Sequence, Union

from ansible_collections.arm64.docker.plugins.module_utils._compose_files import ServiceImage
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_platforms import (
    Description,
    Selection,
    Target,
    describe,
    misfit,
    select,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._printable import printable
from ansible_collections.arm64.docker.plugins.module_utils._registry import Session
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

Found = Union[Description, DockerHostError]


@dataclass(frozen=True)
class Wanted:
    """An image that somebody names; ``error`` where already the name cannot be read.

    ``platform`` is what a service demands, ``services`` who it is.
    """

    name: str
    platform: Platform | None = None
    services: tuple = ()
    error: DockerHostError | None = None


def references(wanted: Sequence[Wanted]) -> list[ImageReference | DockerHostError]:
    """Return what each name stands for, or why it stands for nothing."""
    found: list[ImageReference | DockerHostError] = []
    for one in wanted:
        try:
            found.append(one.error or ImageReference.parse(one.name))
        except DockerHostError as error:
            found.append(error)
    return found


def wanted_by_services(services: Sequence[ServiceImage]) -> list[Wanted]:
    """Return what the services of compose files want."""
    found = []
    for service in services:
        platform, error = None, service.error
        if service.platform:
            try:
                platform = Platform.parse(service.platform)
            except DockerHostError as trouble:
                error = DockerHostError(f"{service.service}: {trouble.message}", trouble.remedy)
        found.append(Wanted(service.image, platform, (service.service,), error))
    return found


def merge(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Return each image once for each platform that is demanded, with all that want it so."""
    found: dict[tuple, Wanted] = {}
    for one in wanted:
        key = (one.name, one.platform, str(one.error or ""))
        services = found[key].services if key in found else ()
        found[key] = Wanted(one.name, one.platform, (*services, *one.services), one.error)
    return list(found.values())


def ask_all(
    images: Sequence[ImageReference], sessions: Callable[[], Session], concurrency: int
) -> dict[ImageReference, Found]:
    """Ask for each image once, so many at a time; one that fails does not keep the others."""
    free: queue.LifoQueue[Session] = queue.LifoQueue()
    workers = max(1, min(concurrency, len(images)))
    opened = [sessions() for _number in range(workers)]
    for session in opened:
        free.put(session)

    def ask(image: ImageReference) -> Found:
        session = free.get()
        try:
            return describe(image, session.manifest, session.config)
        except DockerHostError as error:
            return error
        except Exception as error:  # noqa: BLE001
            return _unforeseen(image, error)
        finally:
            free.put(session)

    try:
        with ThreadPoolExecutor(workers) as pool:
            return dict(zip(images, pool.map(ask, images)))
    finally:
        for session in opened:
            session.close()


def _unforeseen(image: ImageReference, error: Exception) -> DockerHostError:
    """Put what nothing here reckons with into words; its own might hold what was sent."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}, line {place.lineno}"
    return DockerHostError(
        f"{image} cannot be looked up: {type(error).__name__} in {where}.",
        "Try 'docker manifest inspect' with this name, and report what this says as an error of "
        "the collection arm64.docker.",
    )


def shown(name: str) -> str:
    """Return the name of an image, or what stands in the place of one, as results hold it."""
    return mask_text(printable(name))


def verdict(
    wanted: Wanted,
    reference: ImageReference | DockerHostError,
    found: Found | None,
    target: Target,
) -> dict[str, Any]:
    """Return what the module answers for one image."""
    row: dict[str, Any] = {
        "name": shown(wanted.name),
        "reference": None,
        "registry": None,
        "digest": None,
        "media_type": None,
        "kind": None,
        "platforms": [],
        "requested_platform": str(wanted.platform) if wanted.platform else None,
        "services": list(map(printable, wanted.services)),
        "selected": None,
        "supported": False,
        "error": None,
    }
    if isinstance(reference, DockerHostError):
        return {**row, "error": printable(str(reference))}
    row["reference"] = str(reference)
    if not isinstance(found, Description):
        return {**row, "error": printable(str(found))}
    chosen = select(target, found.available, wanted.platform)
    row.update(
        registry=found.source,
        digest=found.digest,
        media_type=found.media_type,
        kind=found.kind,
        platforms=[
            {
                "platform": str(one.platform),
                "digest": one.digest,
                "size": one.size,
                "devices": None if one.devices is None else list(one.devices),
            }
            for one in found.available
        ],
        selected=_selected(chosen),
        supported=chosen is not None,
    )
    if chosen is None:
        row["error"] = str(misfit(reference, target, found.available, wanted.platform))
    return row


def _selected(chosen: Selection | None) -> dict[str, str] | None:
    if chosen is None:
        return None
    platform, digest = chosen.chosen.platform, chosen.chosen.digest
    return {"platform": str(platform), "digest": digest, "match": chosen.match}
