# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._buildx_inspect import Builder, Node
from ansible_collections.arm64.docker.plugins.module_utils._buildx_plan import Plan, plan
from ansible_collections.arm64.docker.plugins.module_utils._buildx_wish import (
    CONTAINER,
    REMOTE,
    NodeWish,
    Wish,
    check_endpoints,
    wish,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError

HOST = "unix:///var/run/docker.sock"
PI = "ssh://pilot@pi.example.org"
CONTEXTS = {"default": HOST, "field": PI}


def made(wanted: Wish) -> Builder:
    """Return the builder that buildx makes of a wish."""
    nodes = [
        Node(
            node.name,
            HOST if node.endpoint in (None, "default") else node.endpoint,
            "inactive",
            fixed=node.platforms,
            driver_opts=dict(node.driver_opts),
            files=wanted.files or {},
        )
        for node in wanted.nodes
    ]
    return Builder(wanted.name, wanted.driver, nodes=tuple(nodes))


def applied(current: Builder | None, wanted: Wish, todo: Plan) -> Builder:
    """Return the builder after a plan was carried out."""
    kept = () if current is None or todo.remove else current.nodes
    new = made(replace(wanted, nodes=todo.nodes))
    if current and not todo.remove and not todo.nodes:
        return current
    return replace(new, nodes=(*kept, *new.nodes))


FARM = wish(
    "farm",
    CONTAINER,
    {"platforms": ["amd64"], "driver_opts": {"network": "host"}},
    [{"name": "pi", "endpoint": PI, "platforms": ["arm64", "armhf"]}],
)


def test_a_builder_that_is_missing_is_created_with_all_nodes() -> None:
    todo = plan(None, FARM, CONTEXTS)
    assert (todo.remove, todo.nodes) == (False, FARM.nodes)


def test_a_builder_that_is_as_wanted_is_left_alone() -> None:
    assert plan(made(FARM), FARM, CONTEXTS) == Plan()


def test_a_missing_node_is_appended_and_nothing_else_is_touched() -> None:
    current = made(FARM)
    todo = plan(replace(current, nodes=current.nodes[:1]), FARM, CONTEXTS)
    assert (todo.remove, todo.nodes) == (False, FARM.nodes[1:])
    assert todo.reasons == ("node pi is missing",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"endpoint": "tcp://192.0.2.7:2376"}, "node pi has another endpoint"),
        ({"fixed": ("linux/arm64",)}, "node pi has other platforms"),
        ({"driver_opts": {"network": "host"}}, "node pi has other driver options"),
        ({"files": {"buildkitd.toml": b"debug = true"}}, "node pi has another configuration"),
        ({"name": "stray"}, "node stray is not wanted"),
    ],
)
def test_what_buildx_cannot_change_makes_the_builder_anew(
    change: dict[str, Any], reason: str
) -> None:
    here, pi = made(FARM).nodes
    current = Builder("farm", CONTAINER, nodes=(here, replace(pi, **change)))
    wanted = replace(FARM, files={})
    todo = plan(current, wanted, CONTEXTS)
    assert (todo.remove, todo.keep_state) == (True, True)
    assert reason in todo.reasons
    assert [node.name for node in todo.nodes] == ["farm0", "pi"]
    assert plan(current, wanted, CONTEXTS, keep_state=False).keep_state is False


def test_another_driver_keeps_no_state() -> None:
    todo = plan(replace(made(FARM), driver=REMOTE), FARM, CONTEXTS)
    assert (todo.remove, todo.keep_state) == (True, False)
    assert todo.reasons == ("its driver is remote",)


def test_a_node_stays_where_it_is_if_nobody_says_where_it_shall_be() -> None:
    here, pi = made(FARM).nodes
    current = Builder("farm", CONTAINER, nodes=(replace(here, endpoint="field", fixed=()), pi))
    todo = plan(current, FARM, CONTEXTS)
    assert todo.remove
    assert todo.nodes[0].endpoint == "field"


def test_the_context_default_is_its_address() -> None:
    wanted = wish("farm", CONTAINER, {"endpoint": "default"})
    assert plan(made(wanted), wanted, CONTEXTS) == Plan()
    assert plan(made(wanted), wanted, {"default": "tcp://192.0.2.7:2376"}).remove


