# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import (
    Wish,
    check_line,
    edit,
    split,
    wish,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.boot_files import LINES, PARAMETERS

WISHES = st.builds(
    Wish,
    st.lists(PARAMETERS, max_size=3).map(tuple),
    st.lists(PARAMETERS | st.sampled_from(["console", "dyndbg"]), max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a\tb=c  ", ["a", "b=c"]),
        ('dyndbg="file a +p" quiet', ['dyndbg="file a +p"', "quiet"]),
        ('"dyndbg=file a +p" quiet', ['"dyndbg=file a +p"', "quiet"]),
        ('a "b c', ["a", '"b c']),
    ],
)
def test_a_line_is_split_as_the_kernel_splits_it(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "present", "absent", "result"),
    [
        ("a b", ["c"], [], "a b c"),
        ("a b  ", ["c", "d"], [], "a b c d  "),
        ("a b", ["b", "a"], [], "a b"),
        ("a c b", [], ["c"], "a b"),
        ("c a", [], ["c"], "a"),
        ("a  c  b", [], ["c"], "a   b"),
        ("a c=1 c=2 c b", [], ["c"], "a b"),
        ("a c=1 c=2 c b", [], ["c=1"], "a c=2 c b"),
        ("a cc c-d b", [], ["c"], "a cc c-d b"),
        ("c=1 a c=2", ["c=3"], [], "c=1 a c=2 c=3"),
        ("c=1 a c=2", ["c=2"], ["c"], "a c=2"),
        ("c=1", ["c=3"], ["c"], "c=3"),
        ("a -- b c", ["c"], ["b"], "a c -- b c"),
        ("-- b", ["c"], [], "c -- b"),
        ('a dyndbg="file a +p" b', [], ["dyndbg"], "a b"),
        ('a "dyndbg=file a +p"', ['dyndbg="file a +p"'], [], 'a "dyndbg=file a +p"'),
        # To the kernel, a hyphen in a name is an underscore; in a value it is not.
        ("a-b=c-d", ["a_b=c-d"], [], "a-b=c-d"),
        ("a-b=c-d", ["a_b=c_d"], [], "a-b=c-d a_b=c_d"),
        ("a cgroup-disable=memory", [], ["cgroup_disable=memory"], "a"),
        ("a x_y=1 x-y", [], ["x-y"], "a"),
        ("a c=1", [], ['"c"'], "a"),
        ("a", ["c", "c"], [], "a c"),
        ("", ["c"], [], "c"),
    ],
)
def test_parameters_are_added_and_removed_and_the_rest_stays(
    line: str, present: list[str], absent: list[str], result: str
) -> None:
    assert edit(line, Wish(tuple(present), tuple(absent))) == result


def test_a_line_that_had_none_gets_what_stands_before_the_first() -> None:
    assert edit("", Wish(("a", "b")), " ") == " a b"
    assert edit(" a b", Wish((), ("a", "b")), " ") == ""


@given(LINES, WISHES)
def test_an_edit_does_what_is_wanted_and_a_second_one_nothing(line: str, wanted: Wish) -> None:
    once = edit(line, wanted)
    assert edit(once, wanted) == once
    words = split(once)
    head = words[: words.index("--")] if "--" in words else words
    assert wanted.missing(head) == []
    assert wanted.unwanted(head) == []


@given(LINES, WISHES)
def test_others_stay_in_their_order_and_so_does_what_the_first_process_gets(
    line: str, wanted: Wish
) -> None:
    def others(text: str) -> list[str]:
        words = split(text)
        end = words.index("--") if "--" in words else len(words)
        touched = set(wanted.unwanted(words[:end])) | set(wanted.present)
        return [word for word in words[:end] if word not in touched] + words[end:]

    assert others(edit(line, wanted)) == others(line)


@given(LINES, st.lists(PARAMETERS, max_size=3), st.sampled_from(["", " "]))
def test_what_was_added_and_is_removed_leaves_the_old_bytes(
    line: str, new: list[str], lead: str
) -> None:
    line = f" {line}" if lead and line.strip() else line
    # A name alone in absent would also take what has that name and a value.
    new = [word for word in new if word not in split(line) and word != "a"]
    added = edit(line, Wish(tuple(new)), lead)
    assert edit(added, Wish((), tuple(new)), lead) == line


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("", "'' is not one kernel parameter"),
        ("a b", "'a b' is not one"),
        (" a", "' a' is not one"),
        ('a="b', "is not one"),
        ("--", "'--' is not one"),
        ("=b", "'=b' has no name"),
        ('"=b c"', "has no name"),
        ("a\nb", "line end"),
        ("a\x00", "line end"),
        ("a\u00a0b", "cannot be printed"),
        ("a\u2028", "cannot be printed"),
    ],
)
def test_what_is_not_one_parameter_is_refused(parameter: str, words: str) -> None:
    for present, absent in (([parameter], []), ([], [parameter])):
        with pytest.raises(DockerHostError) as error:
            wish(present, absent)
        assert words in error.value.message
        assert "name=value" in error.value.remedy


def test_what_is_wanted_and_unwanted_at_once_is_refused() -> None:
    with pytest.raises(DockerHostError, match="'a=b' is in present and in absent"):
        wish(["quiet", "a=b"], ["a=b"])
    assert wish(["a=b"], ["a"]) == Wish(("a=b",), ("a",))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_one_parameter_or_an_error(one: str, other: str) -> None:
    try:
        wanted = wish([one], [other])
    except DockerHostError:
        return
    assert split(edit("root=x", wanted))[-1] in (one, "root=x")


@pytest.mark.parametrize(
    ("line", "words"), [('a="b', "not closed"), ("a\x00b", "control"), ("a\rb", "control")]
)
def test_a_line_that_cannot_be_split_for_certain_is_refused(line: str, words: str) -> None:
    with pytest.raises(DockerHostError, match=words) as error:
        check_line(line, "/boot/cmdline.txt")
    assert "/boot/cmdline.txt" in error.value.message
