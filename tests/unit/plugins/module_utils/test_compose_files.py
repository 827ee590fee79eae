# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
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
            place.parent.mkdir(parents=True, exist_ok=True)
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


def test_what_compose_builds_where_it_cannot_be_pulled_is_told(project) -> None:
    images = project(
        "compose.yml",
        "production.yml",
        compose_yml="""
services:
  both: {build: ., image: own}
  always: {build: {context: app}, image: own, pull_policy: build}
  from: {extends: {service: both}, image: other}
  web: {image: nginx}
  pulled: {build: ., image: nginx}
  policy: {image: nginx, pull_policy: build}
""",
        production_yml="services:\n  pulled: {build: !reset null}\n",
    )
    built = {one.image: one.built for one in images if one.service.endswith(("both", "from"))}
    assert built == {"own": True, "other": True}
    assert set(found(images)) == {"both", "from", "web", "pulled", "policy"}
    assert not any(one.built for one in images if one.image == "nginx")


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


def test_a_byte_order_mark_hides_no_variable(project) -> None:
    text = "services:\n  web: {image: 'nginx:${TAG}'}\n"
    images = project(compose_yml=f"\ufeff{text}", _env="\ufeffTAG=1.27\r\nOTHER=1\r\n")
    assert found(images) == {"web": ("nginx:1.27", "")}


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
    # What is named takes the place of the variable, which is a default.
    named = project(compose_yml=text, variables=by_variable, profiles=["other"])
    assert set(found(named)) == {"always", "other"}


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


