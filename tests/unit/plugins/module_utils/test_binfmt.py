# SPDX-License-Identifier: GPL-3.0-or-later
"""Registrations of binfmt_misc: QEMU's formats, parsing, rendering."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils import _binfmt
from ansible_collections.arm64.docker.plugins.module_utils._binfmt import Handler
from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.binfmt import handler
from ansible_collections.arm64.docker.tests.unit.hosts import fixture

# What Debian's qemu-user-binfmt 10.0 puts into /usr/lib/binfmt.d.
DEBIAN = fixture("binfmt.d/qemu-user-binfmt_10.0_debian13.conf").splitlines()
# What its qemu-user-static 7.2 does.
OLD_DEBIAN = fixture("binfmt.d/qemu-user-static_7.2_debian12.conf").splitlines()


@pytest.mark.parametrize("architecture", _binfmt.ARCHITECTURES)
def test_magic_and_mask_are_those_of_debian_13(architecture: str) -> None:
    (debian,) = [
        one for one in map(_binfmt.parse_line, DEBIAN) if one.name == handler(architecture).name
    ]
    assert (debian.magic, debian.mask) == (_binfmt.magic(architecture), _binfmt.mask(architecture))


@pytest.mark.parametrize("lines", [DEBIAN, OLD_DEBIAN], ids=["13", "12"])
def test_every_handler_of_debian_serves_its_own_architecture_alone(lines: list[str]) -> None:
    served = {one.name: _binfmt.architecture_of(one) for one in map(_binfmt.parse_line, lines)}
    ours = {handler(name).name: name for name in _binfmt.ARCHITECTURES}
    assert {name: served[name] for name in served if served[name]} == {
        name: ours[name] for name in served if name in ours
    }


@pytest.mark.parametrize("architecture", _binfmt.ARCHITECTURES)
def test_a_handler_takes_no_programs_of_other_architectures(architecture: str) -> None:
    one = handler(architecture)
    taken = [name for name in _binfmt.ARCHITECTURES if one.accepts(exit_program(name, 0))]
    assert taken == [architecture]


@pytest.mark.parametrize("architecture", _binfmt.ARCHITECTURES)
def test_a_line_is_read_as_it_was_written(architecture: str) -> None:
    one = handler(architecture)
    assert _binfmt.parse_line(_binfmt.render(one)) == one


def test_the_line_is_that_of_the_distribution() -> None:
    (debian,) = [line for line in DEBIAN if line.startswith(":qemu-aarch64:")]
    line = _binfmt.render(handler("arm64", "/usr/libexec/qemu-binfmt/aarch64-binfmt-P", "FOP"))
    assert line.rpartition(":")[0] == debian.rpartition(":")[0]
    assert set(line.rpartition(":")[2]) == set(debian.rpartition(":")[2])


def test_another_character_separates_where_the_path_has_a_colon() -> None:
    one = handler("arm64", "/opt/a:b/qemu")
    line = _binfmt.render(one)
    assert line[0] == ","
    assert _binfmt.parse_line(line) == one


@pytest.mark.parametrize(
    ("interpreter", "words"),
    [
        ("/" + "x" * 127, "127 bytes"),
        ("relative/qemu", "absolute path"),
        ("/a:b,c;d|e!f", "symbolic link"),
    ],
)
def test_an_interpreter_that_the_kernel_would_not_take_is_refused(
    interpreter: str, words: str
) -> None:
    with pytest.raises(DockerHostError, match=words):
        _binfmt.render(handler("arm64", interpreter))


def test_a_line_over_the_limit_of_the_kernel_is_refused() -> None:
    with pytest.raises(DockerHostError, match="1920 bytes"):
        _binfmt.render(replace(handler("arm64"), name="n" * 1800))


def test_an_entry_of_the_kernel_is_read() -> None:
    text = (
        "disabled\ninterpreter /usr/bin/qemu-arm-static\nflags: OCF\noffset 0\n"
        f"magic {_binfmt.magic('arm')}\nmask {_binfmt.mask('arm')}\n"
    )
    assert _binfmt.parse_entry("qemu-arm", text) == replace(
        handler("arm", "/usr/bin/qemu-arm-static", "CFO"), enabled=False
    )


def test_a_handler_by_the_ending_of_files_serves_no_architecture() -> None:
    one = _binfmt.parse_line(":windows:E::exe::/usr/bin/wine:")
    assert (one.name, one.interpreter, one.magic) == ("windows", "/usr/bin/wine", "")
    assert _binfmt.architecture_of(one) is None


@pytest.mark.parametrize("line", ["", ":", ":a:M::x", ":a:X::b:c:/d:F", ":a:M:many:b:c:/d:F"])
def test_what_is_no_registration_is_none(line: str) -> None:
    assert _binfmt.parse_line(line) is None


@given(st.text(), st.text(alphabet=":,ME\\x09afF/"))
def test_any_text_is_a_registration_or_none(text: str, line: str) -> None:
    for candidate in (text, line):
        one = _binfmt.parse_line(candidate)
        assert one is None or isinstance(_binfmt.architecture_of(one), (str, type(None)))


@given(
    st.builds(
        Handler,
        name=st.text(alphabet="abc-_0", min_size=1),
        interpreter=st.text(alphabet="abc:,/", max_size=100).map(lambda text: f"/{text}"),
        flags=st.sets(st.sampled_from("FOCP")).map(lambda letters: "".join(sorted(letters))),
        offset=st.integers(0, 100),
        magic=st.binary(min_size=1, max_size=30).map(bytes.hex),
        mask=st.binary(max_size=30).map(bytes.hex),
    )
)
def test_any_handler_is_read_as_it_was_written(one: Handler) -> None:
    assert _binfmt.parse_line(_binfmt.render(one)) == one


def test_the_newest_of_several_handlers_is_asked() -> None:
    one, other = handler("arm64"), replace(handler("arm64"), name="mine")
    off = replace(one, name="off", enabled=False)
    held = [one, other, off, handler("arm")]

    def asked(**since: int) -> list[str]:
        moments = {"qemu-aarch64": 5, "qemu-arm": 9, **since}
        return [found.name for found in _binfmt.asked(held, "arm64", moments)]

    assert asked(mine=6, off=7) == ["mine"]
    assert asked(mine=4) == ["qemu-aarch64"]
    assert asked(mine=5) == ["qemu-aarch64", "mine"]
    # Registered after the moments were read.
    assert asked() == ["qemu-aarch64"]
    assert _binfmt.asked([off], "arm64", {}) == []
