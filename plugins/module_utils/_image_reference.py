# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images: parse them as Docker does, and write them in full."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._printable import printable
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

DOCKER_HUB = "docker.io"

# The grammar of distribution/reference (regexp.go), which Docker, containerd and Podman share.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::(?P<port>[0-9]{{1,5}}))?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
# Those of opencontainers/go-digest, with the number of their hexadecimal digits.
_DIGESTS = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST_NAME = 255
_LAST_PORT = 65535
_SHOWN = 80

_EXAMPLES = "Write it as nginx, nginx:1.27, registry.example.org:5000/team/app:1 or name@sha256:…"


@dataclass(frozen=True)
class ImageReference:
    """The full name of an image: ``tag`` and ``digest`` are "" where the name has none.

    A name without both has the tag ``latest``. Where both are there the digest decides, as in
    Docker.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read a name as people write it for ``docker pull``.

        :raises DockerHostError: where the text is no name of an image
        """
        rest, at, digest = text.partition("@")
        if at and not is_digest(digest):
            raise _refusal(text, "its digest is none", "A digest is sha256: and 64 digits of hex.")
        if _IMAGE_ID.fullmatch(rest):
            raise _refusal(text, "it is the id of an image", "Name a repository and a tag.")
        if "://" in rest:
            raise _refusal(text, "it begins with a scheme", "Leave http:// or https:// out.")
        registry, repository = _split(rest)
        repository, colon, tag = repository.partition(":")
        if colon and not _TAG.fullmatch(tag):
            raise _refusal(text, "its tag is none", "A tag has letters, digits, '.', '_' and '-'.")
        _check(text, registry, repository)
        if registry == "index.docker.io":
            registry = DOCKER_HUB
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        return cls(registry, repository, tag or ("" if digest else "latest"), digest)

    @property
    def version(self) -> str:
        """What a registry is asked for: the digest, or else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def full_name(name: str) -> str:
    """Return the full name of an image, or the text itself where it is no name."""
    try:
        return str(ImageReference.parse(name))
    except DockerHostError:
        return name


def is_digest(text: str) -> bool:
    """Say whether a text is a digest of an algorithm that registries use."""
    algorithm, _colon, digits = text.partition(":")
    return len(digits) == _DIGESTS.get(algorithm) and not re.search("[^0-9a-f]", digits)


def is_registry(text: str) -> bool:
    """Say whether a text is a host, or a host and a port."""
    found = _REGISTRY.fullmatch(text)
    if found is None or int(found["port"] or 1) not in range(1, _LAST_PORT + 1):
        return False
    host = found["host"]
    return not host.startswith("[") or _is_ipv6(host[1:-1])


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _split(name: str) -> tuple[str, str]:
    """Split a name where Docker does: what looks like a host before the first slash is one."""
    first, slash, rest = name.partition("/")
    if slash and (any(sign in first for sign in ".:[") or first == "localhost" or _capital(first)):
        return first, rest
    return DOCKER_HUB, name


def _capital(text: str) -> bool:
    return text != text.lower()


def _check(text: str, registry: str, repository: str) -> None:
    if not is_registry(registry):
        raise _refusal(text, f"'{_short(registry)}' is no registry", _EXAMPLES)
    if repository and _capital(repository):
        raise _refusal(text, "a repository has no capital letters", "Write it in small letters.")
    if not _REPOSITORY.fullmatch(repository):
        raise _refusal(text, "this is no repository", _EXAMPLES)
    if len(repository) > _LONGEST_NAME:
        raise _refusal(text, f"it is longer than {_LONGEST_NAME} characters", _EXAMPLES)


def _refusal(text: str, why: str, remedy: str) -> DockerHostError:
    return DockerHostError(f"'{_short(text)}' is no name of an image: {why}.", remedy)


def _short(text: str) -> str:
    """Return a text that fits a message, without what would break its line or is a secret."""
    shown = mask_text(printable(text))
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
