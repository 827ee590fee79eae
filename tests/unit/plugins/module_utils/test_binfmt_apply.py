# SPDX-License-Identifier: GPL-3.0-or-later
"""What binfmt_handler does to files in a folder and to a kernel that only remembers."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils import _binfmt
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_apply import (
    Outcome,
    Request,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_machine import Machine
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_plan import (
    ABSENT,
    DISABLED,
    PRESENT,
    Wish,
)
from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.binfmt import RECORD, FakeKernel, handler
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said

DEBIAN = "/usr/libexec/qemu-binfmt/aarch64-binfmt-P"
STATIC = "/usr/bin/qemu-aarch64-static"
OWN = "/etc/binfmt.d/qemu-aarch64.conf"
VENDOR = "/usr/lib/binfmt.d/qemu-aarch64.conf"
HELD = handler("arm64", DEBIAN, "FOP")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files of an amd64 machine with Debian's QEMU."""
    put(tmp_path, DEBIAN, exit_program("amd64", 0))
    return tmp_path


def put(root: Path, path: str, content: bytes) -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.chmod(0o755)
    return place


def dynamic(program: bytes) -> bytes:
    """Return a program whose one segment names a loader."""
    changed = bytearray(program)
    changed[64] = 3
    return bytes(changed)


def do(kernel: Machine, architecture: str = "arm64", **options: Any) -> Outcome:
    about = {name: options.pop(name) for name in ("verify", "check", "native") if name in options}
    host = options.pop("host", "amd64")
    return configure(Request(Wish(architecture, **options), host=host, **about), kernel)


def words(outcome: Outcome) -> list[str]:
    return [str(action) for action in outcome.actions]


def test_a_bare_machine_gets_a_handler_now_and_for_every_boot(root: Path) -> None:
    kernel = FakeKernel(root)
    outcome = do(kernel)
    assert words(outcome) == ["register qemu-aarch64", f"write {OWN}"]
    assert outcome.works is True
    assert kernel.handlers() == [HELD]
    line = (root / OWN.lstrip("/")).read_text().splitlines()[-1]
    assert _binfmt.parse_line(line) == HELD
    assert words(do(kernel)) == []


def test_check_mode_says_the_same_and_does_nothing(root: Path) -> None:
    kernel = FakeKernel(root)
    kernel.is_mounted = False
    predicted = do(kernel, check=True)
    assert (kernel.is_mounted, kernel.held, (root / "etc").exists()) == (False, {}, False)
    done = do(kernel)
    assert (
        words(predicted)
        == words(done)
        == [
            "mount binfmt_misc",
            "register qemu-aarch64",
            f"write {OWN}",
        ]
    )
    assert predicted.after.handlers == done.after.handlers


def test_handlers_that_appear_with_the_mount_stay(root: Path) -> None:
    kernel = FakeKernel(root, HELD)
    kernel.is_mounted = False
    assert words(do(kernel, persistent=False)) == ["mount binfmt_misc"]


def test_a_kernel_that_asks_no_handler_is_told_to(root: Path) -> None:
    kernel = FakeKernel(root, HELD)
    kernel.is_active = False
    assert words(do(kernel, persistent=False)) == ["activate binfmt_misc"]
    assert kernel.is_active


@pytest.mark.parametrize("paths", [(DEBIAN, STATIC), (STATIC,), ("/usr/bin/qemu-aarch64",)])
def test_the_interpreter_is_found_where_distributions_put_it(tmp_path: Path, paths: tuple) -> None:
    for path in paths:
        put(tmp_path, path, exit_program("amd64", 0))
    kernel = FakeKernel(tmp_path)
    do(kernel)
    assert kernel.held["qemu-aarch64"].interpreter == paths[0]


