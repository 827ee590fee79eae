# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about boards: what their stock images get wrong, their cards, their power supply."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.arm64.docker.plugins.module_utils._rule import (
    ERROR,
    WARNING,
    Rule,
    daemon_config,
    uses_iptables,
)

# The engine's first release that filters in iptables' table raw, and the first that can be told
# not to (moby#49557, moby#49621).
_RAW_SINCE = (28, 0, 0)
_RAW_SWITCH_SINCE = (28, 0, 2)
_RAW_SWITCH = "DOCKER_INSECURE_NO_IPTABLES_RAW"

_ENGINES = ("docker-ce", "docker.io")
_TOOLKIT = "nvidia-container-toolkit"

# A version of the engine or of its package, whose epoch does not count.
_RELEASE = re.compile(r"(?:\d+:)?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?")

# SD cards and eMMC.
_CARD = "/dev/mmcblk"

_LOGS_IN_FILES = (None, "", "json-file")


def _engines(facts: dict[str, Any]) -> dict[tuple, str]:
    """Return the versions of the engine that is installed and of the one that runs."""
    packages = facts["packages"]
    versions = [packages[name]["version"] for name in _ENGINES if name in packages]
    server = (facts.get("docker") or {}).get("server")
    if server:
        versions.append(server["engine"]["version"])
    found = {_release(version): version for version in versions}
    return {release: version for release, version in found.items() if release is not None}


def _release(version: str) -> tuple[int, ...] | None:
    """Return the three numbers of a version, None where it has none."""
    match = _RELEASE.match(version)
    return tuple(int(number or 0) for number in match.groups()) if match else None


def _without_raw(facts: dict[str, Any]) -> str | None:
    netfilter, units = facts["netfilter"], facts["service"]["units"]
    if facts["os"]["container"] or not uses_iptables(facts):
        return None
    # iptables-nft keeps its table raw in nf_tables and needs no module for it.
    if netfilter["backend"] != "legacy":
        return None
    modules, engines = netfilter["modules"] or {}, _engines(facts)
    if modules.get("iptable_raw") != "missing" or max(engines, default=()) < _RAW_SINCE:
        return None
    if "docker.service" not in units:
        return None
    newest = max(engines)
    seen = f"the engine is {engines[newest]}, the kernel has no iptable_raw (CONFIG_IP_NF_RAW)"
    if _RAW_SWITCH not in units["docker.service"].get("environment_names", ()):
        return seen
    if newest < _RAW_SWITCH_SINCE:
        return f"{seen}, and that release knows no {_RAW_SWITCH}"
    if _runs_without_switch(facts):
        return (
            f"{seen}, and the running daemon was started without {_RAW_SWITCH}, which takes "
            "effect with 'systemctl restart docker'"
        )
    return None


def _runs_without_switch(facts: dict[str, Any]) -> bool:
    """Tell whether an engine that needs the switch was started before it was set."""
    server = (facts.get("docker") or {}).get("server")
    running = _release(server["engine"]["version"]) if server else None
    given = facts["service"].get("daemon_environment_names")
    return (running or ()) >= _RAW_SINCE and given is not None and _RAW_SWITCH not in given


def _has_engine(facts: dict[str, Any]) -> bool:
    return any(name in facts["packages"] for name in _ENGINES)


def _without_nvidia(facts: dict[str, Any]) -> str | None:
    if facts["board"]["vendor"] != "nvidia" or facts["os"]["container"]:
        return None
    if _TOOLKIT not in facts["packages"]:
        return f"the package {_TOOLKIT} is not installed"
    config = daemon_config(facts)
    if config is None or not _has_engine(facts):
        return None
    runtimes = config.get("runtimes")
    if isinstance(runtimes, dict) and "nvidia" in runtimes:
        return None
    return f"{facts['daemon_config']['path']} names no runtime nvidia"


def _swap_on_card(facts: dict[str, Any]) -> str | None:
    areas = [area for area in facts["memory"].get("swap", ()) if area["on_card"]]
    if not areas or facts["os"]["container"]:
        return None
    return ", ".join(f"{area['path']} ({area['mb']} MiB)" for area in areas)


def _logs_grow(facts: dict[str, Any]) -> str | None:
    config, place = daemon_config(facts), _card_of_data(facts)
    if config is None or place is None or not _has_engine(facts) or facts["os"]["container"]:
        return None
    options = config.get("log-opts")
    limited = isinstance(options, dict) and options.get("max-size")
    if limited or config.get("log-driver") not in _LOGS_IN_FILES:
        return None
    return (
        f"{facts['daemon_config']['path']} sets no max-size for the logs of containers on {place}"
    )


