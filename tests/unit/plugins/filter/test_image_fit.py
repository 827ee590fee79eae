# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.filter.image_fit import FilterModule

image_fit = FilterModule().filters()["image_fit"]

DIGEST = f"sha256:{'a' * 64}"
NAME = "docker.io/library/nginx:1"


def facts(aarch32: bool | None = True, **handler: Any) -> dict[str, Any]:
    """Return what is decided on of an arm64 host, with a handler of amd64."""
    working = {"architecture": "amd64", "works": True, "fix_binary": True, **handler}
    return {
        "platform": {"platform": "linux/arm64", "aarch32": aarch32},
        "emulation": {"handlers": [working]},
    }


def answer(*platforms: str, error: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what image_platform_info says of nginx:1."""
    listed = [{"platform": one, "digest": DIGEST, "size": 1} for one in platforms]
    digest = None if error else DIGEST
    return {"reference": NAME, "platforms": listed, "digest": digest, "error": error, **more}


def local(architecture: str, **config: Any) -> dict[str, Any]:
    """Return what docker_image_info says of nginx:1."""
    return {
        "Id": DIGEST,
        "Os": "linux",
        "Architecture": architecture,
        "RepoTags": ["nginx:1"],
        "Config": config,
    }


def fit(need: dict[str, Any] | None = None, *given: Any, **known: Any) -> dict[str, Any]:
    own = given or (facts(),)
    (row,) = image_fit(
        [{"what": "container web", "image": "nginx:1", **(need or {})}], *own, **known
    )
    return row


@pytest.mark.parametrize(
    ("platforms", "verdict", "selected"),
    [
        (["linux/amd64", "linux/arm64"], "exact", "linux/arm64"),
        (["linux/arm/v7", "linux/arm/v6"], "compatible", "linux/arm/v7"),
        (["linux/amd64"], "unsupported", None),
    ],
)
def test_the_registry_decides_on_what_nobody_has(
    platforms: list[str], verdict: str, selected: str | None
) -> None:
    row = fit(registry=[answer(*platforms)])
    assert (row["verdict"], row["selected"], row["source"]) == (verdict, selected, "registry")
    assert (row["problem"] is None) == (selected is not None)
    assert row["pinned"] == f"docker.io/library/nginx@{DIGEST}"
    assert not row["ask"]


def test_32_bit_images_do_not_fit_cores_without_aarch32() -> None:
    row = fit({}, facts(aarch32=False), registry=[answer("linux/arm/v7")])
    assert "no AArch32" in row["problem"]
    assert fit({}, facts(aarch32=None), registry=[answer("linux/arm/v7")])["problem"] is None


def test_what_is_allowed_and_works_is_emulated_with_a_warning() -> None:
    row = fit({}, facts(), ["linux/amd64"], registry=[answer("linux/amd64")])
    assert (row["verdict"], row["problem"]) == ("emulated", None)
    assert "container web: nginx:1 is emulated as linux/amd64" in row["warning"]


@pytest.mark.parametrize(
    "handler", [{"works": False}, {"fix_binary": False}, {"interpreter_dynamic": True}]
)
def test_a_handler_that_containers_cannot_use_does_not_count(handler: dict[str, Any]) -> None:
    row = fit({}, facts(**handler), ["linux/amd64"], registry=[answer("linux/amd64")])
    assert row["verdict"] == "unsupported"
    assert "linux/amd64 may be emulated, and no handler for it works" in row["problem"]


def test_what_needs_a_device_is_refused_where_it_is_emulated_and_only_there() -> None:
    need = {"devices": ["runtime nvidia"]}
    row = fit(need, facts(), ["linux/amd64"], registry=[answer("linux/amd64")])
    assert "wants runtime nvidia" in row["problem"]
    row = fit(need, facts(), ["linux/amd64"], True, registry=[answer("linux/amd64")])
    assert (row["problem"], "wants runtime nvidia" in row["warning"]) == (None, True)
    assert fit(need, registry=[answer("linux/arm64")])["problem"] is None


def test_the_variables_of_an_image_on_the_host_count() -> None:
    image = local("amd64", Env=["NVIDIA_VISIBLE_DEVICES=all"])
    row = fit({}, facts(), ["linux/amd64"], present=[image])
    assert "wants variable NVIDIA_VISIBLE_DEVICES" in row["problem"]


def test_an_image_that_would_be_emulated_is_looked_into() -> None:
    amd64 = answer("linux/amd64")
    row = fit({}, facts(), ["linux/amd64"], registry=[amd64])
    assert row["inspect"] == f"docker.io/library/nginx@{DIGEST}"
    (platform,) = amd64["platforms"]
    read = {
        **answer(),
        "reference": row["inspect"],
        "platforms": [{**platform, "devices": ["variable NVIDIA_VISIBLE_DEVICES"]}],
    }
    row = fit({}, facts(), ["linux/amd64"], registry=[amd64, read])
    assert row["inspect"] is None
    assert "wants variable NVIDIA_VISIBLE_DEVICES" in row["problem"]
    read["platforms"][0]["devices"] = []
    row = fit({}, facts(), ["linux/amd64"], registry=[amd64, read])
    assert (row["inspect"], row["problem"]) == (None, None)


def test_an_image_that_fits_is_not_looked_into() -> None:
    row = fit({}, facts(), ["linux/amd64"], registry=[answer("linux/amd64", "linux/arm64")])
    assert (row["verdict"], row["inspect"]) == ("exact", None)


def test_what_the_host_has_needs_no_registry() -> None:
    row = fit(present=[local("arm64")])
    assert (row["verdict"], row["source"], row["ask"], row["pull"]) == (
        "exact",
        "host",
        False,
        False,
    )


def test_a_wrong_image_on_the_host_is_pulled_anew_where_a_registry_has_the_right_one() -> None:
    assert fit(present=[local("amd64")])["ask"]
    row = fit(present=[local("amd64")], registry=[answer("linux/arm64")])
    assert (row["verdict"], row["pull"]) == ("exact", True)


def test_what_shall_be_fresh_is_asked_for_whatever_the_host_has() -> None:
    need = {"fresh": True}
    assert fit(need, present=[local("arm64")])["ask"]
    row = fit(need, present=[local("arm64")], registry=[answer("linux/amd64")])
    assert row["verdict"] == "unsupported"


def test_an_archive_goes_before_all_others() -> None:
    saved = {"names": ["nginx:1"], "ids": [DIGEST], "platform": "linux/amd64", "devices": []}
    row = fit(archives=[saved], present=[local("arm64")], registry=[answer("linux/arm64")])
    assert (row["verdict"], row["source"]) == ("unsupported", "archive")
    assert "'docker save --platform linux/arm64'" in row["problem"]
    assert "archive" not in fit(registry=[answer("linux/amd64")])["problem"]


@pytest.mark.parametrize("name", ["docker.io/library/nginx:1", "docker.io/nginx:1", "nginx:1"])
def test_names_of_docker_hub_are_the_same_short_and_in_full(name: str) -> None:
    saved = {"names": [name], "ids": [DIGEST], "platform": "linux/arm64", "devices": []}
    image = {**local("arm64"), "RepoTags": [name]}
    for known in ({"archives": [saved]}, {"present": [image]}):
        assert fit(**known)["verdict"] == fit({"image": NAME}, **known)["verdict"] == "exact"


def test_a_digest_is_found_among_those_of_the_host() -> None:
    image = {**local("arm64"), "RepoTags": [], "RepoDigests": [f"nginx@{DIGEST}"]}
    for name in (f"nginx@{DIGEST}", f"nginx:1@{DIGEST}"):
        assert fit({"image": name}, present=[image])["verdict"] == "exact"


def test_what_no_registry_gives_is_built_where_that_can_be_done() -> None:
    gone = answer(error="nginx:1 does not exist.")
    row = fit({"built": True}, registry=[gone])
    assert (row["verdict"], row["problem"], row["pinned"]) == ("built", None, None)
    assert fit({"built": True})["ask"]
    assert fit({"built": True}, registry=[answer("linux/amd64")])["verdict"] == "unsupported"
    assert fit(registry=[gone])["problem"] == "container web: nginx:1 does not exist."


def test_the_platform_that_is_demanded_decides() -> None:
    known = [answer("linux/arm64", "linux/amd64")]
    row = fit({"platform": "linux/amd64"}, registry=known)
    assert "is asked for as linux/amd64" in row["problem"]
    row = fit({"platform": "linux/amd64"}, facts(), ["linux/amd64"], registry=known)
    assert row["verdict"] == "emulated"


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ({"image": "No Image"}, "no name of an image"),
        ({"platform": "linux/banana"}, "not a platform"),
        ({"error": "TAG is not set."}, "TAG is not set."),
        ({"image": "other:1"}, "nor was a registry asked"),
    ],
)
def test_what_cannot_be_judged_is_unknown_and_says_why(need: dict[str, Any], words: str) -> None:
    row = fit(need, registry=[answer("linux/arm64")])
    assert row["verdict"] == "unknown"
    assert words in row["problem"]


def test_what_the_registry_says_is_passed_on() -> None:
    row = fit(registry=[answer(error="nginx:1 does not exist.")])
    assert (row["verdict"], row["problem"]) == ("unknown", "container web: nginx:1 does not exist.")
    assert not row["ask"]


@pytest.mark.parametrize(
    "given", [([{}], facts()), ([{"what": "a", "image": "b"}], {}), (3, facts())]
)
def test_another_shape_is_an_error_of_the_filter(given: tuple) -> None:
    with pytest.raises(AnsibleFilterError, match="image_fit takes"):
        image_fit(*given)


@given(
    st.lists(st.sampled_from(["linux/arm64", "linux/arm/v7", "linux/amd64", "linux/riscv64"])),
    st.booleans(),
    st.lists(st.sampled_from(["linux/amd64", "linux/riscv64"]), unique=True),
)
def test_what_is_selected_is_among_the_platforms_that_the_host_runs(
    platforms: list[str], aarch32: bool, emulated: list[str]
) -> None:
    row = fit({}, facts(aarch32=aarch32), emulated, registry=[answer(*platforms)])
    assert (row["selected"] is None) == (row["verdict"] in ("unsupported", "unknown"))
    if row["selected"]:
        assert row["selected"] in platforms
        assert row["selected"] != "linux/riscv64"
        assert aarch32 or row["selected"] != "linux/arm/v7"
