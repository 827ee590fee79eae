# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that Ansible cannot work on: our own message says why, and what can be done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from faults.host import Host, Run
from machine import ssh

# What Python said on its standard error when ansible-core 2.19 and 2.21 sent it a module.
OLD_PYTHONS = {
    "3.6.15": """\
  File "<stdin>", line 3
SyntaxError: future feature annotations is not defined
""",
    "3.7.16": """\
Traceback (most recent call last):
  File "<stdin>", line 274, in <module>
  File "<stdin>", line 260, in _ansiballz_main
  File "<stdin>", line 138, in invoke_module
  File "<frozen importlib._bootstrap_external>", line 594, in spec_from_file_location
  File "/tmp/ansible_payload.zip/ansible/module_utils/_internal/__init__.py", line 50
    def import_controller_module(_module_name: str, /) -> t.Any:
                                                    ^
SyntaxError: invalid syntax
""",
}

# The accounts: `plain` gets a password and no rights, `clerk` rights for which sudo wants one.
PLANT = f"""
usermod --password "$(perl -e 'print crypt("right", "\\$6\\$salt")')" plain
useradd --create-home --shell /bin/bash clerk
cp -r /home/plain/.ssh /home/clerk
chown -R clerk: /home/clerk
echo 'clerk ALL=(ALL:ALL) ALL' >/etc/sudoers.d/clerk
""" + "".join(
    f"printf '#!/bin/sh\\ncat >/dev/null\\nprintf %s {shlex.quote(shlex.quote(said))[1:-1]} >&2\\nexit 1\\n' "
    f">/opt/faults/python{version}; chmod +x /opt/faults/python{version}\n"
    for version, said in OLD_PYTHONS.items()
)
