# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's docker-registry where containers of a network reach it, with an authority of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from registry.tls import Authority

CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http:
  addr: {name}
  tls: {{certificate: {tls.certificate}, key: {tls.key}}}
"""


class RegistryServer:
    """Serves inside a `with`; `name` is its address, `authority` the certificate to trust."""

    def __init__(self, folder: Path, address: str) -> None:
        signer = Authority(folder / "tls")
        self.authority = signer.certificate
        with socket.socket() as probe:
            probe.bind((address, 0))
            self._place = probe.getsockname()
        self.name = f"{address}:{self._place[1]}"
        self._folder = folder
        text = CONFIGURATION.format(
            folder=folder, name=self.name, tls=signer.sign("registry", f"IP:{address}")
        )
        (folder / "config.yml").write_text(text, encoding="utf-8")

    def __enter__(self) -> RegistryServer:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", self._folder / "config.yml"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"OTEL_TRACES_EXPORTER": "none", "PATH": "/usr/bin:/bin"},
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(self._place, 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return self
        raise AssertionError((self._folder / "log").read_text(encoding="utf-8"))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def architecture(self, repository: str) -> str:
        """Return for which architecture an image was pushed, as another client sees it."""
        # skopeo takes every key in that folder for a client's.
        trusted = self._folder / "trusted"
        trusted.mkdir(exist_ok=True)
        shutil.copy(self.authority, trusted / "ca.crt")
        command = ["skopeo", "inspect", "--cert-dir", str(trusted), "--override-arch", "arm64"]
        command += ["--format", "{{.Architecture}}", f"docker://{self.name}/{repository}:latest"]
        return subprocess.check_output(command, text=True, timeout=120).strip()
