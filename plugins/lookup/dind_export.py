# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: dind_export
short_description: What is on the controller of an engine's client certificates
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Says of folders on the controller which files of a client's certificates are there, and where
    the docker context for them leads. The role C(docker_dind) decides by it what to fetch.
options:
  _terms:
    description:
      - C(export) of items of C(docker_dind_instances), of which C(path) and C(context) count.
    type: list
    elements: dict
    required: true
seealso:
  - module: arm64.docker.dind_info
"""

EXAMPLES = r"""
- name: Say where a docker context leads
  ansible.builtin.debug:
    msg: "{{ query('arm64.docker.dind_export', {'path': '/srv/ci', 'context': 'ci'})
      | map(attribute='context') }}"
"""

RETURN = r"""
_raw:
  description:
    - For each folder its C(files) with their SHA-256, and their C(identities), which are the
      SHA-256 of a certificate's public key and of the content of all else; for how many days the
      certificates still hold (C(days_left)); those of the files that are C(owned) with mode 0600;
      whether the docker context is C(named), and the address in the docker C(context).
  type: list
  elements: dict
"""

import os
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.arm64.docker.plugins.module_utils._dind_export import context, kept
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


def look(terms: list[dict[str, Any]], config: str) -> list[dict[str, Any]]:
    """Return what is there of each export; ``config`` is the folder of docker's settings.

    :raises AnsibleLookupError: where a file may not be read
    """
    try:
        return [{**kept(one["path"]), **context(config, one["context"])} for one in terms]
    except DockerHostError as error:
        # Its remedy, become, is for the host.
        raise AnsibleLookupError(
            f"{error.message} On the controller it is read as the user who runs Ansible: give it "
            "to that user, or remove it."
        ) from None


class LookupModule(LookupBase):
    """Reads on the controller."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        config = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
        return look(terms, config)
