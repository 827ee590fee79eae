#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: docker_usage_facts
short_description: What a Docker host uses at the moment
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Reads memory, the disk with Docker's data, the containers with one sample of their processor
    time and memory, and the platforms of the images. It changes nothing.
  - Plays read the result as C(ansible_facts['docker_usage']).
  - A daemon that does not run is not started; containers and images are null then.
extends_documentation_fragment:
  - arm64.docker.attributes
  - arm64.docker.attributes.facts
options:
  data_root:
    description:
      - The folder with Docker's data, of whose disk the room is measured.
    type: path
    default: /var/lib/docker
  timeout:
    description:
      - Seconds that all may take. The sample of containers takes docker two of them.
    type: int
    default: 30
seealso:
  - module: arm64.docker.docker_host_facts
  - module: arm64.docker.docker_report
"""

EXAMPLES = r"""
- name: See what the host uses
  arm64.docker.docker_usage_facts:
  become: true

- name: Show its containers
  ansible.builtin.debug:
    msg: "{{ ansible_facts['docker_usage'].containers }}"
"""

RETURN = r"""
ansible_facts:
  description: Facts to add to ansible_facts.
  returned: always
  type: dict
  contains:
    ansible_docker_usage:
      description: What was read. Read it as C(ansible_facts['docker_usage']).
      returned: always
      type: dict
      contains:
        memory:
          description: Memory in MiB, and how much of it programs can still have.
          returned: always
          type: dict
          sample: {"available_mb": 1204, "total_mb": 1953}
        disk:
          description: Size and free room, in MiB, of the file system with Docker's data.
          returned: always
          type: dict
          sample: {"free_mb": 6912, "path": /var/lib/docker, "total_mb": 29404}
        containers:
          description:
            - All containers. The sample (cpu_percent of one processor, memory_bytes,
              memory_limit_bytes) is null for those that do not run, and memory also where the
              kernel does not account it, as on a Raspberry Pi without parameters for it.
          returned: always
          type: list
          elements: dict
          sample:
            - cpu_percent: 0.04
              image: nginx:alpine
              memory_bytes: 4718592
              memory_limit_bytes: 2047868928
              name: web
              state: running
        images:
          description: Images with name, os, architecture, variant and size_bytes.
          returned: always
          type: list
          elements: dict
        storage_driver:
          description: The storage driver of the daemon.
          returned: always
          type: str
          sample: overlay2
        problems:
          description: What docker did not answer, and why.
          returned: always
          type: list
          elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.plugins.module_utils._usage import read_usage

# The host's own engine is meant, whatever the login environment points the client at.
FOREIGN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "data_root": {"type": "path", "default": "/var/lib/docker"},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    options = module.params
    if options["timeout"] < 1:
        module.fail_json(
            msg=f"timeout is {options['timeout']}. Give it a whole number of seconds from 1 on."
        )
    host = Host("/", Runner(without=FOREIGN), options["timeout"])
    try:
        usage = read_usage(host, options["data_root"])
    except OSError as error:
        module.fail_json(
            msg=f"What the host uses cannot be read: {error}. Check that data_root is a folder."
        )
    module.exit_json(changed=False, ansible_facts={"ansible_docker_usage": usage})


if __name__ == "__main__":
    main()
