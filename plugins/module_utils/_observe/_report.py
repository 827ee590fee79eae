# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of an observation: the facts of the host, with what is wrong with it."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._docker_cli import Problem
from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._observe._host import Host
from ansible_collections.arm64.docker.plugins.module_utils._observe._look import Request, observe
from ansible_collections.arm64.docker.plugins.module_utils._printable import encodable
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner


def report(request: Request, seconds: float, runner: Runner) -> dict[str, Any]:
    """Observe the host that this runs on.

    :param seconds: how long the observation may take
    :param runner: starts programs
    :returns: the facts, with the findings among them
    """
    facts, problems = observe(Host("/", runner, seconds), request)
    if os.geteuid() != 0:
        problems.append(
            Problem(
                "not_root",
                f"the module ran with user id {os.geteuid()}",
                "Set become: true for the play or the host.",
            )
        )
    return encodable({**facts, "findings": findings(facts, problems)})
