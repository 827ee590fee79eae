# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether hosts take the images that shall run on them, by what is known of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_platforms import (
    Available,
    Target,
    misfit,
    select,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import (
    ImageReference,
    full_name,
)
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._printable import printable
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

EMULATED, UNSUPPORTED, UNKNOWN, BUILT = "emulated", "unsupported", "unknown", "built"
FITS = ("exact", "compatible")


@dataclass(frozen=True)
class Need:
    """An image that ``what``, such as "container web", runs; ``platform`` may be "".

    One that is ``fresh`` comes from the registry, whatever the host has. One that is ``built`` is
    built where no registry gives it.
    """

    what: str
    image: str
    platform: str = ""
    devices: tuple = ()
    error: str = ""
    fresh: bool = False
    built: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of an image: ``source`` is archive, host or registry.

    ``digest`` is what all hosts may pin it by, "" where nothing but a registry could say it.
    """

    source: str
    available: tuple
    digest: str = ""
    devices: tuple = ()
    error: str = ""


@dataclass(frozen=True)
class Machine:
    """A host: its target, and what it is asked to emulate and does not."""

    target: Target
    idle: tuple = ()


def machine(facts: Mapping[str, Any], emulated: Sequence[str]) -> Machine:
    """Return the host that facts of docker_host_facts describe.

    :param emulated: platforms that may be emulated there; those count whose handler works, also in
        containers, which takes the flag F and a QEMU that needs no libraries
    """
    handlers = (facts.get("emulation") or {}).get("handlers") or []
    working = {
        handler["architecture"]
        for handler in handlers
        if handler.get("works")
        and handler.get("fix_binary")
        and not handler.get("interpreter_dynamic")
    }
    wanted = [Platform.parse(text) for text in emulated]
    own = Platform.parse(facts["platform"]["platform"])
    others = [one for one in wanted if one not in own.accepted()]
    runs = tuple(one for one in wanted if one.architecture in working)
    idle = tuple(one for one in others if one.architecture not in working)
    return Machine(Target(own, runs, facts["platform"].get("aarch32") is not False), idle)


def inspected(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple]:
    """Return what image_platform_info answered of devices that images need, by their digests."""
    return {
        one["digest"]: tuple(one["devices"])
        for row in rows
        for one in row["platforms"]
        if one.get("devices") is not None
    }


def of_registry(rows: Iterable[Mapping[str, Any]]) -> dict[str, Known]:
    """Return what image_platform_info answered, by the full names of images."""
    found = {}
    for row in rows:
        if row["reference"]:
            found[row["reference"]] = Known(
                "registry",
                tuple(
                    Available(_platform(one["platform"]), one["digest"], one["size"])
                    for one in row["platforms"]
                ),
                row["digest"] or "",
                error=row["error"] if row["digest"] is None else "",
            )
    return found


def of_host(images: Iterable[Mapping[str, Any]]) -> dict[str, Known]:
    """Return what docker_image_info says of the images of a host, by their full names."""
    found = {}
    for image in images:
        platform = Platform.of_image(
            image.get("Os") or "linux", image["Architecture"], image.get("Variant") or ""
        )
        reasons = tuple(device_reasons(image.get("Config") or {}))
        known = Known("host", (Available(platform, image["Id"], 0),), devices=reasons)
        for name in [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]:
            found[full_name(name)] = known
    return found


def of_archives(images: Iterable[Mapping[str, Any]]) -> dict[str, Known]:
    """Return what the lookup saved_images says, by the full names of images."""
    found = {}
    for image in images:
        available = (Available(_platform(image["platform"]), image["ids"][0], 0),)
        known = Known("archive", available, devices=tuple(image["devices"]))
        for name in image["names"]:
            found[full_name(name)] = known
    return found


def fit(
    need: Need,
    host: Machine,
    known: Sequence[Mapping[str, Known]],
    wants: Mapping[str, tuple] | None = None,
) -> dict[str, Any]:
    """Say whether a host takes an image.

    Of what is ``known`` the first counts; only where that is the host's own image, and does not
    fit, a registry's counts more, since the image can be pulled again. ``inspect`` is what a
    registry has to be asked for to know whether an image that would be emulated needs a device.

    :param wants: the answers to that, by digest
    """
    row: dict[str, Any] = {
        "what": need.what,
        "image": mask_text(printable(need.image)),
        "requested_platform": None,
        "reference": None,
        "source": None,
        "platforms": [],
        "selected": None,
        "digest": None,
        "pinned": None,
        "verdict": UNKNOWN,
        "devices": list(need.devices),
        "pull": False,
        "inspect": None,
        "error": need.error or None,
    }
    if need.error:
        return row
    try:
        image = ImageReference.parse(need.image)
        wanted = Platform.parse(need.platform) if need.platform else None
    except DockerHostError as error:
        return {**row, "error": str(error)}
    row.update(reference=str(image), requested_platform=str(wanted) if wanted else None)
    found = _found(image, need, known)
    if not found:
        return {**row, "error": f"{image}: neither the host has it nor was a registry asked."}
    first = found[0]
    chosen = select(host.target, first.available, wanted)
    if chosen is None and first.source == "host" and len(found) > 1:
        row["pull"] = True
        first = found[-1]
        chosen = select(host.target, first.available, wanted)
    digest = next((one.digest for one in reversed(found) if one.digest), None)
    row.update(
        source=first.source,
        platforms=[str(one.platform) for one in first.available],
        digest=digest,
        pinned=str(replace(image, tag="", digest=digest)) if digest else None,
        devices=[*need.devices, *(one for one in first.devices if one not in need.devices)],
    )
    if first.error:
        return {**row, "verdict": BUILT if need.built else UNKNOWN, "error": first.error}
    if chosen is None:
        reason = str(misfit(image, host.target, first.available, wanted))
        reason += _idle(host) + _saved_otherwise(first, wanted or host.target.platform)
        return {**row, "verdict": UNSUPPORTED, "error": reason}
    if chosen.match == EMULATED and first.source == "registry":
        said = (wants or {}).get(chosen.chosen.digest)
        if said is None:
            row["inspect"] = str(replace(image, tag="", digest=chosen.chosen.digest))
        row["devices"] += [one for one in said or () if one not in row["devices"]]
    return {**row, "verdict": chosen.match, "selected": str(chosen.chosen.platform)}


def _found(image: ImageReference, need: Need, known: Sequence[Mapping[str, Known]]) -> list[Known]:
    names = [str(image)] + ([str(replace(image, tag=""))] if image.digest else [])
    found = [one[name] for one in known for name in names if name in one]
    return [one for one in found if one.source != "host" or not need.fresh]


def _idle(host: Machine) -> str:
    if not host.idle:
        return ""
    names = ", ".join(map(str, host.idle))
    return f" {names} may be emulated, and no handler for it works on this host."


def _saved_otherwise(known: Known, platform: Platform) -> str:
    """Say of an archive that its image decided, which may have others that it does not name."""
    if known.source != "archive":
        return ""
    return (
        " So says manifest.json of its archive, whatever a registry has; 'docker pull --platform "
        f"{platform}' and 'docker save --platform {platform}', which Docker 28 knows, make one "
        "that fits."
    )


def _platform(text: str) -> Platform:
    return Platform.of_image(*(text.split("/") + ["", ""])[:3])
