# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._storage import (
    mount_of,
    read_storage,
)
from ansible_collections.arm64.docker.tests.unit.hosts import Machine

DATA_ROOT = "/var/lib/docker"


def mounted(
    machine: Machine, path: str, filesystem: str = "ext4", source: str = "/dev/sda1"
) -> None:
    table = machine.path("/proc/self/mountinfo")
    line = f"40 22 8:1 / {path} rw,relatime shared:9 - {filesystem} {source} rw\n"
    table.write_text(table.read_text() + line)


def paths(machine: Machine, data_root: str = DATA_ROOT) -> list[str]:
    return [mount["path"] for mount in read_storage(machine.host(), data_root)["mounts"]]


def test_the_data_root_lies_on_the_nearest_mount_above_it(machine: Machine) -> None:
    machine.folder("/mnt/ssd")
    mounted(machine, "/mnt/ssd", "btrfs")
    storage = read_storage(machine.host(), "/mnt/ssd/docker")
    assert storage["path"] == "/mnt/ssd/docker"
    assert (storage["mount"], storage["filesystem"]) == ("/mnt/ssd", "btrfs")
    assert isinstance(storage["free_mb"], int)


def test_without_one_it_lies_on_the_root_file_system(machine: Machine) -> None:
    storage = read_storage(machine.host(), DATA_ROOT)
    assert (storage["mount"], storage["filesystem"]) == ("/", "ext4")
    assert storage["free_mb"] > 0


def test_a_data_root_that_is_a_link_lies_where_the_link_leads(machine: Machine) -> None:
    machine.folder("/mnt/ssd/docker")
    mounted(machine, "/mnt/ssd", "xfs")
    machine.link(DATA_ROOT, "../../mnt/ssd/docker")
    storage = read_storage(machine.host(), DATA_ROOT)
    assert (storage["mount"], storage["filesystem"]) == ("/mnt/ssd", "xfs")


def test_every_file_system_that_could_hold_data_is_listed(machine: Machine) -> None:
    machine.folder("/srv")
    mounted(machine, "/srv")
    assert paths(machine) == ["/", "/boot/efi", "/srv"]


@pytest.mark.parametrize(
    "filesystem", ["tmpfs", "proc", "sysfs", "cgroup2", "squashfs", "devtmpfs", "fuse.lxcfs"]
)
def test_file_systems_that_hold_no_data_are_left_out(machine: Machine, filesystem: str) -> None:
    machine.folder("/x")
    mounted(machine, "/x", filesystem)
    assert "/x" not in paths(machine)


def test_the_engines_own_mounts_are_left_out(machine: Machine) -> None:
    machine.folder("/var/lib/docker/rootfs/overlayfs/1a")
    mounted(machine, "/var/lib/docker/rootfs/overlayfs/1a", "ext4")
    assert paths(machine) == ["/", "/boot/efi"]


@pytest.mark.parametrize("place", ["/srv/docker/data", "/var/lib/docker"])
def test_a_mount_made_for_the_data_root_is_measured_whatever_its_name(
    machine: Machine, place: str
) -> None:
    machine.folder(place)
    mounted(machine, place, "xfs")
    storage = read_storage(machine.host(), place)
    assert (storage["mount"], storage["filesystem"]) == (place, "xfs")
    assert isinstance(storage["free_mb"], int)


def test_a_data_root_in_memory_is_measured_all_the_same(machine: Machine) -> None:
    mounted(machine, "/var/lib/docker", "tmpfs", "tmpfs")
    storage = read_storage(machine.host(), DATA_ROOT)
    assert storage["filesystem"] == "tmpfs"
    assert isinstance(storage["free_mb"], int)


@pytest.mark.parametrize("filesystem", ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "ceph"])
def test_a_network_file_system_is_named_and_not_asked(machine: Machine, filesystem: str) -> None:
    machine.folder("/net")
    mounted(machine, "/net", filesystem, "server:/export")
    storage = read_storage(machine.host(), "/net/docker")
    assert (storage["filesystem"], storage["free_mb"]) == (filesystem, None)


def test_of_two_mounts_on_one_folder_the_later_one_counts(machine: Machine) -> None:
    machine.folder("/srv")
    mounted(machine, "/srv", "ext4")
    mounted(machine, "/srv", "xfs", "/dev/sdb1")
    storage = read_storage(machine.host(), "/srv")
    assert storage["filesystem"] == "xfs"
    assert paths(machine).count("/srv") == 1


