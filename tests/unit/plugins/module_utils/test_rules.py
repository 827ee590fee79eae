# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules: on what each fires, and on what it does not. A rule without a row here fails a test."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._findings import RULES, findings
from ansible_collections.arm64.docker.plugins.module_utils._observe._look import GROUPS
from ansible_collections.arm64.docker.tests.unit import hosts

LOCK = {"path": "/var/lib/dpkg/lock-frontend", "pid": 4711, "command": "unattended-upgr"}
NOTHING_FREE = {"storage/free_mb": 5119, "storage/mount": "/", "storage/path": "/var/lib/docker"}
CLOCK = "2021-01-01T00:00:00Z"
SSD = {"storage/mount": "/mnt/ssd", "storage/path": "/mnt/ssd/docker"}


def on(filesystem: str) -> dict[str, Any]:
    """Return the change that puts the data root on a disk of its own."""
    return {**SSD, "storage/filesystem": filesystem, **at_boot()}


def at_boot(*options: str, path: str = "/mnt/ssd") -> dict[str, Any]:
    """Return the change that has /etc/fstab mount a disk for the data root."""
    return {
        "storage/boot_mount": {"path": path, "file": "/etc/fstab", "options": list(options)},
    }


def waiting_for(*paths: str) -> dict[str, Any]:
    return {"service/units": {"docker.service": {"requires_mounts_for": list(paths)}}}


HANDLER = {
    "name": "qemu-x86_64",
    "architecture": "amd64",
    "interpreter": "/usr/bin/qemu-x86_64-static",
    "interpreter_exists": True,
    "interpreter_dynamic": False,
    "fix_binary": True,
    "works": True,
    "failure": None,
}


def own_daemon(user: dict[str, Any] | None = None, **daemon: Any) -> dict[str, Any]:
    """A user's own daemon with which nothing is wrong, but for what is named."""
    healthy = {"lingering": True, "delegated": ["cpu", "memory", "pids"]}
    running = {"pid": 900, "silence": None, **daemon}
    return {
        "rootless/configured": ["ci"],
        "rootless/user_namespaces": 15000,
        "rootless/unprivileged": True,
        "rootless/users": {"ci": {**healthy, "daemon": running, **(user or {})}},
    }


def emulated(**fields: Any) -> dict[str, Any]:
    """Return the change that gives the kernel a handler."""
    return {"emulation/handlers": [{**HANDLER, **fields}]}


def registered_at_boot(**fields: Any) -> dict[str, Any]:
    """Return the change that has systemd register a handler."""
    held = {"path": "/usr/lib/binfmt.d/q.conf", "masked": False}
    return {"emulation/boot": [{**HANDLER, **held, **fields}]}


BOOT = registered_at_boot()
OVERLAY = {"storage/mounts": [{"path": "/", "filesystem": "overlay"}]}


def with_engine(version: str) -> dict[str, Any]:
    return {"packages/docker.io/version": version, "docker": None}