def test_a_dynamic_interpreter_is_passed_over_for_a_static_one(tmp_path: Path) -> None:
    put(tmp_path, "/usr/bin/qemu-aarch64", dynamic(exit_program("amd64", 0)))
    put(tmp_path, "/usr/local/bin/qemu-aarch64-static", exit_program("amd64", 0))
    kernel = FakeKernel(tmp_path)
    do(kernel)
    assert kernel.held["qemu-aarch64"].interpreter == "/usr/local/bin/qemu-aarch64-static"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"#!/bin/sh\n", "no executable"),
        (exit_program("arm64", 0), "is a program for arm64, and this is amd64"),
        (dynamic(exit_program("amd64", 0)), "dynamically linked"),
    ],
)
def test_an_interpreter_that_cannot_work_is_refused_and_nothing_is_registered(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        put(tmp_path, STATIC, content)
    kernel = FakeKernel(tmp_path)
    with pytest.raises(DockerHostError, match=message):
        do(kernel, interpreter=STATIC)
    assert kernel.held == {}
    assert not (tmp_path / "etc").exists()


@pytest.mark.parametrize(
    ("host", "program"),
    [("arm", "arm"), ("arm64", "arm"), ("amd64", "386"), ("riscv64", "riscv64")],
)
def test_an_interpreter_is_one_for_the_kernel_or_for_the_32_bits_that_it_runs(
    tmp_path: Path, host: str, program: str
) -> None:
    put(tmp_path, "/usr/bin/qemu-s390x-static", exit_program(program, 0))
    assert do(FakeKernel(tmp_path), "s390x", host=host).works is True


def test_an_interpreter_without_permission_to_execute_is_refused(tmp_path: Path) -> None:
    put(tmp_path, STATIC, exit_program("amd64", 0)).chmod(0o644)
    kernel = FakeKernel(tmp_path)
    for options in ({}, {"interpreter": STATIC, "flags": "", "verify": False}):
        with pytest.raises(DockerHostError, match="cannot be executed. Give it the permission"):
            do(kernel, **options)
    assert kernel.held == {}


def test_a_dynamic_interpreter_that_is_all_there_is_is_an_error_too(tmp_path: Path) -> None:
    put(tmp_path, "/usr/bin/qemu-aarch64", dynamic(exit_program("amd64", 0)))
    with pytest.raises(DockerHostError, match="qemu-aarch64 is dynamically linked"):
        do(FakeKernel(tmp_path))


def test_a_dynamic_interpreter_serves_outside_of_containers(tmp_path: Path) -> None:
    put(tmp_path, STATIC, dynamic(exit_program("amd64", 0)))
    kernel = FakeKernel(tmp_path)
    do(kernel, interpreter=STATIC, flags="O")
    assert kernel.held["qemu-aarch64"].flags == "O"


@pytest.mark.parametrize(
    ("architecture", "host", "native", "own"),
    [
        ("amd64", "amd64", None, set()),
        ("arm64", "arm64", None, set()),
        ("386", "amd64", None, {"386"}),
        ("386", "amd64", "386", set()),
        ("arm", "arm64", "arm", {"arm"}),
    ],
)
def test_what_the_machine_runs_itself_is_not_emulated(
    root: Path, architecture: str, host: str, native: str | None, own: set[str]
) -> None:
    kernel = FakeKernel(root)
    kernel.own = own
    with pytest.raises(DockerHostError, match="itself"):
        do(kernel, architecture, host=host, native=native)
    assert kernel.held == {}


@pytest.mark.parametrize(("host", "native"), [("arm64", "arm"), ("amd64", "386")])
def test_a_handler_for_what_the_cores_run_themselves_is_found_out(
    root: Path, host: str, native: str
) -> None:
    kernel = FakeKernel(root, handler(native))
    with pytest.raises(DockerHostError, match="itself"):
        do(kernel, native, host=host, native=native)
    assert words(do(kernel, native, host=host, native=native, state=ABSENT)) == [
        f"unregister {handler(native).name}"
    ]


@pytest.mark.parametrize(
    ("files", "runs"),
    [
        ({"/proc/sys/abi/vsyscall32": b"1\n", "/proc/cmdline": b"ro quiet\n"}, True),
        ({"/proc/sys/abi/vsyscall32": b"1\n", "/proc/cmdline": b"ro ia32_emulation=0\n"}, False),
        ({"/proc/sys/abi/vsyscall32": b"1\n", "/proc/cmdline": b"x.ia32_emulation=0\n"}, True),
        ({"/proc/cmdline": b"ro\n"}, False),
    ],
)
def test_whether_a_kernel_runs_32_bit_programs_is_asked(
    tmp_path: Path, files: dict[str, bytes], runs: bool
) -> None:
    for path, data in files.items():
        put(tmp_path, path, data)
    assert Machine(FakeRunner(), str(tmp_path)).runs_ia32() is runs


def test_cores_without_32_bit_programs_get_them_emulated(tmp_path: Path) -> None:
    put(tmp_path, "/usr/bin/qemu-arm-static", exit_program("arm64", 0))
    kernel = FakeKernel(tmp_path)
    for _run in range(2):
        outcome = do(kernel, "arm", host="arm64")
    assert words(outcome) == []
    assert outcome.works is True


def test_a_handler_that_does_not_work_is_mended(root: Path) -> None:
    kernel = FakeKernel(root, replace(HELD, interpreter="/gone"))
    kernel.broken = {"/gone"}
    assert words(do(kernel, persistent=False)) == [
        "unregister qemu-aarch64",
        "register qemu-aarch64",
    ]
    assert kernel.handlers() == [HELD]


def test_a_handler_that_does_not_work_is_taken_back_and_the_old_one_restored(root: Path) -> None:
    old = replace(HELD, flags="O", enabled=False)
    kernel = FakeKernel(root, old)
    kernel.broken = {DEBIAN}
    with pytest.raises(DockerHostError, match="does not work: it was killed by SIGSEGV"):
        do(kernel)
    assert kernel.handlers() == [old]
    assert not (root / "etc").exists()


def test_what_the_kernel_refuses_leaves_nothing_half_done(root: Path) -> None:
    other = replace(HELD, name="box64", flags="")
    kernel = FakeKernel(root, other)
    kernel.refused = {"qemu-aarch64"}
    with pytest.raises(DockerHostError, match="refuses qemu-aarch64"):
        do(kernel, replace=True)
    assert kernel.handlers() == [other]


def test_without_verification_nothing_is_executed(root: Path) -> None:
    kernel = FakeKernel(root, HELD)
    kernel.broken = {DEBIAN}
    outcome = do(kernel, verify=False, persistent=False)
    assert (words(outcome), outcome.works) == ([], None)
    kernel.failure = None
    outcome = do(kernel, verify=False, credentials=True)
    assert (words(outcome)[-1], outcome.works) == (f"write {OWN}", None)
    kernel.held.clear()
    assert words(do(kernel, verify=False, credentials=True)) == ["register qemu-aarch64"]


def test_a_vendors_file_is_masked_and_unmasked(root: Path) -> None:
    put(root, VENDOR, f"{_binfmt.render(HELD)}\n".encode())
    kernel = FakeKernel(root, HELD)
    mask = root / OWN.lstrip("/")
    assert words(do(kernel, state=DISABLED)) == ["disable qemu-aarch64", f"mask {OWN}"]
    assert os.readlink(mask) == "/dev/null"
    assert words(do(kernel, state=DISABLED)) == []
    assert words(do(kernel)) == ["enable qemu-aarch64", f"remove {OWN}"]
    assert not mask.is_symlink()
    assert words(do(kernel, state=ABSENT)) == ["unregister qemu-aarch64", f"mask {OWN}"]
    assert words(do(kernel, credentials=True)) == ["register qemu-aarch64", f"write {OWN}"]
    assert not mask.is_symlink()
    assert Path("/dev/null").is_char_device()


def test_a_copy_is_kept_of_a_file_that_holds_more(root: Path) -> None:
    lines = "".join(f"{_binfmt.render(handler(name))}\n" for name in ("arm64", "arm"))
    place = put(root, OWN, lines.encode())
    assert words(do(FakeKernel(root), credentials=True, replace=True)) == [
        "register qemu-aarch64",
        f"keep a copy of {OWN}",
        f"write {OWN}",
    ]
    (copy,) = [path for path in place.parent.iterdir() if path != place]
    assert copy.read_text() == lines
    assert not copy.name.endswith(".conf")


@pytest.mark.parametrize(
    ("filesystems", "message"),
    [
        ("nodev\tproc\n", "no binfmt_misc"),
        ("nodev\tbinfmt_misc\n", r"mounted: mount: permission denied\. A container"),
    ],
)
def test_a_machine_without_binfmt_misc_says_why(root: Path, filesystems: str, message: str) -> None:
    put(root, "/proc/filesystems", filesystems.encode())
    refusal = "mount: permission denied.\n       dmesg(1) may have more information.\n"
    runner = FakeRunner(mount=said(rc=32, stderr=refusal))
    with pytest.raises(DockerHostError, match=message):
        do(Machine(runner, str(root)))


@pytest.mark.parametrize("state", [ABSENT, DISABLED])
def test_handlers_that_cannot_be_seen_are_not_called_gone(root: Path, state: str) -> None:
    put(root, "/proc/filesystems", b"nodev\tbinfmt_misc\n")
    runner = FakeRunner(mount=said(rc=32, stderr="mount: permission denied."))
    with pytest.raises(DockerHostError, match="permission denied"):
        do(Machine(runner, str(root)), state=state)


def test_a_kernel_without_binfmt_misc_has_nothing_to_remove(root: Path) -> None:
    put(root, "/proc/filesystems", b"nodev\tproc\n")
    assert words(do(Machine(FakeRunner(), str(root)), state=ABSENT)) == []


def test_a_dynamic_interpreter_that_is_held_open_is_replaced(tmp_path: Path) -> None:
    put(tmp_path, "/opt/qemu", dynamic(exit_program("amd64", 0)))
    put(tmp_path, "/usr/bin/qemu-aarch64-static", exit_program("amd64", 0))
    kernel = FakeKernel(tmp_path, handler("arm64", "/opt/qemu"))
    assert words(do(kernel)) == ["unregister qemu-aarch64", "register qemu-aarch64", f"write {OWN}"]
    assert kernel.held["qemu-aarch64"].interpreter == "/usr/bin/qemu-aarch64-static"


def test_the_kernels_refusal_is_explained(root: Path) -> None:
    put(root, "/proc/sys/fs/binfmt_misc/status", b"enabled\n")
    put(root, "/proc/sys/fs/binfmt_misc/register/closed", b"")
    with pytest.raises(DockerHostError, match="The kernel refuses ':qemu-aarch64:M:"):
        do(Machine(FakeRunner(), str(root)), verify=False)
    assert not (root / "etc").exists()


# What an image registers: the kernel holds it open, and no file of the machine is behind it.
FROM_IMAGE = handler("arm64", "/usr/bin/qemu-aarch64", "FO")


@pytest.mark.parametrize("fault", ["broken", "dynamic", "refused"])
def test_a_handler_that_could_not_come_back_stays_where_the_new_one_fails(
    root: Path, fault: str
) -> None:
    kernel = FakeKernel(root, FROM_IMAGE)
    if fault == "broken":
        kernel.broken.add(DEBIAN)
    elif fault == "dynamic":
        put(root, DEBIAN, dynamic(exit_program("amd64", 0)))
    options = {"flags": "FX"} if fault == "refused" else {"credentials": True}
    with pytest.raises(DockerHostError) as caught:
        do(kernel, **options)
    assert kernel.handlers() == [FROM_IMAGE]
    assert "put back" not in str(caught.value)
    if fault != "broken":
        with pytest.raises(DockerHostError, match="flag"):
            do(kernel, check=True, **options)


def test_what_cannot_be_put_back_is_said_and_the_rest_is(root: Path) -> None:
    kernel = FakeKernel(root, FROM_IMAGE)
    kernel.is_active = False
    place = root / "etc/binfmt.d"
    place.parent.mkdir()
    place.write_text("a file where the folder shall be")
    with pytest.raises(DockerHostError) as caught:
        do(kernel, credentials=True)
    assert "Nor was all put back: The kernel cannot open /usr/bin/qemu-aarch64" in str(caught.value)
    assert (kernel.handlers(), kernel.is_active) == ([], False)


def test_a_file_of_the_next_boot_counts_only_with_its_interpreter(root: Path) -> None:
    kernel = FakeKernel(root, HELD)
    line = _binfmt.render(handler("arm64", "/opt/gone", "FO"))
    put(root, OWN, line.encode())
    put(root, VENDOR, _binfmt.render(HELD).encode())
    assert words(do(kernel)) == [f"write {OWN}"]
    assert _binfmt.parse_line((root / OWN[1:]).read_text().splitlines()[-1]) == HELD
    assert words(do(kernel)) == []


@pytest.mark.parametrize("options", [{"flags": "FC"}, {"flags": "F", "credentials": True}])
def test_credentials_bring_the_flag_with_them_that_the_kernel_adds(
    root: Path, options: dict[str, Any]
) -> None:
    kernel = FakeKernel(root)
    do(kernel, **options)
    assert kernel.handlers()[0].flags == "CFO"
    assert words(do(kernel, **options)) == []


def test_credentials_that_are_there_stay_with_another_interpreter(root: Path) -> None:
    kernel = FakeKernel(root, handler("arm64", DEBIAN, "CFOP"))
    put(root, STATIC, exit_program("amd64", 0))
    do(kernel, interpreter=STATIC)
    assert kernel.handlers() == [handler("arm64", STATIC, "CFO")]


@pytest.mark.parametrize("state", [PRESENT, ABSENT])
def test_what_a_killed_run_left_of_its_trial_is_cleared_away(root: Path, state: str) -> None:
    trial = replace(HELD, name="arm64-docker-trial")
    kernel = FakeKernel(root, replace(HELD, flags="O"), trial)
    predicted = words(do(kernel, state=state, persistent=False, check=True))
    assert trial in kernel.handlers()
    done = words(do(kernel, state=state, persistent=False))
    assert predicted == done
    assert done[:2] == ["unregister arm64-docker-trial", "unregister qemu-aarch64"]
    assert kernel.handlers() == ([HELD] if state == PRESENT else [])
    assert words(do(kernel, state=state, persistent=False)) == []


def test_the_own_handler_is_mended_beside_one_of_another_name_that_fits(root: Path) -> None:
    mine = replace(HELD, name="mine")
    kernel = FakeKernel(root, mine, replace(HELD, interpreter="/gone"))
    kernel.broken = {"/gone"}
    assert words(do(kernel, persistent=False)) == [
        "unregister qemu-aarch64",
        "register qemu-aarch64",
    ]
    assert kernel.handlers() == [mine, HELD]


def test_when_a_handler_was_registered_is_its_time_of_access(tmp_path: Path) -> None:
    for name, moment in (("qemu-aarch64", 1), ("mine", 2)):
        place = put(tmp_path, f"/proc/sys/fs/binfmt_misc/{name}", b"enabled\n")
        os.utime(place, (moment, 9))
    since = Machine(FakeRunner(), str(tmp_path)).since()
    assert since == {"mine": 2 * 10**9, "qemu-aarch64": 10**9}


SUPPORT = "/var/lib/binfmts/qemu-aarch64"
UNITS = "etc/systemd/system"


def support(root: Path, record: str = RECORD) -> Path:
    """Put binfmt-support there, which has registered QEMU and will do so at every boot."""
    put(root, "/usr/sbin/update-binfmts", b"")
    wants = root / UNITS / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "binfmt-support.service").symlink_to("/lib/systemd/system/binfmt-support.service")
    return put(root, SUPPORT, record.encode())


