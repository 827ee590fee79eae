# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._compose_files import (
    ServiceImage,
    compose_images,
)
from ansible_collections.arm64.docker.plugins.module_utils._compose_variables import (
    interpolate,
    read_environment_file,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError


@pytest.fixture
def project(tmp_path: Path):
    """Write files of a project, and return what its services run."""

    def images(*names: str, variables: Any = (), profiles: Any = (), **files: str) -> list:
        for name, text in files.items():
            place = tmp_path / name.replace("__", "/").replace("_", ".")
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")
        chosen = names or ("compose.yml",)
        return compose_images(
            [str(tmp_path / name) for name in chosen], dict(variables), list(profiles)
        )

    return images


def found(images: list[ServiceImage]) -> dict[str, tuple]:
    """Return image and platform by the service's name."""
    assert [one.error for one in images] == [None] * len(images)
    return {one.service.rpartition(": ")[2]: (one.image, one.platform) for one in images}


def test_the_images_of_all_services_are_found_with_their_platforms(project) -> None:
    images = project(
        compose_yml="""
services:
  web: {image: nginx, platform: linux/arm64}
  app: {image: "example.org/app:1"}
  made: {build: .}
  both: {build: ., image: example.org/both}
  none: {}
"""
    )
    assert found(images) == {
        "web": ("nginx", "linux/arm64"),
        "app": ("example.org/app:1", ""),
        "both": ("example.org/both", ""),
    }
    assert images[0].service.endswith("compose.yml: web")


def test_variables_come_from_options_then_the_environment_file(project) -> None:
    images = project(
        compose_yml="""
services:
  web: {image: "${REGISTRY:-docker.io}/nginx:${TAG}", platform: "${PLATFORM-}"}
  unused: {image: nginx, environment: ["X=${NOT_SET}"]}
""",
        _env="# a comment\nTAG=1.27 # stable\nREGISTRY=\n",
        variables={"TAG": "1.28"},
    )
    assert found(images)["web"] == ("docker.io/nginx:1.28", "")


def test_an_undefined_variable_is_an_error_for_its_image_only(project) -> None:
    bad, good = project(compose_yml="services:\n  a: {image: 'x:${TAG}'}\n  b: {image: nginx}\n")
    assert (bad.image, good.image) == ("x:${TAG}", "nginx")
    assert "TAG is not set" in bad.error.message
    assert "compose.yml: a" in bad.error.message
    assert "compose_variables" in bad.error.remedy
    assert good.error is None


def test_profiles_leave_services_out_until_they_are_asked_for(project) -> None:
    text = """
services:
  always: {image: a}
  debug: {image: b, profiles: [debug]}
  other: {image: c, profiles: [other, "more"]}
"""
    assert set(found(project(compose_yml=text))) == {"always"}
    assert set(found(project(compose_yml=text, profiles=["more"]))) == {"always", "other"}
    assert set(found(project(compose_yml=text, profiles=["*"]))) == {"always", "debug", "other"}
    by_variable = {"COMPOSE_PROFILES": "debug, other"}
    assert len(found(project(compose_yml=text, variables=by_variable))) == 3


def test_a_later_file_goes_over_an_earlier_one(project) -> None:
    images = project(
        "compose.yml",
        "production.yml",
        compose_yml="services:\n  web: {image: nginx, platform: linux/amd64}\n  db: {image: pg}\n",
        production_yml="services:\n  web: {image: 'nginx:1.27'}\n  more: {image: x}\n",
    )
    assert found(images) == {
        "web": ("nginx:1.27", "linux/amd64"),
        "db": ("pg", ""),
        "more": ("x", ""),
    }


def test_extends_takes_from_a_service_of_the_same_file_or_another(project) -> None:
    images = project(
        compose_yml="""
services:
  web: {extends: {service: base, file: common/base.yml}, platform: linux/arm64}
  same: {extends: web}
  own: {extends: web, image: other}
""",
        common__base_yml="""
services:
  base: {extends: {service: first, file: first.yml}}
""",
        common__first_yml="services: {first: {image: nginx}}",
    )
    assert found(images) == {
        "web": ("nginx", "linux/arm64"),
        "same": ("nginx", "linux/arm64"),
        "own": ("other", "linux/arm64"),
    }


def test_a_later_file_takes_away_what_it_resets(project) -> None:
    images = project(
        "compose.yml",
        "other.yml",
        compose_yml="services:\n  web: {image: nginx, platform: linux/amd64}\n  db: {image: pg}\n",
        other_yml="services:\n  web: {platform: !reset null}\n  db: {image: !reset '', build: .}\n",
    )
    assert found(images) == {"web": ("nginx", "")}


def test_included_files_count(project) -> None:
    images = project(
        compose_yml="""
include: [one/compose.yml, {path: [two.yml]}]
services: {web: {image: nginx}}
""",
        one__compose_yml="services: {db: {image: pg}}",
        two_yml="services: {cache: {image: redis}}",
    )
    assert set(found(images)) == {"web", "db", "cache"}


def test_anchors_merges_and_the_tags_of_compose_are_known(project) -> None:
    images = project(
        compose_yml="""
x-base: &base {image: nginx, platform: linux/arm64}
services:
  one: {<<: *base}
  two: {<<: *base, platform: !reset null, ports: !override ["80:80"]}
"""
    )
    assert found(images) == {"one": ("nginx", "linux/arm64"), "two": ("nginx", "")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: [", "line 1"),
        ("a: 1\n b: 2\n", "line 2"),
        ("services:\n\tweb: {}\n", "line 2"),
        ("\x00", "no YAML"),
        ("- a\n", "no compose file"),
        ("", "no compose file"),
        ("web: {image: nginx}\n", "no services"),
        ("services: [web]\n", "no services"),
        ("services: !!python/object/apply:os.system [true]\n", "no YAML"),
        ("[" * 5000, "no YAML"),
        ("include: [compose.yml]\n", "includes itself"),
        ("include: [missing.yml]\n", "missing.yml cannot be read"),
        ("#" * 1100000, "larger than 1024 KiB"),
    ],
)
def test_a_file_that_is_none_is_an_error_that_names_it(project, text: str, words: str) -> None:
    (broken,) = project(compose_yml=text)
    assert broken.image.endswith("compose.yml")
    assert words in broken.error.message


def test_a_broken_file_does_not_keep_the_others(project) -> None:
    images = project("one.yml", "two.yml", one_yml="services: {web: {image: nginx}}", two_yml="{")
    assert [(one.image.rpartition("/")[2], one.error is None) for one in images] == [
        ("nginx", True),
        ("two.yml", False),
    ]


def test_a_missing_file_is_an_error(project) -> None:
    (broken,) = project("nowhere.yml")
    assert "No such file" in broken.error.message


def test_without_pyyaml_the_error_says_where_it_is() -> None:
    code = (
        "import sys; sys.modules['yaml'] = None\n"
        "from ansible_collections.arm64.docker.plugins.module_utils import _compose_files\n"
        "print(_compose_files.compose_images(['compose.yml'], {})[0].error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert "no PyYAML" in said
    assert "on the controller" in said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{image: [nginx]}", "no text"),
        ("{image: 1.5}", "no text"),
        ("text", "no mapping"),
        ("{extends: web}", "extends itself"),
        ("{extends: other}", "other, which is not"),
        ("{extends: {file: x.yml}}", "names no service"),
        ("{extends: {service: a, file: x.yml}}", "x.yml cannot be read"),
        ("{image: '${'}", "begins no variable"),
        ("{image: 'a$'}", "begins no variable"),
        ("{image: '${A:?tell the version}'}", "tell the version"),
    ],
)
def test_a_service_that_cannot_be_read_is_an_error_that_names_it(
    project, body: str, words: str
) -> None:
    bad, good = project(compose_yml=f"services:\n  web: {body}\n  good: {{image: nginx}}\n")
    assert words in bad.error.message
    assert ": web: " in bad.error.message
    assert good.error is None


