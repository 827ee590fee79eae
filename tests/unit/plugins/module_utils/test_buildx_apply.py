# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._buildx_apply import (
    Outcome,
    Request,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._buildx_cli import Buildx
from ansible_collections.arm64.docker.plugins.module_utils._buildx_result import diff, result
from ansible_collections.arm64.docker.plugins.module_utils._buildx_store import Store
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import (
    CONTAINER,
    DOCKER,
    REMOTE,
    Wish,
    wish,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit.buildx import HOST, PretendBuildx

PI = "ssh://pilot@pi.example.org"
SOCKET = "unix:///run/buildkit/buildkitd.sock"
NODE = {"name": "pi", "endpoint": PI, "platforms": ["arm64"]}
FARM = Request(wish("farm", CONTAINER, {"platforms": ["amd64"]}, [NODE]))


@pytest.fixture
def docker(tmp_path: Path) -> PretendBuildx:
    return PretendBuildx(tmp_path / "buildx")


def run(docker: PretendBuildx, request: Request, **homes: Path) -> Outcome:
    store = Store(str(docker.folder), [(user, str(home)) for user, home in homes.items()])
    return configure(request, Buildx(docker.runner), store)


def wanted(**changes: Any) -> Request:
    first = {"platforms": ["amd64"], **changes}
    return replace(FARM, wanted=wish("farm", CONTAINER, first, [NODE]))


def test_a_farm_is_made_and_a_second_run_changes_nothing(docker: PretendBuildx) -> None:
    request = replace(FARM, use=True, bootstrap=True)
    outcome = run(docker, request)
    assert outcome.actions == [
        "create builder farm with node farm0",
        "append node pi to builder farm",
        "bootstrap builder farm",
        "use builder farm",
    ]
    assert outcome.after.status == "running"
    assert docker.current == "farm"
    done = docker.changes()
    again = run(docker, request)
    assert again.actions == []
    assert docker.changes() == done
    assert diff(request, again)["before"] == diff(request, again)["after"]


@pytest.mark.parametrize(
    "request_",
    [FARM, replace(FARM, use=True, bootstrap=True), replace(FARM, present=False)],
)
@pytest.mark.parametrize("there", [False, True])
def test_check_mode_changes_nothing_and_predicts_the_run(
    docker: PretendBuildx, request_: Request, there: bool
) -> None:
    if there:
        run(docker, wanted(driver_opts={"network": "host"}))
    before = docker.changes()
    foreseen = run(docker, replace(request_, check=True))
    assert docker.changes() == before
    done = run(docker, request_)
    assert foreseen.actions == done.actions
    assert diff(request_, foreseen) == diff(request_, done)


def test_a_changed_option_makes_it_anew_and_keeps_the_state(docker: PretendBuildx) -> None:
    run(docker, FARM)
    outcome = run(docker, wanted(driver_opts={"env.NO_PROXY": 'a,"b"'}))
    assert outcome.actions == [
        "remove builder farm, keeping its build state (node farm0 has other driver options)",
        "create builder farm with node farm0",
        "append node pi to builder farm",
    ]
    assert "docker buildx rm --keep-state farm" in docker.changes()
    assert outcome.after.nodes[0].driver_opts == {"env.NO_PROXY": 'a,"b"'}
    assert run(docker, wanted(driver_opts={"env.NO_PROXY": 'a,"b"'})).actions == []


def test_state_that_nobody_wants_is_removed_with_it(docker: PretendBuildx) -> None:
    run(docker, FARM)
    run(docker, replace(wanted(driver_opts={"network": "host"}), keep_state=False))
    assert "docker buildx rm farm" in docker.changes()


def test_comments_in_the_configuration_say_nothing(docker: PretendBuildx, tmp_path: Path) -> None:
    config = tmp_path / "buildkitd.toml"
    request = replace(FARM, wanted=wish("farm", CONTAINER, {}, [NODE], str(config)))
    with pytest.raises(DockerHostError, match="There is no file"):
        run(docker, request)
    config.write_text("debug = true\n")
    run(docker, request)
    config.write_text("# another comment\ndebug = true\n")
    assert run(docker, request).actions == []
    config.write_text("debug = false\n")
    assert "another configuration" in run(docker, request).actions[0]
    without = replace(FARM, wanted=wish("farm", CONTAINER, {}, [NODE]))
    (docker.folder / "buildkitd.default.toml").write_text("trace = true\n")
    assert run(docker, without).actions == []
    (docker.folder / "buildkitd.default.toml").unlink()
    assert "another configuration" in run(docker, without).actions[0]
    assert run(docker, without).actions == []


def test_a_node_that_cannot_be_appended_leaves_the_builder_as_it_was(
    docker: PretendBuildx,
) -> None:
    run(docker, replace(FARM, wanted=wish("farm", CONTAINER, {"platforms": ["amd64"]})))
    before = docker.record("farm").read_bytes()
    docker.down.add(PI)
    with pytest.raises(DockerHostError, match=r"'pi' of the builder .* The builder is as before"):
        run(docker, FARM)
    assert docker.record("farm").read_bytes() == before


def test_a_builder_that_cannot_be_made_anew_comes_back(docker: PretendBuildx) -> None:
    run(docker, FARM)
    before = docker.record("farm").read_bytes()
    docker.down.add(PI)
    with pytest.raises(DockerHostError, match="The builder is as before"):
        run(docker, wanted(driver_opts={"network": "host"}))
    assert docker.record("farm").read_bytes() == before


def test_a_new_builder_is_not_left_half_made(docker: PretendBuildx) -> None:
    docker.down.add(PI)
    with pytest.raises(DockerHostError, match="'pi'"):
        run(docker, FARM)
    assert not docker.record("farm").exists()


def test_a_board_that_is_switched_off_is_no_error_until_it_is_needed(
    docker: PretendBuildx,
) -> None:
    run(docker, FARM)
    docker.down.add(PI)
    outcome = run(docker, FARM)
    assert outcome.actions == []
    assert result(FARM, outcome)["status"] == "error"
    assert result(FARM, outcome)["platforms"] == ["linux/amd64", "linux/arm64"]
    with pytest.raises(DockerHostError, match="'pi' .* does not run: Cannot connect"):
        run(docker, replace(FARM, bootstrap=True))


def test_a_builder_goes_and_says_what_it_could_not_take_along(docker: PretendBuildx) -> None:
    run(docker, FARM)
    docker.down.add(PI)
    gone = replace(FARM, wanted=Wish("farm"), present=False)
    outcome = run(docker, gone)
    assert outcome.actions == ["remove builder farm"]
    assert "did not answer" in outcome.warnings[0]
    assert result(gone, outcome)["status"] == "absent"
    assert run(docker, gone).actions == []


def test_a_remote_builder_keeps_no_state(docker: PretendBuildx) -> None:
    first = {"endpoint": SOCKET}
    run(docker, Request(wish("r", REMOTE, first)))
    changed = Request(wish("r", REMOTE, {**first, "platforms": ["arm64"]}))
    assert run(docker, changed).actions[0] == "remove builder r (node r0 has other platforms)"
    assert run(docker, changed).actions == []


def test_the_builder_of_a_context_can_be_used_and_nothing_else(docker: PretendBuildx) -> None:
    docker.current = "farm"
    request = Request(wish("default", DOCKER, {}), use=True, bootstrap=True)
    run(docker, FARM)
    assert run(docker, request).actions == ["use builder default"]
    assert run(docker, request).actions == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(wish("default", CONTAINER, {})), "a docker context has that name"),
        (Request(wish("Default", CONTAINER, {})), "a docker context has that name"),
        (Request(Wish("default"), present=False), "buildx does not remove"),
        (Request(wish("other", DOCKER, {})), "There is no docker context 'other'"),
        (Request(wish("b", CONTAINER, {"endpoint": "x"})), "neither a docker context"),
    ],
)
def test_what_contexts_stand_against_is_refused(
    docker: PretendBuildx, request_: Request, words: str
) -> None:
    with pytest.raises(DockerHostError, match="context") as found:
        run(docker, request_)
    assert words in found.value.message
    assert docker.changes() == []


