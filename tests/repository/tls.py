# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for one server."""

from __future__ import annotations

from pathlib import Path

from .programs import run

# As long as the cache may live.
DAYS = "3650"
# The last is where machines find the loopback of the host that emulates them.
NAMES = "IP:127.0.0.1,DNS:localhost,IP:10.0.2.2"

# Instead of the host's own, which would add extensions.
CONFIGURATION = f"""\
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {NAMES}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def make(folder: Path) -> None:
    """Write ca.pem, server.pem and server.key into `folder`; the authority's key is not kept."""
    folder.mkdir()
    configuration = folder / "openssl.cnf"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    request = ["openssl", "req", "-x509", "-batch", "-noenc", "-config", configuration]
    request += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", DAYS]
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    authority = ["-subj", "/CN=arm64.docker test authority", "-extensions", "ca"]
    run([*request, *authority, "-keyout", ca_key, "-out", ca])
    server = ["-subj", "/CN=arm64.docker test repository", "-extensions", "server"]
    issued = ["-CA", ca, "-CAkey", ca_key]
    run(
        [*request, *server, *issued, "-keyout", folder / "server.key", "-out"]
        + [folder / "server.pem"]
    )
    ca_key.unlink()
    configuration.unlink()
