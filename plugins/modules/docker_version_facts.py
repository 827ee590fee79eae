#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: docker_version_facts
short_description: Report C(docker version) as facts
version_added: 1.0.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Asks the docker command for the version of client and server and returns both in one shape,
    whatever release answered.
  - Plays read the result as C(ansible_facts['docker_version']). No variable named
    C(docker_version) is set.
  - Understands Docker Engine since 18.09, distribution builds of it, and Docker Desktop.
extends_documentation_fragment:
  - arm64.docker.attributes
  - arm64.docker.attributes.facts
options:
  docker_cli:
    description:
      - The docker command, as a name or an absolute path.
    type: str
    default: docker
  docker_host:
    description:
      - Address of the daemon, such as V(unix:///run/user/1000/docker.sock) or
        V(tcp://192.0.2.7:2376). Without it the client's own rules apply.
    type: str
  docker_context:
    description:
      - The docker context to use. Mutually exclusive with O(docker_host).
    type: str
  tls_ca_cert:
    description:
      - Path to the certificate of the authority that signed the daemon's certificate.
    type: path
  tls_client_cert:
    description:
      - Path to the certificate of the client.
    type: path
  tls_client_key:
    description:
      - Path to the key of the client.
    type: path
  timeout:
    description:
      - Seconds that the answer may take, a day at most.
    type: int
    default: 30
  required:
    description:
      - Whether a missing command or a silent daemon is an error. If V(false), the facts of the
        client are returned with C(server) null, and C(problem) says why.
      - A command that is not Docker's own (Podman) is an error either way.
    type: bool
    default: true
seealso:
  - module: arm64.docker.docker_host_facts
  - module: community.docker.docker_host_info
"""

EXAMPLES = r"""
- name: Ask Docker for its version
  arm64.docker.docker_version_facts:

- name: Show the table that docker version users know
  ansible.builtin.debug:
    msg: "{{ ansible_facts['docker_version'].table }}"

- name: Ask a daemon over TLS
  arm64.docker.docker_version_facts:
    docker_host: tcp://192.0.2.7:2376
    tls_ca_cert: /etc/docker/client/ca.pem
    tls_client_cert: /etc/docker/client/cert.pem
    tls_client_key: /etc/docker/client/key.pem

- name: Look without insisting
  arm64.docker.docker_version_facts:
    required: false
    timeout: 5
"""

RETURN = r"""
ansible_facts:
  description: Facts to add to ansible_facts.
  returned: always
  type: dict
  contains:
    ansible_docker_version:
      description: The version of client and server. Read it as C(ansible_facts['docker_version']).
      returned: always
      type: dict
      contains:
        client:
          description: The docker command; null where there is none and O(required) is V(false).
          returned: always
          type: dict
          sample:
            api_version: "1.48"
            arch: arm64
            built: Tue Mar 25 15:07:12 2025
            context: default
            git_commit: b8034c0
            go_version: go1.23.7
            os: linux
            version: 28.0.4
        server:
          description:
            - The daemon; null where none answered and O(required) is V(false).
            - Holds C(platform_name), C(desktop) (version and build as strings, or null), C(engine),
              C(containerd), C(runc), C(docker_init) (each null where the release does not name it)
              and C(components) by name with version and details.
          returned: always
          type: dict
          sample:
            platform_name: Docker Desktop 4.40.0 (187762)
            desktop:
              build: "187762"
              version: 4.40.0
            engine:
              api_version: "1.48"
              arch: arm64
              built: Tue Mar 25 15:07:22 2025
              experimental: false
              git_commit: 6430e49
              go_version: go1.23.7
              kernel_version: 6.10.14-linuxkit
              min_api_version: "1.24"
              os: linux
              version: 28.0.4
            containerd:
              git_commit: 753481ec61c7c8955a23d6ff7bc8e4daed455734
              version: 1.7.26
            runc:
              git_commit: v1.2.5-0-g59923ef
              version: 1.2.5
            docker_init:
              git_commit: de40ad0
              version: 0.19.0
            components: {}
        platform:
          description: The platform of the daemon; null where none answered.
          returned: always
          type: str
          sample: linux/arm64
        table:
          description: Rows ready to print, empty where no daemon answered.
          returned: always
          type: list
          elements: dict
          sample:
            - component: Server
              version: Docker Desktop 4.40.0
              detail: Build 187762
            - component: Engine
              version: 28.0.4
              detail: API v1.48
problem:
  description: Why no daemon answered, with id, message and remedy.
  returned: when O(required) is V(false) and no daemon answered
  type: dict
  sample:
    id: daemon_unreachable
    message: No Docker daemon answers at the default address.
    remedy: "'systemctl status docker' and 'journalctl -u docker' say why it is not running."
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Connection, interpret
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

EMPTY = {"client": None, "server": None, "platform": None, "table": []}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "docker_cli": {"type": "str", "default": "docker"},
            "docker_host": {"type": "str"},
            "docker_context": {"type": "str"},
            "tls_ca_cert": {"type": "path"},
            "tls_client_cert": {"type": "path"},
            "tls_client_key": {"type": "path", "no_log": False},
            "timeout": {"type": "int", "default": 30},
            "required": {"type": "bool", "default": True},
        },
        mutually_exclusive=[("docker_host", "docker_context")],
        required_together=[("tls_client_cert", "tls_client_key")],
        supports_check_mode=True,
    )
    options = module.params
    if options["timeout"] < 1:
        module.fail_json(
            msg=f"timeout is {options['timeout']}. Give it a whole number of seconds from 1 on."
        )
    connection = Connection(
        cli=options["docker_cli"],
        host=options["docker_host"],
        context=options["docker_context"],
        tls_ca_cert=options["tls_ca_cert"],
        tls_client_cert=options["tls_client_cert"],
        tls_client_key=options["tls_client_key"],
    )
    answer = Runner().run(connection.version_argv(), options["timeout"])
    address = options["docker_host"] or (
        f"the context {options['docker_context']}"
        if options["docker_context"]
        else "the default address"
    )
    facts, problem = interpret(answer, options["docker_cli"], address)
    result = {"ansible_facts": {"ansible_docker_version": facts or EMPTY}}
    if problem is not None:
        if options["required"] or problem.id == "docker_is_podman":
            module.fail_json(msg=f"{problem.message} {problem.remedy}", problem=vars(problem))
        result["problem"] = vars(problem)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
