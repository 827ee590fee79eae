# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: compose_services
short_description: The images of compose files on the controller
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Reads the compose files of one project and returns the image of each service, as
    C(docker compose pull) would find it. C(include) and C(extends) are followed, and variables
    replaced; an included file has those of the C(.env) in its own folder, or of its C(env_file).
    Several documents of a file are laid over each other, as files are.
  - Services that are only built are left out, also those with an image and C(pull_policy) V(build).
    A service that cannot be read has an C(error).
options:
  _terms:
    description:
      - The files of one project, the later ones over the earlier. Relative ones start from the
        folder that Ansible was started in.
    type: list
    elements: path
    required: true
  environment:
    description:
      - Variables that beat those of the environment and of C(.env) beside the first file.
    type: dict
    default: {}
  profiles:
    description:
      - Profiles whose services count too, in the place of those in C(COMPOSE_PROFILES); V(*) is all
        of them.
    type: list
    elements: str
    default: []
seealso:
  - plugin: arm64.docker.image_fit
    plugin_type: filter
  - module: arm64.docker.image_platform_info
"""

EXAMPLES = r"""
- name: Say which images a project runs
  ansible.builtin.debug:
    msg: "{{ query('arm64.docker.compose_services', 'compose.yml', 'compose.production.yml')
      | map(attribute='image') }}"
"""

RETURN = r"""
_raw:
  description:
    - For each service its C(service) (file and name), C(image), C(platform) (empty where it demands
      none), C(devices) (why it needs a GPU or another device), C(built) (whether Compose builds it
      where it cannot be pulled), C(pulled) (whether Compose pulls it anew at each start) and
      C(error) (empty where there is none).
  type: list
  elements: dict
"""

import os
from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import read_services


class LookupModule(LookupBase):
    """Reads on the controller."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        given = {name: str(value) for name, value in self.get_option("environment").items()}
        files = [os.path.expanduser(str(term)) for term in terms]
        return read_services(files, {**os.environ, **given}, self.get_option("profiles"))
