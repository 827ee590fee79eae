# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the JSON of ``docker version`` of any release since 18.09 into one shape."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

# `docker version --format json` prints the word "json" before 23.0; the template works everywhere.
VERSION_ARGUMENTS = ("version", "--format", "{{json .}}")

_DESKTOP = re.compile(r"^Docker Desktop (\S+) \((\d+)\)")


def parse(text: str) -> dict[str, Any]:
    """Turn the output of ``docker version --format '{{json .}}'`` into the fact `docker_version`.

    :returns: ``client``, ``server`` (None where no daemon answered), ``platform`` of the
        server (None without one) and ``table``, as documented in docker_version_facts
    :raises DockerHostError: where the text is no JSON object, or is another program's answer
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DockerHostError(
            f"'docker version' did not answer in JSON ({error}): {_excerpt(text)}",
            "Check that the docker command is Docker's own client, of release 18.09 or later.",
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("Client"), dict):
        raise DockerHostError(
            f"'docker version' answered in an unknown shape: {_excerpt(text)}",
            "Check that the docker command is Docker's own client, of release 18.09 or later.",
        )
    if _is_podman(document["Client"]):
        raise DockerHostError(
            "The docker command is Podman "
            f"{document['Client'].get('Version', '')} (package podman-docker), not Docker.",
            "Remove podman-docker, then install Docker with the role arm64.docker.docker_engine.",
        )
    server = _server(document.get("Server"))
    return {
        "client": _client(document["Client"]),
        "server": server,
        "platform": _platform(server),
        "table": _table(server),
    }


def _is_podman(client: dict[str, Any]) -> bool:
    """Podman names the platform OsArch and the build Built and BuiltTime; Docker never does."""
    return "OsArch" in client or "BuiltTime" in client


def _client(client: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": _string(client, "Version"),
        "api_version": _string(client, "ApiVersion", "APIVersion"),
        "go_version": _string(client, "GoVersion"),
        "git_commit": _string(client, "GitCommit"),
        "built": _string(client, "BuildTime"),
        "os": _string(client, "Os"),
        "arch": _string(client, "Arch"),
        "context": _string(client, "Context"),
    }


def _server(server: Any) -> dict[str, Any] | None:
    if not isinstance(server, dict) or not server.get("Version"):
        return None
    components = _components(server.get("Components"))
    details = components.get("Engine", {}).get("details", {})
    # Engine's details say the same as the server itself, which 29.0.0 alone spells APIVersion
    # (docker/cli#6647); releases differ in which of the two is complete.
    both = {**details, **{key: value for key, value in server.items() if value not in ("", None)}}
    platform_name = _string(_mapping(server.get("Platform")), "Name")
    desktop = _DESKTOP.match(platform_name)
    return {
        "platform_name": platform_name,
        "desktop": {"version": desktop.group(1), "build": desktop.group(2)} if desktop else None,
        "engine": {
            "version": _string(both, "Version"),
            "api_version": _string(both, "ApiVersion", "APIVersion"),
            "min_api_version": _string(both, "MinAPIVersion", "MinApiVersion"),
            "go_version": _string(both, "GoVersion"),
            "git_commit": _string(both, "GitCommit"),
            "built": _string(both, "BuildTime"),
            "os": _string(both, "Os"),
            "arch": _string(both, "Arch"),
            "kernel_version": _string(both, "KernelVersion"),
            "experimental": str(both.get("Experimental", "")).lower() == "true",
        },
        "containerd": _component(components, "containerd"),
        "runc": _component(components, "runc"),
        "docker_init": _component(components, "docker-init"),
        "components": components,
    }


def _components(components: Any) -> dict[str, Any]:
    if not isinstance(components, list):
        return {}
    return {
        str(component["Name"]): {
            "version": _string(component, "Version"),
            "details": _mapping(component.get("Details")),
        }
        for component in components
        if isinstance(component, dict) and component.get("Name")
    }


def _component(components: dict[str, Any], name: str) -> dict[str, Any] | None:
    component = components.get(name)
    if component is None:
        return None
    return {
        "version": component["version"],
        "git_commit": _string(component["details"], "GitCommit"),
    }


def _platform(server: dict[str, Any] | None) -> str | None:
    if server is None:
        return None
    engine = server["engine"]
    name = f"{engine['os']}/{engine['arch']}"
    try:
        return str(Platform.parse(name))
    except DockerHostError:
        return name


def _table(server: dict[str, Any] | None) -> list[dict[str, str]]:
    if server is None:
        return []
    engine, desktop = server["engine"], server["desktop"]
    name = server["platform_name"] or "Docker Engine"
    rows = [
        ("Server", f"Docker Desktop {desktop['version']}", f"Build {desktop['build']}")
        if desktop
        else ("Server", name, ""),
        ("Engine", engine["version"], f"API v{engine['api_version']}"),
        ("Go Version", engine["go_version"], "Runtime environment"),
        ("OS/Arch", f"{engine['os']}/{engine['arch']}", "Target architecture"),
    ]
    for key, component, detail in (
        ("containerd", "containerd", "Container runtime"),
        ("runc", "runc", "Low-level runtime"),
        ("docker_init", "docker-init", "Init process"),
    ):
        if server[key] is not None:
            rows.append((component, server[key]["version"], detail))
    return [
        {"component": component, "version": version, "detail": detail}
        for component, version, detail in rows
    ]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(mapping: dict[str, Any], *keys: str) -> str:
    """Return the first of the keys that holds a string, or the empty string."""
    for key in keys:
        value = mapping.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return repr(words[:200]) if words else "nothing at all"
