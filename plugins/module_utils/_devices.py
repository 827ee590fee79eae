# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs that a container wants a GPU or another device, which no emulation gives it."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

# What images and plays of NVIDIA set, and what switches it off
# (docs.nvidia.com, Container Toolkit, "Specialized Configurations").
_VARIABLES, _LABELS = "NVIDIA_", "com.nvidia."
_CHOOSES = "NVIDIA_VISIBLE_DEVICES"
_NOTHING = ("", "void", "none")
_REPOSITORIES = ("nvcr.io/", "nvidia/", "docker.io/nvidia/")


def device_reasons(says: Mapping[str, Any]) -> list[str]:
    """Return why a container needs a device, in words; nothing where nothing says so.

    :param says: options of community.docker.docker_container, a service of a compose file, or the
        ``Config`` of an image (``Env``, ``Labels``)
    """
    found = []
    if says.get("runtime") == "nvidia":
        found.append("runtime nvidia")
    if says.get("gpus"):
        found.append("gpus")
    if says.get("device_requests") or _reserved(says):
        found.append("a reserved device")
    found += [f"device {_path(device)}" for device in _items(says.get("devices"))]
    variables = _pairs(says.get("env") or says.get("environment") or says.get("Env"))
    if str(variables.get(_CHOOSES, "all")).strip() not in _NOTHING:
        found += [f"variable {name}" for name in sorted(variables) if name.startswith(_VARIABLES)]
    labels = _pairs(says.get("labels") or says.get("Labels"))
    found += [f"label {name}" for name in sorted(labels) if name.startswith(_LABELS)]
    if str(says.get("image") or "").startswith(_REPOSITORIES):
        found.append("an image of NVIDIA's")
    return found


def _reserved(says: Mapping[str, Any]) -> bool:
    """Look for deploy.resources.reservations.devices of a compose file."""
    value: Any = says
    for key in ("deploy", "resources", "reservations", "devices"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return bool(value)


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _path(device: Any) -> str:
    """Return the path on the host of ``/dev/x:/dev/y:rw``, or of the long form."""
    if isinstance(device, Mapping):
        device = device.get("source", "")
    return str(device).partition(":")[0]


def _pairs(value: Any) -> dict[str, Any]:
    """Return a mapping, or a list of NAME=VALUE, as a mapping."""
    if isinstance(value, Mapping):
        return {str(name): "" if said is None else said for name, said in value.items()}
    parts = [str(item).partition("=") for item in _items(value)]
    return {name: said if equal else "all" for name, equal, said in parts}
