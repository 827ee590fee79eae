# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority of the tests, and what it signs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from .programs import run

LOOPBACK = "127.0.0.1"
NAMES = f"IP:{LOOPBACK},DNS:localhost,DNS:registry.example.org"

# Instead of the host's own, which would add extensions.
CONFIGURATION = """\
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class Certificate:
    """Files in PEM."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return the context of a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Signs certificates of servers; `certificate` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self._configuration = folder / "openssl.cnf"
        self._configuration.write_text(CONFIGURATION, encoding="utf-8")
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        subject = ["-subj", "/CN=arm64.docker test authority", "-days", "30", "-extensions", "ca"]
        run(
            ["openssl", "req", "-x509", "-config", self._configuration, *_new_key(self._key)]
            + [*subject, "-out", self.certificate]
        )

    def sign(self, name: str, names: str = NAMES, days: int = 30, rsa: bool = False) -> Certificate:
        """Return a certificate for servers of these names, expired with no days."""
        signed = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(
            f"basicConstraints = critical, CA:FALSE\nsubjectAltName = {names}\n"
            "extendedKeyUsage = serverAuth\nauthorityKeyIdentifier = keyid\n",
            encoding="utf-8",
        )
        run(
            ["openssl", "req", "-new", "-config", self._configuration, "-subj", f"/CN={name}"]
            + [*_new_key(signed.key, rsa), "-out", request]
        )
        run(
            ["openssl", "x509", "-req", "-in", request, "-days", str(days), "-CAcreateserial"]
            + ["-CA", self.certificate, "-CAkey", self._key, "-extfile", extensions]
            + ["-out", signed.certificate]
        )
        return signed


def _new_key(place: Path, rsa: bool = False) -> list[str | Path]:
    kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    return ["-batch", "-noenc", "-newkey", *kind, "-keyout", place]
