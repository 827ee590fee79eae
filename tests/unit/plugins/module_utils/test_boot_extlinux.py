# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._boot_extlinux import (
    change,
    generator,
    parameters,
)
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.boot_files import (
    EXTLINUX,
    GENERATED,
    LINES,
    PARAMETERS,
)

NEW = Wish(("loglevel=3",))
GONE = Wish((), ("loglevel",))

TWO = "LABEL a\n  LINUX /a\n  APPEND x=a\nLABEL b\n  LINUX /b\n  APPEND x=b\n"


def test_the_default_label_is_edited_and_others_are_not() -> None:
    assert change(EXTLINUX, NEW, "x") == EXTLINUX.replace("rootwait", "rootwait loglevel=3")
    assert change(EXTLINUX, Wish((), ("rw", "quiet")), "x") == EXTLINUX.replace(" rw", "")


@pytest.mark.parametrize(
    ("top", "label"),
    [
        ("", "a"),
        ("DEFAULT b\n", "b"),
        ("default b\r\n", "b"),
        ("DEFAULT a\nDEFAULT b\n", "b"),
        ("#DEFAULT b\n", "a"),
        ("  DEFAULT   b  \n", "b"),
        ("DEFAULT a\nONTIMEOUT b\n", "b"),
    ],
)
def test_the_label_that_boots_is_default_or_the_first(top: str, label: str) -> None:
    assert parameters(top + TWO) == [f"x={label}"]
    assert change(top + TWO, NEW, "x") == (top + TWO).replace(f"x={label}", f"x={label} loglevel=3")


def test_a_label_can_say_of_itself_that_it_is_the_default() -> None:
    text = TWO.replace("LABEL b\n", "LABEL b\n  menu default\n")
    assert parameters(text) == ["x=b"]
    assert parameters(f"DEFAULT a\n{text}") == ["x=a"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LABEL a\n\tLINUX /a\n", "LABEL a\n\tAPPEND loglevel=3\n\tLINUX /a\n"),
        ("label a\r\n  linux /a", "label a\r\n  append loglevel=3\r\n  linux /a"),
        (
            "LABEL a\n\n  # x\n    KERNEL /a\n",
            "LABEL a\n    APPEND loglevel=3\n\n  # x\n    KERNEL /a\n",
        ),
    ],
)
def test_a_label_without_append_gets_one_that_goes_again(before: str, after: str) -> None:
    assert change(before, NEW, "x") == after
    assert change(after, GONE, "x") == before
    assert change(before, GONE, "x") == before


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "  \n", "\t\r\n"])
def test_line_ends_stay(end: str) -> None:
    text = f"LABEL a\nLINUX /a\nAPPEND root=x{end}"
    assert change(text, NEW, "x") == f"LABEL a\nLINUX /a\nAPPEND root=x loglevel=3{end}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no LABEL"),
        ("TIMEOUT 30\nAPPEND root=x\n", "has no LABEL"),
        (f"DEFAULT c\n{TWO}", "has 0 labels 'c'"),
        (f"DEFAULT vesamenu.c32\n{TWO}", "has 0 labels 'vesamenu.c32'"),
        (TWO.replace("LABEL b", "LABEL a"), "has 2 labels 'a'"),
        ("LABEL a\n  LINUX /a\n  APPEND x\n  APPEND y\n", "'a' .* has 2 lines APPEND"),
        ("LABEL a\n  LOCALBOOT 1\n", "'a' .* names no kernel"),
        ('LABEL a\n  LINUX /a\n  APPEND x="y\n', "not closed"),
        ("LABEL a\n  LINUX /a\n  APPEND x\x01y\n", "control character"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(DockerHostError, match=message) as error:
        change(text, NEW, "/boot/extlinux/extlinux.conf")
    assert "/boot/extlinux/extlinux.conf" in error.value.message
    assert error.value.remedy


def test_a_generated_file_names_its_generator() -> None:
    assert generator(EXTLINUX) is None
    assert generator(GENERATED).name == "u-boot-menu"
    assert "/etc/default/u-boot" in generator(GENERATED).place
    assert generator(GENERATED.replace("u-boot-update", "extlinux-update")).name == "extlinux"
    assert generator(f"{EXTLINUX}\n# was once made by u-boot-update\n") is None
    assert parameters(GENERATED) == ["root=/dev/mmcblk0p1", "ro", "quiet"]


@given(st.none() | LINES.filter(str.strip), st.sampled_from(["\n", "\r\n"]), PARAMETERS)
def test_what_was_added_goes_without_a_trace(line: str | None, end: str, new: str) -> None:
    append = "" if line is None else f"  APPEND {line}{end}"
    text = f"DEFAULT a{end}LABEL b{end}  LINUX /b{end}LABEL a{end}{append}  LINUX /a"
    added = change(text, Wish((new,)), "x")
    assert change(added, Wish((new,)), "x") == added
    if new not in parameters(text) and new != "a":
        assert new in parameters(added)
        assert change(added, Wish((), (new,)), "x") == text


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            ["LABEL ", "DEFAULT ", "APPEND ", "LINUX ", "MENU ", "\n", "\r", "a", '"', " "]
        )
    ).map("".join)
)
def test_any_text_is_changed_once_or_refused(text: str) -> None:
    assert isinstance(parameters(text), list)
    assert generator(text) is None
    try:
        new = change(text, NEW, "x")
    except DockerHostError:
        return
    assert change(new, NEW, "x") == new
    assert "loglevel=3" in parameters(new)