def test_a_file_may_have_no_services_of_its_own(project) -> None:
    images = project(
        "compose.yml",
        "volumes.yml",
        compose_yml="include: [networks.yml]\nservices: {web: {image: nginx}}\n",
        networks_yml="networks: {front: {}}\n",
        volumes_yml="name: shop\nvolumes: {data: {}}\nx-note: here\n",
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


def test_the_files_of_one_include_go_over_each_other(project) -> None:
    images = project(
        compose_yml="include: [{path: [base.yml, over.yml]}]\n",
        base_yml="services: {db: {image: pg, platform: linux/arm64}}",
        over_yml="services: {db: {ports: ['80:80'], platform: linux/amd64}}",
    )
    assert found(images) == {"db": ("pg", "linux/amd64")}


def test_an_include_has_variables_of_its_own_below_those_of_the_file_that_includes_it(
    project,
) -> None:
    files = {
        "compose_yml": """
include:
- inc/one.yml
- {path: inc/two.yml, env_file: more/two.env}
- {path: [inc/three.yml], project_directory: more}
services: {web: {image: "web:${TAG:-none}"}}
""",
        "inc__one_yml": """
include: [deep/more.yml]
services: {one: {image: "one:${TAG:-none}-${OWN:-none}", extends: {file: deep/x.yml, service: x}}}
""",
        "inc__two_yml": "services: {two: {image: 'two:${TAG:-none}-${OWN:-none}'}}",
        "inc__three_yml": "services: {three: {image: 'three:${TAG:-none}-${OWN:-none}'}}",
        "inc__deep__more_yml": "services: {more: {image: 'more:${TAG:-none}-${OWN:-none}'}}",
        "inc__deep__x_yml": "services: {x: {platform: 'linux/${OWN:-none}'}}",
        "inc__deep___env": "TAG=deep\nOWN=deep\n",
        "inc___env": "TAG=inc\nOWN=inc\n",
        "more__two_env": "OWN=two\n",
        "more___env": "OWN=more\n",
    }
    assert found(project(**files)) == {
        "web": ("web:none", ""),
        "one": ("one:inc-inc", "linux/inc"),
        "more": ("more:inc-inc", ""),
        "two": ("two:none-two", ""),
        "three": ("three:none-more", ""),
    }
    above = {"TAG": "above"}
    assert {image for image, _platform in found(project(variables=above)).values()} == {
        "web:above", "one:above-inc", "more:above-inc", "two:above-two", "three:above-more",
    }  # fmt: skip


def test_an_env_file_of_an_include_that_is_missing_is_an_error(project) -> None:
    (broken,) = project(
        compose_yml="include: [{path: inc.yml, env_file: missing.env}]\n",
        inc_yml="services: {db: {image: pg}}",
    )
    assert "missing.env cannot be read" in broken.error.message


def test_files_that_include_each_other_without_end_are_an_error(project) -> None:
    names = [chr(ord("a") + number) for number in range(18)]
    files = {
        f"{name}_yml": f"include: [{following}.yml, {following}.yml]\nservices: {{}}\n"
        for name, following in zip(names, names[1:])
    }
    (broken,) = project("a.yml", **files, **{f"{names[-1]}_yml": "services: {}"})
    assert "more than 1000 files" in broken.error.message


def test_paths_of_all_files_start_from_the_folder_of_the_first(project) -> None:
    images = project(
        "compose.yml",
        "other/over.yml",
        compose_yml="services: {web: {image: nginx}}",
        other__over_yml="""
include: [more.yml]
services: {web: {extends: {file: more.yml, service: more}}}
""",
        more_yml="services: {more: {image: here}}",
        other__more_yml="services: {more: {image: there}}",
    )
    assert found(images) == {"web": ("here", ""), "more": ("here", "")}


def devices(images: list[ServiceImage]) -> dict[str, tuple]:
    """Return why services need devices by their names."""
    assert [one.error for one in images] == [None] * len(images)
    return {one.service.rpartition(": ")[2]: one.devices for one in images}


def test_signs_of_devices_come_from_all_that_counts_for_a_service(project) -> None:
    images = project(
        compose_yml="""
include: [inc.yml]
services:
  extended: {extends: {service: base, file: base.yml}}
  variable: {image: a, runtime: "${RUNTIME:-nvidia}"}
  files: {image: a, env_file: [gpu.env, {path: missing.env, required: false}]}
  over: {image: a, env_file: gpu.env, environment: [NVIDIA_VISIBLE_DEVICES=void]}
  inherited: {image: a, environment: [NVIDIA_VISIBLE_DEVICES, "X=${NOT_SET}"]}
  named: {image: "${REGISTRY:-nvcr.io}/x"}
  none: {image: a, environment: [OTHER], labels: {a: b}}
""",
        inc_yml="services: {included: {image: a, devices: ['${DEVICE:-/dev/dri}:/dev/dri:rw']}}",
        base_yml="""
services:
  base:
    image: a
    gpus: all
    labels: [com.nvidia.x=1]
    deploy: {resources: {limits: {cpus: "1"}, reservations: {devices: [{capabilities: [gpu]}]}}}
""",
        gpu_env="NVIDIA_VISIBLE_DEVICES=${WHICH:-all}\n",
        variables={"NVIDIA_VISIBLE_DEVICES": "0"},
    )
    assert devices(images) == {
        "extended": ("gpus", "a reserved device", "label com.nvidia.x"),
        "variable": ("runtime nvidia",),
        "files": ("variable NVIDIA_VISIBLE_DEVICES",),
        "over": (),
        "inherited": ("variable NVIDIA_VISIBLE_DEVICES",),
        "named": ("an image of NVIDIA's",),
        "none": (),
        "included": ("device /dev/dri",),
    }


def test_a_later_file_adds_replaces_and_takes_away_signs_of_devices(project) -> None:
    compose = """
services:
  web:
    image: a
    runtime: nvidia
    devices: ["/dev/a:/dev/x", /dev/b]
    environment: {NVIDIA_VISIBLE_DEVICES: all, OTHER: "1"}
    labels: {com.nvidia.x: "1"}
    deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}
"""
    later = {
        "{devices: [{source: /dev/c, target: /dev/x}]}": (
            "runtime nvidia", "a reserved device", "device /dev/c", "device /dev/b",
            "variable NVIDIA_VISIBLE_DEVICES", "label com.nvidia.x",
        ),
        "{runtime: runc, devices: !override [/dev/d], environment: [NVIDIA_VISIBLE_DEVICES=none],"
        " deploy: !reset {}, labels: {com.nvidia.x: !reset null}}": ("device /dev/d",),
        "{runtime: !reset null, devices: !reset [], environment: !override {A: b}, labels: ,"
        " deploy: {resources: {reservations: {devices: !override []}}}}": ("label com.nvidia.x",),
        "!override {image: b}": (),
    }  # fmt: skip
    for body, reasons in later.items():
        images = project(
            "compose.yml", "over.yml", compose_yml=compose, over_yml=f"services: {{web: {body}}}"
        )
        assert devices(images) == {"web": reasons}, body


def test_a_service_that_is_reset_is_gone(project) -> None:
    images = project(
        "compose.yml",
        "over.yml",
        compose_yml="services: {web: {image: nginx}, gone: {image: [broken]}}",
        over_yml="services: {gone: !reset null}",
    )
    assert found(images) == {"web": ("nginx", "")}


def test_profiles_are_reset_added_and_hold_variables(project) -> None:
    names = ("compose.yml", "over.yml")
    files = {
        "compose_yml": """
services:
  reset: {image: a, profiles: [debug]}
  added: {image: a, profiles: [debug]}
  other: {image: a, profiles: [debug]}
  variable: {image: a, profiles: ["${PROFILE:-late}", "${NOT_SET}"]}
""",
        "over_yml": """
services:
  reset: {profiles: !reset []}
  added: {profiles: [late]}
  other: {profiles: !override [other]}
""",
    }
    assert set(found(project(*names, **files))) == {"reset", "variable"}
    assert set(found(project(*names, profiles=["late"]))) == {"reset", "added", "variable"}
    assert set(found(project(*names, profiles=["debug"]))) == {"reset", "added"}
    one = {"PROFILE": "one"}
    assert set(found(project(*names, profiles=["one"], variables=one))) == {"reset", "variable"}


def test_lines_of_the_environment_file_name_variables_of_the_environment(project) -> None:
    images = project(
        compose_yml="services: {web: {image: 'nginx:${TAG}-${LATER}'}}",
        _env="TAG=${CI_TAG}\nCI_TAG=file\nLATER=${CI_TAG}\n",
        variables={"CI_TAG": "7"},
    )
    assert found(images) == {"web": ("nginx:7-7", "")}


@pytest.mark.parametrize(
    "body",
    ['include: ["a\\0b"]', 'services: {w: {image: x, extends: {service: y, file: "a\\0b"}}}'],
)
def test_a_name_that_no_file_has_is_an_error(project, body: str) -> None:
    (broken,) = project(compose_yml=f"{body}\n")
    assert "a\\x00b cannot be read: no file has such a name" in broken.error.message


@pytest.mark.parametrize("character", ["\\ud800", "\\e", "\\n", "\\x07", "\\u202e"])
def test_what_cannot_be_printed_is_an_error_for_its_image_and_is_spelled_out(
    project, character: str
) -> None:
    broken, place, good = project(
        compose_yml=f"""
services:
  web: {{image: "ng{character}inx"}}
  "na{character}me": {{image: "x:${{{character}"}}
  good: {{image: nginx, labels: {{"com.nvidia.{character}": ""}}}}
"""
    )
    assert "cannot be printed" in broken.error.message
    for one in (broken, place, good):
        texts = [one.image, one.service, str(one.error), *one.devices]
        assert all(text.isprintable() for text in texts), texts
    assert good.error is None


def test_mappings_that_merge_each_other_over_and_over_are_an_error(project) -> None:
    lines = ["x0: &x0 {a: 1, b: 2}"]
    lines += [f"x{n + 1}: &x{n + 1} {{<<: [*x{n}, *x{n}]}}" for n in range(60)]
    (broken,) = project(compose_yml="\n".join([*lines, "services: {web: {image: nginx}}"]))
    assert re.search(r"compose.yml is no YAML, line \d+, .*<< merges more", broken.error.message)


def test_a_long_list_of_merges_is_an_error(project) -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(2000))
    (broken,) = project(
        compose_yml=f"x: &x {{{keys}}}\ny: {{<<: [{', '.join(['*x'] * 100000)}]}}\nservices: {{}}\n"
    )
    assert "<< merges more than" in broken.error.message


