# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn an instance of Docker in Docker into the arguments of its container; nothing runs here."""

from __future__ import annotations

import ipaddress
from typing import Any, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._dind_wish import CLI, ROOTLESS, image

# On every container, network and volume that the role makes; the value is the instance's name.
LABEL = "arm64.docker.dind"
ALIAS = "docker"
CERTIFICATES = "/certs"
TLS_PORT, PLAIN_PORT = 2376, 2375
_STORAGE = "/var/lib/docker"
_ROOTLESS_STORAGE = "/home/rootless/.local/share/docker"

# The form that its maintainers tested (docker-library/docs, pull request 2549). /etc/subuid goes by
# the name of the user and stays.
_DOCKERFILE = """\
FROM {image}
USER root
RUN sed -i -e 's/^rootless:x:1000:1000:/rootless:x:{uid}:{gid}:/' /etc/passwd \\
 && sed -i -e 's/^rootless:x:1000:/rootless:x:{gid}:/' /etc/group \\
 && chown -R rootless ~rootless \\
 && test "$(id -u rootless):$(id -g rootless)" = {uid}:{gid}
USER rootless
"""


def container(
    instance: Mapping[str, Any], platform: str, engines: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options of a full instance as its container has them.

    :param engines: the full instances by name, among which a cli finds its engine
    :returns: ``image``, ``dockerfile`` (empty where the image is taken as it is), ``environment``,
        ``command``, ``volumes`` and ``ports`` in the notation of docker run, ``mounts`` of volumes
        that are made with the container, and their names, ``own_volumes``; ``aliases``, ``label``
    """
    engine = engines[instance["engine"]] if instance["variant"] == CLI else instance
    plan = {
        "image": image(instance, platform),
        "dockerfile": dockerfile(instance, platform),
        "network": engine["network"],
        "label": {LABEL: instance["name"]},
    }
    if instance["variant"] == CLI:
        return {
            **plan,
            "aliases": [],
            "environment": {**_client_environment(engine), **_strings(instance["environment"])},
            "command": ["sleep", "infinity"],
            "volumes": [*_client_volumes(engine), *instance["volumes"]],
            "mounts": [],
            "ports": [],
            "own_volumes": [],
        }
    targets = _targets(instance)
    return {
        **plan,
        "aliases": [ALIAS],
        "environment": {**_environment(instance), **_strings(instance["environment"])},
        "command": _command(instance),
        "volumes": [*_certificates(instance), *instance["volumes"]],
        "mounts": [
            {"type": "volume", "source": name, "target": target, "labels": plan["label"]}
            for name, target in targets.items()
        ],
        "ports": _ports(instance),
        "own_volumes": list(targets),
    }


def dockerfile(instance: Mapping[str, Any], platform: str) -> str:
    """Return how the image for another user is made; empty where the public image's user serves."""
    if instance["variant"] != ROOTLESS or (instance["uid"], instance["gid"]) == (1000, 1000):
        return ""
    return _DOCKERFILE.format(
        image=image(instance, platform), uid=int(instance["uid"]), gid=int(instance["gid"])
    )


def names(instance: Mapping[str, Any]) -> list[str]:
    """Return what the server's certificate has to hold besides what the image enters by itself."""
    wanted = [instance["name"], *instance["san"]]
    if instance["port"] and (address := local(instance["address"])) != "127.0.0.1":
        wanted.append(address)
    # By which the exported context asks for the engine.
    if endpoint := instance["export"].get("endpoint"):
        wanted.append(endpoint.strip("[]"))
    return list(dict.fromkeys(_general_name(str(name)) for name in wanted))


def local(address: str) -> str:
    """Return the address by which the host itself reaches what is published on one of its own."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)


def url(address: str, port: int) -> str:
    """Return how docker is told of an engine."""
    shown = f"[{address}]" if ":" in address and not address.startswith("[") else address
    return f"tcp://{shown}:{port}"


def context_url(instance: Mapping[str, Any]) -> str:
    """Return an engine's address in an exported docker context, empty where it is not published."""
    if not instance["port"]:
        return ""
    endpoint = instance["export"].get("endpoint") or local(instance["address"])
    return url(endpoint, instance["port"])


def _environment(instance: Mapping[str, Any]) -> dict[str, str]:
    # Version 18.09 has no default for the folder, and others have one for TLS being on.
    environment = {"DOCKER_TLS_CERTDIR": CERTIFICATES if instance["tls"] else ""}
    if instance["tls"]:
        environment["DOCKER_TLS_SAN"] = ",".join(names(instance))
    if instance["iptables"] != "auto":
        environment["DOCKER_IPTABLES_LEGACY"] = "1" if instance["iptables"] == "legacy" else ""
    return environment


def _client_environment(engine: Mapping[str, Any]) -> dict[str, str]:
    if not engine["tls"]:
        return {"DOCKER_HOST": f"tcp://{ALIAS}:{PLAIN_PORT}", "DOCKER_TLS_CERTDIR": ""}
    return {
        "DOCKER_HOST": f"tcp://{ALIAS}:{TLS_PORT}",
        "DOCKER_TLS_CERTDIR": CERTIFICATES,
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": f"{CERTIFICATES}/client",
    }


def _command(instance: Mapping[str, Any]) -> list[str]:
    """Return the daemon's options.

    With TLS it does not start where the image could issue no certificates, with which it would
    serve everybody; without, it is spared the pause of its warning.
    """
    options = ["--tlsverify"] if instance["tls"] else ["--tls=false"]
    options += [f"--registry-mirror={mirror}" for mirror in instance["mirrors"]]
    for name, value in _given(instance["daemon_options"]).items():
        values = value if isinstance(value, (list, tuple)) else [value]
        options += [f"--{name.lstrip('-')}={_word(each)}" for each in values]
    return options


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what has no value, as of an instance's own keys."""
    return {name: value for name, value in options.items() if value is not None}


def _strings(environment: Mapping[str, Any]) -> dict[str, str]:
    return {name: _word(value) for name, value in _given(environment).items()}


def _targets(instance: Mapping[str, Any]) -> dict[str, str]:
    """Return where the volumes of an engine appear in its container."""
    storage = _ROOTLESS_STORAGE if instance["variant"] == ROOTLESS else _STORAGE
    targets = {instance["storage_volume"]: storage}
    if instance["tls"] and not instance["certificates"]:
        targets[instance["ca_volume"]] = f"{CERTIFICATES}/ca"
        targets[instance["client_volume"]] = f"{CERTIFICATES}/client"
    return targets


def _certificates(instance: Mapping[str, Any]) -> list[str]:
    folder = instance["certificates"]
    return [f"{folder}:{CERTIFICATES}:ro"] if folder else []


def _client_volumes(engine: Mapping[str, Any]) -> list[str]:
    if not engine["tls"]:
        return []
    if engine["certificates"]:
        return [f"{engine['certificates']}/client:{CERTIFICATES}/client:ro"]
    return [f"{engine['client_volume']}:{CERTIFICATES}/client:ro"]


def _ports(instance: Mapping[str, Any]) -> list[str]:
    if not instance["port"]:
        return []
    address = instance["address"]
    shown = f"[{address}]" if ":" in address else address
    return [f"{shown}:{instance['port']}:{TLS_PORT if instance['tls'] else PLAIN_PORT}"]


def _general_name(name: str) -> str:
    if name.startswith(("DNS:", "IP:")):
        return name
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return f"DNS:{name}"
    return f"IP:{name}"
