# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._boot_armbian import change, parameters
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.boot_files import ARMBIAN, LINES, PARAMETERS

QUIET = Wish(("quiet",))
LOUD = Wish((), ("quiet",))


def test_the_parameters_are_those_of_extraargs() -> None:
    assert parameters(ARMBIAN) == ["cma=256M"]
    assert parameters("verbosity=1\n") == []
    assert parameters("extraargs=a\nextraargs=b c\r\n") == ["b", "c"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ARMBIAN, ARMBIAN.replace("cma=256M", "cma=256M quiet")),
        (ARMBIAN.replace("\n", "\r\n"), ARMBIAN.replace("\n", "\r\n").replace("6M", "6M quiet")),
        ("a=b\n", "extraargs=quiet\na=b\n"),
        ("a=b\r\nc=d", "extraargs=quiet\r\na=b\r\nc=d"),
        ("a=b\nextraargs=", "a=b\nextraargs=quiet"),
        ("a=b\n extraargs=x", "a=b\n extraargs=x quiet"),
        (
            "a=b\n#extraargs=x\nmyextraargs=y\n",
            "extraargs=quiet\na=b\n#extraargs=x\nmyextraargs=y\n",
        ),
    ],
)
def test_extraargs_is_edited_or_made_and_the_rest_stays(before: str, after: str) -> None:
    assert change(before, QUIET, "x") == after
    assert change(before, LOUD, "x") == before


def test_extraargs_goes_when_it_would_be_empty() -> None:
    assert change("extraargs=quiet\na=b\n", LOUD, "x") == "a=b\n"
    assert change("a=b\nextraargs=\n", LOUD, "x") == "a=b\nextraargs=\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no assignment"),
        ("hello\n", "no assignment"),
        ("extraargs=a\nextraargs=b\n", "2 lines extraargs="),
        ('extraargs=a="b\n', "not closed"),
        ("extraargs=a\x07\n", "control character"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(DockerHostError, match=message) as error:
        change(text, QUIET, "/boot/armbianEnv.txt")
    assert "/boot/armbianEnv.txt" in error.value.message
    assert error.value.remedy


@given(st.none() | LINES.filter(str.strip), st.sampled_from(["\n", "\r\n"]), PARAMETERS)
def test_what_was_added_goes_without_a_trace(line: str | None, end: str, new: str) -> None:
    text = f"verbosity=1{end}" + ("" if line is None else f"extraargs={line}{end}") + "rootdev=x"
    added = change(text, Wish((new,)), "x")
    assert change(added, Wish((new,)), "x") == added
    if new not in parameters(text) and new != "a":
        assert new in parameters(added)
        assert change(added, Wish((), (new,)), "x") == text


@given(
    st.text()
    | st.lists(st.sampled_from(["extraargs", "=", "\n", "\r", '"', " ", "a"])).map("".join)
)
def test_any_text_is_changed_once_or_refused(text: str) -> None:
    assert isinstance(parameters(text), list)
    try:
        new = change(text, QUIET, "x")
    except DockerHostError:
        return
    assert change(new, QUIET, "x") == new
