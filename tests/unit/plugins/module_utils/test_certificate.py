# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._certificate import (
    Certificate,
    read_der,
    read_pem,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


def issue(folder: Path, key: str, name: str, days: int) -> str:
    """Make a certificate with the real openssl, for a key that is made where there is none."""
    path = folder / f"{key}.key"
    words = ["openssl", "req", "-x509", "-subj", f"/CN={name}", "-days", str(days), "-nodes"]
    words += ["-key", str(path)] if path.exists() else ["-newkey", "rsa:2048", "-keyout", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize("days", [1, 825, 20000])
def test_its_time_is_that_which_openssl_gave_it(tmp_path: Path, days: int) -> None:
    found = read_pem(issue(tmp_path, "one", "one", days), "one.pem")
    assert abs(found.not_before - time.time()) < 60
    assert found.not_after - found.not_before == days * 86400
    assert found.days_left(found.not_before) == days
    assert found.days_left(found.not_after + 1) == -1


def test_a_certificate_issued_anew_for_a_key_has_the_same_public_key(tmp_path: Path) -> None:
    first = read_pem(issue(tmp_path, "one", "one", 1), "one.pem")
    again = read_pem(issue(tmp_path, "one", "another name", 9), "one.pem")
    other = read_pem(issue(tmp_path, "other", "one", 1), "one.pem")
    assert first.public_key == again.public_key != other.public_key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_none_is_said_with_its_name(text: str) -> None:
    with pytest.raises(DockerHostError, match="client.pem"):
        read_pem(text, "client.pem")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_certificate_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(read_der(data), Certificate)
