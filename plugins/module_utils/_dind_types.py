# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the options of an instance their types, as the role's argument_specs accept them.

Ansible checks a role's arguments by converting a copy of them, and hands over what was written.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_float,
    check_type_int,
    check_type_list,
    check_type_str,
)


def _texts(value: Any) -> list[str]:
    return [check_type_str(item) for item in check_type_list(value)]


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "str": check_type_str,
    "bool": check_type_bool,
    "int": check_type_int,
    "float": check_type_float,
    "list": _texts,
    "dict": check_type_dict,
}

# Those that are no text. The role's argument_specs say the same.
TYPES: Mapping[str, str] = {
    "tls": "bool",
    "port": "int",
    "uid": "int",
    "gid": "int",
    "cpus": "float",
    "san": "list",
    "mirrors": "list",
    "volumes": "list",
    "daemon_options": "dict",
    "environment": "dict",
    "export": "dict",
}


def typed(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what was given of an instance in its types, and why some of it has none of them.

    None stays None, which means that nothing was given; what cannot be converted is left out.
    """
    values, reasons = {}, []
    for option, value in given.items():
        kind = TYPES.get(option, "str")
        if option == "version" and isinstance(value, float):
            reasons.append(f"version is {value!r}, a number: YAML reads 20.10 as 20.1. Quote it.")
            continue
        try:
            values[option] = value if value is None else _CONVERSIONS[kind](value)
        except (TypeError, ValueError):
            reasons.append(f"{option} is {value!r}, which is no {kind}.")
    return values, reasons
