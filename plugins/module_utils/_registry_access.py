# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logins of one registry, which all workers share: challenges, tokens, Basic."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Callable, Iterator, Sequence

from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import (
    Credential,
    Once,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._registry_challenge import (
    Challenge,
    parse_challenges,
    parse_token,
    token_request,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import (
    Endpoint,
    Registries,
)
from ansible_collections.arm64.docker.plugins.module_utils._registry_errors import login_needed
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import (
    Answer,
    Request,
    basic,
)

# More in one token would outgrow the 8 KiB that web servers take as a header.
_SCOPES = 25
# A token is not used in the last part of its life: the clocks of two machines differ.
_USED = 0.8

# What a service says of the moment, not of how many repositories it was asked for.
_LATER = (429, 503)

# A login that was refused so often, and never accepted, is not tried for every other image:
# registries lock out who does that. One refusal may be for an image that the login must not read.
_REFUSALS = 3

# Asks a server, with the retries that a caller has.
Ask = Callable[[Endpoint, Request], Answer]


@dataclass(frozen=True)
class _Grant:
    header: str
    until: float
    shared: bool


class Access:
    """What is known of how one registry lets its clients in.

    :param repositories: all that this registry will be asked for, in that order: one token for
        several of them is asked for where it grants that
    """

    def __init__(
        self,
        endpoint: Endpoint,
        registries: Registries,
        credential: Callable[[], Credential | None],
        repositories: Sequence[str],
    ) -> None:
        self._endpoint = endpoint
        self._registries = registries
        self._login = Once(credential)
        self._repositories = list(dict.fromkeys(repositories))
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._grants: dict[str, _Grant] = {}
        self._challenge: Challenge | None = None
        self._one_for_several = True
        self._anonymous = False
        self._counting = threading.Lock()
        self._refusals = 0
        self._accepted = False
        # Token services that failed in a way that has nothing to do with one repository.
        self._failed: dict[Endpoint, DockerHostError] = {}

    def header(self, ask: Ask, image: ImageReference) -> str | None:
        """Return the header Authorization for an image, or None where none was asked for yet."""
        with self._turn(image):
            if self._wrong_login():
                return None
            grant = self._current(image.repository)
            if grant is None and self._challenge is not None:
                try:
                    grant = self._obtain(ask, image, self._challenge)
                except DockerHostError:
                    # What the registry gives to everybody, it gives without a token too.
                    self._challenge = None
            return grant.header if grant else None

    def renew(
        self, ask: Ask, image: ImageReference, challenges: Sequence[str], refused: str | None
    ) -> str:
        """Return another header after an answer of 401.

        :param challenges: its headers WWW-Authenticate
        :param refused: what was sent, if anything
        :raises DockerHostError: where there is no other
        """
        with self._turn(image):
            if self._wrong_login():
                raise login_needed(self._endpoint, image, self._username())
            grant = self._current(image.repository)
            # Another worker may have been quicker.
            if grant is None or grant.header == refused:
                self._grants.pop(image.repository, None)
                self._challenge = self._choose(parse_challenges(challenges), image)
                grant = self._obtain(ask, image, self._challenge)
            if grant.header == refused:
                self._note_refusal()
                raise login_needed(self._endpoint, image, self._username())
            return grant.header

    def shared(self, image: ImageReference, header: str | None) -> bool:
        """Say whether a header holds a token for several repositories, with this image's."""
        grant = self._current(image.repository)
        return grant is not None and grant.shared and grant.header == header

    def alone(self, ask: Ask, image: ImageReference) -> str:
        """Return the header with a token for one repository, which that for several left out.

        :raises DockerHostError: where there is no such token
        """
        with self._turn(image):
            challenge, credential = self._challenge, self._login.value()
            if challenge is None:
                raise login_needed(self._endpoint, image, self._username())
            return self._fetch(ask, image, challenge, credential, several=False).header

    def share_no_more(self) -> None:
        """Take note that a token for several repositories held for fewer than it was said to."""
        self._one_for_several = False

    def accepted(self) -> None:
        """Take note that a login was good for an image."""
        self._accepted = True

    def refused(self, image: ImageReference) -> DockerHostError:
        """Say that what the registry asked for was brought, and not enough."""
        challenge = self._challenge
        if challenge is not None and challenge.scheme == "basic":
            self._note_refusal()
        return login_needed(self._endpoint, image, self._username())

    @contextlib.contextmanager
    def _turn(self, image: ImageReference) -> Iterator[None]:
        """Let one worker at a time look for a login, so that the others have its token too.

        Where each repository has a token of its own, only those of one repository wait for each
        other. A login has to be accepted first: all at once would be as many refusals.
        """
        lock, chosen = self._lock, None
        while lock is not chosen:
            chosen = lock
            with chosen:
                apart = not self._one_for_several and (self._accepted or self._anonymous)
                lock = self._locks.setdefault(image.repository, threading.Lock()) if apart else lock
                if lock is chosen:
                    yield

    def _note_refusal(self) -> None:
        with self._counting:
            self._refusals += 1

    def _wrong_login(self) -> bool:
        return self._refusals >= _REFUSALS and not self._accepted

    def _current(self, repository: str) -> _Grant | None:
        grant = self._grants.get(repository)
        return grant if grant and time.monotonic() < grant.until else None

    def _choose(self, challenges: Sequence[Challenge], image: ImageReference) -> Challenge:
        for scheme in ("bearer", "basic"):
            for challenge in challenges:
                if challenge.scheme == scheme:
                    return challenge
        if not challenges:
            raise login_needed(self._endpoint, image, "")
        raise DockerHostError(
            f"{self._endpoint.name} wants a login of the kind '{challenges[0].scheme[:20]}'.",
            "Only Basic and Bearer are known; use a registry or a mirror that takes one of them.",
        )

    def _obtain(self, ask: Ask, image: ImageReference, challenge: Challenge) -> _Grant:
        credential = self._login.value()
        self._anonymous = credential is None
        if credential and credential.registry_token:
            grant = _Grant(f"Bearer {credential.registry_token}", float("inf"), False)
        elif challenge.scheme == "bearer":
            return self._fetch(ask, image, challenge, credential, self._one_for_several)
        elif credential is None or credential.identity_token:
            raise login_needed(self._endpoint, image, "")
        else:
            header = basic(credential.username, credential.password)
            grant = _Grant(header, float("inf"), False)
        for repository in (image.repository, *self._repositories):
            self._grants[repository] = grant
        return grant

    def _fetch(
        self,
        ask: Ask,
        image: ImageReference,
        challenge: Challenge,
        credential: Credential | None,
        several: bool,
    ) -> _Grant:
        wanted = [image.repository]
        if several:
            wanted += [
                name
                for name in self._repositories
                if name != image.repository and self._current(name) is None
            ][: _SCOPES - 1]
        service = self._service(challenge)
        answer = self._ask(ask, service, token_request(challenge, wanted, credential))
        if answer.status not in (200, *_LATER) and len(wanted) > 1:
            self._one_for_several = False
            wanted = wanted[:1]
            answer = self._ask(ask, service, token_request(challenge, wanted, credential))
        if answer.status == 401 and credential is not None:
            self._note_refusal()
        if answer.status in (400, 401, 403, 404):
            raise login_needed(self._endpoint, image, self._username())
        token = parse_token(answer.body) if answer.status == 200 else None
        if token is None:
            error = DockerHostError(
                f"{service.name}, the token service of {self._endpoint.name}, gives no token "
                f"(HTTP {answer.status}).",
                "Try again; if it stays so, look at the log of that service.",
            )
            if answer.status == 429 or not 400 <= answer.status < 500:
                self._failed[service] = error
            raise error
        until = time.monotonic() + _USED * token.life
        grant = _Grant(f"Bearer {token.text}", until, len(wanted) > 1)
        self._grants.update(dict.fromkeys(wanted, grant))
        return grant

    def _ask(self, ask: Ask, service: Endpoint, request: Request) -> Answer:
        """Ask a token service, unless it failed already: the images after the first do not wait.

        :raises DockerHostError: where there is no answer
        """
        if service in self._failed:
            raise self._failed[service]
        try:
            return ask(service, request)
        except DockerHostError as error:
            self._failed[service] = error
            raise

    def _service(self, challenge: Challenge) -> Endpoint:
        service = self._registries.of_url(challenge.parameters.get("realm", ""))
        if service is None:
            raise DockerHostError(
                f"{self._endpoint.name} names no token service that could be asked.",
                "Check the registry's configuration: auth.token.realm is an address.",
            )
        if service.scheme == "http" and not service.insecure:
            raise DockerHostError(
                f"{self._endpoint.name} names a token service without TLS, {service.name}.",
                f"Give it TLS, or add {service.name} to insecure_registries.",
            )
        return service

    def _username(self) -> str:
        credential = self._login.value()
        return "" if credential is None else credential.username or "a token"
