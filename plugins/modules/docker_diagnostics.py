#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: docker_diagnostics
short_description: Collect what explains the Docker of a host, in one archive without secrets
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Observes the host as M(arm64.docker.docker_host_facts) does, and puts that beside logs, states
    and configurations into one archive on the host, within a time and a size.
  - The archive begins with C(index.md), which begins with the findings and what to do about them.
  - Secrets are replaced by C(sha256:) and the first digits of their digest. These are the values of
    all variables of containers, passwords in addresses, the logins of Docker's client, secrets in
    daemon.json, and what a text calls a password, token or key. The commands of containers are left
    out.
  - A daemon that is down is not started, and one that hangs costs no more than the observation.
  - What could not be collected is in C(missing) with the reason; the module does not fail over it.
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
    details:
      - Collects and writes no archive.
  diff_mode:
    support: none
    details:
      - Each archive is another one.
options:
  path:
    description:
      - The file that becomes the archive. Without it this is a new file in C(/var/tmp), or in
        memory below C(/run) where that has no room.
      - Only its owner can read it.
    type: path
  name:
    description:
      - What the host is called in the archive. Without it this is its own name.
    type: str
  timeout:
    description:
      - Seconds that all may take. Half of it is the observation's.
    type: int
    default: 60
  log_lines:
    description:
      - How many of the last lines of each log are collected.
    type: int
    default: 200
  containers:
    description:
      - How many containers are described, with their logs; the newest come first.
    type: int
    default: 100
  max_bytes:
    description:
      - Size of all files together before they are compressed. No file takes more than a 32nd of it.
    type: int
    default: 16777216
seealso:
  - module: arm64.docker.docker_host_facts
"""

EXAMPLES = r"""
- name: Collect what explains the host
  arm64.docker.docker_diagnostics:
    name: "{{ inventory_hostname }}"
  become: true
  register: diagnostics

- name: Bring it to the controller
  ansible.builtin.fetch:
    src: "{{ diagnostics.path }}"
    dest: /tmp/diagnostics/
    flat: true
  become: true
"""

RETURN = r"""
path:
  description: The archive, or null in check mode.
  returned: success
  type: str
  sample: /var/tmp/arm64-docker-diagnostics-h2k5xq1b.tar.gz
name:
  description: The folder in the archive.
  returned: success
  type: str
  sample: pi4.example.org
collected:
  description: When it was collected, in UTC.
  returned: success
  type: str
  sample: "2026-11-21T21:14:03Z"
seconds:
  description: How long that took.
  returned: success
  type: float
  sample: 7.4
files:
  description: The files in the archive.
  returned: success
  type: list
  elements: str
  sample: [index.md, facts.json, daemon.json]
missing:
  description: What could not be collected, with the reason.
  returned: success
  type: dict
  sample: {"nftables.txt": there is no program nft}
findings:
  description: The findings, as M(arm64.docker.docker_host_facts) returns them.
  returned: success
  type: list
  elements: dict
actions:
  description: What was done; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample: [write an archive with 31 files]
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_archive import (
    index,
    safe_name,
    write,
)
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_collect import (
    Collector,
    Limits,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._look import Request
from ansible_collections.arm64.docker.plugins.module_utils._observe._report import report
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.plugins.module_utils._systemd import utc

# The host's own engine is meant, whatever the login environment points the client at.
FOREIGN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")

_POSITIVE = ("timeout", "log_lines", "containers", "max_bytes")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path"},
            "name": {"type": "str"},
            "timeout": {"type": "int", "default": 60},
            "log_lines": {"type": "int", "default": 200},
            "containers": {"type": "int", "default": 100},
            "max_bytes": {"type": "int", "default": 16 * 1024 * 1024},
        },
        supports_check_mode=True,
    )
    options = module.params
    for option in _POSITIVE:
        if options[option] < 1:
            module.fail_json(
                msg=f"{option} is {options[option]}. Give it a whole number from 1 on."
            )
    started = time.monotonic()
    runner = Runner(without=FOREIGN)
    deadline = started + options["timeout"]
    facts = report(Request(), options["timeout"] / 2, runner)
    limits = Limits(
        log_lines=options["log_lines"],
        containers=options["containers"],
        part_bytes=max(1024, options["max_bytes"] // 32),
        total_bytes=options["max_bytes"],
    )
    collector = Collector(Host("/", runner, deadline - time.monotonic()), facts, limits)
    found = collector.collect()
    seconds, collected = time.monotonic() - started, utc(time.time())
    name = options["name"] or os.uname().nodename
    files = {
        "index.md": collector.clean(index(name, collected, seconds, facts, found)),
        **found.parts,
    }
    path = None
    if not module.check_mode:
        try:
            path = write(options["path"], safe_name(name), files)
        except DockerHostError as error:
            module.fail_json(msg=str(error))
    module.exit_json(
        changed=True,
        path=path,
        name=safe_name(name),
        collected=collected,
        seconds=round(seconds, 1),
        files=list(files),
        missing={part: collector.clean(reason) for part, reason in found.missing.items()},
        findings=facts["findings"],
        actions=[f"write an archive with {len(files)} files"],
    )


if __name__ == "__main__":
    main()
