# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done for each state of the kernel and of the files, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import ARCHITECTURES, Handler
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_files import (
    SUPPORT,
    BinfmtFile,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_plan import (
    ABSENT,
    DISABLED,
    PRESENT,
    Current,
    Wish,
    after,
    plan,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.binfmt import handler

QEMU = "/usr/bin/qemu"
GOOD = handler("arm64")
OWN = "/etc/binfmt.d/qemu-aarch64.conf"
VENDOR = "/usr/lib/binfmt.d/qemu-aarch64.conf"
OWN_FILE = BinfmtFile(OWN, False, (GOOD,))
VENDOR_FILE = BinfmtFile(VENDOR, False, (GOOD,))
MASKED = BinfmtFile(OWN, True, ())
RECORD = BinfmtFile("/var/lib/binfmts/qemu-aarch64", False, (GOOD,))
MIXED = BinfmtFile(OWN, False, (GOOD, handler("arm")))


def steps(wish: Wish, *held: Handler, files: tuple = (), failure: str | None = None) -> list[str]:
    """Return what would be done, in words."""
    asked = frozenset(one.name for one in held)
    current = Current(handlers=held, files=files, failure=failure, asked=asked)
    return [str(action) for action in plan(wish, current, QEMU)]


WANTED = Wish("arm64")
OLD_MASK = "fffffffffffefe00fffffffffffffffffeffffff"
REGISTER, WRITE = "register qemu-aarch64", f"write {OWN}"
ANEW = ["unregister qemu-aarch64", REGISTER]


@pytest.mark.parametrize(
    ("wish", "held", "expected"),
    [
        (WANTED, (), [REGISTER]),
        (WANTED, (GOOD,), []),
        # The bits of the mask that QEMU added later make no difference.
        (Wish("amd64"), (replace(handler("amd64"), mask=OLD_MASK),), []),
        # Another name is as good, and so is another interpreter, unless one is named.
        (WANTED, (replace(GOOD, name="aarch64"),), []),
        (WANTED, (replace(GOOD, interpreter="/gone"),), []),
        (replace(WANTED, interpreter=QEMU), (replace(GOOD, interpreter="/old"),), ANEW),
        # Programs of glibc's, marked as GNU's, count; those of other architectures do not.
        (WANTED, (replace(GOOD, mask=f"{'f' * 16}fffffffffffffffffeffffff"),), ANEW),
        (WANTED, (replace(GOOD, mask="ffffffffffffff00fffffffffffffffffe000000"),), ANEW),
        # Flags are a set.
        (replace(WANTED, flags="OF"), (GOOD,), []),
        (replace(WANTED, flags="F"), (GOOD,), ANEW),
        (replace(WANTED, flags="OFC"), (GOOD,), ANEW),
        (WANTED, (replace(GOOD, flags="O"),), ANEW),
        (replace(WANTED, credentials=True), (GOOD,), ANEW),
        (replace(WANTED, credentials=True), (replace(GOOD, flags="CFO"),), []),
        (replace(WANTED, credentials=False), (replace(GOOD, flags="CFO"),), ANEW),
        (WANTED, (replace(GOOD, flags="CFO"),), []),
        # Disabled is not present.
        (WANTED, (replace(GOOD, enabled=False),), ["enable qemu-aarch64"]),
        (WANTED, (replace(GOOD, enabled=False, flags="O"),), ANEW),
        # Programs of others are nobody's business.
        (WANTED, (handler("arm"), handler("riscv64")), [REGISTER]),
        (Wish("arm64", ABSENT), (GOOD,), ["unregister qemu-aarch64"]),
        (Wish("arm64", ABSENT), (handler("arm"),), []),
        (Wish("arm64", DISABLED), (GOOD,), ["disable qemu-aarch64"]),
        (Wish("arm64", DISABLED), (replace(GOOD, enabled=False),), []),
        (Wish("arm64", DISABLED), (), []),
    ],
)
def test_the_kernel_gets_what_it_lacks(wish: Wish, held: tuple, expected: list[str]) -> None:
    assert steps(replace(wish, persistent=False), *held) == expected


def test_a_handler_that_does_not_work_is_registered_anew() -> None:
    assert steps(replace(WANTED, persistent=False), GOOD, failure="it was killed") == ANEW


@pytest.mark.parametrize(
    ("asked", "expected"), [("qemu-aarch64", ANEW), ("mine", ["disable mine", *ANEW])]
)
def test_of_two_handlers_the_one_is_to_blame_that_was_asked(
    asked: str, expected: list[str]
) -> None:
    held = (replace(GOOD, name="mine"), GOOD)
    current = Current(handlers=held, failure="it was killed", asked=frozenset((asked,)))
    wish = replace(WANTED, persistent=False)
    if asked == "mine":
        with pytest.raises(DockerHostError, match="mine, which does not work: it was killed"):
            plan(wish, current, QEMU)
    done = plan(replace(wish, replace=asked == "mine"), current, QEMU)
    assert [str(action) for action in done] == expected


def test_the_credentials_are_part_of_what_is_registered() -> None:
    (first, *_) = plan(replace(WANTED, credentials=True), Current(), QEMU)
    assert first.handler.flags == "CFO"
    (first, *_) = plan(replace(WANTED, flags="FC", credentials=False), Current(), QEMU)
    assert first.handler.flags == "F"


def test_the_first_argument_is_kept_where_the_interpreter_knows_how() -> None:
    (first, *_) = plan(WANTED, Current(), "/usr/libexec/qemu-binfmt/aarch64-binfmt-P")
    assert first.handler.flags == "FOP"


@pytest.mark.parametrize(
    ("wish", "files", "expected"),
    [
        (WANTED, (), [WRITE]),
        (WANTED, (OWN_FILE,), []),
        (WANTED, (VENDOR_FILE,), []),
        (WANTED, (MASKED,), [WRITE]),
        (WANTED, (MASKED, VENDOR_FILE), [f"remove {OWN}"]),
        (replace(WANTED, credentials=True), (VENDOR_FILE,), [WRITE]),
        (replace(WANTED, persistent=False), (OWN_FILE,), [f"remove {OWN}"]),
        (replace(WANTED, persistent=False), (VENDOR_FILE,), []),
        (replace(WANTED, persistent=False), (MIXED,), []),
        (replace(WANTED, persistent=False), (MASKED, VENDOR_FILE), []),
        # binfmt-support's database serves too, unless systemd registers another of that name first.
        (WANTED, (RECORD,), []),
        (replace(WANTED, credentials=True), (RECORD,), [WRITE]),
        (WANTED, (RECORD, replace(OWN_FILE, handlers=(replace(GOOD, flags="O"),))), [WRITE]),
        # Another file of the administrator's own serves as well.
        (WANTED, (replace(OWN_FILE, path="/etc/binfmt.d/mine.conf"),), []),
        (
            replace(WANTED, credentials=True, replace=True),
            (MIXED,),
            [f"keep a copy of {OWN}", WRITE],
        ),
    ],
)
def test_the_next_boot_gets_what_it_lacks(wish: Wish, files: tuple, expected: list[str]) -> None:
    held = replace(GOOD, flags="CFO") if wish.credentials else GOOD
    assert steps(wish, held, files=files) == expected


@pytest.mark.parametrize("state", [ABSENT, DISABLED])
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), []),
        ((OWN_FILE,), [f"remove {OWN}"]),
        ((VENDOR_FILE,), [f"mask {OWN}"]),
        ((OWN_FILE, VENDOR_FILE), [f"mask {OWN}"]),
        ((MASKED, VENDOR_FILE), []),
        # The package that brought the file is gone, and the mask hides nothing.
        ((MASKED,), [f"remove {OWN}"]),
        ((RECORD,), [f"remove {RECORD.path}"]),
        ((RECORD, OWN_FILE), [f"remove {RECORD.path}", f"remove {OWN}"]),
        ((RECORD, VENDOR_FILE), [f"remove {RECORD.path}", f"mask {OWN}"]),
        ((BinfmtFile(OWN, False, (handler("arm"),)),), []),
    ],
)
def test_the_next_boot_registers_nothing(state: str, files: tuple, expected: list[str]) -> None:
    assert steps(Wish("arm64", state), files=files) == expected


