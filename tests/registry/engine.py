# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker daemon of the test's own, without a network for containers."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .errors import RegistryError
from .programs import run

# In seconds.
START, STOP = 30, 20
PUSHES = 5

_numbers = itertools.count()


class Engine:
    """A daemon inside a `with`, with its own socket and data; needs root.

    :param containerd: whether containerd stores its images, without which nothing that it builds
        has attestations or several platforms
    """

    def __init__(self, folder: Path, *, containerd: bool = False) -> None:
        if not shutil.which("dockerd"):
            raise RegistryError("dockerd is missing: tests/host/prepare containers installs it.")
        folder.mkdir()
        self._folder = folder
        self._bridge = f"reg{os.getpid()}.{next(_numbers)}"
        self._host = f"unix://{folder}/docker.sock"
        self._containerd = containerd

    def __enter__(self) -> Engine:
        folder = self._folder
        folders = ["--data-root", folder / "data", "--exec-root", folder / "exec"]
        # With "none", it would remove the bridge of the machine's own daemon.
        run(["ip", "link", "add", self._bridge, "type", "bridge"])
        run(["ip", "address", "add", "192.0.2.1/30", "dev", self._bridge])
        network = ["--bridge", self._bridge, "--iptables=false", "--ip6tables=false"]
        # A containerd that the machine has serves others too.
        spaces = [f"--containerd-namespace={self._bridge}"]
        spaces.append(f"--containerd-plugins-namespace={self._bridge}-plugins")
        store = [] if self._containerd else ["--storage-driver", "vfs"]
        config = folder / "daemon.json"
        features = {"containerd-snapshotter": self._containerd}
        config.write_text(json.dumps({"features": features}), encoding="ascii")
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["dockerd", "--host", self._host, "--pidfile", folder / "pid", *folders, *network]
                + [*spaces, *store, "--config-file", config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.docker("version")
            except RegistryError:
                time.sleep(0.2)
            else:
                return self
        self._end()
        words = (folder / "log").read_text(encoding="utf-8", errors="replace")
        raise RegistryError(f"dockerd does not answer:\n{words[-4000:]}")

    def __exit__(self, *_: object) -> None:
        self._end()

    def docker(self, *arguments: str) -> str:
        """Run the command docker and return what it prints."""
        settings = {"DOCKER_CONFIG": str(self._folder / "config")}
        return run(["docker", "--host", self._host, *arguments], settings).decode()

    def build(self, image: str, platforms: Sequence[str], *options: str) -> None:
        """Build an image of one file with buildx, and push it to a registry on the loopback.

        Docker sends the manifests of one tag at the same time, and Distribution 2.8 empties the
        file of a tag before it writes it: who asks in between gets status 500. It is pushed again.
        """
        context = self._folder / "context"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n", encoding="ascii")
        wanted = ["--platform", ",".join(platforms), *options]
        build = ["buildx", "build", *wanted, "--tag", image, "--push", str(context)]
        for more in reversed(range(PUSHES)):
            try:
                self.docker(*build)
                return
            except RegistryError as error:
                if not more or "500 Internal Server Error" not in str(error):
                    raise

    def pull(self, image: str, platform: str) -> str | None:
        """Return the digest of the configuration of what is pulled, or None where nothing fits."""
        try:
            self.docker("pull", "--quiet", "--platform", platform, image)
        except RegistryError as error:
            if "no match" in str(error) or "does not match the specified" in str(error):
                return None
            raise
        chosen = self.docker("image", "inspect", "--format", "{{.Id}}", image).strip()
        self.docker("image", "rm", "--force", chosen)
        return chosen

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP)
        run(["ip", "link", "delete", self._bridge])
