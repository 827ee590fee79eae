# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._openpgp import (
    Keyring,
    normal_fingerprint,
    read_keyring,
)
from ansible_collections.arm64.docker.tests.unit.keys import ED25519, RSA, RSA_SUBKEY, key

V5 = "19347BC9872464025F99DF3EC2E0000ED9884892E1F7B3EA4C94009159569B54"
V5_SUBKEY = "E4557C2B02FFBF4B04F87401EC336AF7133D0F85BE7FD09BAEFD9CAEB8C93965"
V6 = "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"
V6_SUBKEY = "12C83F1E706F6308FE151A417743A1F033790E93E9978488D1DB378DA9930885"


def refusal(data: bytes) -> str:
    """Return why data is refused as a keyring."""
    with pytest.raises(DockerHostError) as error:
        read_keyring(data, "The file x")
    assert error.value.message.startswith("The file x is no OpenPGP public key: ")
    assert "gpg --armor --export" in error.value.remedy
    return error.value.message


@pytest.mark.parametrize(
    ("name", "primary", "subkeys"),
    [
        ("rsa-with-subkey.asc", (RSA,), (RSA_SUBKEY,)),
        ("ed25519.asc", (ED25519,), ()),
        ("ed25519.gpg", (ED25519,), ()),
        ("version-5.asc", (V5,), (V5_SUBKEY,)),
        ("version-6.asc", (V6,), (V6_SUBKEY,)),
    ],
)
def test_fingerprints_are_those_that_gpg_and_the_standards_print(
    name: str, primary: tuple, subkeys: tuple
) -> None:
    keyring = read_keyring(key(name), name)
    assert (keyring.primary, keyring.subkeys) == (primary, subkeys)


def test_armoured_and_binary_form_are_the_same_keyring() -> None:
    assert read_keyring(key("ed25519.asc"), "x") == read_keyring(key("ed25519.gpg"), "y")
    assert read_keyring(key("ed25519.asc"), "x").packets == key("ed25519.gpg")


def test_the_armour_that_is_written_is_what_apts_own_reader_takes() -> None:
    """apt-key(8) begins after the first empty line and leaves out lines with = or - in front."""
    text = read_keyring(key("ed25519.gpg"), "x").armoured.decode()
    first, empty, *body, last, end = text.split("\n")
    assert first == "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    assert last == "-----END PGP PUBLIC KEY BLOCK-----"
    assert (empty, end) == ("", "")
    assert all(0 < len(line) <= 64 for line in body)
    assert base64.b64decode("".join(body)) == key("ed25519.gpg")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "  \n"),
        lambda text: f"A key of ours:\n\n{text}\nThat was it.\n",
        lambda text: f"\ufeff{text}",
        lambda text: text.replace("BLOCK-----\n", "BLOCK-----\nVersion: 1\nComment: x\n", 1),
        lambda text: text.replace("=y9on", "=AAAA"),
        lambda text: text.replace("=y9on\n", ""),
        lambda text: text.rstrip("\n"),
    ],
)
def test_armour_is_read_as_liberally_as_the_standard_asks(change: Any) -> None:
    text = change(key("ed25519.asc").decode())
    assert read_keyring(text.encode(), "x").packets == key("ed25519.gpg")


def test_several_keys_and_several_blocks_are_all_reported_in_order() -> None:
    text = key("rsa-with-subkey.asc") + b"\nand\n" + key("ed25519.asc")
    keyring = read_keyring(text, "x")
    assert (keyring.primary, keyring.subkeys) == ((RSA, ED25519), (RSA_SUBKEY,))
    assert read_keyring(keyring.packets, "x") == keyring


ARMOUR = key("ed25519.asc").decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"<!DOCTYPE html>\n<html>", "it is an HTML page"),
        (b"\n<!-- x -->\n<HTML lang=en><body>Sign in</body>", "it is an HTML page"),
        (b"<?xml version='1.0'?><Error/>", "it is an XML document"),
        (b'{"error": "not found"}', "it is a JSON document"),
        (b"-----BEGIN CERTIFICATE-----\nMII=\n", "it is an X.509 certificate"),
        (b"\x1f\x8b\x08\0", "it is compressed with gzip"),
        (b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0", "it is a keybox of GnuPG"),
        (b"/etc/apt/docker.asc\n", "it is text that begins with '/etc/apt/docker.asc'"),
        (b"\0\x01\x02\x03", "it is binary data"),
        (b"\x80", "it is cut off"),
        (ARMOUR[: ARMOUR.index("=y9on")].encode(), "it is cut off before the end of its armour"),
        (ARMOUR.replace("\n\n", "\n").encode(), "lacks the empty line"),
        (f"{ARMOUR[:100]}\n{ARMOUR}".encode(), "its armour is damaged"),
        (ARMOUR.replace("mDME", "mD!E").encode(), "its armour is damaged"),
        (ARMOUR.replace("mDME", "mDM\xe9").encode(), "its armour is damaged"),
        (ARMOUR.replace("PUBLIC", "PRIVATE").encode(), "it is a secret key"),
        (b"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n", "it is a signature"),
        (
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n",
            "it holds no key",
        ),
    ],
)
def test_what_is_no_key_is_refused_with_what_it_looks_like(data: bytes, words: str) -> None:
    assert words in refusal(data)


