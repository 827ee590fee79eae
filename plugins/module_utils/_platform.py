# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Platform names: the one map between uname, dpkg, GOARCH and the names of image platforms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# Every spelling of an architecture, and what GOARCH and the variant of an image call it.
# uname -m (aarch64, armv7l, ...), dpkg (arm64, armhf, ppc64el, ...), GOARCH (arm64, 386, ...).
_ARCHITECTURES = {
    "aarch64": ("arm64", ""),
    "arm64": ("arm64", ""),
    "arm": ("arm", "v7"),
    "armhf": ("arm", "v7"),
    "armv7": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armv8l": ("arm", "v7"),
    "armv6": ("arm", "v6"),
    "armv6l": ("arm", "v6"),
    "armel": ("arm", "v5"),
    "armv5": ("arm", "v5"),
    "armv5l": ("arm", "v5"),
    "armv5tel": ("arm", "v5"),
    "amd64": ("amd64", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "386": ("386", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "riscv64": ("riscv64", ""),
    "s390x": ("s390x", ""),
    "ppc64le": ("ppc64le", ""),
    "ppc64el": ("ppc64le", ""),
    "mips64le": ("mips64le", ""),
    "mips64el": ("mips64le", ""),
    "loong64": ("loong64", ""),
    "loongarch64": ("loong64", ""),
}

# Variants that say no more than the architecture alone (containerd's platforms/database.go).
_SILENT_VARIANTS = {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}

_ARM_VARIANTS = ("v8", "v7", "v6", "v5")
_AMD64_VARIANTS = ("v4", "v3", "v2", "")
_VARIANT = re.compile(r"v?\d+(\.\d+)?")
_BITS = {"arm": 32, "386": 32}


@dataclass(frozen=True)
class Platform:
    """An operating system, an architecture (GOARCH) and a variant ("" where there is none)."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read any spelling: ``aarch64``, ``arm64/v8``, ``armhf``, ``linux/arm/v7``.

        :raises DockerHostError: where the text is no platform that this collection knows
        """
        parts = str(text).strip().lower().split("/")
        system = "linux"
        if len(parts) > 1 and parts[0] not in _ARCHITECTURES:
            system = parts.pop(0)
        known = _ARCHITECTURES.get(parts[0])
        if known is None or len(parts) > 2 or not system.isalnum():
            raise DockerHostError(
                f"'{text}' is not a platform.",
                "Write it as linux/arm64, arm64/v8, aarch64 or armhf.",
            )
        architecture, variant = known
        if len(parts) == 2:
            variant = _variant(architecture, parts[1], text)
        return cls(system, architecture, variant)

    @classmethod
    def of_image(cls, system: str, architecture: str, variant: str) -> Platform:
        """Normalise what an image says of itself; a platform that nobody knows stays as it is."""
        known = _ARCHITECTURES.get(architecture.lower())
        if known is None:
            return cls(system.lower(), architecture.lower(), variant.lower())
        name, usual = known
        variant = variant.lower() or usual
        if variant.isdigit():
            variant = f"v{variant}"
        silent = (name, variant) in _SILENT_VARIANTS
        return cls(system.lower(), name, "" if silent else variant)

    @property
    def bits(self) -> int:
        """The width of a pointer, 32 or 64."""
        return _BITS.get(self.architecture, 64)

    def accepted(self) -> tuple[Platform, ...]:
        """Return the platforms of images that a host of this platform takes, the best first.

        As containerd orders them (platforms/compare.go): arm64 also takes arm from v8 down to v5,
        an arm host its own variant and lower ones, never arm64, and amd64 also takes lower
        variants and 386. Whether the cores of an arm64 host can run 32-bit programs is a fact of
        the host.
        """
        others: list[tuple[str, str]] = []
        if self.architecture == "arm64":
            others = [("arm64", "")] if self.variant else []
            others += [("arm", variant) for variant in _ARM_VARIANTS]
        elif self.architecture == "arm":
            others = [("arm", variant) for variant in _below(self.variant, _ARM_VARIANTS)]
        elif self.architecture == "amd64":
            others = [("amd64", variant) for variant in _below(self.variant, _AMD64_VARIANTS)]
            others.append(("386", ""))
        return (self, *(Platform(self.os, *other) for other in others))

    def match(self, image: Platform) -> str | None:
        """Say how a host of this platform runs an image: ``exact``, ``compatible`` or not (None).

        What is compatible stands in :meth:`accepted`.
        """
        if self == image:
            return "exact"
        return "compatible" if image in self.accepted() else None

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def _below(variant: str, variants: tuple[str, ...]) -> tuple[str, ...]:
    return variants[variants.index(variant) + 1 :] if variant in variants else ()


def _variant(architecture: str, variant: str, text: str) -> str:
    if not _VARIANT.fullmatch(variant):
        raise DockerHostError(
            f"'{text}' ends in '{variant}', which is no variant.",
            "Leave the variant out or name it, as in arm/v7.",
        )
    if (architecture, variant) in _SILENT_VARIANTS:
        return ""
    if architecture == "arm":
        variant = variant if variant.startswith("v") else f"v{variant}"
        if variant not in _ARM_VARIANTS:
            raise DockerHostError(
                f"'{text}' names a variant of arm that does not exist.", "It is v5, v6, v7 or v8."
            )
    return variant