def test_documents_of_a_file_are_laid_over_each_other_as_files_are(project) -> None:
    images = project(
        compose_yml="""
include: [more/first.yml]
services:
  web: {image: "nginx:1", platform: linux/arm64}
  gone: {image: gone}
---
include: [more/second.yml]
services:
  web: {image: "nginx:2"}
  gone: !reset null
  job: {extends: {file: base.yml, service: base}}
---
name: shop
""",
        base_yml="services: {base: {image: 'b:1'}}\n---\nservices: {base: {image: 'b:2'}}\n",
        more__first_yml="services: {one: {image: one}}",
        more__second_yml="volumes: {}\n---\nservices: {two: {image: two}}\n",
    )
    assert found(images) == {
        "one": ("one", ""),
        "two": ("two", ""),
        "web": ("nginx:2", "linux/arm64"),
        "job": ("b:2", ""),
    }


def test_a_service_extends_one_of_its_own_document(project) -> None:
    (web, job) = project(
        compose_yml="""
services:
  web: {image: nginx}
---
services:
  job: {extends: web}
"""
    )
    assert (web.image, web.error) == ("nginx", None)
    assert "extends web, which is not in" in str(job.error)


def test_documents_that_extend_documents_of_many_files_are_read_once(project) -> None:
    files = {
        f"f{number}_yml": "---\n".join(
            [f"services: {{a: {{extends: {{file: f{number + 1}.yml, service: a}}}}}}\n"] * 9
        )
        for number in range(15)
    }
    images = project("f0.yml", **files, f15_yml="services: {a: {image: nginx}}")
    assert found(images) == {"a": ("nginx", "")}


