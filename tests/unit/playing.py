# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs plays on this machine as `ansible-playbook` does, without waiting for its imports."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

from ansible.cli.playbook import PlaybookCLI
from ansible.executor import playbook_executor

from ansible_collections.arm64.docker.plugins.module_utils import _errors

COLLECTION = Path(_errors.__file__).parents[2]
_SECONDS = 120

# What a play imports anyway is most of the time of a short one; its process has it from this one.
_IMPORTED = (playbook_executor,)
_processes = multiprocessing.get_context("fork")


def _role_variables(role: str) -> list[str]:
    """Return the paths of the files with a role's defaults and variables."""
    place = COLLECTION / "roles" / role
    return [str(place / "defaults/main.yml"), *map(str, sorted(place.glob("vars/**/*.yml")))]


def run_play(
    play: Path,
    role: str,
    tasks: list[dict[str, Any]],
    *options: str,
    folder: Path,
    environment: dict[str, str] | None = None,
) -> str:
    """Run tasks here with the variables of a role, and return what ansible-playbook printed.

    :param play: where to write the play
    :param folder: where ansible-playbook is started
    :param environment: variables beside those of this process
    """
    document = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": _role_variables(role),
        "tasks": tasks,
    }
    play.write_text(json.dumps([document]), encoding="utf-8")
    output = play.with_suffix(".out")
    arguments = ["ansible-playbook", str(play), *options]
    process = _processes.Process(
        target=_become_ansible_playbook, args=(arguments, folder, environment or {}, output)
    )
    process.start()
    process.join(_SECONDS)
    running = process.is_alive()
    process.kill()
    process.join()
    said = output.read_text(encoding="utf-8")
    assert not running, f"{play} did not end within {_SECONDS} s: {said}"
    assert process.exitcode == 0, said
    return said


def _become_ansible_playbook(
    arguments: list[str], folder: Path, environment: dict[str, str], output: Path
) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.close(descriptor)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as it runs
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as it runs
    os.chdir(folder)
    os.environ.update(environment)
    # Imported as any package, a collection has no metadata for Ansible.
    for name in [name for name in sys.modules if name.split(".")[0] == "ansible_collections"]:
        del sys.modules[name]
    result = PlaybookCLI(arguments).run()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(result)
