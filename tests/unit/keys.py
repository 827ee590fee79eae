# SPDX-License-Identifier: GPL-3.0-or-later
"""The public keys of tests/fixtures/openpgp, which its README.md describes, and their module."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES
from ansible_collections.arm64.docker.tests.unit.running import run_module

RSA = "7555735B413E1F7368B0B052249E6F50B7054545"
RSA_SUBKEY = "0D3296C9C603B8C53F73568E0DE824BADE318DE0"
ED25519 = "03C6F58D38C5EB0D95F50358882C21A34C096B67"

# The module uses the environment's proxies, which know nothing of this machine's loopback.
_DIRECT = {"no_proxy": "*", "NO_PROXY": "*"}


def key(name: str) -> bytes:
    """Return the content of a file."""
    return (FIXTURES / "openpgp" / name).read_bytes()


def install(
    path: Path | str,
    check_mode: bool = False,
    environment: dict[str, str] | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Run the module for a file that shall hold the RSA key, and return what it answered."""
    return run_module(
        "repository_key",
        {"path": str(path), "fingerprint": RSA, **arguments},
        check_mode=check_mode,
        diff_mode=True,
        environment={**_DIRECT, **(environment or {})},
    )


def refused(answer: dict[str, Any], place: Path) -> str:
    """Return the words of an error after which nothing was written."""
    assert answer["failed"] is True
    assert not place.exists()
    assert not place.parent.exists() or os.listdir(place.parent) == []
    return answer["msg"]