@pytest.mark.parametrize("text", ["services: {}\n---\n", "services: {}\n---\n[1]\n", "---\n", ""])
def test_every_document_of_a_file_is_a_mapping(project, text: str) -> None:
    (image,) = project(compose_yml=text)
    assert "is no compose file" in str(image.error)


def test_the_first_of_several_merged_mappings_counts(project) -> None:
    images = project(
        compose_yml="""
x-a: &a {image: a}
x-b: &b {image: b, platform: linux/arm64}
x-c: &c {<<: *b}
services:
  list: {<<: [*a, *c]}
  own: {image: own, <<: *b}
"""
    )
    assert found(images) == {"list": ("a", "linux/arm64"), "own": ("own", "linux/arm64")}


def test_aliases_that_double_what_they_hold_cost_nothing(project) -> None:
    lines = ["x0: &x0 [a]", *(f"x{n + 1}: &x{n + 1} [*x{n}, *x{n}]" for n in range(60))]
    body = "{NVIDIA_VISIBLE_DEVICES: *x60}"
    images = project(
        compose_yml="\n".join(lines)
        + f"""
services:
  web: {{image: a, devices: [*x60, {{source: *x60}}], environment: {body}, labels: {body},
         env_file: *x60, runtime: *x60, deploy: {{resources: *x60}}, profiles: *x60}}
  sick: {{image: *x60}}
"""
    )
    assert [one.service.rpartition(": ")[2] for one in images] == ["web", "sick"]


VALUES_OF_KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("a/:=${}A-", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["path", "file", "service", "a", "source", "target", "resources",
                             "reservations", "devices", "NVIDIA_VISIBLE_DEVICES"]),
            inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip
BODIES = st.dictionaries(
    st.sampled_from(["image", "platform", "profiles", "runtime", "gpus", "devices", "environment",
                     "env_file", "labels", "deploy", "extends"]),
    VALUES_OF_KEYS, max_size=5,
)  # fmt: skip


@given(st.lists(BODIES | VALUES_OF_KEYS, min_size=1, max_size=3), VALUES_OF_KEYS)
def test_any_content_gives_images_or_errors(tmp_path: Path, bodies: list, include: Any) -> None:
    files = []
    for number, body in enumerate(bodies):
        files.append(str(tmp_path / f"{number}.yml"))
        document = {"include": include, "services": {"a": body, "b": {"image": "b"}}}
        Path(files[-1]).write_text(json.dumps(document), encoding="utf-8")
    for image in compose_images(files, {"A": "1"}, ["*"]):
        assert image.image.isprintable()
        assert all(isinstance(reason, str) for reason in image.devices)


def test_variables_that_grow_without_end_stay_short() -> None:
    lines = ["A0=xxxxxxxx", *(f"A{n + 1}=${{A{n}}}${{A{n}}}" for n in range(60))]
    values = read_environment_file("\n".join(lines))
    assert max(map(len, values.values())) < 200000
    with pytest.raises(DockerHostError, match="grows longer"):
        interpolate("$A" * 100, {"A": "x" * 1000})


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
I= #c
J=a\t#c #d
K=${NOT_THERE:?}
"""
    assert read_environment_file(text) == {
        "A": "1", "B": "two words", "C": "single $A", "D": "double 1", "E": "", "F": "yaml",
        "G": "a#b", "H": "1", "I": "#c", "J": "a\t#c", "K": "${NOT_THERE:?}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (r'A="x\ty\"z\n1"', 'x\ty"z\n1'),
        (r'A="a\$b"', "a$b"),
        (r'A="x\\\\y"', r"x\\y"),
        (r'A="p\qz"', r"p\qz"),
        (r'A="c:\\new" # note', r"c:\new"),
        (r"A='a\tb'", r"a\tb"),
        ('A=""', ""),
    ],
)
def test_what_stands_between_quotes_is_read_as_compose_reads_it(line: str, value: str) -> None:
    assert read_environment_file(line) == {"A": value}


@given(st.text(max_size=200))
def test_any_text_is_an_environment_file(text: str) -> None:
    assert all(isinstance(value, str) for value in read_environment_file(text).values())
