# SPDX-License-Identifier: GPL-3.0-or-later
"""A Raspberry Pi 5: its memory controller and its kernel, and how both are taken back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from engine.conftest import OBSERVATION
from faults.locks import DPKG, HOLDER, held
from plays.host import Host

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", ["raspberry-pi-5"], indirect=True),
]

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CMDLINE = "/boot/firmware/cmdline.txt"
CONFIG = "/boot/firmware/config.txt"
CONTROLLERS = "cat /sys/fs/cgroup/cgroup.controllers"
BOOT_PARAMETERS = "arm64.docker.boot_parameters"
RECORDS = "/var/lib/arm64-docker"

# What some releases of check-config call necessary, and Docker needs in part or not at all.
OTHER_TABLES = {"IP6_NF_RAW", "IP6_NF_TARGET_MASQUERADE"}

# Of its optional features, those that no container of Docker's asks for: other storage drivers and
# their file systems, other security modules, helpers for FTP and TFTP, what the options that are
# read bring along, and what kernels of today have under no such name.
NOT_ASKED = (
    ("EXT3_", "EXT4_", "BTRFS_", "AUFS_", "ZFS", "BLK_DEV_DM", "DM_", "SECURITY_SELINUX")
    + ("NF_NAT_FTP", "NF_NAT_TFTP", "NF_CONNTRACK_FTP", "NF_CONNTRACK_TFTP")
    + ("CRYPTO", "XFRM", "INET_XFRM", "IP_NF_TARGET_REDIRECT", "IP_VS_NFCT", "MEMCG_SWAP")
    + ("CGROUP_PERF", "CGROUP_NET_PRIO", "CGROUP_HUGETLB", "NET_CLS_CGROUP", "RT_GROUP_SCHED")
    + ("LEGACY_VSYSCALL",)
)

# A partition that the board does not boot from, mounted where it should be, also by the next boot.
ELSEWHERE = """
    cp -r /boot/firmware /opt/elsewhere
    echo '/opt/elsewhere /boot/firmware none bind 0 0' >>/etc/fstab
    mount /boot/firmware
"""
NOT_ELSEWHERE = f"""
    umount /boot/firmware
    sed -i '/elsewhere/d' /etc/fstab
    rm -r /opt/elsewhere {RECORDS}
"""

# The layout of Ubuntu since 25.10: the system that boots, and one that waits for its trial.
UBUNTU = """
    cd /boot/firmware
    cp config.txt /opt/config.txt
    printf '[all]\\nos_prefix=current/\\n[tryboot]\\nos_prefix=new/\\n' >>config.txt
    mkdir current
    mv cmdline.txt *.img current
    cp -r current new
