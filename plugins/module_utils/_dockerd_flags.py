# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flags of dockerd's command line, and which keys of daemon.json they stand for."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

DEFAULT_SOCKET = "/var/run/docker.sock"

_SHORT = {
    "D": "debug",
    "G": "group",
    "H": "host",
    "b": "bridge",
    "l": "log-level",
    "p": "pidfile",
    "s": "storage-driver",
}

# Flags that can be given more than once have keys of another name (moby: cmd/dockerd/config.go,
# NewNamedListOptsRef and its like); every other flag is called as its key.
_KEYS = {
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}

# dockerd compares these dictionaries as wholes; of other dictionaries, such as proxies, it compares
# the keys (moby: daemon/config/config.go, flatOptions). --add-runtime conflicts with nothing.
_WHOLE = {
    "builder",
    "default-network-opts",
    "default-ulimits",
    "features",
    "log-opts",
    "runtimes",
}


def program(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return dockerd and its flags from a command line, which may begin with another program."""
    for index, word in enumerate(words):
        if word.rpartition("/")[2] == "dockerd":
            return word, list(words[index + 1 :])
    return "dockerd", []


def values(flags: Sequence[str], name: str) -> list[str]:
    """Return every value that a flag is given, by its long name."""
    found = []
    for index, word in enumerate(flags):
        flag, equals, value = _flag(word)
        if flag == name:
            following = flags[index + 1 : index + 2]
            found += [value] if equals or value else following
    return found


def without(flags: Sequence[str], name: str) -> list[str]:
    """Return the flags without one that takes a value."""
    left, skip = [], False
    for word in flags:
        flag, equals, value = _flag(word)
        if skip:
            skip = False
        elif flag == name:
            skip = not (equals or value)
        else:
            left.append(word)
    return left


def conflicts(flags: Sequence[str], document: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys that stand in daemon.json as well as on the command line, with the flag.

    dockerd does not start then; 23.0 and later say so with --validate already.
    """
    keys = set()
    for key, value in document.items():
        keys.update(value if isinstance(value, Mapping) and key not in _WHOLE else [key])
    found = {}
    for word in flags:
        name = _flag(word)[0]
        key = _KEYS.get(name, name)
        if name and key in keys:
            found[key] = word.partition("=")[0]
    return found


def address(hosts: Sequence[str], activated: str | None = None) -> str | None:
    """Return where to ask the daemon that listens on these hosts, None for TCP alone.

    :param activated: the socket that systemd hands over as ``fd://``
    """
    sockets = [host for host in hosts if host.startswith("unix://")]
    if sockets:
        return sockets[0]
    if not hosts or any(host.startswith("fd://") for host in hosts):
        return f"unix://{activated or DEFAULT_SOCKET}"
    return None


def _flag(word: str) -> tuple[str, str, str]:
    """Return long name, equals sign and value of a word; the name is empty where it is no flag."""
    if word.startswith("--"):
        return word[2:].partition("=")
    if word.startswith("-") and word[1:2] in _SHORT:
        value = word[2:]
        return _SHORT[word[1]], "", value[1:] if value.startswith("=") else value
    return "", "", ""
