# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firmware of a board hands to the kernel, read from files of the board's disk.

The kernel is the file that the firmware would load, where that is one. The files of a stock image
stand for kernels; Debian's, with pages of 4 KiB, boots in their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .errors import MachineError

# Returns the text of a file of the disk by its absolute path, or None where there is none.
Read = Callable[[str], "str | None"]

BOOT = "/boot/firmware"
EXTLINUX = "/boot/extlinux/extlinux.conf"
ARMBIAN = "/boot/armbianEnv.txt"


@dataclass(frozen=True)
class Start:
    """One start of a board.

    `parameters` is the kernel's command line, without what test machines add. `source` is the file
    that it was read from, `kernel` the file that the board would boot, and `initrd` what belongs to
    it, all paths on its disk.
    """

    parameters: str
    source: str
    kernel: str
    initrd: str


@dataclass(frozen=True)
class RaspberryPi:
    """The firmware of a Raspberry Pi; `model` is the name of its filter in config.txt.

    https://www.raspberrypi.com/documentation/computers/config_txt.html. Of the filters, those by
    model, [all] and [none] are known; a section of any other does not apply. A real firmware also
    ignores an os_prefix under which it finds no kernel and no device tree.
    """

    model: str
    kernel: str

    def __call__(self, read: Read) -> Start:
        """Return the start that config.txt and the command line's file ask for."""
        settings = self._settings(read)
        prefix = f"{BOOT}/{settings.get('os_prefix', '')}"
        source = prefix + (settings.get("cmdline") or "cmdline.txt")
        # What follows the first line is not read.
        line = _demand(read, source).partition("\n")[0].strip()
        # The command line of the firmware's own device tree comes first.
        parameters = " ".join(_enable_memory(["cgroup_disable=memory", *words(line)]))
        kernel = settings.get("kernel") or self.kernel
        # As auto_initramfs=1 has it.
        initrd = kernel.replace("kernel", "initramfs").removesuffix(".img")
        return _start(parameters, source, prefix + kernel, prefix + initrd)

    def _settings(self, read: Read) -> dict[str, str]:
        """Return the settings of config.txt that apply to this model, the last of each name."""
        found: dict[str, str] = {}
        filters: dict[str, bool] = {}
        for line in _included(read, f"{BOOT}/config.txt", ()):
            section = re.fullmatch(r"\[(.+)\]", line)
            if section and section[1] == "all":
                filters = {}
            elif section:
                kind = "model" if re.match(r"(pi|cm)\d", section[1]) else section[1]
                filters[kind] = section[1] == self.model
            elif "=" in line and not line.startswith("#") and all(filters.values()):
                name, _, value = line.partition("=")
                found[name] = value
        return found


def extlinux(read: Read) -> Start:
    """Return the start that the default label of extlinux.conf asks for.

    A Jetson's loader puts its own parameters in the place of ${cbootargs}: here it has none.
    """
    default = ""
    labels: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in _demand(read, EXTLINUX).splitlines():
        keyword, value = (*line.split(None, 1), "", "")[:2]
        if keyword.upper() == "DEFAULT":
            default = value.strip()
        elif keyword.upper() == "LABEL":
            current = labels.setdefault(value.strip(), {})
        else:
            current[keyword.upper()] = value.strip()
    name = default or next(iter(labels), "")
    if name not in labels:
        raise MachineError(f"{EXTLINUX} has no label {name!r}, so the board would not boot")
    parameters = labels[name].get("APPEND", "").replace("${cbootargs}", "")
    kernel = labels[name].get("LINUX") or labels[name].get("KERNEL", "")
    initrd = labels[name].get("INITRD", "")
    return _start(" ".join(words(parameters)), EXTLINUX, kernel, initrd)


def armbian(read: Read) -> Start:
    """Return the start that armbianEnv.txt asks for, in the order of Armbian's boot script.

    https://github.com/armbian/build, config/bootscripts/boot-rockchip64.cmd
    """
    settings = {"verbosity": "1", "rootfstype": "ext4", "docker_optimizations": "on"}
    for line in _demand(read, ARMBIAN).splitlines():
        name, equals, value = line.partition("=")
        if equals:
            settings[name.strip()] = value.strip()
    parameters = [
        *([f"root={settings['rootdev']}"] if settings.get("rootdev") else []),
        f"rootwait rootfstype={settings['rootfstype']}",
        "console=ttyS2,1500000 console=tty1 consoleblank=0",
        f"loglevel={settings['verbosity']}",
        f"usb-storage.quirks={settings.get('usbstoragequirks', '')}",
        settings.get("extraargs", ""),
        settings.get("extraboardargs", ""),
    ]
    if settings["docker_optimizations"] == "on":
        parameters.append("cgroup_enable=cpuset cgroup_memory=1 cgroup_enable=memory swapaccount=1")
    return _start(" ".join(filter(None, parameters)), ARMBIAN, "/boot/Image", "/boot/uInitrd")


def words(line: str) -> list[str]:
    """Split a command line at its spaces, as the kernel does: not within double quotes."""
    return re.findall(r'(?:"[^"]*"?|[^\s"])+', line)


def _enable_memory(parameters: list[str]) -> list[str]:
    """Leave out what turns the memory cgroup off where a later cgroup_enable=memory turns it on.

    The kernel of a Raspberry Pi goes by their order. Debian's does not know cgroup_enable.
    """
    last = max(
        (at for at, word in enumerate(parameters) if _controllers(word, "cgroup_enable")),
        default=0,
    )
    kept = []
    for at, word in enumerate(parameters):
        if at < last and _controllers(word, "cgroup_disable"):
            others = [name for name in word.partition("=")[2].split(",") if name != "memory"]
            word = f"cgroup_disable={','.join(others)}" if others else ""
        kept.append(word)
    return [word for word in kept if word]


def _controllers(word: str, parameter: str) -> bool:
    """Tell whether `word` is this parameter, and memory is among its controllers."""
    name, _, value = word.partition("=")
    return name == parameter and "memory" in value.split(",")


def _included(read: Read, path: str, above: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a config.txt, those of an included file in the place of its `include`.

    A missing file has none.
    """
    for line in (read(path) or "").splitlines():
        words = line.split()
        if words[:1] == ["include"] and len(words) == 2:
            inner = f"{BOOT}/{words[1]}"
            if inner in (path, *above):
                raise MachineError(f"{path} includes {inner}, which includes it")
            yield from _included(read, inner, (path, *above))
        else:
            yield line.strip()


def _demand(read: Read, path: str) -> str:
    text = read(path)
    if text is None:
        raise MachineError(f"the disk has no {path}, so the board would not boot")
    return text


def _start(parameters: str, source: str, kernel: str, initrd: str) -> Start:
    if not any(word.startswith("root=") for word in words(parameters)):
        raise MachineError(f"{source} gives the kernel no root=, so the board would not boot")
    return Start(parameters, source, kernel, initrd)
