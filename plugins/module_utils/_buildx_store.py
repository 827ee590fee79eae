# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which buildx keeps the builders of a user."""

from __future__ import annotations

import json
import os
import pwd
from typing import Iterable

from ansible_collections.arm64.docker.plugins.module_utils import _atomic
from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import files
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import CONTAINER
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

_INSTANCES = "instances"

# A user's own configuration, for builders that name no other.
_DEFAULT_CONFIG = "buildkitd.default.toml"


class Store:
    """The records of one user's builders, by name.

    :param folder: the one that buildx is given or finds
    :param homes: users and their home folders, among which others' builders are looked for
    """

    def __init__(self, folder: str, homes: Iterable[tuple[str, str]] = ()) -> None:
        self._folder = folder
        self._homes = tuple(homes)

    def read(self, name: str) -> bytes | None:
        """Return the record of a builder, None where there is none.

        :raises DockerHostError: where it cannot be read
        """
        return _atomic.read(self._path(name))

    def restore(self, name: str, record: bytes) -> None:
        """Write a builder's record as it was.

        :raises DockerHostError: where it cannot be written
        """
        _atomic.write(self._path(name), record, 0o600)

    def has_default_config(self) -> bool:
        """Tell whether buildx configures BuildKit though nobody names a file."""
        return os.path.exists(os.path.join(self._folder, _DEFAULT_CONFIG))

    def owner(self, name: str) -> tuple[str, str] | None:
        """Return another user who has a builder of this name with containers, and the folder.

        Its containers have the names that ours would have, in the same daemon. Users whose files
        cannot be read are passed over.
        """
        for user, home in self._homes:
            folder = os.path.join(home, ".docker", "buildx")
            if os.path.realpath(folder) == os.path.realpath(self._folder):
                continue
            try:
                record = _atomic.read(os.path.join(folder, _INSTANCES, name.lower()))
                if record and json.loads(record).get("Driver") == CONTAINER:
                    return user, os.path.dirname(folder)
            except (DockerHostError, ValueError, AttributeError):
                continue
        return None

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, _INSTANCES, name.lower())


def own_store(docker_config: str | None) -> Store:
    """Return the store of the user who runs this, in the folder that buildx would take."""
    config = docker_config or os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    folder = os.environ.get("BUILDX_CONFIG") or os.path.join(config, "buildx")
    return Store(folder, [(entry.pw_name, entry.pw_dir) for entry in pwd.getpwall()])


def configuration(folder: str, name: str) -> dict[str, bytes]:
    """Return BuildKit's configuration of the first node of a builder in a folder of buildx.

    :raises DockerHostError: where there is no record of it
    """
    record = Store(folder).read(name)
    try:
        return files(json.loads(record or b"")["Nodes"][0])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DockerHostError(
            "buildx does not say how it understands buildkitd_config.",
            "Compare 'docker buildx version' with the releases that the collection knows.",
        ) from error
