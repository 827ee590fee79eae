#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: daemon_config
short_description: Change C(daemon.json) without taking Docker down
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Merges keys into the configuration of the Docker daemon and lets the daemon take them over. Keys
    that are not named stay as they are.
  - The new configuration is checked by C(dockerd --validate) together with the flags of the
    service, where dockerd is 23.0 or later; an older one has the keys compared with its flags. A
    check that hangs or crashes is made once more. The file is written in one step, so that a power
    cut leaves the old one or the new one.
  - The daemon is reloaded where it can take over every changed key that way, which leaves all
    containers alone, and else restarted. It is also restarted where it has not loaded the file as
    it is, as after a run that was interrupted.
  - If the daemon then does not answer, the old file is put back and applied, and the module fails
    with the journal of both attempts.
  - A service that does not run is not started, unless it has failed. Without systemd, as in the
    build of an image, the file is written and nothing else is done.
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Secrets are shown as C(sha256:) and the first six digits of their digest.
  facts:
    description:
      - Returns a dictionary that becomes part of C(ansible_facts).
    support: full
    details:
      - With O(observe).
options:
  config:
    description:
      - The keys that C(daemon.json) shall have, with their values.
      - Dictionaries are merged with those that are there, and lists replaced. A key that is V(null)
        is removed, at any depth of dictionaries; a dictionary that this leaves empty is removed
        with it.
      - Values that hold secrets are not shown and not logged; they are recognised by their key
        (password, token, ...) or as user and password in an address.
    type: dict
    required: true
  path:
    description:
      - The file. It must be the one that the daemon of O(service) reads, except with O(apply=none).
      - Its folder is made if it is missing. The owner and permissions of a file that is there stay,
        except that one that gets its first secret is closed to users beside its owner and group. A
        new one is readable by all, or by root alone if it holds secrets.
    type: path
    default: /etc/docker/daemon.json
  service:
    description:
      - The systemd service of the daemon, with or without C(.service).
    type: str
    default: docker.service
  apply:
    description:
      - How a running daemon gets the new configuration.
      - V(auto) reloads where that is enough, and else restarts.
      - V(reload) fails where a changed key needs a restart, before anything is changed.
      - V(restart) restarts on every change.
      - V(none) writes the file only.
    type: str
    choices: [auto, reload, restart, none]
    default: auto
  validate:
    description:
      - Whether the new configuration is checked before it is written.
    type: bool
    default: true
  health_timeout:
    description:
      - Seconds from the reload or restart within which the daemon has to answer.
    type: int
    default: 60
  backup:
    description:
      - Whether a copy of the old file is kept beside the new one.
    type: bool
    default: true
  force:
    description:
      - Whether a file that is no JSON object is replaced by O(config). A copy is kept then whatever
        O(backup) says. Without it such a file is an error.
    type: bool
    default: false
  start:
    description:
      - Whether a service that does not run is started, and proven to run, as after a restart.
      - Without it a service that was stopped stays so, and the configuration is written only.
    type: bool
    default: false
  observe:
    description:
      - Look at the host once everything is done, and return the facts of
        M(arm64.docker.docker_host_facts). A play that would call that module next saves the start
        of another module, which costs seconds on a board.
      - Nothing is looked at without it, in check mode, and where O(config) holds secrets, which
        Ansible would blot out of the facts wherever the same letters stand.
      - Where looking fails, there are no facts but a warning, and the change stays a success.
      - What M(arm64.docker.docker_host_facts) says of the docker connection holds here too.
    type: dict
    suboptions:
      users:
        description:
          - As for M(arm64.docker.docker_host_facts).
        type: list
        elements: str
        default: []
      rootless_users:
        description:
          - As for M(arm64.docker.docker_host_facts).
        type: list
        elements: str
        default: []
      data_root:
        description:
          - As for M(arm64.docker.docker_host_facts).
        type: path
      timeout:
        description:
          - Seconds that the observation may take.
        type: int
        default: 30
seealso:
  - module: arm64.docker.docker_host_facts
  - plugin: arm64.docker.daemon_config_drift
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Let logs not fill the card
  arm64.docker.daemon_config:
    config:
      log-driver: json-file
      log-opts:
        max-size: 10m
        max-file: "3"

- name: Use a mirror, and no longer the proxy
  arm64.docker.daemon_config:
    config:
      registry-mirrors:
        - https://mirror.example.org
      proxies:
        http-proxy: null
        https-proxy: null

