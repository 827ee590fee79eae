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
  - C(src) is looked for as M(ansible.builtin.copy) looks for its own, in C(files) and beside it, of
    the role and of the play, and then in the folder that Ansible was started in.
  - A project without C(project_name) is called as Compose calls it, by C(COMPOSE_PROJECT_NAME) of
    its C(.env), by C(name) in its files, or by its folder in small letters.
  - One without C(files) has those that C(COMPOSE_FILE) of its C(.env) names, or those that Compose
    looks for.
  - Of one with C(services) only these count, and those that they need unless C(dependencies) is
    false.
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
      - For each project that is C(asked), in their order, what
        C(docker compose config --format json) says on the host.
      - Without it nothing is known of services whose files are on the host, and of a C(definition)
        no more than can be read without the files of the host.
    type: list
    elements: dict
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
    - For each project its C(number), its C(name), whether that is certain (C(named)), C(kind)
      (V(definition), V(src) or V(host)), C(source) (that definition, or the whole path of the
      folder), C(folder) and C(files) on the host, C(services) as the lookup
      P(arm64.docker.compose_services#lookup) returns them, the name of a further file for it
      (C(override)), whether the folder was named (C(chosen)), whether Compose on the host has to
      say what its services are (C(asked)), since its files are there, or since a definition has
      variables, profiles, C(env_file), C(extends) or C(include), on which files there decide, and
      further C(options) of M(community.docker.docker_compose_v2).
  type: list
  elements: dict
"""

from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.arm64.docker.plugins.module_utils._compose_projects import read_projects
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.plugin_utils._paths import controller_path
from ansible_collections.arm64.docker.plugins.plugin_utils._plain import plain


class LookupModule(LookupBase):
    """Reads on the controller."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        folder, configs = self.get_option("folder"), self.get_option("configs")
        items = [plain(term) for term in terms]
        for item in items:
            if isinstance(item.get("src"), str):
                item["src"] = controller_path(self, variables, item["src"])
        try:
            found = read_projects(items, folder, None if configs is None else plain(configs))
        except DockerHostError as error:
            raise AnsibleLookupError(str(error)) from error
        return [{**asdict(one), "files": list(one.files)} for one in found]
