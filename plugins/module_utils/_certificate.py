# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what matters of an X.509 certificate (RFC 5280) with nothing but the standard library."""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import re
import time
from dataclasses import dataclass

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----",
    re.DOTALL,
)
_SEQUENCE, _VERSION = 0x30, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_DAY = 86400


class DamagedCertificate(DockerHostError):
    """A file holds no certificate, or only a part of one."""


@dataclass(frozen=True)
class Certificate:
    """From when to when it holds (seconds since 1970), and the SHA-256 of its public key.

    The digest covers the whole SubjectPublicKeyInfo, so that a certificate that was issued anew
    for the same key has the same.
    """

    not_before: int
    not_after: int
    public_key: str

    def days_left(self, now: float) -> int:
        """Return for how many whole days it still holds; negative once it has expired."""
        return int((self.not_after - now) // _DAY)

    @property
    def expires(self) -> str:
        """Return the end of its time as ISO 8601 in UTC."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.not_after))


def read_pem(text: str, name: str) -> Certificate:
    """Read the first certificate of a PEM file.

    :param name: what it is, for messages
    :raises DamagedCertificate: where there is none, or it is damaged
    """
    found = _PEM.search(text)
    if not found:
        raise DamagedCertificate(f"{name} holds no certificate.", "Give a certificate in PEM.")
    try:
        return read_der(base64.b64decode("".join(found[1].split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise DamagedCertificate(
            f"{name} holds a damaged certificate: {error}.", "Issue it anew, or restore it."
        ) from error


def read_der(data: bytes) -> Certificate:
    """Read a certificate in DER.

    :raises ValueError: where it is none
    """
    _tag, certificate, _rest = _element(data, _SEQUENCE)
    _tag, body, _rest = _element(certificate, _SEQUENCE)
    tag, _version, rest = _element(body)
    if tag != _VERSION:
        rest = body
    # Serial number, signature's algorithm, issuer.
    for _field in range(3):
        _tag, _value, rest = _element(rest)
    _tag, validity, rest = _element(rest, _SEQUENCE)
    _tag, _subject, rest = _element(rest)
    after_key = _element(rest, _SEQUENCE)[2]
    key = rest[: len(rest) - len(after_key)]
    tag, before, later = _element(validity)
    not_before = _moment(tag, before)
    tag, after, _rest = _element(later)
    return Certificate(not_before, _moment(tag, after), hashlib.sha256(key).hexdigest())


def _element(data: bytes, expected: int | None = None) -> tuple[int, bytes, bytes]:
    """Return tag and content of the first element, and what follows it."""
    if len(data) < 2:
        raise ValueError("it ends early")
    tag, length, start = data[0], data[1], 2
    if expected is not None and tag != expected:
        raise ValueError(f"it has tag {tag:#x} where {expected:#x} belongs")
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("a length in it is no length")
        length = int.from_bytes(data[2 : 2 + count], "big")
        start += count
    if len(data) < start + length:
        raise ValueError("it ends early")
    return tag, data[start : start + length], data[start + length :]


def _moment(tag: int, value: bytes) -> int:
    """Return a time as seconds since 1970.

    Of a year with two digits, those from 50 on are of the last century.
    """
    text = value.decode("ascii", "replace")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError(f"it has tag {tag:#x} where a time belongs")
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))