def test_what_nothing_tells_is_not_compared() -> None:
    here, pi = made(FARM).nodes
    silent = replace(pi, fixed=None, driver_opts=None, files=None)
    assert plan(Builder("farm", CONTAINER, nodes=(here, silent)), FARM, CONTEXTS) == Plan()


NAMES = st.sampled_from(["one", "two", "three"])
PLATFORMS = st.lists(st.sampled_from(["arm64", "armhf", "amd64", "linux/386", "riscv64"]))


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    driver = draw(st.sampled_from([CONTAINER, REMOTE]))
    free = draw(st.permutations(["tcp://a:1", "tcp://b:2", "tcp://c:3", "unix:///run/d"]))
    pool = draw(st.permutations(["arm64", "armhf", "amd64", "linux/386", "riscv64"]))
    options = st.dictionaries(st.sampled_from(["network", "env.A"]), st.text('ab,"= ', max_size=4))
    first = {"endpoint": free[0], "platforms": pool[:2], "driver_opts": draw(options)}
    names = draw(st.lists(NAMES, unique=True))
    others = [
        {"name": name, "endpoint": free[index + 1], "platforms": pool[2 + index : 3 + index]}
        for index, name in enumerate(names)
    ]
    files = draw(st.sampled_from([{}, {"buildkitd.toml": b"a = 1"}])) if driver == CONTAINER else {}
    return replace(wish("b", driver, first, others), files=files)


@given(wishes())
def test_what_is_made_is_what_was_wanted(wanted: Wish) -> None:
    assert plan(made(wanted), wanted, CONTEXTS) == Plan()
    assert plan(applied(None, wanted, plan(None, wanted, CONTEXTS)), wanted, CONTEXTS) == Plan()


@given(wishes(), wishes())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(old: Wish, wanted: Wish) -> None:
    current = made(old)
    after = applied(current, wanted, plan(current, wanted, CONTEXTS))
    assert plan(after, wanted, CONTEXTS) == Plan()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("1st", CONTAINER, {}), "'1st' is no name of a builder"),
        (("a b", CONTAINER, {}), "'a b' is no name"),
        (("b", CONTAINER, {}, [{"name": "-", "endpoint": PI}]), "'-' is no name of a node"),
        (("b", REMOTE, {}), "has no endpoint"),
        (("b", REMOTE, {"endpoint": "http://x"}), "no address of a BuildKit"),
        (("b", REMOTE, {"endpoint": "tcp://x:1"}, [], "/x.toml"), "takes no buildkitd_config"),
        (("b", CONTAINER, {"platforms": ["banana"]}), "'banana' is not a platform"),
        (("b", CONTAINER, {}, [{"name": "B0", "endpoint": PI}]), "'b0' stands at two nodes"),
        (
            ("b", CONTAINER, {"endpoint": PI}, [{"name": "c", "endpoint": PI}]),
            f"The endpoint '{PI}' stands at two nodes",
        ),
        (
            (
                *("b", CONTAINER, {"platforms": ["aarch64"]}),
                [{"name": "c", "endpoint": PI, "platforms": ["linux/arm64/v8"]}],
            ),
            "The platform 'linux/arm64' stands at two nodes",
        ),
        (("default", "docker", {"platforms": ["arm64"]}), "takes no endpoint, platforms"),
    ],
)
def test_what_buildx_would_refuse_or_misunderstand_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(DockerHostError, match="no name|stands|endpoint|BuildKit|platform") as found:
        wish(*arguments)
    assert words in found.value.message
    assert found.value.remedy


def test_platforms_and_addresses_are_written_as_docker_writes_them() -> None:
    (node,) = wish(
        "B",
        CONTAINER,
        {
            "endpoint": "tcp://pi",
            "platforms": ["aarch64", "linux/arm64/v8"],
            "driver_opts": {"a": True},
        },
    ).nodes
    assert node == NodeWish("b0", "tcp://pi:2376", ("linux/arm64",), (("a", "true"),))


def test_a_misspelt_context_is_not_taken_for_a_machine() -> None:
    wanted = wish("b", CONTAINER, {"endpoint": "feild"})
    with pytest.raises(DockerHostError, match=r"'feild' .* neither a docker context"):
        check_endpoints(wanted, CONTEXTS)
    check_endpoints(wish("b", CONTAINER, {"endpoint": "field"}), CONTEXTS)
    check_endpoints(wish("b", CONTAINER, {"endpoint": PI}), CONTEXTS)