def test_signs_that_the_kernel_escapes_are_put_back(machine: Machine) -> None:
    machine.folder("/mnt/my disk")
    mounted(machine, r"/mnt/my\040disk")
    assert "/mnt/my disk" in paths(machine)


def test_a_root_that_the_kernel_mounted_itself_is_named_by_its_device(machine: Machine) -> None:
    machine.write(
        "/proc/self/mountinfo", "22 1 179:2 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
    )

    def source() -> str:
        return read_storage(machine.host(), DATA_ROOT)["mounts"][0]["source"]

    assert source() == "/dev/root"
    machine.link("/sys/dev/block/179:2", "../../devices/mmc_host/mmc0/block/mmcblk0/mmcblk0p2")
    assert source() == "/dev/mmcblk0p2"


def test_a_mount_that_is_out_of_reach_has_no_figure(machine: Machine) -> None:
    mounted(machine, "/gone")
    assert read_storage(machine.host(), "/gone")["free_mb"] is None


def test_what_the_next_boot_mounts_is_in_fstab(machine: Machine) -> None:
    machine.write(
        "/etc/fstab",
        "# a comment\n"
        "UUID=1 / ext4 defaults 0 1\n"
        "UUID=2 none swap sw 0 0\n"
        "UUID=3 /mnt ext4\n"
        "UUID=4 /mnt/my\\040disk/ ext4 nofail,noatime 0 2\n",
    )
    machine.folder("/mnt/my disk/docker")
    assert read_storage(machine.host(), "/mnt/my disk/docker")["boot_mount"] == {
        "path": "/mnt/my disk",
        "file": "/etc/fstab",
        "options": ["nofail", "noatime"],
    }
    assert read_storage(machine.host(), "/mnt/docker")["boot_mount"]["options"] == ["defaults"]
    assert read_storage(machine.host(), DATA_ROOT)["boot_mount"] is None


def test_what_the_next_boot_mounts_is_in_units_too_and_fstab_outweighs_them(
    machine: Machine,
) -> None:
    unit = "/etc/systemd/system/srv.mount"
    machine.write(unit, "[Mount]\nWhat=/dev/sda1\nWhere=/srv\nOptions=nofail\n")
    machine.write("/etc/systemd/system/broken.mount", "[Mount]\n")
    machine.folder("/etc/systemd/system/folder.mount")
    wanted = {"path": "/srv", "file": unit, "options": ["nofail", "noauto"]}
    assert read_storage(machine.host(), "/srv/docker")["boot_mount"] == wanted
    machine.link("/etc/systemd/system/local-fs.target.wants/srv.mount", unit)
    wanted["options"] = ["nofail"]
    assert read_storage(machine.host(), "/srv/docker")["boot_mount"] == wanted
    machine.write("/etc/fstab", "LABEL=srv /srv ext4 noatime 0 2\n")
    assert read_storage(machine.host(), "/srv/docker")["boot_mount"]["options"] == ["noatime"]


def test_a_masked_unit_mounts_nothing(machine: Machine) -> None:
    machine.write("/usr/lib/systemd/system/srv.mount", "[Mount]\nWhat=/dev/sda1\nWhere=/srv\n")
    assert read_storage(machine.host(), "/srv/docker")["boot_mount"]["path"] == "/srv"
    machine.link("/etc/systemd/system/srv.mount", "/dev/null")
    assert read_storage(machine.host(), "/srv/docker")["boot_mount"] is None


@pytest.mark.parametrize(
    ("path", "mounts", "expected"),
    [
        ("/var/lib/docker", ["/"], "/"),
        ("/var/lib/docker", ["/", "/var"], "/var"),
        ("/var/lib/docker", ["/", "/var", "/var/lib/docker"], "/var/lib/docker"),
        ("/var/lib/docker", ["/", "/var/lib/dock"], "/"),
        ("/var/lib/docker/", ["/", "/var/lib/docker"], "/var/lib/docker"),
        ("/srv//docker/../data", ["/", "/srv/data"], "/srv/data"),
        ("/var/lib/docker", [], None),
    ],
)
def test_a_mount_holds_a_path_by_whole_names(
    path: str, mounts: list[str], expected: str | None
) -> None:
    assert mount_of(path, mounts) == expected


@given(
    st.text()
    | st.lists(st.sampled_from(["1", "/", "/a", "-", "ext4", " ", "\n", "\\040"])).map("".join)
)
def test_any_table_of_mounts_is_read(machine: Machine, text: str) -> None:
    machine.write("/proc/self/mountinfo", text)
    machine.write("/etc/fstab", text)
    storage = read_storage(machine.host(), DATA_ROOT)
    assert storage["path"] == DATA_ROOT
