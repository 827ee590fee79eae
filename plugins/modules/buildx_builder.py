#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: buildx_builder
short_description: Create, change and remove a builder of C(docker buildx)
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Creates a named builder with one node or several, so that one C(docker buildx build) builds for
    several platforms, each on a machine of its own where there is one.
  - A missing node is appended. Whatever else differs, C(buildx) does not bring into force in a
    builder that is there, so the builder is removed and made anew, and O(keep_state) keeps its
    build cache.
  - Where a node cannot be made, or BuildKit does not start in a builder that was made anew, the
    builder is put back as it was.
  - A node that does not answer (a board that is switched off) is no error as long as nothing has to
    be changed and O(bootstrap) is V(false).
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Secrets in driver options are shown as C(sha256:) and the first six digits of their digest,
        and the configuration of BuildKit by its digest.
options:
  name:
    description:
      - The name of the builder. C(buildx) makes no difference between capital and small letters.
      - The names of docker contexts, C(default) among them, are taken by builders of the driver
        V(docker), one for each.
    type: str
    required: true
  state:
    description:
      - Whether the builder shall be there. V(absent) removes its containers, and the build cache of
        every node that has a container.
    type: str
    choices: [present, absent]
    default: present
  driver:
    description:
      - V(docker-container) runs BuildKit in a container of each node. It pulls an image for that
        at the first start.
      - V(remote) uses a BuildKit that runs already.
      - V(docker) is the BuildKit in the Docker daemon of a context. It is there without being
        created, so only O(use) and O(bootstrap) say anything.
    type: str
    choices: [docker-container, remote, docker]
    default: docker-container
  endpoint:
    description:
      - Where the first node is. With V(docker-container) it is a docker context or the address of
        a Docker daemon, such as V(ssh://pilot@pi.example.org); with V(remote) that of a BuildKit.
      - Without it, the first node is where the current context points to when the builder is
        made, and stays there.
    type: str
  platforms:
    description:
      - Platforms that the first node shall build for before others do, in any spelling. What it
        can build for, BuildKit finds out by itself.
    type: list
    elements: str
    default: []
  driver_opts:
    description:
      - Options of the driver for the first node, such as C(image), C(network), C(memory) or
        C(env.NAME).
    type: dict
    default: {}
  nodes:
    description:
      - Further nodes. The first one has the name of the builder and a 0.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the node.
        type: str
        required: true
      endpoint:
        description: Where the node is, as with O(endpoint).
        type: str
        required: true
      platforms:
        description: As O(platforms). A platform can stand at one node only.
        type: list
        elements: str
        default: []
      driver_opts:
        description: As O(driver_opts).
        type: dict
        default: {}
  buildkitd_config:
    description:
      - Path of a configuration of BuildKit (C(buildkitd.toml)) on the host, for all nodes.
        Comments and the order in it say nothing.
      - Without it, the builder has none, or that of C(buildkitd.default.toml) in the folder of
        C(buildx), which is not compared.
    type: path
  keep_state:
    description:
      - Whether the build cache is kept where the builder has to be made anew. Only
        V(docker-container) has one.
    type: bool
    default: true
  bootstrap:
    description:
      - Whether BuildKit shall run on every node at the end.
    type: bool
    default: false
  use:
    description:
      - Whether builds that name no builder shall use this one. V(false) changes nothing about
        that.
    type: bool
    default: false
  docker_cli:
    description:
      - The docker command, as a name or an absolute path.
    type: str
    default: docker
  docker_config:
    description:
      - The folder of docker's configuration, which holds the builders too. Every user has
        builders of their own; without it they are those of the user who runs the task
        (C(become_user)).
    type: path
  timeout:
    description:
      - Seconds that each call of docker may take. The first start pulls an image.
    type: int
    default: 300
seealso:
  - module: arm64.docker.docker_version_facts
"""

EXAMPLES = r"""
- name: Have a builder for several platforms
  arm64.docker.buildx_builder:
    name: multi
    use: true
    bootstrap: true

- name: Build arm64 on a Raspberry Pi, and everything else here
  arm64.docker.buildx_builder:
    name: farm
    platforms: [linux/amd64]
    nodes:
      - name: pi
        endpoint: ssh://pilot@pi.example.org
        platforms: [linux/arm64, linux/arm/v7]
  become: true
  become_user: pilot

- name: Use a BuildKit that runs already
  arm64.docker.buildx_builder:
    name: shared
    driver: remote
    endpoint: tcp://buildkit.example.org:1234
    driver_opts:
      cacert: /etc/buildkit/ca.pem
      cert: /etc/buildkit/cert.pem
      key: /etc/buildkit/key.pem

- name: Pull BuildKit from a mirror
  arm64.docker.buildx_builder:
    name: multi
    driver_opts:
      image: registry.example.org/moby/buildkit:buildx-stable-1
    buildkitd_config: /etc/buildkit/buildkitd.toml

- name: Remove a builder with its cache
  arm64.docker.buildx_builder:
    name: farm
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in this order; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample:
    - remove builder farm, keeping its build state (node farm0 has other platforms)
    - create builder farm with node farm0
    - append node pi to builder farm
name:
  description: The name of the builder.
  returned: success
  type: str
  sample: farm
driver:
  description: The driver of the builder; null where there is none.
  returned: success
  type: str
  sample: docker-container
status:
  description:
    - V(running) where BuildKit runs on every node, V(error) where a node or daemon does not answer,
      V(absent) where there is no builder, or what C(buildx) says of the first node that does not
      run, such as V(inactive).
    - In check mode this, RV(nodes) and RV(platforms) are as they are, and not as they would be.
  returned: success
  type: str
  sample: running
platforms:
  description: The platforms that the nodes build for, each once.
  returned: success
  type: list
  elements: str
  sample: [linux/amd64, linux/386, linux/arm64, linux/arm/v7]
nodes:
  description: The nodes of the builder.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the node.
      returned: always
      type: str
    endpoint:
      description: The context or address.
      returned: always
      type: str
    status:
      description: C(running), C(inactive), C(stopped) or C(error).
      returned: always
      type: str
    error:
      description: Why the node does not answer; empty where it does.
      returned: always
      type: str
    buildkit_version:
      description: The version of BuildKit; empty where it does not run.
      returned: always
      type: str
    platforms:
      description: What it builds for; where it does not run, what it was given.
      returned: always
      type: list
      elements: str
    fixed_platforms:
      description: The platforms that it was given.
      returned: always
      type: list
      elements: str
    driver_opts:
      description: The options of the driver, secrets replaced by markers.
      returned: always
      type: dict
  sample:
    - name: pi
      endpoint: ssh://pilot@pi.example.org
      status: running
      error: ""
      buildkit_version: v0.26.2
      platforms: [linux/arm64, linux/arm/v7]
      fixed_platforms: [linux/arm64, linux/arm/v7]
      driver_opts: {}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils import _no_log
from ansible_collections.arm64.docker.plugins.module_utils._buildx_apply import (
    Request,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_cli import (
    FOREIGN_VARIABLES,
    Buildx,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_result import (
    diff,
    guarded,
    result,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_store import own_store
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import (
    CONTAINER,
    DOCKER,
    REMOTE,
    Wish,
    check_name,
    wish,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

_NODE: dict[str, Any] = {
    "platforms": {"type": "list", "elements": "str", "default": []},
    "driver_opts": {"type": "dict", "default": {}, "no_log": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "driver": {
                "type": "str",
                "choices": [CONTAINER, REMOTE, DOCKER],
                "default": CONTAINER,
            },
            "endpoint": {"type": "str"},
            **_NODE,
            "nodes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "endpoint": {"type": "str", "required": True},
                    **_NODE,
                },
            },
            "buildkitd_config": {"type": "path"},
            "keep_state": {"type": "bool", "default": True},
            "bootstrap": {"type": "bool", "default": False},
            "use": {"type": "bool", "default": False},
            "docker_cli": {"type": "str", "default": "docker"},
            "docker_config": {"type": "path"},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    options = module.params
    if options["timeout"] < 1:
        module.fail_json(
            msg=f"timeout is {options['timeout']}. Give it a whole number of seconds from 1 on."
        )
    # Censored is what is secret, and not every option of a driver.
    module.no_log_values = _no_log.censored(module.no_log_values, guarded(options))
    try:
        request = Request(
            wanted=_wish(options),
            present=options["state"] == "present",
            keep_state=options["keep_state"],
            use=options["use"],
            bootstrap=options["bootstrap"],
            check=module.check_mode,
        )
        outcome = configure(
            request,
            Buildx(
                Runner(without=FOREIGN_VARIABLES),
                options["docker_cli"],
                options["docker_config"],
                options["timeout"],
            ),
            own_store(options["docker_config"]),
        )
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(
        changed=bool(outcome.actions),
        actions=outcome.actions,
        **result(request, outcome),
        diff=diff(request, outcome),
    )


def _wish(options: dict[str, Any]) -> Wish:
    """Return what the options want; of a builder that shall go, only its name counts."""
    if options["state"] == "absent":
        check_name("builder", options["name"])
        return Wish(options["name"], options["driver"])
    return wish(
        options["name"],
        options["driver"],
        {key: options[key] for key in ("endpoint", *_NODE)},
        options["nodes"],
        options["buildkitd_config"],
    )


if __name__ == "__main__":
    main()
