# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform

SPELLINGS = {
    "linux/arm64": [
        "aarch64", "arm64", "arm64/v8", "linux/arm64", "linux/arm64/v8", "linux/aarch64",
        "AArch64", " arm64 ", "Linux/ARM64/V8", "arm64/8",
    ],
    "linux/arm/v7": [
        "arm", "armhf", "armv7l", "armv7", "arm/v7", "arm/7", "linux/arm", "linux/arm/v7",
        "linux/armhf", "armv8l",
    ],
    "linux/arm/v6": ["armv6l", "armv6", "arm/v6", "linux/arm/v6", "armhf/v6"],
    "linux/arm/v5": ["armel", "armv5tel", "armv5l", "armv5", "arm/v5"],
    "linux/arm/v8": ["arm/v8", "linux/arm/v8"],
    "linux/amd64": ["amd64", "x86_64", "x86-64", "linux/amd64", "linux/x86_64", "amd64/v1"],
    "linux/amd64/v3": ["amd64/v3", "linux/amd64/v3"],
    "linux/386": ["386", "i386", "i486", "i586", "i686", "linux/386"],
    "linux/riscv64": ["riscv64", "linux/riscv64"],
    "linux/s390x": ["s390x"],
    "linux/ppc64le": ["ppc64le", "ppc64el"],
    "linux/loong64": ["loong64", "loongarch64"],
    "linux/mips64le": ["mips64le", "mips64el"],
    "windows/amd64": ["windows/amd64", "Windows/x86_64"],
    "darwin/arm64": ["darwin/arm64", "darwin/aarch64"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"), [(text, name) for name, texts in SPELLINGS.items() for text in texts]
)
def test_every_spelling_becomes_the_name_that_images_use(text: str, name: str) -> None:
    assert str(Platform.parse(text)) == name


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_normalised_name_stays_as_it_is(name: str) -> None:
    assert str(Platform.parse(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "/", "linux", "linux/", "/arm64", "arm64/", "linux/arm64/", "linux//arm64",
        "arm64/v8/x", "linux/arm64/v8/x", "arm/v9", "arm/v4", "arm/", "linux/arm/banana",
        "arm64/linux", "amd64/banana", "aarch64/armhf", "banana", "linux/banana", "arm 64",
        "aarch65", "li-nux/arm64", "linux/arm64:latest", "arm64v8", "aarch64_be", "None",
    ],
)  # fmt: skip
def test_what_is_no_platform_is_an_error_that_names_the_input(text: str) -> None:
    with pytest.raises(DockerHostError) as error:
        Platform.parse(text)
    assert f"'{text}'" in error.value.message
    assert error.value.remedy


_WORDS = (
    "",
    "linux",
    "windows",
    "arm",
    "arm64",
    "aarch64",
    "amd64",
    "v7",
    "v8",
    "7",
    "x",
    "banana",
)


def read(text: str) -> Platform | DockerHostError:
    try:
        return Platform.parse(text)
    except DockerHostError as error:
        return error


@given(st.text() | st.lists(st.sampled_from(_WORDS), max_size=4).map("/".join))
def test_any_text_is_a_platform_or_the_documented_error(text: str) -> None:
    found = read(text)
    if isinstance(found, Platform):
        assert Platform.parse(str(found)) == found
    else:
        assert text in found.message


@pytest.mark.parametrize(
    ("name", "bits"),
    [("arm64", 64), ("amd64", 64), ("riscv64", 64), ("armhf", 32), ("armel", 32), ("i386", 32)],
)
def test_the_width_of_a_pointer_is_known(name: str, bits: int) -> None:
    assert Platform.parse(name).bits == bits


# containerd's platforms/compare.go: an arm64 host takes arm from v8 down to v5, an arm host its own
# variant and lower ones, amd64 also 386.
MATCHES = [
    ("arm64", "arm64", "exact"),
    ("arm64", "arm64/v8", "exact"),
    ("arm64", "arm/v8", "compatible"),
    ("arm64", "arm/v7", "compatible"),
    ("arm64", "arm", "compatible"),
    ("arm64", "arm/v6", "compatible"),
    ("arm64", "arm/v5", "compatible"),
    ("arm64", "amd64", None),
    ("arm64", "386", None),
    ("arm64", "windows/arm64", None),
    ("arm64", "windows/arm/v7", None),
    ("arm/v7", "arm/v7", "exact"),
    ("arm/v7", "arm/v6", "compatible"),
    ("arm/v7", "arm/v5", "compatible"),
    ("arm/v7", "arm/v8", None),
    ("arm/v7", "arm64", None),
    ("arm/v6", "arm/v7", None),
    ("arm/v6", "arm/v5", "compatible"),
    ("arm/v5", "arm/v6", None),
    ("amd64", "amd64", "exact"),
    ("arm64/v9", "arm64", "compatible"),
    ("arm64", "arm64/v9", None),
    ("amd64", "386", "compatible"),
    ("amd64/v3", "amd64/v2", "compatible"),
    ("amd64/v3", "amd64", "compatible"),
    ("amd64/v2", "amd64/v3", None),
    ("amd64", "windows/386", None),
    ("amd64", "arm64", None),
    ("amd64", "arm/v7", None),
    ("386", "amd64", None),
    ("riscv64", "riscv64", "exact"),
    ("riscv64", "arm/v5", None),
]


@pytest.mark.parametrize(("host", "image", "match"), MATCHES)
def test_a_host_runs_its_own_images_and_those_below_it(
    host: str, image: str, match: str | None
) -> None:
    assert Platform.parse(host).match(Platform.parse(image)) == match


@given(*[st.sampled_from([text for texts in SPELLINGS.values() for text in texts])] * 2)
def test_a_match_is_exact_for_the_same_platform_only(host: str, image: str) -> None:
    one, other = Platform.parse(host), Platform.parse(image)
    assert (one.match(other) == "exact") is (str(one) == str(other))


def test_the_best_platform_of_an_image_comes_first() -> None:
    def accepted(name: str) -> list[str]:
        return [str(platform) for platform in Platform.parse(name).accepted()]

    arm = ["linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]
    assert accepted("arm64") == ["linux/arm64", *arm]
    assert accepted("arm/v7") == arm[1:]
    assert accepted("amd64/v2") == ["linux/amd64/v2", "linux/amd64", "linux/386"]
    assert accepted("riscv64") == ["linux/riscv64"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (("linux", "arm64", "v8"), "linux/arm64"),
        (("linux", "aarch64", ""), "linux/arm64"),
        (("linux", "arm", ""), "linux/arm/v7"),
        (("linux", "arm", "6"), "linux/arm/v6"),
        (("Linux", "AMD64", "v1"), "linux/amd64"),
        (("wasi", "wasm", ""), "wasi/wasm"),
        (("linux", "mips", "softfloat"), "linux/mips/softfloat"),
    ],
)
def test_what_an_image_says_of_itself_is_normalised(said: tuple, name: str) -> None:
    assert str(Platform.of_image(*said)) == name
