# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of registries: what manifests and blobs they hold (OCI Distribution API)."""

from __future__ import annotations

import threading
import urllib.parse
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import Credential
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._registry_access import Access
from ansible_collections.arm64.docker.plugins.module_utils._registry_document import (
    INDEXES,
    MANIFESTS,
    Document,
    rate_limit,
    verified,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import (
    Endpoint,
    Registries,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_errors import (
    Unreachable,
    refusal,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_patience import (
    RETRIED,
    Health,
    Pauses,
    Waits,
    wait_before,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import (
    Answer,
    Request,
    Transport,
    Trust,
)

# What registries take when they are pushed to, and Docker when it pulls
# (distribution's registry/handlers/manifests.go).
_MANIFEST_LIMIT = 4 * 1024 * 1024
_CONFIG_LIMIT = 8 * 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


class Client:
    """What the workers share.

    :param credentials: returns the login for a registry
    :param images: all that will be asked for, in that order
    """

    def __init__(
        self,
        registries: Registries,
        credentials: Callable[[str], Credential | None],
        images: Sequence[ImageReference],
        retries: int,
        pauses: Pauses | None = None,
    ) -> None:
        self.registries = registries
        self.retries = retries
        self.health = Health()
        self.waits = Waits()
        self.pauses = pauses or Pauses()
        self.rate_limits: dict[str, dict[str, Any]] = {}
        self._credentials = credentials
        self._lock = threading.Lock()
        self._accesses: dict[Endpoint, Access] = {}
        self._repositories: dict[str, list[str]] = {}
        for image in images:
            self._repositories.setdefault(image.registry, []).append(image.repository)

    def access(self, endpoint: Endpoint, image: ImageReference) -> Access:
        """Return the logins of a server, which is the image's registry or a mirror of it."""
        name = endpoint.name if endpoint.mirror else image.registry
        with self._lock:
            if endpoint not in self._accesses:
                self._accesses[endpoint] = Access(
                    endpoint,
                    self.registries,
                    lambda: self._credentials(name),
                    self._repositories.get(image.registry, []),
                )
            return self._accesses[endpoint]

    def note_rate(self, registry: str, headers: Mapping[str, str]) -> None:
        """Keep what the headers say of Docker Hub's limits, and of others that speak like it."""
        found = rate_limit(headers)
        if found:
            with self._lock:
                known = self.rate_limits.setdefault(registry, {})
                if "remaining" in known and "remaining" in found:
                    # Answers overtake each other; what is left only gets less while this runs.
                    found["remaining"] = min(known["remaining"], found["remaining"])
                known.update(found)


class Session:
    """One worker's part of a client: its connections."""

    def __init__(self, client: Client, trust: Trust, timeout: float) -> None:
        self._client = client
        self._transport = Transport(trust, timeout)

    def close(self) -> None:
        self._transport.close()

    def manifest(self, image: ImageReference, version: str) -> Document:
        """Return a manifest or an index by its tag or digest, checked against the digest.

        :raises DockerHostError: where no server gives it
        """
        path = f"/v2/{image.repository}/manifests/{version}"
        accept = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
        return self._first(image, Request(path, accept, _MANIFEST_LIMIT), version)

    def config(self, image: ImageReference, digest: str) -> Document:
        """Return the blob that describes an image, checked against its digest.

        :raises DockerHostError: where no server gives it
        """
        path = f"/v2/{image.repository}/blobs/{digest}"
        return self._first(image, Request(path, {"Accept": "*/*"}, _CONFIG_LIMIT), digest)

    def _first(self, image: ImageReference, request: Request, version: str) -> Document:
        endpoints = self._client.registries.endpoints(image.registry)
        for endpoint in endpoints[:-1]:
            try:
                return self._get(endpoint, image, request, version)
            except Unreachable:
                continue
            except DockerHostError:
                if not endpoint.mirror:
                    raise
        return self._get(endpoints[-1], image, request, version)

    def _get(
        self, endpoint: Endpoint, image: ImageReference, request: Request, version: str
    ) -> Document:
        access = self._client.access(endpoint, image)
        header = access.header(self._ask, image)
        answer = self._follow(endpoint, request, header)
        if answer.status == 401 and not access.shared(image, header):
            header = access.renew(self._ask, image, answer.challenges, header)
            answer = self._follow(endpoint, request, header)
        if answer.status in (401, 403) and access.shared(image, header):
            answer = self._follow(endpoint, request, access.alone(self._ask, image))
            if answer.status == 200:
                access.share_no_more()
        self._client.note_rate(image.registry, answer.headers)
        if answer.status == 401:
            raise access.refused(image)
        if answer.status != 200:
            raise refusal(endpoint, image, answer.status, answer.body)
        if header is not None:
            access.accepted()
        return verified(endpoint, image, answer, version)

    def _follow(self, endpoint: Endpoint, request: Request, header: str | None) -> Answer:
        """Ask, and go where the answer points; only the server that asked for it gets the login."""
        here, path = endpoint, request.path
        for _hop in range(_MOST_REDIRECTS + 1):
            headers = dict(request.headers)
            if header and here == endpoint:
                headers["Authorization"] = header
            answer = self._ask(here, Request(path, headers, request.limit))
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not target:
                if answer.status == 401 and here != endpoint:
                    raise DockerHostError(
                        f"{endpoint.name} sends its clients to {here.name}, which wants a login.",
                        "Check the registry's configuration; its storage must give addresses that "
                        "need none.",
                    )
                return answer
            here, path = self._redirected(endpoint, here, path, target)
        raise DockerHostError(
            f"{endpoint.name} sends its clients on more than {_MOST_REDIRECTS} times.",
            "Check the registry's configuration, and proxies before it.",
        )

    def _redirected(
        self, endpoint: Endpoint, here: Endpoint, path: str, target: str
    ) -> tuple[Endpoint, str]:
        try:
            url = urllib.parse.urljoin(f"{here.url}{path}", target)
        except ValueError:
            url = ""
        there = self._client.registries.of_url(url)
        if there is None:
            raise DockerHostError(
                f"{endpoint.name} sends its clients to what is no address.",
                "Check the registry's configuration, and proxies before it.",
            )
        if there.scheme == "http" and not there.insecure:
            raise DockerHostError(
                f"{endpoint.name} sends its clients to {there.name} without TLS.",
                "Check the registry's configuration, or add that host to insecure_registries.",
            )
        if there.url == endpoint.url:
            there = endpoint
        parts = urllib.parse.urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        safe = "/%:@!$&'()*+,;=?~-._[]"
        return there, urllib.parse.quote(f"{parts.path or '/'}{query}", safe=safe)

    def _ask(self, endpoint: Endpoint, request: Request) -> Answer:
        """Ask a server as often as it takes, within the retries."""
        client = self._client
        attempt = 0
        while True:
            client.health.demand(endpoint)
            attempt += 1
            try:
                answer = self._transport.exchange(endpoint, request)
            except Unreachable as error:
                if not error.passing or not self._waited(endpoint, attempt, {}):
                    client.health.failed(endpoint, error)
                    raise
            else:
                client.health.answered(endpoint)
                if answer.status not in RETRIED:
                    return answer
                if not self._waited(endpoint, attempt, answer.headers):
                    return answer

    def _waited(self, endpoint: Endpoint, attempt: int, headers: Mapping[str, str]) -> bool:
        """Wait for another attempt, and say whether there shall be one.

        :param attempt: how many there were
        :param headers: of the answer to the last one
        """
        client = self._client
        now = client.pauses.now()
        seconds = wait_before(attempt, headers, now)
        if attempt > client.retries or not client.waits.allow(endpoint, seconds, now):
            return False
        client.pauses.wait(seconds)
        return True