"""
NOT_UBUNTU = """
    cd /boot/firmware
    mv current/cmdline.txt current/*.img .
    rm -r current new
    mv /opt/config.txt .
"""

# As a boot partition is mounted on a board; the stock files go along.
ON_VFAT = """
    apt-get -qq install --yes dosfstools >/dev/null
    truncate --size 16M /opt/boot.img
    mkfs.vfat /opt/boot.img >/dev/null
    cp -r /boot/firmware /opt/stock
    mount -o loop,fmask=0022,dmask=0022 /opt/boot.img /boot/firmware
    cp /opt/stock/* /boot/firmware
"""


# An image of programs of the host, and a container that wants more memory than it may have.
OVER_THE_LIMIT = """
    tar -C / -chf - bin/sh bin/head bin/tail lib/ld-linux-aarch64.so.1 \\
        lib/aarch64-linux-gnu/libc.so.6 | docker import - hungry >/dev/null
    docker run --name hungry --network none --memory 64m --memory-swap 64m hungry \\
        /bin/sh -c 'head -c 200000000 /dev/zero | tail >/dev/null' 2>&1 || true
    docker inspect --format '{{.State.OOMKilled}}' hungry
    docker rm hungry >/dev/null
    docker rmi hungry >/dev/null
"""

OTHER_KERNEL = "[pi5]\nkernel=kernel_2712.img\n"

# The kernel of a test machine has pages of 4 KiB: that it has others is what the role is told.
LARGE_PAGES = {"docker_board_page_size": "4k", "__docker_board_page_size_wanted": True}


@pytest.fixture(scope="module")
def stock(host):
    return host.ssh(f"cat {CMDLINE}")


@pytest.fixture(scope="module")
def stock_config(host: Host) -> str:
    return host.ssh(f"cat {CONFIG}")


def test_a_cmdline_txt_that_is_refused_stays_and_nothing_is_remembered(
    host: Host, stock: str
) -> None:
    with host.planted(
        f"echo console=tty2 >>{CMDLINE}", f"printf %s {shlex.quote(stock)} >{CMDLINE}"
    ):
        run = host.play("arm64.docker.site").demand()
        assert host.ssh(f"cat {CMDLINE}") == f"{stock.rstrip()}\nconsole=tty2\n"
    assert "the memory controller stays off" in run.output
    assert f"{CMDLINE} has 2 lines" in run.output
    assert "a reboot is pending" not in run.output
    assert host.ssh(f"ls {RECORDS} 2>/dev/null | grep memory || true") == ""


def test_nothing_is_rebooted_unless_that_is_asked(host, stock):
    booted = host.ssh("cat /proc/sys/kernel/random/boot_id")
    run = host.play("arm64.docker.site").demand()
    assert "a reboot is pending, for the memory controller" in run.output
    assert host.ssh("cat /proc/sys/kernel/random/boot_id") == booted
    assert "memory" not in host.ssh(CONTROLLERS).split()
    assert "cgroup_enable=memory" in host.ssh(f"cat {CMDLINE}").split()


def test_a_limit_of_memory_has_no_effect_before_the_reboot(host: Host) -> None:
    said = host.ssh(OVER_THE_LIMIT)
    assert "Limitation discarded" in said
    assert said.split()[-1] == "false"


def test_the_kernels_features_are_those_that_mobys_own_script_finds(host):
    script = "sh /usr/share/docker.io/contrib/check-config.sh 2>&1 || true"
    said = COLOUR.sub("", host.ssh(script))
    found = dict(re.findall(r"- CONFIG_(\w+): (enabled|missing)", said))
    facts = host.module(OBSERVATION, gather=["kernel"]).demand().result()["ansible_facts"]
    ours = facts["ansible_docker_host"]["kernel"]["features"]
    shared = set(found) & set(ours)
    assert {
        name for name in shared if (ours[name] == "missing") != (found[name] == "missing")
    } == set()
    necessary, optional = said.split("Optional Features:")
    assert set(re.findall(r"CONFIG_(\w+)", necessary)) - set(ours) <= OTHER_TABLES
    left = set(re.findall(r"- CONFIG_(\w+):", optional)) - set(ours)
    assert {name for name in left if not name.startswith(NOT_ASKED)} == set()


def test_a_kernel_that_is_not_there_is_not_named(host: Host, stock_config: str) -> None:
    kernel = "/boot/firmware/kernel8.img"
    with host.planted(f"mv {kernel} {kernel}.away", f"mv {kernel}.away {kernel}"):
        attempt = host.play("arm64.docker.site", **LARGE_PAGES)
        with host.planted(f"echo kernel=kernel8.img >>{CONFIG}", f"sed -i '$d' {CONFIG}"):
            named = host.play("arm64.docker.site", docker_board_reboot="if_required", **LARGE_PAGES)
    assert attempt.rc != 0
    assert f"has no {kernel}, and would not boot with it" in attempt.message()
    assert named.rc != 0
    assert "would not boot. It was not rebooted" in named.message()
    assert host.ssh(f"cat {CONFIG}") == stock_config


def test_the_kernel_with_small_pages_is_named_below_all_others(
    host: Host, stock_config: str
) -> None:
    first = host.play("arm64.docker.site", **LARGE_PAGES).demand()
    assert "kernel=kernel8.img was added to config.txt" in first.output
    assert "the memory controller and the kernel with pages of 4 KiB" in first.output
    host.ssh(f"printf %s {shlex.quote(OTHER_KERNEL)} >>{CONFIG}")
    host.play("arm64.docker.site", **LARGE_PAGES).demand()
    text = host.ssh(f"cat {CONFIG}")
    assert text.startswith(f"{stock_config}{OTHER_KERNEL}# BEGIN")
    assert text.count("[all]\nkernel=kernel8.img\n") == 1
    assert host.ssh(f"cat {CONFIG}.arm64-docker") == stock_config


def test_a_board_is_not_rebooted_while_dpkg_works(host: Host) -> None:
    booted = host.ssh("cat /proc/sys/kernel/random/boot_id")
    with held(host, DPKG):
        attempt = host.play(
            "arm64.docker.site", docker_board_reboot="if_required", docker_board_lock_timeout=5
        )
    assert attempt.rc != 0
    said = attempt.message()
    assert "was not rebooted for the memory controller, which is still pending" in said
    assert f"/var/lib/dpkg/lock-frontend is held by {HOLDER} (" in said
    assert host.ssh("cat /proc/sys/kernel/random/boot_id") == booted


def test_the_reboot_that_was_pending_is_made_up_for(host):
    host.close()
    run = host.play("arm64.docker.site", docker_board_reboot="if_required").demand()
    assert "proven gone: memory_cgroup_off" in run.output
    assert "memory" in host.ssh(CONTROLLERS).split()
    assert host.machine.firmware.kernel == "/boot/firmware/kernel8.img"


def test_a_limit_of_memory_holds_after_the_reboot(host: Host) -> None:
    said = host.ssh(OVER_THE_LIMIT)
    assert "Limitation discarded" not in said
    assert said.split()[-1] == "true"


def test_what_was_repaired_is_taken_back(host, stock, stock_config):
    run = host.play("arm64.docker.uninstall", docker_targets="all").demand()
    assert "it takes effect with the next boot" in run.output
    assert host.ssh(f"cat {CMDLINE}") == stock
    assert host.ssh(f"cat {CONFIG}") == f"{stock_config}{OTHER_KERNEL}"
    assert host.ssh(f"ls {CONFIG}*").split() == [CONFIG]
    assert host.ssh(f"ls {CMDLINE}*").split() == [CMDLINE]
    host.close()
    host.machine.reboot()
    assert "memory" not in host.ssh(CONTROLLERS).split()
    assert host.machine.firmware.kernel == "/boot/firmware/kernel_2712.img"


def test_a_reboot_that_did_not_help_is_not_repeated(host: Host) -> None:
    with host.planted(ELSEWHERE, NOT_ELSEWHERE):
        host.close()
        first = host.play("arm64.docker.site", docker_board_reboot="if_required")
        assert first.rc != 0
        assert "was rebooted, and still needs the memory controller" in first.message()
        booted = host.ssh("cat /proc/sys/kernel/random/boot_id")
        second = host.play("arm64.docker.site", docker_board_reboot="if_required")
        assert second.rc != 0
        assert "was rebooted for the memory controller, and its kernel was not" in second.message()
        assert host.ssh("cat /proc/sys/kernel/random/boot_id") == booted


def test_a_board_that_is_not_back_in_time_is_named_with_what_was_changed(
    host: Host, stock: str
) -> None:
    host.close()
    attempt = host.play(
        "arm64.docker.site", docker_board_reboot="if_required", docker_board_reboot_timeout=2
    )
    assert attempt.rc != 0
    said = attempt.message()
    assert "was not back 2 seconds after its reboot for the memory controller" in said
    assert "boot parameters: added cgroup_enable=memory" in said
    assert CMDLINE in said
    # It may be anywhere between its end and its start.
    host.machine.reboot()
    assert "memory" in host.ssh(CONTROLLERS).split()
    host.ssh(f"printf %s {shlex.quote(stock)} >{CMDLINE}; rm -r {RECORDS}")


def test_a_system_that_waits_for_its_trial_is_changed_with_the_one_that_boots(
    host: Host, stock: str
) -> None:
    places = [f"/boot/firmware/{name}/cmdline.txt" for name in ("current", "new")]
    with host.planted(UBUNTU, NOT_UBUNTU):
        host.close()
        host.machine.reboot()
        assert "memory" not in host.ssh(CONTROLLERS).split()
        host.close()
        run = host.play("arm64.docker.site", docker_board_reboot="if_required").demand()
        assert "proven gone: memory_cgroup_off" in run.output
        assert host.machine.firmware.source == places[0]
        assert "memory" in host.ssh(CONTROLLERS).split()
        for place in places:
            assert host.ssh(f"cat {place}") == f"{stock.rstrip()} cgroup_enable=memory\n"
        host.play("arm64.docker.uninstall", docker_targets="all").demand()
        for place in places:
            assert host.ssh(f"cat {place}") == stock
        assert host.ssh("ls /boot/firmware/current/cmdline.txt*").split() == places[:1]


@pytest.fixture(scope="module")
def vfat(host: Host) -> Iterator[None]:
    with host.planted(ON_VFAT, "umount /boot/firmware; rm -r /opt/boot.img /opt/stock"):
        yield


@pytest.mark.usefixtures("vfat")
def test_a_boot_partition_with_vfat_is_changed(host: Host, stock: str) -> None:
    result = host.module(BOOT_PARAMETERS, present=["cgroup_enable=memory"]).demand().result()
    assert result["changed_files"] == [CMDLINE]
    (copy,) = result["backup_files"]
    assert host.ssh(f"cat {copy}") == stock
    assert host.ssh(f"rm {copy}; cat {CMDLINE}") == f"{stock.rstrip()} cgroup_enable=memory\n"


@pytest.mark.usefixtures("vfat")
@pytest.mark.parametrize(
    ("plant", "undo", "said"),
    [
        (
            "cat /dev/zero >/boot/firmware/fill 2>/dev/null || true",
            "rm /boot/firmware/fill",
            "No space left on device",
        ),
        (
            "mount -o remount,ro /boot/firmware",
            "mount -o remount,rw /boot/firmware",
            "Read-only file system",
        ),
    ],
    ids=["full", "read-only"],
)
def test_a_boot_partition_that_takes_nothing_is_left_as_it_was(
    host: Host, plant: str, undo: str, said: str
) -> None:
    listing = f"ls -l /boot/firmware | grep -v fill; cat {CMDLINE}"
    with host.planted(plant, undo):
        before = host.ssh(listing)
        attempt = host.module(BOOT_PARAMETERS, present=["swapaccount=1"])
        assert attempt.rc != 0
        assert said in attempt.result()["msg"]
        assert host.ssh(listing) == before


def test_a_file_of_another_vendors_image_is_found_and_the_device_tree_counts(host: Host) -> None:
    release = "/etc/nv_tegra_release"
    with host.planted(f"echo '# R36 (release), REVISION: 4.3' >{release}", f"rm {release}"):
        run = host.play("arm64.docker.preflight", docker_preflight_policy="warn").demand()
    assert "board_contradicts_image" in run.output
    assert "Raspberry Pi 5 Model B Rev 1.0 (raspberrypi)" in run.output
    assert "nvidia_runtime_missing" not in run.output
