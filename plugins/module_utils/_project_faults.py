# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the words of compose projects, known before anything is asked or changed."""

from __future__ import annotations

import difflib
from typing import Any, Iterable, Mapping

from ansible_collections.arm64.docker.plugins.module_utils._printable import printable

# The options of community.docker.docker_compose_v2 (5.4.0), with their other names.
MODULE_OPTIONS = frozenset(
    (
        "api_version",
        "assume_yes",
        "build",
        "ca_cert",
        "ca_path",
        "cacert_path",
        "cert_path",
        "check_files_existing",
        "cli_context",
        "client_cert",
        "client_key",
        "definition",
        "dependencies",
        "docker_api_version",
        "docker_cli",
        "docker_host",
        "docker_url",
        "env_files",
        "files",
        "ignore_build_events",
        "key_path",
        "profiles",
        "project_name",
        "project_src",
        "pull",
        "recreate",
        "remove_images",
        "remove_orphans",
        "remove_volumes",
        "renew_anon_volumes",
        "scale",
        "services",
        "state",
        "timeout",
        "tls",
        "tls_ca_cert",
        "tls_client_cert",
        "tls_client_key",
        "tls_hostname",
        "tls_verify",
        "validate_certs",
        "wait",
        "wait_timeout",
    )
)
_KNOWN = sorted(MODULE_OPTIONS | {"src"})
_SHOWN = 80
# On the host the account decides what ~ is, and nothing what other paths start from.
_WHOLE = "write the whole path on the host, such as /home/NAME/shop."


def project_faults(items: Iterable[Mapping[str, Any]], folder: str) -> list[str]:
    """Return what is wrong with items of docker_deploy_projects, without values that may be secret.

    :param folder: on the host, for projects that name no folder
    """
    found = []
    unnamed = False
    for number, says in enumerate(items, 1):
        title = f"The project {_title(says, number)}"
        found += [
            f"{title} has no option '{_short(key)}'{_near(str(key))}."
            for key in says
            if key not in _KNOWN
        ]
        place = says.get("project_src")
        unnamed = unnamed or not place
        if place and not str(place).startswith("/"):
            found.append(f"{title} has the project_src '{_short(place)}'; {_WHOLE}")
    if unnamed and not str(folder).startswith("/"):
        found.append(f"docker_deploy_folder is '{_short(folder)}'; {_WHOLE}")
    return found


def _near(key: str) -> str:
    """Return the options that a key may have been meant for, in words."""
    near = difflib.get_close_matches(key, _KNOWN, n=3)
    if near:
        return f"; there is {' and '.join(near)}"
    return "; it has src, definition, and the options of community.docker.docker_compose_v2"


def _title(says: Mapping[str, Any], number: int) -> str:
    definition = says.get("definition")
    own = definition.get("name") if isinstance(definition, Mapping) else None
    named = says.get("project_name") or own or says.get("src") or says.get("project_src")
    return _short(named) if named else f"number {number}"


def _short(value: Any) -> str:
    return printable(str(value))[:_SHOWN]
