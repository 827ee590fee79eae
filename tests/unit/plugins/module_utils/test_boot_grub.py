# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._boot_grub import (
    DEFAULTS,
    DROPIN,
    change,
    parameters,
    sources,
    stale,
)
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import Wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.boot_files import PARAMETERS, FakeFiles

FOLDER = "/etc/default/grub.d"
GRUB = 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nGRUB_CMDLINE_LINUX=""\n'

ENTRY = """\
menuentry 'Debian GNU/Linux' {
\tlinux\t/boot/vmlinuz-6.12.48 root=UUID=d0f ro  cgroup_enable=memory quiet
}
submenu 'Advanced' {
\tlinux\t/boot/vmlinuz-6.12.48 root=UUID=d0f ro single
}
"""


def disk(grub: str = GRUB, **dropins: str) -> FakeFiles:
    files = FakeFiles({DEFAULTS: grub})
    files.update({f"{FOLDER}/{name}.cfg": text for name, text in dropins.items()})
    return files


def changed(files: FakeFiles, wanted: Wish) -> FakeFiles:
    """Return the files as they are once our drop-in is as it is wanted."""
    text = change(sources(files), wanted)
    others = {path: old for path, old in files.items() if path != DROPIN}
    return FakeFiles(others if text is None else {**others, DROPIN: text})


def test_the_files_are_read_in_grubs_order() -> None:
    files = disk(b="B=1", a="A=1")
    files[f"{FOLDER}/README"] = "no"
    files[f"{FOLDER}/a.cfg.dpkg-old"] = "no"
    assert [path for path, _text in sources(files)] == [
        DEFAULTS,
        f"{FOLDER}/a.cfg",
        f"{FOLDER}/b.cfg",
    ]


@pytest.mark.parametrize(
    ("grub", "dropin", "given"),
    [
        (GRUB, "", ["quiet", "splash"]),
        ("", "", []),
        ("GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX_DEFAULT='b c'", "", ["a", "b", "c"]),
        ('GRUB_CMDLINE_LINUX="a" # why', "", ["a"]),
        ("#GRUB_CMDLINE_LINUX=a\n  export GRUB_CMDLINE_LINUX=b\r\n", "", ["b"]),
        ("GRUB_CMDLINE_LINUX=a", 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX b"', ["a", "b"]),
        ("GRUB_CMDLINE_LINUX=a", 'GRUB_CMDLINE_LINUX="${GRUB_CMDLINE_LINUX} b"', ["a", "b"]),
        ("GRUB_CMDLINE_LINUX=a", 'GRUB_CMDLINE_LINUX+=" b"', ["a", "b"]),
        ("GRUB_CMDLINE_LINUX=a", "GRUB_CMDLINE_LINUX=b", ["b"]),
        ('GRUB_CMDLINE_LINUX="d=\\"a b\\" c"', "", ['d="a b"', "c"]),
        ('GRUB_CMDLINE_LINUX="a', "GRUB_CMDLINE_LINUX=b", ["b"]),
    ],
)
def test_plain_assignments_say_what_the_kernel_is_given(
    grub: str, dropin: str, given: list[str]
) -> None:
    assert parameters(sources(disk(grub, x=dropin))) == given


def test_our_drop_in_adds_and_goes_when_it_has_nothing_to_add() -> None:
    files = changed(disk(), Wish(("cgroup_enable=memory", "quiet")))
    assert files[DEFAULTS] == GRUB
    assert files[DROPIN].splitlines()[1:] == [
        'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX cgroup_enable=memory"'
    ]
    assert parameters(sources(files)) == ["cgroup_enable=memory", "quiet", "splash"]
    files = changed(files, Wish(("b=c",)))
    assert parameters(sources(files))[:2] == ["cgroup_enable=memory", "b=c"]
    files = changed(files, Wish((), ("cgroup_enable",)))
    assert parameters(sources(files))[0] == "b=c"
    assert changed(files, Wish((), ("b=c",))) == disk()


def test_a_shell_reads_the_drop_in_as_we_do(tmp_path: Path) -> None:
    files = changed(disk(), Wish(("cgroup_enable=memory", 'dyndbg="file a.c +p"')))
    place = tmp_path / "arm64-docker.cfg"
    place.write_text(files[DROPIN])
    shell = f'GRUB_CMDLINE_LINUX=old; . {place}; printf %s "$GRUB_CMDLINE_LINUX"'
    said = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout
    assert said == 'old cgroup_enable=memory dyndbg="file a.c +p"'


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (disk(), DEFAULTS),
        (disk("", cloud="GRUB_CMDLINE_LINUX_DEFAULT='quiet'"), f"{FOLDER}/cloud.cfg"),
    ],
)
def test_what_another_file_gives_is_not_taken_away(files: FakeFiles, place: str) -> None:
    with pytest.raises(DockerHostError) as error:
        change(sources(files), Wish((), ("quiet",)))
    assert f"'quiet' stands in {place}" in error.value.message
    assert "update-grub" in error.value.remedy


def test_a_later_file_that_starts_anew_is_an_error() -> None:
    files = disk(zz="GRUB_CMDLINE_LINUX=nosplash")
    with pytest.raises(DockerHostError, match="'b=c' .* has no effect"):
        change(sources(files), Wish(("b=c",)))


@pytest.mark.parametrize("text", ["GRUB_CMDLINE_LINUX=a\n", "# mine\n", "\n"])
def test_a_drop_in_that_somebody_else_changed_is_refused(text: str) -> None:
    ours = changed(disk(), Wish(("b=c",)))[DROPIN]
    for content in (text, f"{ours}{text}", ours.replace("b=c", "b=c ")):
        files = disk()
        files[DROPIN] = content
        with pytest.raises(DockerHostError, match="not as this module writes it") as error:
            change(sources(files), Wish(("b=c",)))
        assert DROPIN in error.value.message


@pytest.mark.parametrize(
    ("wanted", "differs"),
    [
        (Wish(("cgroup_enable=memory", "quiet")), []),
        (Wish(("b=c",), ("quiet",)), ["b=c", "quiet"]),
        (Wish((), ("single",)), []),
    ],
)
def test_the_first_entry_of_grubs_menu_is_compared(wanted: Wish, differs: list[str]) -> None:
    assert stale(ENTRY, wanted) == differs
    assert stale(None, wanted) == stale("no entry\n", wanted) == []


@given(st.lists(PARAMETERS, max_size=3), st.lists(PARAMETERS, max_size=3))
def test_an_edit_is_made_once_and_its_parameters_are_given(
    first: list[str], second: list[str]
) -> None:
    files = disk("GRUB_CMDLINE_LINUX=root=x")
    for wanted in (Wish(tuple(first)), Wish(tuple(second), ("console",))):
        files = changed(files, wanted)
        assert changed(files, wanted) == files
        given = parameters(sources(files))
        assert given[0] == "root=x"
        assert wanted.missing(given) == wanted.unwanted(given) == []


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            ["GRUB_CMDLINE_LINUX", "_DEFAULT", "=", "+=", "$", "{", "}", '"', "\n", " ", "a"]
        )
    ).map("".join),
    st.booleans(),
)
def test_any_text_is_added_to_or_refused(text: str, own: bool) -> None:
    files = FakeFiles({DEFAULTS: "" if own else text, DROPIN: text if own else ""})
    assert isinstance(parameters(sources(files)), list)
    assert isinstance(stale(text, Wish(("b=c",), ("a",))), list)
    try:
        new = changed(files, Wish(("b=c",), ("a",)))
    except DockerHostError:
        return
    assert "b=c" in parameters(sources(new))
