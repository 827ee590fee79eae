# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: saved_images
short_description: The images in archives on the controller
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Says which images archives of C(docker save) hold, and for which platform, without loading them.
    Archives may be compressed.
  - An archive is looked for as M(ansible.builtin.copy) looks for its C(src), in C(files) and beside
    it, of the role and of the play, and then in the folder that Ansible was started in.
options:
  _terms:
    description:
      - The archives.
    type: list
    elements: path
    required: true
seealso:
  - plugin: arm64.docker.image_fit
    plugin_type: filter
  - plugin: arm64.docker.missing_archives
    plugin_type: filter
  - module: community.docker.docker_image_load
"""

EXAMPLES = r"""
- name: Say what is in an archive
  ansible.builtin.debug:
    msg: "{{ query('arm64.docker.saved_images', 'images/app.tar') }}"
"""

RETURN = r"""
_raw:
  description:
    - For each image its C(archive) (the whole path), C(names), C(platform), C(devices) (why it
      needs a GPU or another device), the C(ids) of which an engine may give it one, and C(content),
      a digest of what it is whatever its id, as M(community.docker.docker_image_info) would say it.
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.arm64.docker.plugins.module_utils._devices import device_reasons
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._saved_images import read_archive
from ansible_collections.arm64.docker.plugins.plugin_utils._paths import controller_path


class LookupModule(LookupBase):
    """Reads on the controller."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        found = []
        for term in terms:
            place = controller_path(self, variables, str(term))
            try:
                images = read_archive(place)
            except DockerHostError as error:
                raise AnsibleLookupError(str(error)) from error
            found += [
                {
                    "archive": place,
                    "names": list(image.names),
                    "ids": list(image.ids),
                    "platform": str(image.platform),
                    "devices": device_reasons(image.config),
                    "content": image.content,
                }
                for image in images
            ]
        return found
