# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP keyrings without gpg: the fingerprints of the keys in them (RFC 4880, RFC 9580)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Iterator

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

# Packet types, RFC 9580 section 5.
_PRIMARY, _SUBKEY = 6, 14
_SECRET = {5, 7}
# Signature, marker, trust, user id, user attribute, padding: what stands beside keys.
_COMPANIONS = {2, 10, 12, 13, 17, 21}
_MARKER = 10

_BLOCK = "PUBLIC KEY BLOCK"
_BEGIN = re.compile(r"-----BEGIN PGP ([A-Z ]+)-----")
_ARMOURED = re.compile(r"^-----BEGIN PGP ", re.MULTILINE)
_LINE_CHARACTERS = 64

_REMEDY = "Give the repository's public key alone, as 'gpg --armor --export' writes it."


@dataclass(frozen=True)
class Keyring:
    """The keys of a file, in its order: fingerprints in upper-case hexadecimal digits.

    ``primary`` are those that vouch for the others, ``subkeys`` what they vouch for, and
    ``packets`` the whole in binary form.
    """

    primary: tuple
    subkeys: tuple
    packets: bytes

    @property
    def armoured(self) -> bytes:
        """The same in ASCII armour, in the plainest form that RFC 9580 section 6.2 allows."""
        text = base64.b64encode(self.packets).decode()
        lines = [
            text[start : start + _LINE_CHARACTERS]
            for start in range(0, len(text), _LINE_CHARACTERS)
        ]
        whole = [f"-----BEGIN PGP {_BLOCK}-----", "", *lines, f"-----END PGP {_BLOCK}-----", ""]
        return "\n".join(whole).encode()


def normal_fingerprint(text: str) -> str:
    """Return a fingerprint as this collection writes it: 40 or 64 upper-case digits, no spaces.

    :raises DockerHostError: where the text is none; the shorter key ids are refused
    """
    digits = re.sub(r"\s", "", str(text)).upper()
    if not re.fullmatch(r"[0-9A-F]{40}|[0-9A-F]{64}", digits):
        raise DockerHostError(
            f"'{text}' is no fingerprint.",
            "Give all of its 40 or 64 hexadecimal digits; shorter key ids can be forged.",
        )
    return digits


def read_keyring(data: bytes, name: str) -> Keyring:
    """Read a file of public keys, armoured or binary.

    :param name: what the data is called in errors, such as its path or address
    :raises DockerHostError: where it is anything else; the message says what it looks like
    """
    try:
        packets = data if _is_binary(data) else _dearmour(data)
        return _keys(packets)
    except ValueError as error:
        raise DockerHostError(f"{name} is no OpenPGP public key: {error}.", _REMEDY) from error


def _is_binary(data: bytes) -> bool:
    """Tell by the first bit, which every packet sets and no ASCII text does."""
    return bool(data) and data[0] >= 0x80 and not _is_text(data)


def _dearmour(data: bytes) -> bytes:
    """Return the packets of every armoured block; text around the blocks is ignored, as by apt.

    :raises ValueError: saying what is wrong
    """
    text = data.decode("utf-8-sig", "replace")
    if not _ARMOURED.search(text):
        raise ValueError(_resembles(data))
    packets, lines, kind = b"", [], None
    for line in text.split("\n"):
        line = line.rstrip()
        begin = _BEGIN.fullmatch(line)
        if begin is not None and kind is None:
            kind, lines = begin.group(1), []
        elif kind is not None and line == f"-----END PGP {kind}-----":
            packets += _block(kind, lines)
            kind = None
        else:
            lines.append(line)
    if kind is not None:
        raise ValueError("it is cut off before the end of its armour")
    return packets


def _block(kind: str, lines: list[str]) -> bytes:
    if kind == "PRIVATE KEY BLOCK":
        raise ValueError("it is a secret key, which belongs on no other machine")
    if kind != _BLOCK:
        raise ValueError(f"it is a {kind.lower()}")
    if "" not in lines:
        raise ValueError("its armour lacks the empty line after the headers")
    body = lines[lines.index("") + 1 :]
    # The checksum begins with "="; RFC 9580 section 6.1 wants it ignored, even where it is wrong.
    text = "".join(line for line in body if not line.startswith("="))
    try:
        return base64.b64decode(text.encode(), validate=True)
    except binascii.Error as error:
        raise ValueError("its armour is damaged") from error


