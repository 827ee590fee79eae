# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot loader a machine has, and which of its files change."""

from __future__ import annotations

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._boot import (
    LOADERS,
    Boot,
    Edit,
    choose,
    find,
    generator,
    parameters,
    pending,
    plan,
)
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.boot_files import (
    ARMBIAN,
    CMDLINE,
    EXTLINUX,
    GENERATED,
    FakeFiles,
)

FILES = {
    "/boot/firmware/cmdline.txt": CMDLINE,
    "/boot/cmdline.txt": CMDLINE,
    "/boot/extlinux/extlinux.conf": EXTLINUX,
    "/boot/armbianEnv.txt": ARMBIAN,
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
}
EXTLINUX_GIVEN = ["${cbootargs}", "root=PARTUUID=0a7a10e9-bd63", "rw", "rootwait"]
DROPIN = "/etc/default/grub.d/arm64-docker.cfg"
MEMORY = Wish(("cgroup_enable=memory",))


def only(*paths: str) -> FakeFiles:
    return FakeFiles({path: FILES[path] for path in paths})


@pytest.mark.parametrize(
    ("paths", "loader", "path"),
    [
        (list(FILES), "raspberrypi", "/boot/firmware/cmdline.txt"),
        (list(FILES)[1:], "raspberrypi", "/boot/cmdline.txt"),
        (list(FILES)[2:], "extlinux", "/boot/extlinux/extlinux.conf"),
        (list(FILES)[3:], "armbian", "/boot/armbianEnv.txt"),
        (list(FILES)[4:], "grub", DROPIN),
    ],
)
def test_the_first_file_that_is_there_says_which_boot_loader_it_is(
    paths: list[str], loader: str, path: str
) -> None:
    assert find(only(*paths)) == choose(only(*paths), "auto", None) == Boot(loader, (path,))
    assert find(only(*FILES), loader).loader == loader


def test_without_a_boot_loader_the_error_lists_where_was_looked() -> None:
    assert find(FakeFiles()) is None
    with pytest.raises(DockerHostError) as error:
        choose(FakeFiles(), "auto", None)
    for path in FILES:
        assert path in error.value.message
    assert "Mount the boot partition" in error.value.remedy
    with pytest.raises(DockerHostError) as error:
        choose(only("/etc/default/grub"), "armbian", None)
    assert "looked for /boot/armbianEnv.txt." in error.value.message


def test_a_path_is_of_the_kind_that_its_name_says_or_the_caller() -> None:
    files = FakeFiles({"/mnt/cmdline.txt": CMDLINE, "/mnt/mine": CMDLINE})
    assert choose(files, "auto", "/mnt/cmdline.txt") == Boot("raspberrypi", ("/mnt/cmdline.txt",))
    assert choose(files, "raspberrypi", "/mnt/mine") == Boot("raspberrypi", ("/mnt/mine",))
    assert choose(files, "grub", "/mnt/grub.d/x.cfg") == Boot("grub", ("/mnt/grub.d/x.cfg",))
    with pytest.raises(DockerHostError, match="/mnt/mine does not tell") as error:
        choose(files, "auto", "/mnt/mine")
    assert all(loader in error.value.remedy for loader in LOADERS)
    with pytest.raises(DockerHostError, match="GRUB does not read /mnt/grub.d/x"):
        choose(files, "grub", "/mnt/grub.d/x")
    with pytest.raises(DockerHostError, match="/mnt/extlinux.conf does not exist"):
        choose(files, "auto", "/mnt/extlinux.conf")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/boot/firmware/cmdline.txt", CMDLINE.split()),
        ("/boot/armbianEnv.txt", ["cma=256M"]),
        (
            "/boot/extlinux/extlinux.conf",
            ["${cbootargs}", "root=PARTUUID=0a7a10e9-bd63", "rw", "rootwait"],
        ),
        ("/etc/default/grub", ["quiet"]),
    ],
)
def test_an_edit_is_planned_once_and_its_parameters_are_given(path: str, given: list[str]) -> None:
    files = only(path)
    boot = find(files)
    assert parameters(files, boot) == given
    (edit,) = plan(files, boot, MEMORY)
    assert (edit.path, edit.before) == (boot.paths[0], files.get(boot.paths[0]))
    files[edit.path] = edit.after
    assert sorted(parameters(files, boot)) == sorted([*given, "cgroup_enable=memory"])
    assert plan(files, boot, MEMORY) == []


