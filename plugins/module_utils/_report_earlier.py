# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier report, as it lies on the controller."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._report_fleet import SCHEMA, changes

_REMEDY = "Name the report.json of an earlier report, or leave 'previous' out."


def read_earlier(path: str) -> dict[str, Any]:
    """Return the document of an earlier report.

    :raises DockerHostError: where the file cannot be read or is no report
    """
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
    except OSError as error:
        raise DockerHostError(f"{path} cannot be read: {error.strerror}.", _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise DockerHostError(f"{path} is no JSON: {error}.", _REMEDY) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise DockerHostError(f"{path} is no report of this collection.", _REMEDY)
    try:
        str(document["generated"])
        for host in document["hosts"]:
            if not isinstance(host["reachable"], bool):
                raise TypeError(f"reachable is {host['reachable']!r}")
            changes([{**host, "reachable": True}], [{**host, "reachable": True}])
    except (AttributeError, KeyError, TypeError) as error:
        raise DockerHostError(f"{path} is a report that is damaged: {error!r}.", _REMEDY) from error
    return document
