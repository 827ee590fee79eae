# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules as Ansible does: a process of their own, arguments as JSON, one JSON answer."""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

_MODULES = "ansible_collections.arm64.docker.plugins.modules"
_SECONDS = 60

# Each process is a copy of one that has imported what all modules do, which is most of their time.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["ansible.module_utils.basic", __name__])


def run_module(
    name: str,
    arguments: dict[str, Any],
    *,
    check_mode: bool = False,
    diff_mode: bool = False,
    environment: dict[str, str] | None = None,
    before: str = "",
) -> dict[str, Any]:
    """Run a module of the collection and return what it answered.

    :param before: Python that its process runs first
    """
    given = {
        **arguments,
        "_ansible_check_mode": check_mode,
        "_ansible_diff": diff_mode,
        "_ansible_remote_tmp": "/tmp",
        "_ansible_no_log": False,
    }
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, stream) for stream in ("stdin", "stdout", "stderr")]
        streams[0].write_text(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
        process = _processes.Process(
            target=_become_module,
            args=(name, streams, {**os.environ, **(environment or {})}, before),
        )
        process.start()
        process.join(_SECONDS)
        running = process.is_alive()
        process.kill()
        process.join()
        output, errors = (stream.read_text() for stream in streams[1:])
    assert not running, f"{name} did not end within {_SECONDS} s: {errors}"
    assert output, errors
    assert "Traceback" not in output + errors
    return json.loads(output)


def _become_module(
    name: str, streams: list[Path], environment: dict[str, str], before: str
) -> None:
    for number, stream in enumerate(streams):
        descriptor = os.open(stream, os.O_RDWR | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as it runs
    sys.argv = [name]
    os.environ.clear()
    os.environ.update(environment)
    sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    exec(before, {})
    runpy.run_module(f"{_MODULES}.{name}", run_name="__main__")


def script(place: Path, text: str) -> Path:
    """Write a command that a shell runs."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    place.chmod(0o755)
    return place
