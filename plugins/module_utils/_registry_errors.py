# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between here and a registry, in words."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Endpoint

_CODE = re.compile(r"[A-Z_]{1,40}")


class Unreachable(DockerHostError):
    """No answer was had; ``passing`` where another attempt may bring one.

    ``alive`` says that there is a server, which began to answer or took the connection.
    """

    def __init__(
        self, message: str, remedy: str, passing: bool = True, alive: bool = False
    ) -> None:
        super().__init__(message, remedy)
        self.passing = passing
        self.alive = alive


def unreachable(endpoint: Endpoint, error: Exception, timeout: float) -> Unreachable:
    """Put what went wrong on the way to a server into words.

    :param timeout: seconds that a request may take
    """
    name = endpoint.name
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(
            f"The certificate of {name} is not trusted: {error.verify_message}.",
            "Name the authority that signed it in ca_path, and check its names, its end and the "
            "clock here.",
            passing=False,
        )
    if isinstance(error, socket.timeout):
        return Unreachable(
            f"{name} did not answer within {timeout:g} s.",
            "Check the network and the proxy, or raise timeout.",
        )
    if isinstance(error, ssl.SSLError):
        return Unreachable(
            f"{name} cannot be spoken to over TLS: {error.reason or error}.",
            f"If it speaks plain HTTP, add {name} to insecure_registries.",
            passing=False,
        )
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"The name of {name} cannot be resolved: {error.strerror}.",
            "Check the name of the registry, the DNS and the proxy of this host.",
            passing=error.errno == socket.EAI_AGAIN,
        )
    if isinstance(error, UnicodeError):
        return Unreachable(
            f"The name of {name} cannot be resolved: no host can have it.",
            "Check the name of the registry.",
            passing=False,
        )
    if isinstance(error, (http.client.IncompleteRead, http.client.RemoteDisconnected)):
        return Unreachable(
            f"{name} closed the connection in the middle of its answer.",
            "Try again; if it stays so, look at the registry's log and at proxies before it.",
            alive=True,
        )
    if isinstance(error, (http.client.HTTPException, ValueError)):
        return Unreachable(
            f"{name} does not speak HTTP as a registry does.",
            "Check the address and the port of the registry.",
            passing=False,
        )
    return Unreachable(
        f"{name} cannot be reached: {error.strerror or error}.",
        "Check that the registry runs, its address and port, the network and the proxy.",
    )


def refusal(endpoint: Endpoint, image: ImageReference, status: int, body: bytes) -> DockerHostError:
    """Put a status that is no success into words.

    Of the registry's own words only the code is shown: the rest might hold what it was sent.
    """
    code = _code(body)
    said = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    if status == 404:
        return DockerHostError(
            f"{image} does not exist ({endpoint.name}: {said}).",
            "Check the name and the tag; tags that were there may have been taken away.",
        )
    if status == 429:
        return DockerHostError(
            f"{endpoint.name} takes no more requests for now ({said}).",
            "Try again later; a login, or a mirror in mirrors, gets more of them.",
        )
    if status == 403:
        return DockerHostError(
            f"{endpoint.name} does not let this login read {image} ({said}).",
            "Give the login the right to pull, or name another in registry_auth.",
        )
    return DockerHostError(
        f"{endpoint.name} could not answer for {image} ({said}).",
        "Try again; if it stays so, look at the registry's log.",
    )


def login_needed(endpoint: Endpoint, image: ImageReference, username: str) -> DockerHostError:
    """Say that a registry shows an image to nobody, or not to this login (``username``)."""
    if username:
        return DockerHostError(
            f"{endpoint.name} does not accept the login of {username} for {image}.",
            "Check user and password in registry_auth or docker_config, the right of that login "
            "to pull, and the name of the image.",
        )
    return DockerHostError(
        f"{endpoint.name} wants a login for {image}, or there is no such image.",
        "Check its name, and give the login in registry_auth or docker_config.",
    )


def _code(body: bytes) -> str:
    try:
        code = json.loads(body)["errors"][0]["code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