VALUES = {"SET": "value", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("$SET", "value"),
        ("${SET}", "value"),
        ("a-$SET-b", "a-value-b"),
        ("${SET:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${UNSET-other}", "other"),
        ("${UNSET:-}", ""),
        ("${UNSET:-${SET}}", "value"),
        ("${UNSET:-a${UNSET:-b${SET}}c}", "abvaluec"),
        ("${SET:+yes}", "yes"),
        ("${EMPTY:+yes}", ""),
        ("${EMPTY+yes}", "yes"),
        ("${UNSET+yes}", ""),
        ("${SET:?no}", "value"),
        ("$$SET", "$SET"),
        ("$${SET}", "${SET}"),
        ("${SET}${SET}", "valuevalue"),
        ("$EMPTY", ""),
    ],
)
def test_variables_are_replaced_as_compose_does(text: str, result: str) -> None:
    assert interpolate(text, VALUES) == result


@pytest.mark.parametrize(
    "text", ["$", "a$ b", "${", "${}", "${SET", "${1}", "$1", "${SET!x}", "${UNSET}", "$UNSET",
             "${EMPTY:?}", "${UNSET?x}", "${UNSET:-$UNSET}"],
)  # fmt: skip
def test_what_is_no_variable_or_not_set_is_an_error(text: str) -> None:
    with pytest.raises(DockerHostError):
        interpolate(text, VALUES)


@given(st.text(max_size=60))
def test_a_text_whose_dollars_are_doubled_is_itself(text: str) -> None:
    assert interpolate(text.replace("$", "$$"), {}) == text


@given(st.text(alphabet="${}:-?+AB x", max_size=40))
def test_any_text_is_replaced_or_an_error(text: str) -> None:
    try:
        interpolate(text, {"A": "1", "B": ""})
    except DockerHostError:
        return


def test_an_environment_file_is_read_as_compose_reads_it() -> None:
    text = """
# comment
A=1
export B = two words
C='single $A' # more
D="double ${A}"
E=
F: yaml
no line
G=a#b
H=${A}${NOT_THERE}
"""
    assert read_environment_file(text) == {
        "A": "1", "B": "two words", "C": "single $A", "D": "double 1", "E": "", "F": "yaml",
        "G": "a#b", "H": "${A}${NOT_THERE}",
    }  # fmt: skip


@given(st.text(max_size=200))
def test_any_text_is_an_environment_file(text: str) -> None:
    assert all(isinstance(value, str) for value in read_environment_file(text).values())
