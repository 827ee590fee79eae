# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._fit import (
    BUILT,
    EMULATED,
    FITS,
    UNSUPPORTED,
    Need,
    fit,
    inspected,
    machine,
    of_archives,
    of_host,
    of_registry,
)

_NAME = "arm64.docker.image_fit"


def image_fit(
    needs: Any,
    facts: Any,
    emulated: Any = (),
    emulated_devices: bool = False,
    **known: Any,
) -> list[dict[str, Any]]:
    """Say for each image that a host needs whether it takes it, and what is wrong where not.

    :raises AnsibleFilterError: where what it is given has another shape
    """
    try:
        host = machine(facts, emulated)
        sources = [
            of_archives(known.get("archives", ())),
            of_host(known.get("present", ())),
            of_registry(known.get("registry", ())),
        ]
        wants = inspected(known.get("registry", ()))
        rows = [{**_kept(one), **fit(_need(one), host, sources, wants)} for one in needs]
    except DockerHostError as error:
        raise AnsibleFilterError(f"{_NAME}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"{_NAME} takes a list of images, the facts of arm64.docker.docker_host_facts, and "
            f"what modules say of images; in one of these something is missing: {error!r}."
        ) from error
    return [{**row, **_judged(row, emulated_devices)} for row in rows]


def _kept(says: Mapping[str, Any]) -> dict[str, Any]:
    return {key: says[key] for key in ("project", "service") if key in says}


def _need(says: Mapping[str, Any]) -> Need:
    return Need(
        says["what"],
        says["image"],
        says.get("platform") or "",
        tuple(says.get("devices") or ()),
        says.get("error") or "",
        bool(says.get("fresh")),
        bool(says.get("built")),
    )


def _judged(row: Mapping[str, Any], emulated_devices: bool) -> dict[str, Any]:
    """Return what refuses the image, and what is to be said of it."""
    what = f"{row['what']}: "
    problem, warning = None, None
    if row["verdict"] == EMULATED:
        warning = f"{what}{row['image']} is emulated as {row['selected']}, which is slow."
        if row["devices"]:
            wants = f"{what}{row['image']} would be emulated as {row['selected']} and wants "
            wants += f"{', '.join(row['devices'])}, which no emulation gives it."
            warning, problem = (wants, None) if emulated_devices else (None, wants)
    elif row["verdict"] not in (*FITS, BUILT):
        problem = what + row["error"]
    ask = row["source"] is None or (row["source"] == "host" and row["verdict"] == UNSUPPORTED)
    return {
        "problem": problem,
        "warning": warning,
        "ask": ask and row["reference"] is not None,
    }


class FilterModule:
    """The filters of this file by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"image_fit": image_fit}
