# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: compose_projects
short_description: Compose projects as the role docker_deploy takes them
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Says of each project where its files are, and which images its services need.
options:
  _terms:
    description:
      - Projects, as items of C(docker_deploy_projects).
    type: list
    elements: dict
    required: true
  folder:
    description:
      - Folder on the host for the files of projects that name no C(project_src).
    type: str
    required: true
  configs:
    description:
      - For projects whose files are on the host, by C(project_src), what
        C(docker compose config --format json) says there.
    type: dict
    default: {}
seealso:
  - plugin: arm64.docker.image_fit
    plugin_type: filter
  - module: community.docker.docker_compose_v2
"""

EXAMPLES = r"""
- name: Say which images a project needs
  ansible.builtin.debug:
    msg: "{{ query('arm64.docker.compose_projects', {'src': 'files/shop'}, folder='/opt')
      | map(attribute='services') | flatten | map(attribute='image') }}"
"""

RETURN = r"""
_raw:
  description:
    - For each project its C(name), C(kind) (V(definition), V(src) or V(host)), C(source) (that
      definition or folder), C(folder) and C(files) on the host, C(services) as the lookup
      P(arm64.docker.compose_services#lookup) returns them, and further C(options) of
      M(community.docker.docker_compose_v2).
  type: list
  elements: dict
"""

import os
from dataclasses import asdict
from typing import Any, Mapping

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import read_project
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


class LookupModule(LookupBase):
    """Reads on the controller."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        folder, configs = self.get_option("folder"), self.get_option("configs")
        try:
            found = [read_project(_plain(term), folder, _plain(configs)) for term in terms]
        except DockerHostError as error:
            raise AnsibleLookupError(str(error)) from error
        return [{**asdict(one), "files": list(one.files)} for one in found]


def _plain(value: Any) -> Any:
    """Return what templating hands over lazily as what it is, with ~ in src replaced."""
    if isinstance(value, Mapping):
        copy = {str(key): _plain(item) for key, item in value.items()}
        if isinstance(copy.get("src"), str):
            copy["src"] = os.path.expanduser(copy["src"])
        return copy
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