- name: Put the configuration in place before the first start
  arm64.docker.daemon_config:
    config:
      data-root: /srv/docker
    apply: none

- name: Configure the engine, start it, and know what the host is like then
  arm64.docker.daemon_config:
    config:
      live-restore: true
    start: true
    observe:
      users: [pi]
"""

RETURN = r"""
ansible_facts:
  description: The facts of M(arm64.docker.docker_host_facts), with all its groups and the findings.
  returned: with O(observe), except in check mode, with secrets in O(config), or where it failed
  type: dict
  sample: {}
actions:
  description: What was done, in this order; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample:
    - validate with dockerd
    - keep a copy of /etc/docker/daemon.json
    - write /etc/docker/daemon.json
    - reload docker.service
    - wait until the daemon answers
apply:
  description: What the daemon got, V(none), V(reload) or V(restart).
  returned: success
  type: str
  sample: reload
changed_keys:
  description: The top-level keys that differ from what was in the file.
  returned: success
  type: list
  elements: str
  sample: [registry-mirrors]
backup_file:
  description: The copy of the old file, null where none was made.
  returned: success
  type: str
  sample: /etc/docker/daemon.json.4711.2026-11-21@21:14:03~
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/docker/daemon.json
"""

import threading
from types import ModuleType
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils import _no_log
from ansible_collections.arm64.docker.plugins.module_utils._daemon_apply import Wish, configure
from ansible_collections.arm64.docker.plugins.module_utils._daemon_service import Service
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

# The host's own engine is meant, whatever the login environment points the client at.
FOREIGN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "dict", "required": True, "no_log": True},
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "service": {"type": "str", "default": "docker.service"},
            "apply": {
                "type": "str",
                "choices": ["auto", "reload", "restart", "none"],
                "default": "auto",
            },
            "validate": {"type": "bool", "default": True},
            "health_timeout": {"type": "int", "default": 60},
            "backup": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
            "start": {"type": "bool", "default": False},
            "observe": {
                "type": "dict",
                "options": {
                    "users": {"type": "list", "elements": "str", "default": []},
                    "rootless_users": {"type": "list", "elements": "str", "default": []},
                    "data_root": {"type": "path"},
                    "timeout": {"type": "int", "default": 30},
                },
            },
        },
        supports_check_mode=True,
    )
    options = dict(module.params)
    look = options.pop("observe")
    limits = {"health_timeout": options["health_timeout"]}
    if look is not None:
        limits["observe.timeout"] = look["timeout"]
    for name, seconds in limits.items():
        if seconds < 1:
            module.fail_json(
                msg=f"{name} is {seconds}. Give it a whole number of seconds from 1 on."
            )
    # Censored is what is secret, and not every "10m" of the options and of the diff.
    module.no_log_values = _no_log.censored(module.no_log_values, options["config"])
    observes = look is not None and not module.check_mode and not module.no_log_values
    if observes:
        # On a board this takes seconds, which pass while the daemon is waited for.
        threading.Thread(target=_observation).start()
    service = options.pop("service")
    try:
        outcome = configure(
            Wish(**options, check=module.check_mode), Service(service, Runner(without=FOREIGN))
        )
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    facts = {}
    if observes:
        # What was changed is right, whatever becomes of the look at it.
        try:
            facts["ansible_facts"] = {"ansible_docker_host": _observe(look)}
        except Exception as error:  # noqa: BLE001
            module.warn(
                f"The host could not be looked at after {options['path']} was configured: "
                f"{type(error).__name__}: {error}. "
                "The module arm64.docker.docker_host_facts says more."
            )
    module.exit_json(
        changed=outcome.changed,
        actions=outcome.actions,
        apply=outcome.apply,
        changed_keys=outcome.changed_keys,
        backup_file=outcome.backup_file,
        path=options["path"],
        diff={
            "before": outcome.before,
            "after": outcome.after,
            "before_header": options["path"],
            "after_header": options["path"],
        },
        **facts,
    )


def _observation() -> tuple[ModuleType, ModuleType]:
    """Import what only an observation needs: elsewhere that would be time for nothing."""
    from ansible_collections.arm64.docker.plugins.module_utils._observe import _look, _report

    return _look, _report


def _observe(look: dict[str, Any]) -> dict[str, Any]:
    _look, _report = _observation()
    request = _look.Request(
        users=look["users"],
        rootless_users=look["rootless_users"],
        data_root=look["data_root"],
    )
    return _report.report(request, look["timeout"], Runner(without=FOREIGN))


if __name__ == "__main__":
    main()