def test_what_binfmt_support_registers_is_good_enough(root: Path) -> None:
    support(root)
    kernel = FakeKernel(root, replace(HELD, flags="FP"))
    outcome = do(kernel)
    assert (words(outcome), outcome.works) == ([], True)


@pytest.mark.parametrize("state", [ABSENT, DISABLED])
def test_what_binfmt_support_would_register_again_is_forgotten(root: Path, state: str) -> None:
    place = support(root)
    kernel = FakeKernel(root, replace(HELD, flags="FP"))
    verb = "unregister" if state == ABSENT else "disable"
    for check in (True, False):
        done = words(do(kernel, state=state, check=check))
        assert done == [f"{verb} qemu-aarch64", f"remove {SUPPORT}"]
        assert place.exists() is check
    assert words(do(kernel, state=state)) == []
    assert words(do(kernel))[-1] == f"write {OWN}"


def test_what_an_administrator_told_binfmt_support_stays(root: Path) -> None:
    support(root, RECORD.replace("qemu-user-static", ":"))
    kernel = FakeKernel(root, HELD)
    with pytest.raises(DockerHostError, match="update-binfmts --remove qemu-aarch64 /usr/libexec"):
        do(kernel, state=ABSENT)
    assert kernel.handlers() == [HELD]


@pytest.mark.parametrize("off", ["program", "wants", "masked", "damaged"])
def test_what_binfmt_support_does_not_register_at_boot_does_not_count(root: Path, off: str) -> None:
    place = support(root)
    if off == "program":
        (root / "usr/sbin/update-binfmts").unlink()
    elif off == "wants":
        (root / UNITS / "multi-user.target.wants/binfmt-support.service").unlink()
    elif off == "masked":
        (root / UNITS / "binfmt-support.service").symlink_to("/dev/null")
    else:
        place.write_text("half a record\n")
    assert words(do(FakeKernel(root, HELD))) == [f"write {OWN}"]


