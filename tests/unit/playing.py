# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs plays on this machine as `ansible-playbook` does, without waiting for its imports."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from ansible.cli.playbook import PlaybookCLI
from ansible.executor import playbook_executor
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

from ansible_collections.arm64.docker.plugins.module_utils import _errors

COLLECTION = Path(_errors.__file__).parents[2]
HOST = "localhost"
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
        "hosts": HOST,
        "connection": "local",
        "gather_facts": False,
        "vars_files": _role_variables(role),
        "tasks": tasks,
    }
    play.write_text(json.dumps([document]), encoding="utf-8")
    arguments = ["ansible-playbook", str(play), *options]
    return _run(_play, (arguments,), play, folder, environment or {})


def evaluate(
    play: Path,
    role: str,
    sets: Sequence[Mapping[str, Any]],
    expressions: Mapping[str, str],
    *,
    folder: Path,
) -> list[dict[str, Any]]:
    """Return what expressions are in a play with the variables of a role, for each set of others.

    Ansible's own templating says so, without the tasks that a play would take for it.

    :param play: where the play would lie
    :param folder: where ansible-playbook would be started
    """
    given = play.with_suffix(".json")
    given.write_text(json.dumps(sets), encoding="utf-8")
    environment = {"PWD": str(folder)}
    said = _run(_template, (given, role, dict(expressions)), play, folder, environment)
    return json.loads(said.splitlines()[-1])


def _run(
    target: Callable[..., int],
    arguments: tuple[Any, ...],
    play: Path,
    folder: Path,
    environment: dict[str, str],
) -> str:
    """Run a function in a copy of this process, and return what it printed; it has to return 0."""
    output = play.with_suffix(".out")
    process = _processes.Process(
        target=_become_ansible, args=(target, arguments, folder, environment, output)
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


def _become_ansible(
    target: Callable[..., int],
    arguments: tuple[Any, ...],
    folder: Path,
    environment: dict[str, str],
    output: Path,
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
    result = target(*arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(result)


def _play(arguments: list[str]) -> int:
    return PlaybookCLI(arguments).run()


def _template(given: Path, role: str, expressions: dict[str, str]) -> int:
    init_plugin_loader()
    loader = DataLoader()
    loader.set_basedir(str(given.parent))
    own: dict[str, Any] = {}
    for path in _role_variables(role):
        own.update(loader.load_from_file(path, trusted_as_template=True))
    found = []
    for others in loader.load_from_file(str(given), trusted_as_template=True):
        known = {
            "inventory_hostname": HOST,
            "ansible_play_hosts": [HOST],
            "ansible_play_hosts_all": [HOST],
            "ansible_check_mode": False,
            "ansible_search_path": [str(given.parent)],
            **own,
            **others,
        }
        known["hostvars"] = {HOST: others, **others.get("hostvars", {})}
        templar = Templar(loader=loader, variables=known)
        content = ", ".join(f"'{name}': {words}" for name, words in expressions.items())
        found.append(templar.template(trust_as_template(f"{{{{ {{ {content} }} | to_json }}}}")))
    print("[", ", ".join(found), "]", sep="")
    return 0