def configured(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the change that writes a daemon.json."""
    return {"daemon_config/exists": True, "daemon_config/content": keys}


RAW_SWITCH = "DOCKER_INSECURE_NO_IPTABLES_RAW"


def spared() -> dict[str, Any]:
    """Return the change that tells the engine to do without the table raw."""
    unit = {"environment_names": [RAW_SWITCH]}
    return {"service/units": {"docker.service": unit}}


def running(version: str, given: list[str] | None) -> dict[str, Any]:
    """Return the change that has a daemon run, started with the variables of these names."""
    return {
        "docker/server/engine/version": version,
        "service/daemon_environment_names": given,
    }


TOOLKIT = {"packages/nvidia-container-toolkit": {"version": "1.17.8-1"}}
JETSON = {"board/vendor": "nvidia"}
WITHOUT_RAW = {
    **JETSON,
    "netfilter/backend": "legacy",
    "netfilter/modules/iptable_raw": "missing",
    **with_engine("28.5.1"),
}
RUNNING_WITHOUT_RAW = {key: value for key, value in WITHOUT_RAW.items() if key != "docker"}
SWAP = {"path": "/var/swap", "mb": 511, "on_card": True}
CARD = {"storage/mounts": [{"path": "/", "filesystem": "ext4", "source": "/dev/mmcblk0p2"}]}
STEADY = {
    "value": "0x0",
    "undervoltage_now": False,
    "undervoltage_seen": False,
    "throttled_now": False,
    "throttled_seen": False,
}
PI = {"board/vendor": "raspberrypi", "board/model": "Raspberry Pi 5 Model B Rev 1.0"}


def made_for(vendor: str) -> dict[str, Any]:
    """Return the change that puts a vendor's release file on the disk."""
    return {"board/image": {"path": "/etc/release-of-it", "vendor": vendor}}


BROKEN = {"daemon_config/valid": False, "daemon_config/error": "Expecting value: line 3 column 1"}

# Rule, a change of a healthy host's facts that it fires on, words of the evidence, and the nearest
# change that it does not fire on.
TABLE = [
    (
        "not_arm64",
        {"platform/platform": "linux/amd64", "platform/userland": "amd64"},
        "dpkg amd64",
        {"platform/kernel_machine": "arm64"},
    ),
    (
        "userland_32bit",
        {"platform/mixed_userland": True, "platform/userland": "armhf"},
        "dpkg's architecture armhf",
        {"platform/aarch32": True},
    ),
    ("no_aarch32", {"platform/aarch32": False}, "PER_LINUX32", {"platform/aarch32": None}),
    ("unsupported_release", {"os/version_id": "11"}, "VERSION_ID=11", {"os/version_id": "12"}),
    ("unsupported_release", {"os/id": "raspbian"}, "ID=raspbian", {"os/pretty_name": "Armbian"}),
    ("unsupported_release", {"os/version_id": ""}, "nothing", {"os/codename": ""}),
    (
        "unsupported_release",
        {"os/id": "ubuntu", "os/version_id": "20.04"},
        "20.04",
        {"os/id": "ubuntu", "os/version_id": "26.04"},
    ),
    ("memory_below_2gb", {"memory/total_mb": 1699}, "1699 MiB", {"memory/total_mb": 1700}),
    (
        "storage_below_5gb",
        {**NOTHING_FREE, "packages": {}},
        "5119 MiB free for /var/lib/docker on /",
        {"storage/free_mb": 5120, "packages": {}},
    ),
    ("storage_below_5gb", {**NOTHING_FREE, "packages": {}}, "5120 are needed", NOTHING_FREE),
    (
        "storage_low",
        NOTHING_FREE,
        "5119 MiB free",
        {**NOTHING_FREE, "storage/free_mb": None},
    ),
    ("storage_low", NOTHING_FREE, "5119 MiB", {**NOTHING_FREE, "packages": {}}),
    ("data_root_filesystem", on("exfat"), "/mnt/ssd, which is exfat", on("ext4")),
    ("data_root_filesystem", on("fuseblk"), "fuseblk", on("xfs")),
    ("data_root_network", on("nfs4"), "/mnt/ssd, which is nfs4", on("btrfs")),
    ("overlay_root", OVERLAY, "/ is an overlay", {**OVERLAY, "os/container": "docker"}),
    (
        "overlay_root",
        OVERLAY,
        "/ is an overlay",
        {"storage/mounts": [{"path": "/srv", "filesystem": "overlay"}]},
    ),
    (
        "data_root_not_mounted",
        {"storage/path": "/mnt/ssd/docker", **at_boot()},
        "/etc/fstab mounts /mnt/ssd, which is not mounted now: /mnt/ssd/docker is on /",
        {**SSD, **at_boot()},
    ),
    (
        "data_root_not_mounted",
        {"storage/path": "/mnt/ssd/docker", **at_boot("nofail")},
        "not mounted now",
        {"storage/path": "/mnt/ssd/docker", **at_boot("noauto")},
    ),
    (
        "data_root_not_mounted",
        at_boot(),
        "not mounted now",
        {**at_boot(), "service/manager": None},
    ),
    (
        "data_root_mounts_late",
        {**SSD, **at_boot("nofail", "noatime")},
        "/etc/fstab mounts /mnt/ssd with nofail, and Docker does not wait",
        {**SSD, **at_boot("nofail"), **waiting_for("/mnt/ssd/docker")},
    ),
    ("data_root_mounts_late", SSD, "neither", {**SSD, "os/container": "lxc"}),
    ("data_root_mounts_late", SSD, "neither", {**SSD, "storage/filesystem": "zfs"}),
    (
        "data_root_mounts_late",
        {**SSD, **at_boot("_netdev"), **waiting_for("/mnt/ssd2")},
        "_netdev",
        {**SSD, **at_boot("nofail", "x-systemd.before=docker.service")},
    ),
    (
        "data_root_mounts_late",
        {**SSD, **at_boot("noauto")},
        "noauto",
        {**SSD, **at_boot("noauto", "x-systemd.automount")},
    ),
    ("data_root_mounts_late", SSD, "at boot", {**SSD, **at_boot("defaults")}),
    (
        "kernel_modules_missing",
        {"kernel/modules_present": False},
        "6.12.48+deb13-arm64",
        {"kernel/modules_present": None},
    ),
    ("page_size_16k", {"kernel/page_size": 16384}, "16384 bytes", {"kernel/page_size": 4096}),
    ("page_size_16k", {"kernel/page_size": 65536}, "65536 bytes", {"kernel/page_size": 4096}),
    (
        "memory_cgroup_off",
        {"cgroup/controllers": ["cpu", "pids"]},
        "cpu, pids",
        {"cgroup/controllers": ["memory"]},
    ),
    (
        "memory_cgroup_off",
        {"cgroup/controllers": ["cpu"], "kernel/features/MEMCG": "missing"},
        "the kernel was built without CONFIG_MEMCG",
        {"kernel/features/MEMCG": "missing"},
    ),
    (
        "memory_cgroup_off",
        {
            "cgroup/controllers": ["cpu"],
            "boot/path": "/boot/extlinux/extlinux.conf",
            "boot/generator": "u-boot-menu",
            "boot/generator_advice": "put the parameters into X, then run u-boot-update",
        },
        "extlinux.conf is generated by u-boot-menu: put the parameters into X, then run u-boot-up",
        {"boot/generator": "u-boot-menu"},
    ),
    (
        "memory_cgroup_off",
        {**PI, "cgroup/controllers": ["cpu"], "boot/loader": None},
        "cpu; no file of a boot loader was found: is the boot partition mounted?",
        {**PI, "boot/loader": None},
    ),
    (
        "cgroup_missing",
        {"cgroup/version": None, "cgroup/controllers": []},
        "/sys/fs/cgroup",
        {"cgroup/version": 2},
    ),
    ("cgroup_v1", {"cgroup/version": 1}, "cgroup.controllers", {"cgroup/version": 2}),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing"},
        "iptables-nft, the kernel has no nf_tables (CONFIG_NF_TABLES), but it has ip_tables",
        {"netfilter/modules/ip_tables": "missing"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/backend": "legacy", "netfilter/modules/ip_tables": "missing"},
        "iptables-legacy, the kernel has no ip_tables",
        {"netfilter/backend": "legacy", "netfilter/modules/nf_tables": "missing"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing"},
        "nf_tables",
        {"netfilter/modules": None},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing", **configured({"iptables": True})},
        "nf_tables",
        {"netfilter/modules/nf_tables": "missing", **configured({"iptables": False})},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing", **configured({"firewall-backend": "iptables"})},
        "nf_tables",
        {"netfilter/modules/nf_tables": "missing", **configured({"firewall-backend": "nftables"})},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing", "netfilter/modules/ip_tables": "missing"},
        "no nf_tables (CONFIG_NF_TABLES), nor ip_tables",
        {"netfilter/modules/nf_tables": "builtin"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nft_compat": "missing"},
        "iptables-nft, the kernel has no nft_compat (CONFIG_NFT_COMPAT), but it has ip_tables",
        {"netfilter/modules/nft_compat": "missing", "netfilter/modules/iptable_nat": "missing"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/backend": "legacy", "netfilter/modules/iptable_nat": "missing"},
        "iptables-legacy, the kernel has no iptable_nat (CONFIG_IP_NF_NAT), but it has nf_tables",
        {"netfilter/backend": "nft", "netfilter/modules/iptable_nat": "missing"},
    ),
    (
        "netfilter_backend_missing",
        {"netfilter/modules/nf_tables": "missing", "netfilter/modules/iptable_nat": "missing"},
        "no nf_tables (CONFIG_NF_TABLES), and it has ip_tables without iptable_nat",
        {"netfilter/modules/iptable_nat": "missing"},
    ),
    (
        "kernel_features_missing",
        {"kernel/features/BRIDGE": "missing", "kernel/features/OVERLAY_FS": "missing"},
        "no CONFIG_BRIDGE, CONFIG_OVERLAY_FS (the storage-driver",
        {"kernel/features/BRIDGE": "module", "kernel/features/OVERLAY_FS": None},
    ),
    (
        "kernel_features_missing",
        {
            "kernel/features/NFT_COMPAT": "missing",
            "netfilter/modules/nft_compat": "missing",
            "netfilter/modules/ip_tables": "missing",
        },
        "has no CONFIG_NFT_COMPAT",
        {"kernel/features/NFT_COMPAT": "missing", "netfilter/modules/nft_compat": "missing"},
    ),
    (
        "kernel_features_missing",
        {"kernel/features/VETH": "missing"},
        "6.12.48+deb13-arm64 has no CONFIG_VETH",
        {"kernel/features": None},
    ),
    (
        "kernel_features_missing",
        {"kernel/features/VETH": "missing"},
        "CONFIG_VETH",
        {"kernel/features/VETH": "missing", "os/container": "lxc"},
    ),
    (
        "kernel_options_missing",
        {"kernel/features/VXLAN": "missing", "kernel/features/MACVLAN": "missing"},
        "no CONFIG_MACVLAN (networks of the driver macvlan), CONFIG_VXLAN (overlay networks of",
        {"kernel/features/VXLAN": "builtin"},
    ),
    (
        "kernel_options_missing",
        {"kernel/features/BRIDGE_NETFILTER": "missing"},
        "CONFIG_BRIDGE_NETFILTER (networks with icc=false",
        {"kernel/features/BRIDGE_NETFILTER": "missing", "os/container": "docker"},
    ),
    (
        "kernel_options_missing",
        {"kernel/features/CGROUP_FREEZER": "missing", "cgroup/version": 1},
        "CONFIG_CGROUP_FREEZER (docker pause)",
        {"kernel/features/CGROUP_FREEZER": "missing", "cgroup/version": 2},
    ),
    (
        "kernel_options_missing",
        {"kernel/features/IP6_NF_NAT": "missing", "netfilter/backend": "legacy"},
        "CONFIG_IP6_NF_NAT (networks with IPv6)",
        {"kernel/features/IP6_NF_NAT": "missing", "netfilter/backend": "nft"},
    ),
    (
        "kernel_options_missing",
        {"kernel/features/FAIR_GROUP_SCHED": "missing"},
        "CONFIG_FAIR_GROUP_SCHED (docker run --cpu-shares)",
        {"kernel/features/FAIR_GROUP_SCHED": None},
    ),
    ("iptables_raw_missing", WITHOUT_RAW, "the engine is 28.5.1, the", with_engine("27.5.1")),
    (
        "iptables_raw_missing",
        {**WITHOUT_RAW, **with_engine("5:29.1.3-1~ubuntu.22.04~jammy")},
        "5:29.1.3-1~ubuntu.22.04~jammy, the kernel has no iptable_raw",
        {**WITHOUT_RAW, "netfilter/modules/iptable_raw": "available"},
    ),
    (
        "iptables_raw_missing",
        {**WITHOUT_RAW, "board/vendor": "rockchip"},
        "the kernel has no iptable_raw (CONFIG_IP_NF_RAW)",
        {**WITHOUT_RAW, "board/vendor": "rockchip", "netfilter/modules/iptable_raw": "loaded"},
    ),
    (
        "iptables_raw_missing",
        {**WITHOUT_RAW, "board/vendor": "generic"},
        "28.5.1",
        {**WITHOUT_RAW, **spared(), "board/vendor": "generic"},
    ),
    ("iptables_raw_missing", WITHOUT_RAW, "28.5.1", {**WITHOUT_RAW, "os/container": "docker"}),
    ("iptables_raw_missing", WITHOUT_RAW, "28.5.1", {**WITHOUT_RAW, "netfilter/backend": "nft"}),
    ("iptables_raw_missing", WITHOUT_RAW, "28.5.1", {**WITHOUT_RAW, "netfilter/modules": None}),
    ("iptables_raw_missing", WITHOUT_RAW, "28.5.1", {**WITHOUT_RAW, "service/units": {}}),
    (
        "iptables_raw_missing",
        {**WITHOUT_RAW, **spared(), **with_engine("5:28.0.1-1~ubuntu.22.04~jammy")},
        "that release knows no DOCKER_INSECURE_NO_IPTABLES_RAW",
        {**WITHOUT_RAW, **spared(), **with_engine("5:28.0.2-1~ubuntu.22.04~jammy")},
    ),
    (
        "iptables_raw_missing",
        {**RUNNING_WITHOUT_RAW, **spared(), **running("28.5.1", ["PATH"])},
        "the running daemon was started without DOCKER_INSECURE_NO_IPTABLES_RAW",
        {**RUNNING_WITHOUT_RAW, **spared(), **running("28.5.1", ["PATH", RAW_SWITCH])},
    ),
    (
        "iptables_raw_missing",
        {**RUNNING_WITHOUT_RAW, **spared(), **running("28.0.0", [])},
        "takes effect with 'systemctl restart docker'",
        {**RUNNING_WITHOUT_RAW, **spared(), **running("27.5.1", [])},
    ),
    (
        "iptables_raw_missing",
        {**RUNNING_WITHOUT_RAW, **running("28.5.1", None)},
        "28.5.1",
        {**RUNNING_WITHOUT_RAW, **spared(), **running("28.5.1", None)},
    ),
    (
        "iptables_raw_missing",
        {**WITHOUT_RAW, **configured({"iptables": True})},
        "28.5.1",
        {**WITHOUT_RAW, **configured({"iptables": False})},
    ),
    (
        "iptables_raw_missing",
        {**WITHOUT_RAW, **configured({"firewall-backend": "iptables"})},
        "28.5.1",
        {**WITHOUT_RAW, **configured({"firewall-backend": "nftables"})},
    ),
    (
        "nvidia_runtime_missing",
        JETSON,
        "the package nvidia-container-toolkit is not installed",
        {**JETSON, "board/vendor": "generic"},
    ),
    (
        "nvidia_runtime_missing",
        {**JETSON, **TOOLKIT},
        "/etc/docker/daemon.json names no runtime nvidia",
        {**JETSON, **TOOLKIT, **configured({"runtimes": {"nvidia": {"args": []}}})},
    ),
    (
        "nvidia_runtime_missing",
        {**JETSON, **TOOLKIT, **configured({"runtimes": ["nvidia"]})},
        "no runtime nvidia",
        {**JETSON, "packages": {"nvidia-container-toolkit": {"version": "1.17.8-1"}}},
    ),
    (
        "nvidia_runtime_missing",
        {**JETSON, **TOOLKIT},
        "no runtime nvidia",
        {**JETSON, **TOOLKIT, "daemon_config/valid": False, "daemon_config/error": "line 1"},
    ),
    ("nvidia_runtime_missing", JETSON, "toolkit", {**JETSON, "os/container": "docker"}),
    (
        "swap_on_card",
        {"memory/swap": [SWAP, {**SWAP, "path": "/dev/zram0", "on_card": False}]},
        "/var/swap (511 MiB)",
        {"memory/swap": [{**SWAP, "on_card": False}]},
    ),
    (
        "swap_on_card",
        {"memory/swap": [SWAP]},
        "/var/swap",
        {"memory/swap": [SWAP], "os/container": "lxc"},
    ),
    ("log_rotation_off", CARD, "the logs of containers on /dev/mmcblk0p2", {}),
    ("log_rotation_off", {"board/vendor": "raspberrypi"}, "on /dev/vda1", {**CARD, "packages": {}}),
    (
        "log_rotation_off",
        {**CARD, **configured({"log-driver": "json-file", "log-opts": {"max-file": "3"}})},
        "no max-size",
        {**CARD, **configured({"log-opts": {"max-size": "10m"}})},
    ),
    ("log_rotation_off", CARD, "no max-size", {**CARD, **configured({"log-driver": "local"})}),
    ("log_rotation_off", CARD, "no max-size", {**CARD, "os/container": "docker"}),
    ("log_rotation_off", CARD, "no max-size", {**CARD, **BROKEN}),
    (
        "handler_broken",
        emulated(works=False, failure="it was killed by SIGSEGV"),
        "qemu-x86_64: it was killed by SIGSEGV",
        emulated(works=True),
    ),
    ("handler_broken", emulated(works=False), "qemu-x86_64", emulated(works=None)),
    ("handler_vanished", BOOT, "qemu-x86_64 (in /usr/lib/binfmt.d/q.conf)", {**BOOT, **emulated()}),
    ("handler_vanished", BOOT, "qemu-x86_64", {**BOOT, "os/container": "docker"}),
    ("handler_vanished", BOOT, "qemu-x86_64", registered_at_boot(masked=True)),
    ("handler_vanished", BOOT, "qemu-x86_64", registered_at_boot(interpreter_exists=False)),
    ("handler_vanished", BOOT, "qemu-x86_64", registered_at_boot(architecture="arm64")),
    (
        "handler_vanished",
        {**registered_at_boot(architecture="arm"), "platform/aarch32": False},
        "qemu-x86_64",
        {**registered_at_boot(architecture="arm"), "platform/aarch32": True},
    ),
    (
        "handler_vanished",
        BOOT,
        "qemu-x86_64",
        {**registered_at_boot(architecture="386"), "platform/platform": "linux/amd64"},
    ),
    (
        "handler_vanished",
        {
            **registered_at_boot(architecture="386"),
            **{"platform/platform": "linux/amd64", "platform/ia32": False},
        },
        "qemu-x86_64",
        {
            **registered_at_boot(architecture="386"),
            **{"platform/platform": "linux/amd64", "platform/ia32": True},
        },
    ),
    (
        "handler_not_in_containers",
        emulated(works=True, fix_binary=False),
        "qemu-x86_64 with /usr/bin/qemu-x86_64-static",
        emulated(works=False, fix_binary=False),
    ),
    (
        "handler_not_in_containers",
        emulated(interpreter_dynamic=True),
        "qemu-x86_64 with /usr/bin/qemu-x86_64-static",
        emulated(interpreter_dynamic=None),
    ),
    (
        "rootless_no_namespaces",
        {**own_daemon(), "rootless/user_namespaces": 0},
        "user.max_user_namespaces is 0",
        own_daemon(),
    ),
    (
        "rootless_no_namespaces",
        {**own_daemon(), "rootless/user_namespaces": None},
        "CONFIG_USER_NS",
        {"rootless/user_namespaces": None, "rootless/users": {}},
    ),
    (
        "rootless_no_namespaces",
        {**own_daemon(), "rootless/unprivileged": False},
        "kernel.unprivileged_userns_clone is 0",
        own_daemon(),
    ),
    (
        "rootless_ids_overlap",
        {"rootless/overlaps": ["/etc/subuid: ci and guest from 100000 on"]},
        "ci and guest",
        {"rootless/overlaps": []},
    ),
    ("rootless_daemon_down", own_daemon({"daemon": None}), "ci", own_daemon()),
    (
        "rootless_daemon_down",
        own_daemon({"daemon": None}),
        "ci",
        {**own_daemon({"daemon": None}), "rootless/configured": []},
    ),
    ("rootless_daemon_silent", own_daemon(silence="it said nothing"), "nothing", own_daemon()),
    ("rootless_ends_at_logout", own_daemon({"lingering": False}), "ci", own_daemon()),
    (
        "rootless_ends_at_logout",
        own_daemon({"lingering": False}),
        "ci",
        own_daemon({"lingering": False, "daemon": None}),
    ),
    ("rootless_without_limits", own_daemon({"delegated": ["pids"]}), "cpu, memory", own_daemon()),
    ("rootless_without_limits", own_daemon({"delegated": None}), "pids", own_daemon()),
    (
        "board_contradicts_image",
        {**PI, **made_for("nvidia")},
        "the device tree says Raspberry Pi 5 Model B Rev 1.0 (raspberrypi), and /etc/release-of-it",
        {**PI, **made_for("raspberrypi")},
    ),
    ("board_contradicts_image", {**PI, **made_for("nvidia")}, "boards of nvidia", PI),
    (
        "board_contradicts_image",
        {**PI, **made_for("rockchip")},
        "boards of rockchip",
        # No device tree, or one of a virtual machine, contradicts nothing.
        made_for("rockchip"),
    ),
    (
        "undervoltage",
        {"board/throttled": {**STEADY, "undervoltage_now": True, "value": "0x1"}},
        "the supply's voltage is too low now (vcgencmd get_throttled says 0x1)",
        {"board/throttled": STEADY},
    ),
    (
        "undervoltage",
        {"board/throttled": {**STEADY, "undervoltage_seen": True}},
        "was too low since the boot",
        {"board/throttled": {**STEADY, "throttled_seen": True}},
    ),
    (
        "throttled",
        {"board/throttled": {**STEADY, "throttled_seen": True}},
        "the processor was slowed down since the boot",
        {"board/throttled": {**STEADY, "undervoltage_seen": True}},
    ),
    (
        "throttled",
        {"board/throttled": {**STEADY, "throttled_now": True}},
        "is slowed down now",
        {"board/throttled": {**STEADY, "throttled_now": True}, "os/container": "docker"},
    ),
    (
        "throttled",
        {"board/throttled": {**STEADY, "frequency_capped_seen": True, "value": "0x20000"}},
        "was slowed down since the boot (vcgencmd get_throttled says 0x20000)",
        {"board/throttled": {**STEADY, "undervoltage_now": True}},
    ),
    (
        "throttled",
        {"board/throttled": {**STEADY, "temperature_limit_now": True}},
        "is slowed down now",
        {"board/throttled": STEADY},
    ),
    (
        "clock_implausible",
        {"clock/plausible": False, "clock/utc": CLOCK},
        CLOCK,
        {"clock/utc": CLOCK},
    ),
    (
        "clock_unsynchronized",
        {"clock/synchronized": False, "clock/utc": CLOCK},
        CLOCK,
        {"clock/synchronized": True},
    ),
    ("reboot_required", {"reboot_required": True}, "reboot-required", {"reboot_required": False}),
    (
        "conflict_podman",
        {"conflicts": [{"kind": "package", "name": "podman-docker", "with": "docker"}]},
        "podman-docker",
        {"conflicts": []},
    ),
    (
        "conflict_snap",
        {"conflicts": [{"kind": "snap", "name": "docker", "with": "docker"}]},
        "snap",
        {"conflicts": []},
    ),
    (
        "conflict_packages",
        {"conflicts": [{"kind": "package", "name": "docker.io", "with": "docker-ce"}]},
        "docker.io beside docker-ce",
        {"conflicts": []},
    ),
    ("dpkg_unfinished", {"apt/unfinished": ["runc", "vim"]}, "runc, vim", {"apt/unfinished": []}),
    ("dpkg_unfinished", {"apt/journal": ["0001"]}, "/var/lib/dpkg/updates", {"apt/journal": []}),
    (
        "dpkg_unfinished",
        {"apt/journal": ["0001"], "apt/locks": [{**LOCK, "path": "/var/lib/apt/lists/lock"}]},
        "/var/lib/dpkg/updates",
        {"apt/journal": ["0001"], "apt/locks": [LOCK]},
    ),
    ("dpkg_damaged", {"apt/damaged": True}, "/var/lib/dpkg/status", {"apt/damaged": False}),
    (
        "dpkg_locked",
        {"apt/locks": [LOCK]},
        "/var/lib/dpkg/lock-frontend by unattended-upgr (4711)",
        {"apt/locks": []},
    ),
    ("dpkg_locked", {"apt/locks": [{**LOCK, "command": ""}]}, "(4711)", {"apt/locks": []}),
    (
        "services_denied",
        {"apt/services_denied": True},
        "policy-rc.d",
        {"apt/services_denied": True, "os/container": "docker"},
    ),
    ("services_denied", {"apt/services_denied": True}, "exit 101",
     {"apt/services_denied": True, "apt/locks": [LOCK]}),
    (
        "automatic_upgrades",
        {"apt/automatic_upgrades": {"enabled": True, "spare_docker": False}},
        "blacklist",
        {"apt/automatic_upgrades": {"enabled": True, "spare_docker": True}},
    ),
    (
        "needrestart_automatic",
        {"apt/needrestart": {"automatic": True, "spare_docker": False}},
        "needrestart",
        {"apt/needrestart": {"automatic": True, "spare_docker": True}},
    ),
    ("daemon_config_broken", BROKEN, "line 3", {"daemon_config/exists": True}),
    (
        "daemon_other_platform",
        {"docker/platform": "linux/arm/v7"},
        "linux/arm/v7",
        {"docker/platform": None},
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The facts of a host on which nothing is wrong. Tests change copies of them."""
    machine = hosts.build("debian-13-arm64", tmp_path_factory.mktemp("healthy"))
    return hosts.settle(machine.observe()[0])


def change(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of facts in which some values are others; ``a/b`` is the key b of a."""
    facts = copy.deepcopy(facts)
    for path, value in changes.items():
        *above, last = path.split("/")
        place = facts
        for key in above:
            place = place[key]
        place[last] = value
    return facts


def found(facts: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {finding["id"]: finding for finding in findings(facts, [])}


def test_a_healthy_host_has_no_findings(healthy: dict[str, Any]) -> None:
    assert findings(healthy, []) == []


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{number}-{row[0]}" for number, row in enumerate(TABLE)]
)
def test_a_rule_fires_on_its_fault_and_not_beside_it(healthy: dict[str, Any], row: tuple) -> None:
    name, fault, words, near = row
    finding = found(change(healthy, fault)).get(name)
    assert finding is not None
    assert words in finding["evidence"]
    assert name not in found(change(healthy, near))


@pytest.mark.parametrize(
    ("running", "told"),
    [
        ("cgroup_disable=memory root=x cgroup_enable=memory", True),
        ("root=x cgroup_enable=cpuset,memory quiet", True),
        ("root=x cgroup_enable=memory cgroup_disable=memory", False),
        ("root=x cgroup_enable=memory_of_old", False),
        ("root=x my_cgroup_enable=memory", False),
        ("root=x", False),
    ],
)
def test_a_kernel_that_was_told_to_turn_the_controller_on_and_did_not_is_named(
    healthy: dict[str, Any], running: str, told: bool
) -> None:
    off = {**PI, "cgroup/controllers": ["cpu"], "boot/running": running}
    evidence = found(change(healthy, off))["memory_cgroup_off"]["evidence"]
    assert ("though the kernel was given cgroup_enable=memory" in evidence) is told


GENERATED_CMDLINE = {
    "boot/path": "/boot/firmware/cmdline.txt",
    "boot/generator": "raspi-firmware",
    "boot/generator_advice": "put the parameters into X",
}
OFF, ON = "cgroup_disable=memory", "cgroup_enable=memory"
NEXT_BOOT = "; /boot/firmware/cmdline.txt turns it on with the next boot"
GENERATED = "; /boot/firmware/cmdline.txt is generated by raspi-firmware: put the parameters into X"
NOT_HELD = (
    "; the kernel was given cgroup_disable=memory, which /boot/firmware/cmdline.txt does not hold: "
    "reboot, and where it stays, look for it in the boot loader's own settings"
)
DISOBEYS = ", though the kernel was given cgroup_enable=memory"


@pytest.mark.parametrize(
    ("vendor", "running", "parameters", "told"),
    [
        ("raspberrypi", OFF, ["root=x"], GENERATED),
        ("raspberrypi", OFF, ["root=x", ON], NEXT_BOOT),
        ("raspberrypi", f"{OFF} {ON}", ["root=x", ON], DISOBEYS),
        ("raspberrypi", OFF, [ON, OFF], GENERATED),
        ("rockchip", f"root=x {OFF}", ["root=x", OFF], GENERATED),
        ("rockchip", f"root=x {OFF}", ["root=x"], NOT_HELD),
        ("rockchip", f"root=x {OFF},pids", ["root=x"], NOT_HELD),
        ("rockchip", "root=x", ["root=x"], GENERATED),
    ],
)
def test_what_the_next_boot_does_about_the_memory_controller_is_said(
    healthy: dict[str, Any], vendor: str, running: str, parameters: list[str], told: str
) -> None:
    off = {
        **GENERATED_CMDLINE,
        "cgroup/controllers": ["cpu"],
        "board/vendor": vendor,
        "boot/loader": "raspberrypi",
        "boot/running": running,
        "boot/parameters": parameters,
    }
    evidence = found(change(healthy, off))["memory_cgroup_off"]["evidence"]
    assert evidence.startswith(f"the controllers are cpu{told}")


@pytest.mark.parametrize(
    "changes",
    [{"boot": None}, {"boot/loader": "grub"}, {"board/vendor": "generic"}, {"os/container": "lxc"}]
    + [{"board": None}],
)
def test_a_boot_file_is_missed_only_on_boards_that_have_one(
    healthy: dict[str, Any], changes: dict[str, Any]
) -> None:
    off = {**PI, "cgroup/controllers": ["cpu"], "boot/loader": None, **changes}
    evidence = found(change(healthy, off))["memory_cgroup_off"]["evidence"]
    assert evidence == "the controllers are cpu"


@pytest.mark.parametrize("group", ["boot", "board", "kernel", "os"])
@pytest.mark.parametrize("vendor", ["generic", "raspberrypi", "rockchip"])
def test_a_part_that_could_not_be_read_does_not_hide_that_the_controller_is_off(
    healthy: dict[str, Any], group: str, vendor: str
) -> None:
    off = {"board/vendor": vendor, "cgroup/controllers": ["cpu"], "boot/running": f"root=x {OFF}"}
    evidence = found(change(change(healthy, off), {group: None}))["memory_cgroup_off"]["evidence"]
    assert evidence.startswith("the controllers are cpu")


def test_every_rule_is_in_the_table_above() -> None:
    assert {row[0] for row in TABLE} == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_says_what_is_wrong_and_what_to_do(rule: Any) -> None:
    assert rule.severity in ("error", "warning", "info")
    assert rule.summary.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.needs
    assert set(rule.needs) <= set(GROUPS)


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_is_silent_where_its_groups_were_not_read(
    healthy: dict[str, Any], rule: Any
) -> None:
    fault = next(row[1] for row in TABLE if row[0] == rule.id)
    facts = change(healthy, fault)
    for group in rule.needs:
        assert rule.id not in found({**facts, group: None})
        assert rule.id not in found({key: facts[key] for key in facts if key != group})
