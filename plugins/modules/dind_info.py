#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dind_info
short_description: Look at engines in containers, and prove that they answer over TLS
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Says what there is on a host of instances of Docker in Docker, whether each engine inside
    answers over TLS with the client certificate of its volume, whether a client without one is
    refused, and until when the certificates hold.
  - Says what stands in the way of instances that are not there yet.
  - The role C(docker_dind) decides by it.
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
    details:
      - This module reads and never changes anything.
  diff_mode:
    support: N/A
    details:
      - This module never changes anything.
options:
  instances:
    description:
      - C(instances) of what the filter P(arm64.docker.dind_instances#filter) returns.
    type: list
    elements: dict
    required: true
  platform:
    description:
      - The platform of the host, such as V(linux/arm64). Images for another are refused.
    type: str
    default: ""
  replace_certificates:
    description:
      - Whether client certificates of another authority are no obstacle.
    type: bool
    default: false
  wait:
    description:
      - Seconds to wait for engines whose containers run.
    type: int
    default: 0
  timeout:
    description:
      - Seconds that each call of the docker command may take.
    type: int
    default: 30
  docker_cli:
    description:
      - The docker command, as a name or an absolute path.
    type: str
    default: docker
seealso:
  - module: arm64.docker.docker_version_facts
  - module: arm64.docker.image_platform_info
  - module: community.docker.docker_container
"""

EXAMPLES = r"""
- name: Look at an engine in a container
  arm64.docker.dind_info:
    instances: "{{ ([{'name': 'ci'}] | arm64.docker.dind_instances('linux/arm64')).instances }}"
  register: engines

- name: Show its version and until when its certificates hold
  ansible.builtin.debug:
    msg: "{{ engines.instances.ci.version.table }} {{ engines.instances.ci.certificates }}"
"""

RETURN = r"""
instances:
  description: What there is of each instance, by its name.
  returned: success
  type: dict
  contains:
    NAME:
      description: One instance.
      returned: success
      type: dict
      contains:
        container:
          description:
            - The container, with C(owner) (the instance that it was made for, empty for a foreign
              one), C(image), C(running), C(started), and the addresses and ports that it has while
              Docker has it run (C(published)); null where there is none.
          returned: success
          type: dict
        network:
          description: The network, with C(owner); null where there is none.
          returned: success
          type: dict
        volumes:
          description: The volumes that exist, by name, with C(owner), C(path), its C(uid), and the
              C(users) of the files at its top.
          returned: success
          type: dict
        image:
          description: The image on the host, with C(id) and C(platform); null where there is none.
          returned: success
          type: dict
        derived:
          description:
            - The image for another user, with its C(name), which tells all that it is made of, and
              whether it C(exists); null where the public image serves.
          returned: success
          type: dict
        neighbours:
          description:
            - Other containers with the C(alias) docker in the engine's network, and with its
              C(storage); of an engine that goes, those in its C(network). Null for a cli.
          returned: success
          type: dict
        url:
          description: How the host reaches the engine.
          returned: success
          type: str
          sample: tcp://127.0.0.1:2376
        version:
          description:
            - The engine's version as M(arm64.docker.docker_version_facts) returns it; null where it
              did not answer.
          returned: success
          type: dict
        problem:
          description: Why the engine did not answer.
          returned: success
          type: str
        rootless:
          description:
            - Whether the engine says that it runs without root; null where it was not asked, for an
              engine as root.
          returned: success
          type: bool
        anonymous:
          description:
            - What a client without a certificate got, V(refused), V(accepted) or V(silent).
          returned: success
          type: str
        certificates:
          description:
            - C(expires) and C(days_left) of C(ca), C(client) and C(server), of those that could be
              read.
          returned: success
          type: dict
          sample:
            client:
              days_left: 824
              expires: "2029-02-24T10:00:00Z"
        days_left:
          description:
            - The smallest C(days_left) of the certificates; V(-1) where one in a volume is damaged,
              and null where there is none.
          returned: success
          type: int
          sample: 824
        authority:
          description:
            - Whether the client's certificates and the volume of the authority are of the V(same)
              authority, or of an V(other).
          returned: success
          type: str
        lacking:
          description: The files that are missing of certificates of one's own.
          returned: success
          type: list
          elements: str
        authority_key:
          description: Whether the folder of one's own certificates has the authority's key.
          returned: success
          type: bool
        stale:
          description:
            - Whether the engine still serves with what certificates of one's own were before.
          returned: success
          type: bool
        client_files:
          description: The client's files, by name, with their SHA-256.
          returned: success
          type: dict
        client_identities:
          description:
            - By what the client's files are known, by name, also once they were issued anew - the
              SHA-256 of a certificate's public key, and of the content of all else.
          returned: success
          type: dict
        exported:
          description:
            - What was exported to the host - C(files) and their C(identities), for how many days
              the certificates among them still hold (C(days_left)), those of them that are C(owned)
              by its user and group with mode 0600, whether the C(folder) is there and where it is
              without links (C(real)), the C(home) of that user, whether there is such a C(group),
              whether the docker context is C(named), and the address in the docker C(context).
          returned: success
          type: dict
        log:
          description:
            - The lines by which the daemon says that it is ready, or the last ones of one that did
              not answer.
          returned: success
          type: list
          elements: str
        listening:
          description:
            - Whether the log since the container's start says that the daemon has completed its
              initialization and listens; null where there is no log, or its beginning is too far.
          returned: success
          type: bool
refusals:
  description: What stands in the way of instances, a sentence each.
  returned: success
  type: list
  elements: str
to_pull:
  description: Images that are not on the host.
  returned: success
  type: list
  elements: str
requests:
  description: Whether this Python has C(requests), which community.docker needs.
  returned: success
  type: bool
"""

import importlib.util

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._dind_look import (
    Docker,
    missing_for_rootless,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_rules import (
    leaving,
    refusals,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_state import look_at
from ansible_collections.arm64.docker.plugins.module_utils._dind_wait import Look
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

# The caller's environment must not turn questions about the host's daemon to another one.
_FOREIGN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "instances": {"type": "list", "elements": "dict", "required": True},
            "platform": {"type": "str", "default": ""},
            "replace_certificates": {"type": "bool", "default": False},
            "wait": {"type": "int", "default": 0},
            "timeout": {"type": "int", "default": 30},
            "docker_cli": {"type": "str", "default": "docker"},
        },
        supports_check_mode=True,
    )
    options = module.params
    instances = options["instances"]
    docker = Docker(Runner(_FOREIGN), options["docker_cli"], options["timeout"])
    try:
        published = any(int(instance["port"]) for instance in instances)
        publishing = docker.publishing() if published else list
        seen = look_at(instances, Look(docker, options["wait"]))
        ports, going = publishing(), leaving(instances, seen)
        reasons = [
            reason
            for instance in instances
            for reason in refusals(
                instance,
                seen[instance["name"]],
                ports,
                options["platform"],
                options["replace_certificates"],
                going,
            )
        ]
        present = [instance for instance in instances if instance["state"] == "present"]
        if any(instance["rootless"] for instance in present):
            reasons += missing_for_rootless()
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    wanted = {instance["name"]: instance["container"]["image"] for instance in present}
    module.exit_json(
        changed=False,
        instances=seen,
        refusals=reasons,
        to_pull=sorted({image for name, image in wanted.items() if seen[name]["image"] is None}),
        requests=importlib.util.find_spec("requests") is not None,
    )


if __name__ == "__main__":
    main()