def _keys(packets: bytes) -> Keyring:
    primary, subkeys = [], []
    for kind, body in _packets(packets):
        if kind in _SECRET:
            raise ValueError("it is a secret key, which belongs on no other machine")
        if kind == _PRIMARY:
            primary.append(_fingerprint(body))
        elif kind not in _COMPANIONS and kind != _SUBKEY:
            raise ValueError(f"it holds a packet of type {kind}, which no keyring has")
        elif not primary and kind != _MARKER:
            raise ValueError(f"it begins with a packet of type {kind} and not with a key")
        elif kind == _SUBKEY:
            subkeys.append(_fingerprint(body))
    if not primary:
        raise ValueError("it holds no key")
    return Keyring(tuple(primary), tuple(subkeys), packets)


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Split data into type and body of each packet (RFC 9580 section 4.2).

    :raises ValueError: where it is cut off, no packet, or of a length that is not said in advance,
        which is for data and not for keys
    """
    position = 0
    while position < len(data):
        first = data[position]
        position += 1
        if first < 0x80:
            raise ValueError("it goes on with something that is no OpenPGP packet")
        if first & 0x40:
            kind = first & 0x3F
            position, length = _new_length(data, position)
        else:
            kind = first >> 2 & 0x0F
            octets = (1, 2, 4, None)[first & 3]
            if octets is None:
                raise ValueError("it holds a packet of indeterminate length")
            position, length = position + octets, _number(data, position, octets)
        yield kind, _octets(data, position, length)
        position += length


def _new_length(data: bytes, position: int) -> tuple[int, int]:
    """Read a length of the new format; return where the body begins, and the length."""
    first = _number(data, position, 1)
    if first < 192:
        return position + 1, first
    if first < 224:
        return position + 2, (first - 192 << 8) + _number(data, position + 1, 1) + 192
    if first < 255:
        raise ValueError("it holds a packet of partial lengths")
    return position + 5, _number(data, position + 1, 4)


def _number(data: bytes, position: int, octets: int) -> int:
    return int.from_bytes(_octets(data, position, octets), "big")


def _octets(data: bytes, position: int, count: int) -> bytes:
    found = data[position : position + count]
    if len(found) < count:
        raise ValueError("it is cut off in the middle of a packet")
    return found


def _fingerprint(body: bytes) -> str:
    """Return the fingerprint of a key packet (RFC 9580 section 5.5.4; version 5 is LibrePGP's).

    Version, time of creation and algorithm are six octets; what follows them is not looked at.
    """
    _octets(body, 0, 6)
    version = body[0]
    if version == 4 and len(body) > 0xFFFF:
        raise ValueError("it holds a key of more than 65535 octets")
    if version == 4:
        # SHA-1 is what the standard prescribes for version 4.
        return _sha1(b"\x99" + len(body).to_bytes(2, "big") + body).upper()
    if version in (5, 6):
        prefix = {5: b"\x9a", 6: b"\x9b"}[version] + len(body).to_bytes(4, "big")
        return hashlib.sha256(prefix + body).hexdigest().upper()
    raise ValueError(f"it holds a key of version {version}; 4, 5 and 6 can be checked")


def _sha1(data: bytes) -> str:
    """Return the digest also on hosts in FIPS mode, which forbid it where security rests on it."""
    try:
        return hashlib.sha1(data, usedforsecurity=False).hexdigest()
    except TypeError:  # Python 3.8
        return hashlib.sha1(data).hexdigest()


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_KINDS = (
    (rb"\s*\Z", "it is empty"),
    (rb"(?s).{8}KBXf", "it is a keybox of GnuPG, which apt does not read"),
    (rb"\x1f\x8b", "it is compressed with gzip"),
    (rb"(?is).{0,1000}<(?:html|head|body)\b|\s*<!doctype html", "it is an HTML page"),
    (rb"\s*<", "it is an XML document"),
    (rb"\s*-----BEGIN (?:TRUSTED )?CERTIFICATE", "it is an X.509 certificate"),
    (rb"\s*[{\[]", "it is a JSON document"),
)


def _resembles(data: bytes) -> str:
    """Say what data looks like that is no key."""
    for pattern, words in _KINDS:
        if re.match(pattern, data):
            return words
    beginning = data.lstrip()[:60].split(b"\n")[0].rstrip()
    if not beginning.decode("latin-1").isprintable():
        return "it is binary data of another kind"
    return f"it is text that begins with '{beginning.decode('utf-8', 'replace')}'"
