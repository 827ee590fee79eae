#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: image_platform_info
short_description: Ask registries for which platforms images are there
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Asks registries which platforms images are there for, and says which of them a host takes,
    before anything is pulled. It needs no Docker, and runs on the controller as well as on a host.
  - An index (a manifest list) is resolved with its digests; attestations and other artifacts in it
    are left out. Of an image for one platform the configuration is read.
  - A platform is chosen as containerd does it. What fits exactly goes before what is compatible,
    and that before what is emulated.
  - Many images are asked for at a time, on connections that are kept, with one token for several
    repositories where the registry grants that. An image that fails does not keep the others.
  - The proxies of the environment (C(http_proxy), C(https_proxy), C(no_proxy)) are used.
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
  platform:
    platforms: posix
options:
  images:
    description:
      - Names of images, as C(docker pull) takes them, such as V(nginx), V(arm64v8/docker:dind) or
        V(registry.example.org:5000/team/app:1).
    type: list
    elements: str
    default: []
  compose_files:
    description:
      - Compose files of one project. Of several the later ones go over the earlier, as with several
        C(-f) of C(docker compose). C(include) and C(extends) are followed, and variables replaced.
      - Services that are only built have no image to ask for; one with an image besides is asked
        for, but where its C(pull_policy) is V(build). One that names a C(platform) has its image
        looked up for that.
      - Reading them needs PyYAML, which every controller has.
    type: list
    elements: path
    default: []
  compose_variables:
    description:
      - Variables for O(compose_files), which beat those of the environment, which beat those of
        C(.env) beside the first file.
    type: dict
    default: {}
  compose_profiles:
    description:
      - Profiles of O(compose_files) whose services count too, in the place of those in
        C(COMPOSE_PROFILES), as in Compose. V(*) is all of them.
    type: list
    elements: str
    default: []
  platform:
    description:
      - The platform of the host that the images are for, in any spelling.
    type: str
    default: linux/arm64
  aarch32:
    description:
      - Whether the cores of an arm64 host run 32-bit Arm programs, which the facts of
        M(arm64.docker.docker_host_facts) tell as C(platform.aarch32). With V(false), images for
        C(linux/arm) do not fit it.
    type: bool
    default: true
  emulated_platforms:
    description:
      - Platforms that the host runs by emulation, the preferred one first. No other is taken as
        emulated.
    type: list
    elements: str
    default: []
  registry_auth:
    description:
      - Logins for registries. They go before those of O(docker_config).
    type: list
    elements: dict
    default: []
    suboptions:
      registry:
        description:
          - Host of the registry or mirror, with its port where it has one; V(docker.io) is Docker
            Hub.
        type: str
        required: true
      username:
        description:
          - The user's name.
        type: str
        required: true
      password:
        description:
          - The user's password, or a token that stands for it.
        type: str
        required: true
  docker_config:
    description:
      - Docker's C(config.json), or the folder that it lies in, with logins (C(auths)) or the names
        of programs that know them (C(credHelpers), C(credsStore)).
      - Without it, the file is taken where Docker looks for it, if it is there.
    type: path
  ca_path:
    description:
      - File of certificates, in PEM, of authorities that are trusted besides those of the system.
      - Of a folder, all its files count that are such files. What else lies there is left out.
    type: path
  validate_certs:
    description:
      - Whether the certificates of registries must be valid. Name a registry in
        O(insecure_registries) rather than turn this off for all.
    type: bool
    default: true
  insecure_registries:
    description:
      - Registries, mirrors and token services that need no valid certificate and may speak plain
        HTTP, as V(host) or V(host:port).
    type: list
    elements: str
    default: []
  mirrors:
    description:
      - Mirrors to ask before a registry, as a dictionary that has a list of addresses for the name
        of each registry. A list alone is for Docker Hub, as in C(daemon.json).
      - What a mirror does not give is asked from the next one, and at last from the registry.
      - The login of a mirror is one of O(registry_auth), not part of its address.
    type: raw
    default: {}
  concurrency:
    description:
      - How many images are asked for at a time, from 1 to 64.
    type: int
    default: 16
  timeout:
    description:
      - Seconds that one request may take, from the lookup of the host's name to the last byte, with
        what a proxy takes. Of a host with several addresses the next is tried after five of them,
        or sooner.
    type: int
    default: 15
  retries:
    description:
      - How often a request is tried again where the registry cannot be reached, answers with an
        error of its own, or wants to be asked later. It is waited longer each time, or as long as
        the registry says, at most a minute at a time and five minutes for one server in all.
      - A token service that fails is not asked again for the other images, nor a registry that
        never answered, or that fails for eight of them in a row.
    type: int
    default: 3
