# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask dockerd whether it would start with a configuration, before it has to."""

from __future__ import annotations

import os
import re
import tempfile
from typing import Any, Iterable, Sequence

from ansible_collections.arm64.docker.plugins.module_utils import _dockerd_flags, _no_log
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Result

DEFAULT_PATH = "/etc/docker/daemon.json"

_SECONDS = 60

# Under QEMU a program may hang or crash for no reason of its own, and a busy card answers late.
_ATTEMPTS = 2

# With it Go's runtime ends a program that crashed.
_CRASHED = 2

# dockerd before 23.0, such as that of Debian 12 and Ubuntu 20.04.
_UNKNOWN = re.compile(r"unknown flag: --validate")


def refuse_other_file(flags: Sequence[str], unit: str, path: str) -> None:
    """Refuse to configure a service through a file that its daemon does not read.

    :raises DockerHostError: that names both files
    """
    read = (_dockerd_flags.values(flags, "config-file") or [DEFAULT_PATH])[-1]
    if os.path.realpath(read) != os.path.realpath(path):
        raise DockerHostError(
            f"{unit} reads {read}, not {path}.",
            f"Set path: {read}, name the service that reads {path}, or set apply: none.",
        )


def refuse_conflicts(flags: Sequence[str], unit: str, path: str, document: dict[str, Any]) -> None:
    """Refuse keys that the command line sets too, as dockerd does.

    :raises DockerHostError: that names keys and flags
    """
    found = _dockerd_flags.conflicts(flags, document)
    if found:
        pairs = ", ".join(f"{key} (by {flag})" for key, flag in sorted(found.items()))
        raise DockerHostError(
            f"{path} would set what the command line of {unit} sets already: {pairs}; dockerd "
            "does not start with both. Nothing was changed.",
            f"Take the keys out of config, or the flags out of ExecStart with a drop-in of {unit}.",
        )


def validate(
    runner: Any,
    program: str,
    flags: Sequence[str],
    data: bytes,
    path: str,
    hidden: Iterable[str] = (),
) -> str | None:
    """Let dockerd check the content that a file shall have, together with its flags.

    :param path: the file that is meant, for messages
    :param hidden: secrets, for messages
    :returns: None where dockerd accepts it, or why it could not be asked
    :raises DockerHostError: where it refuses
    """
    try:
        with tempfile.NamedTemporaryFile(prefix="daemon.json.") as stream:
            stream.write(data)
            stream.flush()
            temporary = stream.name
            argv = [program, "--validate", "--config-file", temporary]
            answer = _ask(runner, (*argv, *_dockerd_flags.without(flags, "config-file")))
    except OSError as error:
        raise DockerHostError(
            f"The new {path} cannot be checked: {error}.",
            f"Make room in {tempfile.gettempdir()}. Nothing was changed.",
        ) from error
    if answer.ok:
        return None
    said = " ".join(f"{answer.stderr} {answer.stdout}".split()).replace(temporary, path)
    if answer.missing:
        return "there is no dockerd"
    if _UNKNOWN.search(said):
        return "this release of dockerd cannot"
    # Before it is cut, for a part of a secret would not be found.
    said = _no_log.scrub(said, hidden)
    if not _is_verdict(answer):
        why = f"no answer within {_SECONDS} s" if answer.timed_out else f"it crashed: {said[-200:]}"
        raise DockerHostError(
            f"dockerd --validate did not say whether it takes the new {path}: "
            f"{why}; it was asked {_ATTEMPTS} times. Nothing was changed.",
            "Run the play again when the host has less to do. To do without the check, set "
            "validate: false.",
        )
    raise DockerHostError(
        f"dockerd refuses the new {path}: {said}. Nothing was changed.",
        "Correct what it names. If it is wrong about that, set validate: false.",
    )


def _ask(runner: Any, argv: tuple) -> Result:
    for _attempt in range(_ATTEMPTS):
        answer = runner.run(argv, _SECONDS)
        if _is_verdict(answer):
            break
    return answer


def _is_verdict(answer: Result) -> bool:
    """Tell whether dockerd came to an end by itself: accepted, refused, or is not there."""
    if answer.rc is None:
        return answer.missing
    return answer.rc >= 0 and not (answer.rc == _CRASHED and "goroutine " in answer.stderr)
