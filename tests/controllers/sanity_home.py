# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare the home folder in which ansible-test runs.

ansible-test fetches a script that bootstraps pip from a host of its own, unless its cache has that
script, and it hides pip's environment variables from the programs that it starts. So this puts
there a script that takes pip from PyPI, and pip's settings as a file.

Usage: sanity_home.py FOLDER
"""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

BOOTSTRAP = '''\
"""Install pip out of a wheel that lies beside this file."""
import sys

FOLDER = {folder!r}
OF_ANOTHER_BOOTSTRAP = ("--no-setuptools", "--no-wheel")

sys.path.insert(0, FOLDER + "/pip-{version}-py3-none-any.whl")
from pip._internal.cli.main import main

arguments = [argument for argument in sys.argv[1:] if argument not in OF_ANOTHER_BOOTSTRAP]
sys.exit(main(["install", "--no-index", "--find-links", FOLDER] + arguments))
'''


def pip(*arguments: str) -> str:
    """Run pip and return its standard output."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def write_pip_settings(home: Path) -> None:
    """Write pip's settings, wherever they come from, to the file in the home folder."""
    settings = configparser.RawConfigParser()
    settings.add_section("global")
    for line in pip("config", "list").splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        section = "global" if section == ":env:" else section
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, ast.literal_eval(value))
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        settings.write(stream)


def write_bootstrap(home: Path) -> None:
    """Write the bootstrap script for the version of pip that this ansible-test asks for."""
    python = SimpleNamespace(version=f"{sys.version_info.major}.{sys.version_info.minor}")
    version = get_venv_packages(python)["pip"]
    folder = home / ".ansible/test/cache"
    if not (folder / f"pip-{version}-py3-none-any.whl").exists():
        pip("download", "--quiet", "--no-deps", "--dest", str(folder), f"pip=={version}")
    script = BOOTSTRAP.format(folder=str(folder), version=version)
    path = folder / f"get_pip_{version.replace('.', '_')}.py"
    path.write_text(script, encoding="utf-8")


def main() -> None:
    """Prepare the folder that the command line names."""
    home = Path(sys.argv[1])
    home.mkdir(parents=True, exist_ok=True)
    write_pip_settings(home)
    write_bootstrap(home)


if __name__ == "__main__":
    main()
