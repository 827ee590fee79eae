# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of Docker in Docker: what users may write, and all the options that it means."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Mapping

DIND, ROOTLESS, CLI = "dind", "dind-rootless", "cli"
VARIANTS = (DIND, ROOTLESS, CLI)

# What an option is where an instance does not say. The role's argument_specs say the same.
DEFAULTS: Mapping[str, Any] = {
    "name": None,
    "state": None,
    "variant": DIND,
    "version": "",
    "repository": "",
    "image": "",
    "engine": "",
    "network": "",
    "tls": True,
    "san": [],
    "address": "127.0.0.1",
    "port": 0,
    "mirrors": [],
    "daemon_options": {},
    "memory": "0",
    "cpus": 0.0,
    "restart_policy": "unless-stopped",
    "iptables": "auto",
    "uid": 1000,
    "gid": None,
    "ca_volume": "",
    "client_volume": "",
    "storage_volume": "",
    "certificates": "",
    "volumes": [],
    "environment": {},
    "export": None,
}
EXPORT_DEFAULTS: Mapping[str, Any] = {
    "to": "host",
    "path": "",
    "owner": "root",
    "group": "",
    "context": "",
    "endpoint": "",
}

# Docker's rule for names of containers, volumes and networks.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_MEMORY = re.compile(r"\d+(\.\d+)?\s*([kmgt]i?)?b?", re.IGNORECASE)
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?")
# Suffixes of tags by which articles name images.
_SUFFIXES = (("-dind-rootless", ROOTLESS), ("-rootless", ROOTLESS), ("-dind", DIND), ("-cli", CLI))
# Of the public image (docker-library/docker, Dockerfile-dind-rootless.template).
SUBORDINATE = range(100000, 165536)
_VOLUMES = ("ca_volume", "client_volume", "storage_volume")
# The entrypoint gives these to the daemon.
_OF_ENTRYPOINT = ("host", "H", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey")
# What options of an engine mean, which its environment must not take back.
_OF_OPTIONS = {
    "DOCKER_TLS_CERTDIR": "tls",
    "DOCKER_TLS_SAN": "san",
    "DOCKER_IPTABLES_LEGACY": "iptables",
}
# Docker's own, of which one has all addresses of the host, and none an alias.
_NO_NETWORKS = ("bridge", "default", "host", "none")
_HOST_NAME = re.compile(r"[A-Za-z0-9_*]([A-Za-z0-9_.*-]{0,251}[A-Za-z0-9])?")
_CONTEXT = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")


def complete(given: Mapping[str, Any], state: str) -> tuple[dict[str, Any], list[str]]:
    """Return an instance with every option, and notes on names that were translated.

    :param state: that of an instance that names none
    """
    full = {**DEFAULTS, **{key: value for key, value in given.items() if value is not None}}
    full["state"] = full["state"] or state
    export = {key: str(value) for key, value in (full["export"] or {}).items() if value is not None}
    full["export"] = {**EXPORT_DEFAULTS, **export} if export else {}
    notes = []
    for suffix, variant in _SUFFIXES:
        if full["version"].endswith(suffix):
            plain = full["version"][: -len(suffix)]
            notes.append(
                f"{full['name']}: the tag '{full['version']}' is that of version {plain} in the "
                f"variant {variant}, whose image is called '{tag(plain, variant)}'."
            )
            full["version"], full["variant"] = plain, variant
            break
    if full["gid"] is None:
        full["gid"] = full["uid"]
    name = full["name"]
    full["network"] = full["network"] or name
    for kind, suffix in (("ca", "certs-ca"), ("client", "certs-client"), ("storage", "storage")):
        full[f"{kind}_volume"] = full[f"{kind}_volume"] or f"{name}-{suffix}"
    return full, notes


def tag(version: str, variant: str) -> str:
    """Return the tag of the public image; no version means the newest one."""
    return variant if version in ("", "latest") else f"{version}-{variant}"


def image(instance: Mapping[str, Any], platform: str) -> str:
    """Return the image of an instance for a host's platform, such as linux/arm64."""
    if instance["image"]:
        return instance["image"]
    own = "arm64v8/docker" if platform == "linux/arm64" else "docker"
    return f"{instance['repository'] or own}:{tag(instance['version'], instance['variant'])}"


def refusals(instance: Mapping[str, Any], platform: str, local: bool = False) -> list[str]:
    """Return why an instance cannot be, one sentence with a remedy for each reason.

    :param local: whether the host is the controller itself
    """
    name = instance["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return [f"name is {name!r}: give two or more letters, digits, '_', '.' and '-'."]
    reasons = [*_option_refusals(instance)]
    # What was exported to lead back goes with an engine that goes.
    if instance["state"] == "present" and not local and _leads_back(instance):
        reasons.append(
            f"export.context on the controller would lead to the controller itself, for address "
            f"is {instance['address']}. Give in export.endpoint how the controller reaches the "
            "host."
        )
    if instance["variant"] != CLI:
        reasons += _tls_refusals(instance)
    if instance["variant"] == ROOTLESS:
        reasons += _rootless_refusals(instance, platform)
    elif (instance["uid"], instance["gid"]) != (1000, 1000):
        reasons.append("uid and gid are for the variant dind-rootless; the engine of dind is root.")
    return [f"{name}: {reason}" for reason in reasons]


def _option_refusals(instance: Mapping[str, Any]) -> list[str]:
    reasons = []
    if instance["variant"] not in VARIANTS:
        reasons.append(f"variant is '{instance['variant']}'; there are {', '.join(VARIANTS)}.")
    for option in ("network", *_VOLUMES):
        if not _NAME.fullmatch(instance[option]):
            reasons.append(f"{option} is '{instance[option]}', which Docker takes for no name.")
    if len({instance[option] for option in _VOLUMES}) < len(_VOLUMES):
        reasons.append(f"{', '.join(_VOLUMES)} name the same volume: give each one of its own.")
    if instance["network"] in _NO_NETWORKS:
        reasons.append(
            f"network is '{instance['network']}', which is Docker's own: the engine would have no "
            "alias in it. Name another, which is made where it is missing."
        )
    if not 0 <= instance["port"] <= 65535:
        reasons.append(f"port is {instance['port']}; give 1 to 65535, or 0 to publish none.")
    if not _is_address(instance["address"]):
        reasons.append(f"address is '{instance['address']}'; give an IP address of the host.")
    for name in instance["san"]:
        if not _is_subject(name):
            reasons.append(
                f"san has '{name}'; give a host name or an IP address, each an entry of its own. "
                "Without a certificate the image would serve without TLS."
            )
    if not _MEMORY.fullmatch(instance["memory"]):
        reasons.append(f"memory is '{instance['memory']}'; write it as 512m or 2g.")
    if instance["certificates"] and not instance["certificates"].startswith("/"):
        reasons.append(
            f"certificates is '{instance['certificates']}'; give an absolute path of a folder."
        )
    for option in instance["daemon_options"]:
        if option.lstrip("-").partition("=")[0] in _OF_ENTRYPOINT:
            reasons.append(
                f"daemon_options has '{option}', which the image's entrypoint sets itself; use "
                "tls, port and address."
            )
    reasons += [
        f"environment has {name}, which the option {option} sets; use that."
        for name, option in _OF_OPTIONS.items()
        if instance["variant"] != CLI and name in instance["environment"]
    ]
    export = instance["export"]
    if export and not export["path"].startswith("/"):
        reasons.append(f"export.path is '{export['path']}'; give an absolute path of a folder.")
    if export and not instance["tls"]:
        reasons.append("export has no certificates to export, for tls is off.")
    if export.get("context") and not _CONTEXT.fullmatch(export["context"]):
        reasons.append(f"export.context is '{export['context']}', which Docker takes for no name.")
    endpoint = export.get("endpoint", "").strip("[]")
    if endpoint and not (_is_address(endpoint) or _HOST_NAME.fullmatch(endpoint)):
        reasons.append(
            f"export.endpoint is '{endpoint}'; give a host name or an IP address, without a port."
        )
    if export.get("context") == "default":
        reasons.append("export.context is 'default', which is Docker's own; give another name.")
    if export.get("context") and not instance["port"]:
        reasons.append("export.context needs an address: publish the engine with port.")
    return reasons


def _tls_refusals(instance: Mapping[str, Any]) -> list[str]:
    reasons = []
    if not instance["tls"] and instance["port"] and not _is_loopback(instance["address"]):
        reasons.append(
            f"without TLS the engine is never published beyond loopback, and address is "
            f"{instance['address']}. Whoever reaches it is root on the host. Leave tls on."
        )
    if instance["tls"] and _older(instance["version"], (18, 9)):
        reasons.append(
            f"the images of version {instance['version']} have no TLS, which began with 18.09. "
            "Take a newer one, or set tls: false, which publishes on loopback only."
        )
    if not instance["tls"] and instance["certificates"]:
        reasons.append("certificates were given and tls is off; decide for one of them.")
    return reasons


def _rootless_refusals(instance: Mapping[str, Any], platform: str) -> list[str]:
    reasons = []
    if platform not in ("linux/arm64", "linux/amd64"):
        reasons.append(
            f"the image dind-rootless exists for arm64 and amd64 only, and this host is "
            f"{platform}. Use the variant dind."
        )
    for option in ("uid", "gid"):
        value = instance[option]
        if value in SUBORDINATE:
            reasons.append(
                f"{option} {value} is one of the subordinate ids {SUBORDINATE[0]} to "
                f"{SUBORDINATE[-1]} that the image gives to containers; choose another."
            )
        elif not 1 <= value < 65534 and not SUBORDINATE[-1] < value < 2**31:
            reasons.append(f"{option} is {value}; give one from 1 to 65533.")
    if _older(instance["version"], (19, 3)):
        reasons.append(
            f"version {instance['version']} has no rootless engine, which began with 19.03."
        )
    return reasons


def _older(version: str, than: tuple[int, int]) -> bool:
    found = _VERSION.match(version)
    return bool(found) and (int(found[1]), int(found[2] or 99)) < than


def _is_address(text: Any) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_subject(text: str) -> bool:
    """Tell whether a certificate can have a name, as Docker's entrypoint hands it to openssl."""
    if text.startswith("IP:"):
        return _is_address(text[len("IP:") :])
    name = text[len("DNS:") :] if text.startswith("DNS:") else text
    return _is_address(text) or bool(_HOST_NAME.fullmatch(name))


def _leads_back(instance: Mapping[str, Any]) -> bool:
    """Tell whether the address in an exported context means the controller on the controller."""
    export = instance["export"]
    named = export and export["context"] and instance["port"] and _is_address(instance["address"])
    if not named or export["to"] != "controller" or export["endpoint"]:
        return False
    parsed = ipaddress.ip_address(instance["address"])
    return parsed.is_loopback or parsed.is_unspecified


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text).is_loopback