def test_a_mask_may_be_a_relative_link(root: Path) -> None:
    put(root, VENDOR, _binfmt.render(HELD).encode())
    mask = root / OWN.lstrip("/")
    mask.parent.mkdir(parents=True)
    mask.symlink_to("../../dev/null")
    kernel = FakeKernel(root)
    assert words(do(kernel, state=ABSENT)) == []
    assert words(do(kernel)) == ["register qemu-aarch64", f"remove {OWN}"]


def test_a_file_in_the_place_of_the_folder_is_no_question_of_rights(root: Path) -> None:
    put(root, VENDOR, _binfmt.render(HELD).encode())
    put(root, "/etc/binfmt.d", b"")
    with pytest.raises(DockerHostError, match="Not a directory. Look at what stands"):
        do(FakeKernel(root, HELD), state=ABSENT)


def test_a_machine_that_registers_nothing_at_boot_is_told_from_one_that_does(root: Path) -> None:
    put(root, VENDOR, _binfmt.render(HELD).encode())
    (root / UNITS).mkdir(parents=True)
    (root / UNITS / "systemd-binfmt.service").symlink_to("/dev/null")
    kernel = FakeKernel(root)
    with pytest.raises(DockerHostError, match=r"is masked .*systemctl unmask systemd-binfmt"):
        do(kernel)
    assert kernel.handlers() == []
    assert words(do(kernel, persistent=False)) == ["register qemu-aarch64"]
    support(root)
    assert words(do(kernel)) == []


def test_an_interpreter_of_others_that_cannot_be_read_stands_in_nobodys_way(root: Path) -> None:
    (root / "opt/folder").mkdir(parents=True)
    kernel = FakeKernel(root, replace(HELD, name="odd", magic="00", interpreter="/opt/folder"))
    assert words(do(kernel)) == ["register qemu-aarch64", f"write {OWN}"]
    with pytest.raises(DockerHostError, match="/opt/folder cannot be read: Is a directory"):
        do(kernel, interpreter="/opt/folder")