@pytest.mark.parametrize("state", [ABSENT, DISABLED])
def test_a_boot_that_is_left_to_others_loses_the_modules_file_alone(state: str) -> None:
    wish = Wish("arm64", state, persistent=False)
    assert steps(wish, files=(OWN_FILE, VENDOR_FILE)) == [f"remove {OWN}"]
    assert steps(wish, files=(MASKED, VENDOR_FILE)) == []
    assert steps(wish, files=(VENDOR_FILE,)) == []


WIDE = "ff" * 6 + "00" * 14
OTHER = replace(GOOD, name="box64", interpreter="/usr/bin/box64", flags="P")


@pytest.mark.parametrize(
    ("wish", "held", "files", "failure", "words"),
    [
        (WANTED, (OTHER,), (), None, "taken by the handler box64"),
        (WANTED, (replace(OTHER, flags="F"),), (), "it was killed", "does not work: it was killed"),
        (WANTED, (replace(handler("arm"), name="qemu-aarch64"),), (), None, "name .* is taken"),
        (WANTED, (replace(GOOD, name="all", mask=WIDE),), (), None, "or takes others too"),
        (replace(WANTED, credentials=True), (), (MIXED,), None, "holds other registrations"),
        (WANTED, (), (BinfmtFile(OWN, False, ()),), None, "holds lines, and no registration"),
        (Wish("arm64", ABSENT), (OTHER,), (), None, "also taken by the handler box64"),
        (Wish("arm64", ABSENT), (), (MIXED,), None, "holds other registrations"),
        (
            Wish("arm64", ABSENT),
            (),
            (replace(OWN_FILE, path="/usr/lib/binfmt.d/emulators.conf"),),
            None,
            "emulators.conf registers a handler",
        ),
        (
            Wish("arm64", ABSENT),
            (),
            (replace(RECORD, local=True),),
            None,
            "update-binfmts --remove qemu-aarch64 /usr/bin/qemu",
        ),
        (
            Wish("arm64", ABSENT),
            (),
            (replace(RECORD, path="/var/lib/binfmts/mine"),),
            None,
            "binfmt-support registers the handler mine",
        ),
    ],
)
def test_what_belongs_to_others_is_not_taken(
    wish: Wish, held: tuple, files: tuple, failure: str | None, words: str
) -> None:
    with pytest.raises(DockerHostError, match=words):
        steps(wish, *held, files=files, failure=failure)


