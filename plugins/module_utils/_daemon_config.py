# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json as it is, as it is wanted, and what it takes to get from the one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _json_object
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

NONE, RELOAD, RESTART = "none", "reload", "restart"

# What dockerd takes over on SIGHUP, by the table "Configuration reload behavior" of its reference
# (docker/cli: docs/reference/dockerd.md). max-download-attempts came with 20.10, features with
# 18.09; allow-nondistributable-artifacts means nothing since 28.
RELOADABLE = frozenset(
    {
        "allow-nondistributable-artifacts",
        "authorization-plugins",
        "debug",
        "default-runtime",
        "features",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    }
)

# A reload leaves the value in force of a key that is no longer in the file (moby:
# daemon/reload.go asks IsValueSet). Only these go back to their defaults.
_RESET_BY_RELOAD = frozenset(
    {
        "authorization-plugins",
        "features",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
    }
)

# The daemon looks at the other features, such as containerd-snapshotter, only when it starts
# (moby#43735); a reload would say that they are on, and change nothing.
_RELOADABLE_FEATURES = frozenset({"buildkit"})


@dataclass(frozen=True)
class Plan:
    """What becomes of daemon.json.

    ``before`` and ``after`` are the documents, ``changed_keys`` the top-level keys in which they
    differ, sorted. ``apply`` is what the daemon needs: none, reload or restart. ``data`` is what
    the file shall hold, None for no file; ``writes`` says whether that is something new.
    ``fault`` is what was wrong with a file that is to be replaced.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    changed_keys: tuple[str, ...]
    apply: str
    data: bytes | None
    writes: bool
    fault: str | None = None

    @property
    def restart_keys(self) -> tuple[str, ...]:
        """The changed keys that a reload would not take over."""
        return tuple(key for key in self.changed_keys if not _reloads(key, self.before, self.after))


def parse(data: bytes, path: str) -> dict[str, Any]:
    """Return the document in a file.

    :raises DockerHostError: with line and column, where it is broken
    """
    document, fault = _json_object.read(data)
    if document is None:
        raise DockerHostError(
            f"{path} is broken: {fault}.",
            "Mend it by hand, or set force: true to replace it (a copy is kept).",
        )
    return document


def merge(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the wanted keys in it; all others stay as they are.

    Null takes a key away, dictionaries are merged, everything else is replaced; lists as a whole,
    with whatever is in them. A dictionary that taking keys away leaves empty goes too, unless it
    was empty before.
    """
    merged = dict(current)
    for key, value in wanted.items():
        if value is None:
            merged.pop(key, None)
            continue
        if isinstance(value, Mapping):
            inner = merged.get(key)
            value = _merged(inner if isinstance(inner, Mapping) else None, value)
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _merged(current: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Merge one dictionary into another; None says that it shall not be there."""
    result = merge(current or {}, wanted)
    was_empty = current is not None and not current
    return result if result or not wanted or was_empty else None


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the top-level keys in which two documents differ, sorted."""
    return tuple(
        sorted(
            key
            for key in {*before, *after}
            if key not in before
            or key not in after
            or not _json_object.same(before[key], after[key])
        )
    )


def applied(modified: float | None, loaded: float | None, now: float) -> bool | None:
    """Tell whether the daemon loaded the file as it is, from times in seconds since 1970.

    :param modified: the last change of the file, None where there is none
    :param loaded: the last start or reload of the daemon, None where it does not run
    :param now: the clock
    :returns: None where it cannot be known; a file from the future says that the clock is behind,
        as that of a board without a battery is after a start
    """
    if modified is None or loaded is None or modified > now:
        return None
    return modified <= loaded


def check(wanted: Mapping[str, Any]) -> None:
    """Refuse a wanted configuration that no file could hold.

    :raises DockerHostError: that says why
    """
    fault = _json_object.unwritable(wanted)
    if fault:
        raise DockerHostError(
            f"The wanted configuration is no JSON document: {fault}.",
            "Give config a dictionary of texts, numbers, booleans, lists and dictionaries.",
        )


def plan(
    current: bytes | None,
    wanted: Mapping[str, Any],
    stale: bool,
    path: str = "/etc/docker/daemon.json",
    force: bool = False,
) -> Plan:
    """Decide what becomes of daemon.json.

    :param current: what the file holds, None where there is none
    :param stale: whether the running daemon has not loaded the file as it is; which of its keys
        were changed then is not known, so that only a restart is sure to apply them
    :param force: whether a broken file is replaced, and not an error
    :raises DockerHostError: where the file or the wanted configuration is broken
    """
    check(wanted)
    before, fault = _json_object.read(current or b"")
    if before is None:
        if not force:
            parse(current, path)
        before = {}
    after = merge(before, wanted)
    check(after)
    keys = changed_keys(before, after)
    if not keys and not fault:
        return Plan(before, after, (), RESTART if stale else NONE, current, False)
    reloads = not stale and not fault and _all_reload(keys, before, after)
    return Plan(
        before,
        after,
        keys,
        RELOAD if reloads else RESTART,
        _json_object.write(after),
        True,
        fault,
    )


def _all_reload(keys: Sequence[str], before: dict[str, Any], after: dict[str, Any]) -> bool:
    return all(_reloads(key, before, after) for key in keys)


def _reloads(key: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Tell whether a reload takes over the change of a key."""
    if key not in RELOADABLE or not (key in after or key in _RESET_BY_RELOAD):
        return False
    if key != "features":
        return True
    one, other = before.get(key, {}), after.get(key, {})
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return _RELOADABLE_FEATURES.issuperset(changed_keys(one, other))
