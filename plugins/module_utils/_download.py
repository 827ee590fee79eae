# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch something small over HTTP, within a bound of bytes and of seconds."""

from __future__ import annotations

import contextlib
import http.client
import signal
import ssl
from typing import Any, Iterator

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import open_url

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

_ADVICE = "Check the address, and the network, the proxy and the clock of the host."


def download(
    url: str, limit: int, timeout: int, validate_certs: bool = True, ca_path: str | None = None
) -> bytes:
    """Return what an address answers; the proxies of the environment are used.

    :param limit: bytes that it may have
    :param timeout: seconds that the whole may take
    :param ca_path: certificate of the authority that signed the server's
    :raises DockerHostError: where it cannot be had within both; passwords in the address are masked
    """
    shown = mask_text(url)
    if not url.lower().startswith(("http://", "https://")):
        raise DockerHostError(
            f"'{shown}' is no address of the web.", "Write it as https://HOST/PATH."
        )
    try:
        with _limited(timeout, shown), contextlib.closing(
            open_url(
                url,
                timeout=timeout + 1,
                validate_certs=validate_certs,
                ca_path=ca_path,
                decompress=False,
            )
        ) as answer:
            data = _read(answer, limit + 1)
    except (OSError, UrlsError, http.client.HTTPException, ValueError) as error:
        raise _failure(shown, error) from error
    if len(data) > limit:
        raise DockerHostError(f"{shown} sends more than {limit // 1024} KiB.", _ADVICE)
    return data


def _read(answer: Any, limit: int) -> bytes:
    data = b""
    while len(data) < limit:
        part = answer.read(limit - len(data))
        if not part:
            break
        data += part
    return data


def _failure(shown: str, error: Exception) -> DockerHostError:
    reason = getattr(error, "reason", None) or error
    advice = _ADVICE
    if isinstance(reason, ssl.SSLCertVerificationError):
        advice = f"Name the authority that signed the server's certificate in ca_path. {_ADVICE}"
    # The status of HTTP stands beside its words.
    code = f"{error.code} " if hasattr(error, "code") else ""
    return DockerHostError(f"{shown} cannot be fetched: {code}{reason}.", advice)


@contextlib.contextmanager
def _limited(seconds: int, shown: str) -> Iterator[None]:
    """Bound the whole transfer; the timeout of the connection begins anew with every byte."""

    def expire(number: int, frame: Any) -> None:
        raise DockerHostError(f"{shown} was not fetched within {seconds} s.", _ADVICE)

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
