# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules as Ansible does: a Python of their own, arguments as JSON, one JSON answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_MODULES = "ansible_collections.arm64.docker.plugins.modules"


def run_module(
    name: str,
    arguments: dict[str, Any],
    *,
    check_mode: bool = False,
    diff_mode: bool = False,
    environment: dict[str, str] | None = None,
    user_id: int | None = None,
) -> dict[str, Any]:
    """Run a module of the collection and return what it answered.

    :param user_id: the user id that it believes to have; None is the caller's
    """
    given = {
        **arguments,
        "_ansible_check_mode": check_mode,
        "_ansible_diff": diff_mode,
        "_ansible_remote_tmp": "/tmp",
        "_ansible_no_log": False,
    }
    command = f"import runpy; runpy.run_module('{_MODULES}.{name}', run_name='__main__')"
    if user_id is not None:
        command = f"import os; os.geteuid = lambda: {user_id}; {command}"
    done = subprocess.run(
        [sys.executable, "-c", command],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert done.stdout, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return json.loads(done.stdout)


def script(place: Path, text: str) -> Path:
    """Write a command that a shell runs."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    place.chmod(0o755)
    return place
