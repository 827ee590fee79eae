# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's docker-registry, three times: open, with htpasswd, and with a token service."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .errors import RegistryError
from .programs import demand_all, run
from .server import Server
from .tls import LOOPBACK, Authority, Certificate
from .tokens import ISSUER, SERVICE, TokenService

USER, PASSWORD = "tester", "a-password-of-the-tests"
# In seconds.
START, STOP = 20, 10

COMMON = """\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {storage}
http:
  addr: {name}
  tls:
    certificate: {tls.certificate}
    key: {tls.key}
"""
HTPASSWD = """\
auth:
  htpasswd:
    realm: arm64.docker
    path: {folder}/htpasswd
"""
TOKENS = """\
auth:
  token:
    realm: https://{service}/token
    service: {SERVICE}
    issuer: {ISSUER}
    rootcertbundle: {signer.certificate}
"""


class Registry:
    """One registry; `login` is user and password, or nothing where it is open.

    All keep their images in the same folder, beside their own: what is pushed to one is in all.
    """

    def __init__(self, folder: Path, tls: Certificate, auth: str, login: bool) -> None:
        self.login = (USER, PASSWORD) if login else None
        self.name = f"{LOOPBACK}:{_free_port()}"
        self._folder = folder
        folder.mkdir()
        if login:
            htpasswd = run(["htpasswd", "-nbB", USER, PASSWORD])
            (folder / "htpasswd").write_bytes(htpasswd)
        storage = folder.with_name("storage")
        text = COMMON.format(storage=storage, name=self.name, tls=tls) + auth.format(folder=folder)
        (folder / "config.yml").write_text(text, encoding="utf-8")
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", self._folder / "config.yml"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"OTEL_TRACES_EXPORTER": "none", "PATH": "/usr/bin:/bin"},
            )
        host, _, port = self.name.partition(":")
        until = time.monotonic() + START
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                return
            time.sleep(0.05)
        self.stop()
        words = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
        raise RegistryError(f"docker-registry does not answer at {self.name}:\n{words}")

    def stop(self) -> None:
        """End it, by its id."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP)
            self._process = None


class Registries:
    """All three, inside a `with`: `all` by the name of how they let clients in.

    `through` returns the name under which clients reach a server, such as a proxy's.
    """

    def __init__(self, folder: Path, through: Callable[[str], str] = str) -> None:
        demand_all()
        self.folder = folder
        self._through = through
        self.authority = Authority(folder / "tls")
        self.ca = self.authority.certificate
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Registries:
        tls = self.authority.sign("registry")
        signer = self.authority.sign("signer", rsa=True)
        self.tokens = TokenService(signer, {USER: PASSWORD})
        with contextlib.ExitStack() as stack:
            self.token_server = stack.enter_context(Server(self.tokens.answer, tls.context()))
            tokens = TOKENS.format(
                service=self._through(self.token_server.name),
                signer=signer,
                SERVICE=SERVICE,
                ISSUER=ISSUER,
            )
            self.open = Registry(self.folder / "open", tls, "", login=False)
            self.htpasswd = Registry(self.folder / "htpasswd", tls, HTPASSWD, login=True)
            self.token = Registry(self.folder / "token", tls, tokens, login=True)
            self.all = {"open": self.open, "htpasswd": self.htpasswd, "token": self.token}
            for registry in self.all.values():
                registry.start()
                stack.callback(registry.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        return sock.getsockname()[1]