def test_a_signed_file_is_not_changed() -> None:
    path = "/boot/extlinux/extlinux.conf"
    files = only(path)
    files[f"{path}.sig"] = "\udcff"
    boot = find(files)
    with pytest.raises(DockerHostError, match=f"{path} is signed") as error:
        plan(files, boot, MEMORY)
    assert "where it is signed" in error.value.remedy
    assert plan(files, boot, Wish((), ("no_such_parameter",))) == []


def test_a_system_that_waits_for_its_trial_is_changed_too() -> None:
    current, new = (f"/boot/firmware/{name}/cmdline.txt" for name in ("current", "new"))
    files = FakeFiles({current: CMDLINE, new: f"{CMDLINE.strip()} cgroup_enable=memory"})
    files["/boot/firmware/config.txt"] = "[all]\nos_prefix=current/\n[tryboot]\nos_prefix=new/\n"
    boot = find(files)
    assert boot.paths == (current, new)
    after = CMDLINE.replace("rootwait", "rootwait cgroup_enable=memory")
    assert plan(files, boot, MEMORY) == [Edit(current, CMDLINE, after)]
    files[new] = "broken\n"
    with pytest.raises(DockerHostError, match="new/cmdline.txt names no root"):
        plan(files, boot, MEMORY)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"/boot/extlinux/extlinux.conf": GENERATED},
            ["u-boot-menu", "U_BOOT_PARAMETERS in /etc/default/u-boot", "u-boot-update"],
        ),
        (
            {
                "/boot/firmware/cmdline.txt": CMDLINE,
                "/etc/kernel/postinst.d/z50-raspi-firmware": "/etc/default/raspi-extra-cmdline",
            },
            ["raspi-firmware", "/etc/default/raspi-extra-cmdline", "update-initramfs -u"],
        ),
    ],
)
def test_a_generated_file_is_refused_with_the_place_to_edit(
    files: dict[str, str], words: list[str]
) -> None:
    disk = FakeFiles(files)
    boot = find(disk)
    assert generator(disk, boot).name == words[0]
    with pytest.raises(DockerHostError) as error:
        plan(disk, boot, MEMORY)
    assert f"{boot.paths[0]} is generated by {words[0]}" in error.value.message
    assert words[1] in error.value.remedy
    assert words[2] in error.value.remedy


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/boot/armbianEnv.txt", "a=$b"),
        ("/boot/extlinux/extlinux.conf", "a=${b}"),
        ("/boot/extlinux/extlinux.conf", "a=\\b"),
        ("/etc/default/grub", "memmap=1G$4G"),
        ("/etc/default/grub", "a=`b`"),
        ("/etc/default/grub", "a;b"),
    ],
)
def test_what_the_boot_loader_would_take_for_something_else_is_refused(
    path: str, parameter: str
) -> None:
    files = only(path)
    with pytest.raises(DockerHostError, match="would not pass on as it is"):
        plan(files, find(files), Wish((parameter,)))
    assert plan(files, find(files), Wish((), (parameter,))) == []


def test_what_the_firmware_would_not_change_is_added_as_it_is() -> None:
    files = only("/boot/cmdline.txt")
    (edit,) = plan(files, find(files), Wish(("memmap=1G$4G",)))
    assert edit.after.split()[-1] == "memmap=1G$4G"


@pytest.mark.parametrize(
    ("running", "written", "due"),
    [
        ("root=x cgroup_enable=memory", True, False),
        ("root=x", False, True),
        ("root=x", True, True),
        # The firmware's own parameter comes before those of the file at every boot.
        ("cgroup_disable=memory root=x cgroup_enable=memory", False, False),
        ("cgroup_disable=memory root=x cgroup_enable=memory", True, True),
        ("", False, True),
    ],
)
def test_a_reboot_is_due_where_it_would_make_a_difference(
    running: str, written: bool, due: bool
) -> None:
    wanted = Wish(("cgroup_enable=memory",), ("cgroup_disable=memory",))
    assert pending(running, wanted, written) is due
    assert pending(running, Wish(), written) is False
