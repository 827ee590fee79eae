# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the module, as Ansible does, in a Python of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unit.running import run_module

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / "build/collections"


def ask(*, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """Return what the module answers; logins of whoever runs the tests are not seen."""
    own = {
        "PYTHONPATH": str(COLLECTIONS),
        "DOCKER_CONFIG": "/nonexistent",
        **(environment or {}),
    }
    return run_module("image_platform_info", options, environment=own)


def ask_one(image: str, **options: Any) -> dict[str, Any]:
    """Return what the module answers for one image."""
    answer = ask(images=[image], **options)
    assert "images" in answer, answer
    (row,) = answer["images"]
    return row
