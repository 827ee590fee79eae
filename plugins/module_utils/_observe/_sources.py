# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apt's sources, of both formats, as apt would read them."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

_LINE = re.compile(r"^(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*?)\s*(?:#.*)?$")


def read_sources(host: Host) -> list[dict[str, Any]]:
    """Return every source that apt knows: where it is written, and what it says.

    An entry has path, format (list or deb822), types, uris, suites, components, signed_by
    (None where the whole keyring is trusted) and enabled.
    """
    folder = "/etc/apt/sources.list.d"
    found = _lines("/etc/apt/sources.list", host.text("/etc/apt/sources.list", ""))
    for name in host.names(folder):
        path = f"{folder}/{name}"
        if name.endswith(".list"):
            found += _lines(path, host.text(path, ""))
        elif name.endswith(".sources"):
            found += _stanzas(path, host.text(path, ""))
    return found


def _lines(path: str, text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if not match:
            continue
        kind, options, uri, suite, components = match.groups()
        signed_by = re.search(r"signed-by=(\S+)", options or "")
        found.append(
            {
                "path": path,
                "format": "list",
                "types": [kind],
                "uris": [mask_text(uri)],
                "suites": [suite],
                "components": components.split(),
                "signed_by": signed_by.group(1) if signed_by else None,
                "enabled": True,
            }
        )
    return found


def _stanzas(path: str, text: str) -> list[dict[str, Any]]:
    found = []
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields = _fields(stanza)
        if "uris" not in fields:
            continue
        found.append(
            {
                "path": path,
                "format": "deb822",
                "types": fields.get("types", "").split(),
                "uris": [mask_text(uri) for uri in fields["uris"].split()],
                "suites": fields.get("suites", "").split(),
                "components": fields.get("components", "").split(),
                "signed_by": fields.get("signed-by") or None,
                "enabled": fields.get("enabled", "yes").lower() not in ("no", "false", "0"),
            }
        )
    return found


def _fields(stanza: str) -> dict[str, str]:
    """Read the fields of a deb822 stanza; a line that begins with a space goes on with the last."""
    fields, name = {}, None
    for line in stanza.splitlines():
        if line[:1].isspace() and name:
            fields[name] = f"{fields[name]}\n{line.strip()}".strip()
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