@pytest.mark.parametrize("present", [True, False])
def test_a_builder_of_another_user_is_named_with_its_user(
    docker: PretendBuildx, tmp_path: Path, present: bool
) -> None:
    other = PretendBuildx(tmp_path / "pilot/.docker/buildx")
    run(other, FARM)
    request = replace(FARM, present=present)
    with pytest.raises(DockerHostError, match="belongs to the user pilot") as found:
        run(docker, request, pilot=tmp_path / "pilot", nobody=tmp_path / "none")
    assert "become_user: pilot" in found.value.remedy
    remote = Request(wish("farm", REMOTE, {"endpoint": SOCKET}))
    assert run(docker, remote, pilot=tmp_path / "pilot").actions


def test_ones_own_folder_under_another_name_is_no_other_users(tmp_path: Path) -> None:
    docker = PretendBuildx(tmp_path / "pilot/.docker/buildx")
    run(docker, FARM)
    store = Store(str(tmp_path / "pilot/.docker/../.docker/buildx"), [("p", f"{tmp_path}/pilot")])
    assert store.owner("farm") is None


def test_secrets_in_options_are_shown_to_nobody(docker: PretendBuildx) -> None:
    request = wanted(driver_opts={"env.HTTP_PROXY": "http://u:hunter2@proxy.example.org:3128"})
    outcome = run(docker, request)
    shown = json.dumps([result(request, outcome), diff(request, outcome), outcome.actions])
    assert "hunter2" not in shown
    assert outcome.after.nodes[0].endpoint == HOST


@pytest.mark.parametrize("running", [True, False])
def test_a_builder_made_anew_that_does_not_start_is_put_back(
    docker: PretendBuildx, running: bool
) -> None:
    run(docker, replace(FARM, bootstrap=running))
    before = docker.record("farm").read_bytes()
    docker.unfit.add("image")
    request = replace(wanted(driver_opts={"image": "x"}), bootstrap=True, use=True)
    with pytest.raises(DockerHostError, match=r"pull access denied .* put back as it was\. "):
        run(docker, request)
    assert docker.record("farm").read_bytes() == before
    assert docker.running == ({"farm0", "pi"} if running else set())
    assert docker.current == "default"
    assert docker.changes()[-1] == "docker buildx rm --keep-state farm"


def test_what_a_builder_that_is_put_back_lacks_is_said(docker: PretendBuildx) -> None:
    run(docker, replace(wanted(driver_opts={"network": "host"}), bootstrap=True))
    docker.unfit |= {"image", "network"}
    request = replace(wanted(driver_opts={"image": "x"}), bootstrap=True, keep_state=False)
    with pytest.raises(DockerHostError) as found:
        run(docker, request)
    assert "as it was, without its build cache, and does not start either" in found.value.message


def test_a_new_builder_that_does_not_start_is_not_used(docker: PretendBuildx) -> None:
    docker.unfit.add("image")
    with pytest.raises(DockerHostError, match="is there, and its BuildKit does not start"):
        run(docker, replace(wanted(driver_opts={"image": "x"}), bootstrap=True, use=True))
    assert docker.record("farm").exists()
    assert docker.current == "default"
