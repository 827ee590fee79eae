# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils._observe._kernel_config import (
    FEATURES,
    read_features,
)
from ansible_collections.arm64.docker.tests.unit.hosts import FIXTURES, Machine, fixture

DEBIAN = "kernel_config/debian-13-arm64-6.12"
CONFIGURATIONS = sorted(path.name for path in (FIXTURES / "kernel_config").glob("*-arm64-*"))


def compressed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def without_modules(machine: Machine) -> Machine:
    """Take the lists of modules away: a configuration is then all that there is."""
    machine.remove("/lib/modules")
    return machine


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_says_how_each_option_was_built(machine: Machine, name: str) -> None:
    text = fixture(f"kernel_config/{name}")
    without_modules(machine).write("/proc/config.gz", compressed(text))
    features, source = read_features(machine.host())
    assert source == "/proc/config.gz"
    assert list(features) == list(FEATURES)
    for option, built in features.items():
        line = {"builtin": f"CONFIG_{option}=y", "module": f"CONFIG_{option}=m"}.get(
            built, f"# CONFIG_{option} is not set"
        )
        assert line in text.splitlines()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("debian-13-arm64-6.12", set()),
        ("jetson-arm64-5.15-tegra", {"IP_NF_RAW"}),
        (
            "raspberry-pi-arm64-6.18",
            {
                "IP_NF_IPTABLES",
                "IP_NF_FILTER",
                "IP_NF_NAT",
                "IP_NF_RAW",
                "IP_NF_TARGET_MASQUERADE",
                "IP_NF_MANGLE",
                "IP6_NF_FILTER",
                "IP6_NF_NAT",
                "IP6_NF_MANGLE",
                "CGROUP_HUGETLB",
            },
        ),
        (
            "rockchip-arm64-5.10-vendor",
            {"VETH", "BRIDGE_NETFILTER", "VXLAN", "OVERLAY_FS", "NF_TABLES", "NFT_COMPAT"}
            | {"BRIDGE_VLAN_FILTERING", "NETFILTER_XT_MATCH_BPF", "SECURITY_APPARMOR"},
        ),
    ],
)
def test_what_a_kernel_was_built_without_is_missing(
    machine: Machine, name: str, missing: set[str]
) -> None:
    text = fixture(f"kernel_config/{name}")
    without_modules(machine).write("/proc/config.gz", compressed(text))
    features, _ = read_features(machine.host())
    assert {option for option, built in features.items() if built == "missing"} == missing


def test_an_option_that_the_configuration_does_not_name_is_missing(machine: Machine) -> None:
    """Nor is one whose name only begins so: CONFIG_VETH=m is not among these lines."""
    without_modules(machine).write(
        "/proc/config.gz", compressed("CONFIG_NET_NS=y\nCONFIG_VETH_MORE=m\n# CONFIG_VETH=m\n")
    )
    features, _ = read_features(machine.host())
    assert features["NET_NS"] == "builtin"
    assert features["VETH"] == "missing"


def test_the_running_kernels_own_configuration_comes_before_the_file_in_boot(
    machine: Machine,
) -> None:
    path = f"/boot/config-{machine.uname['release']}"
    machine.write(path, fixture(DEBIAN))
    machine.write("/boot/config-6.1.0-other", "CONFIG_NET_NS=y\n")
    assert read_features(machine.host())[1] == path
    machine.write("/proc/config.gz", compressed(fixture(DEBIAN)))
    assert read_features(machine.host())[1] == "/proc/config.gz"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"CONFIG_NET_NS=y\n",
        compressed(fixture(DEBIAN))[:200],
        compressed(fixture(DEBIAN))[:-9],
        compressed(""),
        compressed("nothing of a configuration\n"),
        compressed("0" * (8 * 1024 * 1024 + 1)),
    ],
    ids=["empty", "plain", "half", "cut", "empty-inside", "other", "huge"],
)
def test_a_configuration_that_is_not_whole_is_not_believed(
    machine: Machine, content: bytes
) -> None:
    machine.write("/proc/config.gz", content)
    assert read_features(machine.host())[1] == "modules"
    machine.write(f"/boot/config-{machine.uname['release']}", fixture(DEBIAN))
    assert read_features(machine.host())[1] == f"/boot/config-{machine.uname['release']}"


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_configuration_that_cannot_be_read_leaves_the_modules(
    machine: Machine, kind: str
) -> None:
    if kind == "folder":
        machine.folder("/proc/config.gz")
    else:
        machine.link("/proc/config.gz", "config.gz")
    assert read_features(machine.host())[1] == "modules"


def test_the_lists_of_modules_tell_what_is_a_module(machine: Machine) -> None:
    features, source = read_features(machine.host())
    assert source == "modules"
    assert features["NF_CONNTRACK"] == "builtin"
    assert features["VETH"] == "module"
    assert features["VXLAN"] == "module"
    assert features["NAMESPACES"] is None
    machine.write(f"/lib/modules/{machine.uname['release']}/modules.dep", "")
    assert read_features(machine.host())[0]["VXLAN"] == "missing"


def test_a_module_whose_file_is_not_installed_is_missing(machine: Machine) -> None:
    """Ubuntu's kernel for the Raspberry Pi has vxlan in linux-modules-extra-raspi."""
    folder = f"/lib/modules/{machine.uname['release']}"
    listing = machine.path(f"{folder}/modules.dep").read_text()
    machine.write(f"{folder}/modules.dep", re.sub(r".*/vxlan\.ko:\n", "", listing))
    machine.write("/proc/config.gz", compressed(fixture(DEBIAN)))
    features, source = read_features(machine.host())
    assert source == "/proc/config.gz"
    assert features["VXLAN"] == "missing"
    assert features["MACVLAN"] == "module"


def test_what_is_built_in_is_not_sought_among_the_modules(machine: Machine) -> None:
    machine.write(f"/lib/modules/{machine.uname['release']}/modules.dep", "")
    machine.write("/proc/config.gz", compressed("CONFIG_VXLAN=y\nCONFIG_MACVLAN=m\n"))
    features, _ = read_features(machine.host())
    assert (features["VXLAN"], features["MACVLAN"]) == ("builtin", "missing")


def test_where_nothing_can_be_read_nothing_is_told(machine: Machine) -> None:
    assert read_features(without_modules(machine).host()) == (None, None)


@given(st.binary() | st.binary().map(lambda data: gzip.compress(data, mtime=0)), st.binary())
def test_whatever_stands_in_the_files_every_option_has_a_state(
    machine: Machine, packed: bytes, plain: bytes
) -> None:
    machine.write("/proc/config.gz", packed)
    machine.write(f"/boot/config-{machine.uname['release']}", plain)
    features, source = read_features(machine.host())
    assert list(features) == list(FEATURES)
    assert set(features.values()) <= {"builtin", "module", "missing", None}
    assert source is not None


@given(st.lists(st.sampled_from(sorted(FEATURES)), unique=True, min_size=1))
def test_a_configuration_is_read_back_as_it_was_written(
    machine: Machine, options: list[str]
) -> None:
    text = "".join(f"CONFIG_{name}=y\n" for name in options)
    machine.write("/proc/config.gz", compressed(text))
    features, _ = read_features(machine.host())
    assert {name for name, built in features.items() if built == "builtin"} == set(options)
