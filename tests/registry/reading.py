# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms of an image by skopeo, which knows nothing of the module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .images import digest, inspect
from .lifecycle import Registry


def normal(platform: dict[str, str]) -> str:
    """Return a platform's name as the module has it, by a rule of this test's own."""
    return (
        platform["os"]
        + "/"
        + platform["architecture"]
        + (
            "/" + platform["variant"]
            if platform.get("variant") and platform["architecture"] != "arm64"
            else ""
        )
    )


def read_with_skopeo(name: str, registry: Registry, ca: Path, raw: bytes) -> dict[str, Any]:
    """Return the platforms of an image, {name: digest}, from what skopeo reads."""
    document = json.loads(raw)
    if "manifests" not in document:
        config = json.loads(inspect(name, registry, ca, "--config"))
        return {normal(config): digest(raw)}
    found = {}
    for entry in document["manifests"]:
        inner = f"{name}@{entry['digest']}"
        if "platform" not in entry:
            found.update(read_with_skopeo(inner, registry, ca, inspect(inner, registry, ca)))
        elif entry["platform"]["os"] != "unknown":
            found[normal(entry["platform"])] = entry["digest"]
    return found