def old(kind: int, body: bytes) -> bytes:
    """Make a packet of the old format with one octet of length."""
    return bytes([0x80 | kind << 2, len(body)]) + body


def new(kind: int, body: bytes, length: bytes) -> bytes:
    """Make a packet of the new format."""
    return bytes([0xC0 | kind]) + length + body


V4_BODY = b"\x04\0\0\0\x01\x16" + b"k" * 10


@pytest.mark.parametrize("octets", [1, 2, 4])
def test_both_formats_say_the_same_with_any_width_of_length(octets: int) -> None:
    expected = read_keyring(old(6, V4_BODY), "x").primary
    first = 0x80 | 6 << 2 | {1: 0, 2: 1, 4: 2}[octets]
    packet = bytes([first]) + len(V4_BODY).to_bytes(octets, "big") + V4_BODY
    assert read_keyring(packet, "x").primary == expected
    width = b"\xff" + len(V4_BODY).to_bytes(4, "big") if octets == 4 else bytes([len(V4_BODY)])
    assert read_keyring(new(6, V4_BODY, width), "x").primary == expected


def test_two_octets_of_length_in_the_new_format_begin_at_192() -> None:
    body = V4_BODY + b"m" * 300
    count = len(body) - 192
    length = bytes([192 + (count >> 8), count & 0xFF])
    two = bytes([0x80 | 6 << 2 | 1]) + len(body).to_bytes(2, "big") + body
    assert read_keyring(new(6, body, length), "x").primary == read_keyring(two, "x").primary


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (old(5, V4_BODY), "it is a secret key"),
        (old(6, V4_BODY) + old(7, V4_BODY), "it is a secret key"),
        (new(6, V4_BODY, b"\xe4"), "partial lengths"),
        (b"\x9b" + V4_BODY, "indeterminate length"),
        (old(6, V4_BODY)[:-1], "it is cut off"),
        (old(6, V4_BODY) + b"\x99", "it is cut off"),
        (old(6, V4_BODY) + b"<html>", "something that is no OpenPGP packet"),
        (old(6, b"\x04\0\0\0\x01"), "it is cut off"),
        (old(6, b"\x03" + V4_BODY[1:]), "a key of version 3"),
        (b"\x9a" + (65536).to_bytes(4, "big") + V4_BODY.ljust(65536), "more than 65535 octets"),
        (old(14, V4_BODY), "begins with a packet of type 14"),
        (old(13, b"Example"), "begins with a packet of type 13"),
        (old(6, V4_BODY) + old(8, b"\x01zip"), "a packet of type 8"),
        (old(11, b"b\0\0\0\0\0"), "a packet of type 11"),
        (old(10, b"PGP"), "it holds no key"),
    ],
)
def test_packets_that_no_public_key_has_are_refused(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_a_secret_key_is_refused_behind_public_armour_too() -> None:
    armoured = Keyring((), (), old(5, V4_BODY)).armoured
    assert "it is a secret key" in refusal(armoured)


def read(data: bytes) -> Keyring | DockerHostError:
    try:
        return read_keyring(data, "x")
    except DockerHostError as error:
        return error


_ARMOUR_PIECES = st.sampled_from(
    ["-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----", "\n", "\r\n",
     "=y9on", "=", "Version: 1", "-----BEGIN PGP SIGNATURE-----", "mDMEawJX", " ", "\0",
     ARMOUR, ARMOUR.split("\n\n")[1]]
)  # fmt: skip
_PACKETS = st.builds(
    old, st.integers(0, 15), st.binary(max_size=40) | st.just(V4_BODY)
) | st.builds(
    lambda kind, body: new(kind, body, bytes([len(body)])),
    st.integers(0, 63),
    st.binary(max_size=40) | st.just(V4_BODY),
)


@given(
    st.binary()
    | st.lists(_PACKETS, max_size=4).map(b"".join)
    | st.lists(_ARMOUR_PIECES, max_size=12).map("".join).map(str.encode)
)
def test_any_bytes_are_a_keyring_or_the_documented_error(data: bytes) -> None:
    found = read(data)
    if isinstance(found, DockerHostError):
        assert found.message.startswith("x is no OpenPGP public key: ")
    else:
        assert found.primary
        assert read_keyring(found.armoured, "x") == found


@given(st.integers(0, 236), st.integers(1, 255))
def test_any_change_to_a_key_changes_its_fingerprint(position: int, change: int) -> None:
    data = bytearray(key("ed25519.gpg"))
    data[position] ^= change
    found = read(bytes(data))
    key_packet = 2 + 0x33
    if position < key_packet and isinstance(found, Keyring):
        assert found.primary != (ED25519,)


@pytest.mark.parametrize(
    "text",
    [
        ED25519,
        ED25519.lower(),
        "03C6 F58D 38C5 EB0D 95F5  0358 882C 21A3 4C09 6B67",
        f" {ED25519}\n",
    ],
)
def test_a_fingerprint_may_be_written_with_spaces_and_in_lower_case(text: str) -> None:
    assert normal_fingerprint(text) == ED25519


@pytest.mark.parametrize("text", ["", "882C21A34C096B67", ED25519[:-1], f"{ED25519}0", "x" * 40])
def test_what_is_no_whole_fingerprint_is_refused_by_name(text: str) -> None:
    with pytest.raises(DockerHostError) as error:
        normal_fingerprint(text)
    assert f"'{text}'" in error.value.message
