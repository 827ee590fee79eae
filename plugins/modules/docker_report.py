#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: docker_report
short_description: A fleet of Docker hosts as a page for people, JSON, CSV and Prometheus metrics
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Writes files about hosts on the machine that it runs on, usually the controller.
  - The page is one HTML file that fetches nothing. It can be sorted and filtered, read on a phone,
    in dark mode and by keyboard.
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the digests of the files.
  platform:
    platforms: posix
options:
  hosts:
    description:
      - The hosts, as the filter P(arm64.docker.report_record#filter) makes them.
    type: list
    elements: dict
    required: true
  directory:
    description:
      - The folder for the files. It is made where it is missing.
    type: path
    required: true
  format:
    description:
      - Which files to write, V(html) to C(report.html), V(json) to C(report.json), V(csv) to
        C(report.csv), and V(prometheus) to C(arm64_docker.prom) for node_exporter's textfile
        collector.
    type: list
    elements: str
    choices: [html, json, csv, prometheus]
    default: [html, json, csv]
  previous:
    description:
      - The C(report.json) of an earlier report, which may be the one that is written over. The new
        report then shows what changed. Where it is not there yet, a warning says so.
    type: path
  title:
    description:
      - The title of the page.
    type: str
    default: Docker fleet
seealso:
  - module: arm64.docker.docker_host_facts
  - module: arm64.docker.docker_usage_facts
"""

EXAMPLES = r"""
- name: Write a report about all hosts of the play
  arm64.docker.docker_report:
    directory: /srv/www/fleet
    hosts: "{{ ansible_play_hosts_all | map('extract', hostvars, 'my_record') | list }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
files:
  description: The files of the report.
  returned: success
  type: list
  elements: str
  sample: [/srv/www/fleet/report.html, /srv/www/fleet/report.json]
summary:
  description: The numbers of the fleet.
  returned: success
  type: dict
  sample: {"containers": 12, "errors": 0, "hosts": 3, "images_unfit": 1, "info": 2, "reachable": 3,
    "warnings": 4}
changes:
  description: What changed since the earlier report, as host, what, before and after.
  returned: success
  type: list
  elements: dict
outdated:
  description: What is older than the newest of the fleet, as host, component, version and newest.
  returned: success
  type: list
  elements: dict
actions:
  description: What was done, in this order; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample: [write /srv/www/fleet/report.html]
"""

import hashlib
import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._atomic import write
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._report_earlier import read_earlier
from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import fleet
from ansible_collections.arm64.docker.plugins.module_utils._report_formats import (
    to_csv,
    to_json,
    to_prometheus,
)
from ansible_collections.arm64.docker.plugins.module_utils._report_html import to_html
from ansible_collections.arm64.docker.plugins.module_utils._systemd import utc

NAMES = {
    "html": "report.html",
    "json": "report.json",
    "csv": "report.csv",
    "prometheus": "arm64_docker.prom",
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "list", "elements": "dict", "required": True},
            "directory": {"type": "path", "required": True},
            "format": {
                "type": "list",
                "elements": "str",
                "choices": list(NAMES),
                "default": ["html", "json", "csv"],
            },
            "previous": {"type": "path"},
            "title": {"type": "str", "default": "Docker fleet"},
        },
        supports_check_mode=True,
    )
    options = module.params
    render = {
        "html": lambda report: to_html(report, options["title"]),
        "json": to_json,
        "csv": to_csv,
        "prometheus": to_prometheus,
    }
    files, diff, actions = [], [], []
    try:
        earlier = _earlier(module, options["previous"])
        report = fleet(options["hosts"], utc(time.time()), earlier)
        for kind in options["format"]:
            path = os.path.join(options["directory"], NAMES[kind])
            data = render[kind](report).encode("utf-8", "replace")
            before, after = module.sha256(path) if os.path.isfile(path) else None, _digest(data)
            files.append(path)
            if before == after:
                continue
            actions.append(f"write {path}")
            diff.append(_diff(path, before, after))
            if not module.check_mode:
                write(path, data)
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        module.fail_json(
            msg=f"A host is not as the filter arm64.docker.report_record makes it: {error!r}. "
            "Give its results to 'hosts'."
        )
    module.exit_json(
        changed=bool(actions),
        files=files,
        summary=report["summary"],
        changes=report["changes"],
        outdated=report["outdated"],
        actions=actions,
        diff=diff,
    )


def _earlier(module: AnsibleModule, path: str | None) -> dict[str, Any] | None:
    """Return the earlier report; the first run has none yet."""
    if not path:
        return None
    if not os.path.exists(path):
        module.warn(f"There is no report {path} yet, so nothing is compared.")
        return None
    return read_earlier(path)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _diff(path: str, before: str | None, after: str) -> dict[str, str]:
    return {
        "before": f"sha256:{before}\n" if before else "",
        "after": f"sha256:{after}\n",
        "before_header": path,
        "after_header": path,
    }


if __name__ == "__main__":
    main()