def test_what_belongs_to_others_is_disabled_where_that_is_asked() -> None:
    wish = replace(WANTED, replace=True, persistent=False)
    assert steps(wish, OTHER) == ["disable box64", REGISTER]
    assert steps(replace(wish, state=ABSENT), OTHER, GOOD) == [
        "unregister qemu-aarch64",
        "disable box64",
    ]


def test_what_belongs_to_others_is_left_alone_where_that_is_asked() -> None:
    wish = Wish("arm64", ABSENT, keep_others=True)
    files = (
        OWN_FILE,
        replace(VENDOR_FILE, path="/etc/binfmt.d/box64.conf"),
        replace(RECORD, path="/var/lib/binfmts/box64"),
        replace(RECORD, local=True),
    )
    assert steps(wish, OTHER, GOOD, files=files) == ["unregister qemu-aarch64", f"remove {OWN}"]
    assert steps(wish, OTHER, files=files[1:]) == []
    disabled = replace(wish, state="disabled", persistent=False)
    assert steps(disabled, OTHER, GOOD) == ["disable qemu-aarch64"]


def test_without_a_qemu_the_error_says_what_to_install() -> None:
    with pytest.raises(DockerHostError, match="qemu-user-static.* too old.*docker_emulation_image"):
        plan(WANTED, Current(), None)
    assert plan(WANTED, Current(handlers=(GOOD,), files=(VENDOR_FILE,)), None) == []


def handlers() -> st.SearchStrategy:
    return st.builds(
        lambda architecture, name, interpreter, flags, enabled: replace(
            handler(architecture, interpreter, flags),
            enabled=enabled,
            **({"name": name} if name else {}),
        ),
        st.sampled_from(("arm64", "arm", "amd64")),
        st.sampled_from(("", "", "box64", "qemu-arm")),
        st.sampled_from((QEMU, "/other/qemu")),
        st.sampled_from(("F", "FO", "O", "CFO", "")),
        st.booleans(),
    )


def files() -> st.SearchStrategy:
    return st.builds(
        lambda folder, name, masked, held: BinfmtFile(
            f"{folder}/{name}" if folder == SUPPORT else f"{folder}/{name}.conf",
            masked,
            () if masked else tuple(held),
        ),
        st.sampled_from(("/etc/binfmt.d", "/run/binfmt.d", "/usr/lib/binfmt.d", SUPPORT)),
        st.sampled_from(("qemu-aarch64", "qemu-arm", "mine")),
        st.booleans(),
        st.lists(handlers(), max_size=2),
    )


@given(
    wish=st.builds(
        Wish,
        architecture=st.sampled_from(ARCHITECTURES[:3]),
        state=st.sampled_from((PRESENT, ABSENT, DISABLED)),
        interpreter=st.sampled_from((None, QEMU)),
        flags=st.sampled_from((None, "F", "OF", "CF")),
        credentials=st.sampled_from((None, True, False)),
        persistent=st.booleans(),
        replace=st.booleans(),
    ),
    held=st.lists(handlers(), max_size=4, unique_by=lambda one: one.name),
    there=st.lists(files(), max_size=4, unique_by=lambda one: one.path),
    failure=st.sampled_from((None, "it was killed")),
    asked=st.frozensets(st.sampled_from(("qemu-aarch64", "qemu-arm", "box64"))),
)
def test_what_is_done_once_is_done(
    wish: Wish,
    held: list[Handler],
    there: list[BinfmtFile],
    failure: str | None,
    asked: frozenset,
) -> None:
    current = Current(True, tuple(held), tuple(there), failure, asked)
    try:
        actions = plan(wish, current, QEMU)
    except DockerHostError:
        assume(False)
    done = after(current, actions)
    assert plan(wish, done, QEMU) == []
    foreign = {one for one in held if one.name not in {action.subject for action in actions}}
    assert foreign <= set(done.handlers)