def _card_of_data(facts: dict[str, Any]) -> str | None:
    """Name the card that Docker's data lies on; a Raspberry Pi boots from one as a rule."""
    storage = facts["storage"]
    mounts = {mount["path"]: mount for mount in storage["mounts"]}
    source = mounts.get(storage["mount"], {}).get("source", "")
    if source.startswith(_CARD) or facts["board"]["vendor"] == "raspberrypi":
        return source or storage["path"]
    return None


def _undervoltage(facts: dict[str, Any]) -> str | None:
    return _noticed(facts, ("undervoltage",), "the supply's voltage", "too low")


def _throttled(facts: dict[str, Any]) -> str | None:
    # The firmware tells throttling, a cap of the frequency and a soft limit of the heat apart.
    ways = ("throttled", "frequency_capped", "temperature_limit")
    return _noticed(facts, ways, "the processor", "slowed down")


def _noticed(facts: dict[str, Any], names: tuple[str, ...], subject: str, state: str) -> str | None:
    firmware = facts["board"].get("throttled")
    if not firmware or facts["os"]["container"]:
        return None
    if any(firmware.get(f"{name}_now") for name in names):
        told = f"{subject} is {state} now"
    elif any(firmware.get(f"{name}_seen") for name in names):
        told = f"{subject} was {state} since the boot"
    else:
        return None
    return f"{told} (vcgencmd get_throttled says {firmware['value']})"


def _foreign_image(facts: dict[str, Any]) -> str | None:
    board = facts["board"]
    image = board.get("image")
    if not image or facts["os"]["container"] or board["vendor"] in ("generic", image["vendor"]):
        return None
    return (
        f"the device tree says {board['model']} ({board['vendor']}), and {image['path']} is that "
        f"of an image for boards of {image['vendor']}"
    )


RULES = (
    Rule(
        "board_contradicts_image",
        WARNING,
        "The board is not one that the image was made for, so its kernel and boot files may not "
        "fit.",
        "The device tree counts here. Write the image of this board to its card, or remove the "
        "file where it was left over from another image.",
        ("board", "os"),
        _foreign_image,
    ),
    Rule(
        "iptables_raw_missing",
        ERROR,
        "Docker 28 and later publish no port on this kernel, which has no table raw of iptables.",
        f"The role docker_board sets {_RAW_SWITCH}=1 in a drop-in (docker_board_iptables_raw) on "
        "boards of NVIDIA, Raspberry Pi and Rockchip; elsewhere do so yourself. Docker knows it "
        "from 28.0.2 on. Or pin docker_engine_version below 28, or use a kernel that has the "
        "table, as JetPack 6.2.1 and later do.",
        ("netfilter", "packages", "service", "os"),
        _without_raw,
    ),
    Rule(
        "nvidia_runtime_missing",
        WARNING,
        "Containers cannot use the GPU: NVIDIA's container runtime is not set up.",
        f"The role docker_board installs {_TOOLKIT} where an apt source has it, and enters the "
        "runtime in daemon.json (docker_board_nvidia); docker_board_nvidia_runtime chooses the "
        "default.",
        ("board", "packages", "os"),
        _without_nvidia,
    ),
    Rule(
        "swap_on_card",
        WARNING,
        "Memory is swapped to a card, which is slow and wears the card out.",
        "Swap to compressed memory (zram) or to a disk, or turn it off; on Raspberry Pi OS 12 "
        "'systemctl disable --now dphys-swapfile' does.",
        ("memory", "os"),
        _swap_on_card,
    ),
    Rule(
        "log_rotation_off",
        WARNING,
        "The logs of containers grow without limit and will fill the card or disk.",
        "Set docker_engine_log_rotation: always, or log-opts max-size in daemon.json; containers "
        "that exist keep their logs as they are until they are made anew.",
        ("packages", "daemon_config", "storage", "board", "os"),
        _logs_grow,
    ),
    Rule(
        "undervoltage",
        WARNING,
        "The power supply is too weak, which corrupts cards and hangs boards under load.",
        "Use the board's own power supply and a short cable, and give disks a supply of their own.",
        ("board", "os"),
        _undervoltage,
    ),
    Rule(
        "throttled",
        WARNING,
        "The firmware slows the processor down, for heat or for lack of power.",
        "Cool the board better, and mend its power supply where undervoltage is found as well.",
        ("board", "os"),
        _throttled,
    ),
)