seealso:
  - module: arm64.docker.docker_host_facts
  - module: community.docker.docker_image_pull
notes:
  - Docker Hub counts each image that is asked for as a pull; RV(rate_limits) tells what is left.
  - A task with images in RV(failed) has failed, as any result has whose RV(failed) is not empty.
    All that was found is returned nevertheless. With C(failed_when) the list is in
    RV(failed_images).
"""

EXAMPLES = r"""
- name: Ask whether images fit a Raspberry Pi with a 64-bit system
  arm64.docker.image_platform_info:
    images:
      - nginx:1.27
      - ghcr.io/home-assistant/home-assistant:stable
  delegate_to: localhost
  register: found

- name: Refuse what does not
  ansible.builtin.assert:
    that: found.unsupported | length == 0
    fail_msg: "{{ found.images | selectattr('error') | map(attribute='error') | list }}"

- name: Ask for the images of a compose project from a registry with a private authority
  arm64.docker.image_platform_info:
    compose_files: [compose.yml, compose.production.yml]
    compose_variables:
      TAG: "1.4"
    platform: "{{ ansible_facts['docker_host'].platform.platform }}"
    mirrors:
      docker.io: [https://mirror.example.org]
    ca_path: /etc/ssl/private-authority.pem
    registry_auth:
      - registry: registry.example.org:5000
        username: deploy
        password: "{{ registry_password }}"
  delegate_to: localhost
"""

RETURN = r"""
images:
  description: What was found, an entry for each image that was named, in that order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description:
        - The image as it was named. For a compose file that cannot be read, the file.
        - A password in it is replaced by a marker, and a control character is written out, as in
          all lists of names here.
      type: str
      sample: nginx
    reference:
      description: Its full name, or null where it is no name.
      type: str
      sample: docker.io/library/nginx:latest
    registry:
      description: The server that answered, which may be a mirror.
      type: str
      sample: registry-1.docker.io
    digest:
      description: Of the index, or of the manifest where the image is for one platform.
      type: str
      sample: "sha256:8b1e78743a03dbb2c95171cc58639fef29abc8816598e27fb910ed2e621e589a"
    media_type:
      description: Of the same.
      type: str
      sample: application/vnd.oci.image.index.v1+json
    kind:
      description: V(index) or V(manifest).
      type: str
      sample: index
    platforms:
      description:
        - All platforms, each with the digest and the size in bytes of its manifest.
        - C(devices) says why an image needs a GPU or another device, by the variables and labels of
          its configuration. It is null for those of an index, whose configurations are not read;
          ask for one by its digest to have it read.
      type: list
      elements: dict
      sample:
        - platform: linux/arm64
          devices: null
          digest: "sha256:f7340a55e0b9c1a0d0fbf9a28b7d6e1d14f3a5f31b5fd93c0c3c2f63a5e4be7d"
          size: 2290
    requested_platform:
      description: What a service of a compose file demands, or null.
      type: str
      sample: linux/amd64
    services:
      description: The services of compose files that run it, with their files.
      type: list
      elements: str
      sample: ["compose.yml: web"]
    selected:
      description:
        - The platform that the host takes, with its digest, and C(match), which is V(exact),
          V(compatible) or V(emulated). It is null where there is none.
      type: dict
      sample:
        platform: linux/arm64
        digest: "sha256:f7340a55e0b9c1a0d0fbf9a28b7d6e1d14f3a5f31b5fd93c0c3c2f63a5e4be7d"
        match: exact
    supported:
      description: Whether the host takes it.
      type: bool
      sample: true
    error:
      description: Why the host does not take it, or why nothing could be found out; else null.
      type: str
      sample: null
unsupported:
  description: The names of the images that were found and that the host does not take.
  returned: success
  type: list
  elements: str
  sample: [example.org/amd64-only:1]
failed:
  description: The names of the images of which nothing could be found out. If there are any, the
    task has failed.
  returned: success
  type: list
  elements: str
  sample: [example.org/no-such-image:1]
failed_images:
  description: The same list, which O(ignore:failed_when) leaves as it is.
  returned: success
  type: list
  elements: str
  sample: [example.org/no-such-image:1]
rate_limits:
  description:
    - What registries say of their limits, by registry. C(limit) pulls are allowed in
      C(window_seconds), and C(remaining) are left.
  returned: success
  type: dict
  sample:
    docker.io:
      limit: 100
      remaining: 87
      window_seconds: 21600
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._compose_files import compose_images
from ansible_collections.arm64.docker.plugins.module_utils._docker_credentials import (
    Credentials,
    given_logins,
    read_config,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._image_lookup import (
    Wanted,
    ask_all,
    merge,
    references,
    shown,
    verdict,
    wanted_by_services,
)
from ansible_collections.arm64.docker.plugins.module_utils._image_platforms import Target
from ansible_collections.arm64.docker.plugins.module_utils._image_reference import ImageReference
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.plugins.module_utils._registry import Client, Session
from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Registries
from ansible_collections.arm64.docker.plugins.module_utils._registry_transport import Trust

# Option: the least and the most that make sense.
_BOUNDS = {"concurrency": (1, 64), "timeout": (1, 3600), "retries": (0, 10)}


def main() -> None:
    login = {
        "registry": {"type": "str", "required": True},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "default": []},
            "compose_files": {"type": "list", "elements": "path", "default": []},
            "compose_variables": {"type": "dict", "default": {}},
            "compose_profiles": {"type": "list", "elements": "str", "default": []},
            "platform": {"type": "str", "default": "linux/arm64"},
            "aarch32": {"type": "bool", "default": True},
            "emulated_platforms": {"type": "list", "elements": "str", "default": []},
            "registry_auth": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": False,
                "options": login,
            },
            "docker_config": {"type": "path"},
            "ca_path": {"type": "path"},
            "validate_certs": {"type": "bool", "default": True},
            "insecure_registries": {"type": "list", "elements": "str", "default": []},
            "mirrors": {"type": "raw", "default": {}},
            "concurrency": {"type": "int", "default": 16},
            "timeout": {"type": "int", "default": 15},
            "retries": {"type": "int", "default": 3},
        },
        supports_check_mode=True,
    )
    # Ansible's own copy of the options shall not hold what the result hides.
    said = [module.params[key] for key in ("images", "mirrors", "insecure_registries")]
    module.no_log_values.update(text for text in _texts(said) if shown(text) != text)
    try:
        result = _answer(module.params)
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


def _texts(value: Any) -> list[str]:
    """Return all texts in a value of an option."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def _answer(options: dict[str, Any]) -> dict[str, Any]:
    _check_bounds(options)
    target = Target(
        Platform.parse(options["platform"]),
        tuple(map(Platform.parse, options["emulated_platforms"])),
        options["aarch32"],
    )
    wanted = _wanted(options)
    names = references(wanted)
    images = list(dict.fromkeys(name for name in names if isinstance(name, ImageReference)))
    client = Client(
        Registries.parse(options["mirrors"], options["insecure_registries"]),
        _credentials(options).find,
        images,
        options["retries"],
    )
    trust = Trust.build(options["ca_path"], options["validate_certs"])
    timeout = options["timeout"]
    found = ask_all(images, lambda: Session(client, trust, timeout), options["concurrency"])
    rows = [verdict(one, name, found.get(name), target) for one, name in zip(wanted, names)]
    failed = [row["name"] for row in rows if row["digest"] is None]
    result = {
        "images": rows,
        "unsupported": [row["name"] for row in rows if row["digest"] and not row["supported"]],
        "failed": failed,
        "failed_images": failed,
        "rate_limits": client.rate_limits,
    }
    if failed:
        result["msg"] = " ".join(row["error"] for row in rows if row["digest"] is None)
    return result


def _wanted(options: dict[str, Any]) -> list[Wanted]:
    variables = {key: str(value) for key, value in options["compose_variables"].items()}
    services = compose_images(
        options["compose_files"], {**os.environ, **variables}, options["compose_profiles"]
    )
    return merge([*map(Wanted, options["images"]), *wanted_by_services(services)])


def _credentials(options: dict[str, Any]) -> Credentials:
    return Credentials(
        given_logins(options["registry_auth"]),
        read_config(options["docker_config"], os.environ),
        Runner(),
        options["timeout"],
    )


def _check_bounds(options: dict[str, Any]) -> None:
    for name, (least, most) in _BOUNDS.items():
        if not least <= options[name] <= most:
            raise DockerHostError(f"{name} is {options[name]}.", f"It goes from {least} to {most}.")


if __name__ == "__main__":
    main()
