# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.filter.dind_instances import FilterModule
from ansible_collections.arm64.docker.plugins.module_utils._dind_types import TYPES
from ansible_collections.arm64.docker.plugins.module_utils._dind_wish import (
    DEFAULTS,
    EXPORT_DEFAULTS,
)

dind_instances = FilterModule().filters()["dind_instances"]
SPEC = Path(__file__).resolve().parents[4] / "roles/docker_dind/meta/argument_specs.yml"


def one(platform: str = "linux/arm64", **options: Any) -> dict[str, Any]:
    """Return the only instance of a list, which has to be possible."""
    found = dind_instances([{"name": "ci", **options}], platform)
    assert found["refusals"] == []
    return found["instances"][0]


def refused(*instances: dict[str, Any], platform: str = "linux/arm64") -> str:
    """Return why a list is refused, on one line."""
    found = dind_instances(list(instances), platform)
    assert found["instances"] == []
    return " ".join(found["refusals"])


@pytest.mark.parametrize(
    ("platform", "options", "image"),
    [
        ("linux/arm64", {}, "arm64v8/docker:dind"),
        ("linux/amd64", {}, "docker:dind"),
        ("linux/arm/v7", {"version": "28"}, "docker:28-dind"),
        ("linux/arm64", {"version": "28.0.4"}, "arm64v8/docker:28.0.4-dind"),
        (
            "linux/arm64",
            {"version": 28, "variant": "dind-rootless"},
            "arm64v8/docker:28-dind-rootless",
        ),
        ("linux/arm64", {"version": "28.0.4-rootless"}, "arm64v8/docker:28.0.4-dind-rootless"),
        ("linux/arm64", {"version": "latest"}, "arm64v8/docker:dind"),
        (
            "linux/arm64",
            {"version": "28", "repository": "registry.example.org/docker"},
            "registry.example.org/docker:28-dind",
        ),
        ("linux/arm64", {"version": "28", "image": "own:1"}, "own:1"),
    ],
)
def test_the_image_goes_by_platform_variant_and_version(
    platform: str, options: dict[str, Any], image: str
) -> None:
    assert one(platform, **options)["container"]["image"] == image


def test_the_tag_of_an_article_is_explained() -> None:
    found = dind_instances([{"name": "ci", "version": "28.0.4-rootless"}], "linux/arm64")
    assert "'28.0.4-dind-rootless'" in found["notes"][0]


def test_a_version_that_yaml_has_made_a_number_is_refused() -> None:
    assert "YAML reads 20.10 as 20.1" in refused({"name": "ci", "version": 20.10})


@pytest.mark.parametrize(
    ("address", "endpoint", "words"),
    [
        ("127.0.0.1", "", "would lead to the controller itself"),
        ("0.0.0.0", "", "would lead to the controller itself"),
        ("::", "", "would lead to the controller itself"),
        ("127.0.0.1", "localhost", ""),
        ("0.0.0.0", "board.example.org", ""),
        ("192.0.2.7", "", ""),
    ],
)
def test_a_context_on_the_controller_leads_to_the_host(
    address: str, endpoint: str, words: str
) -> None:
    export = {"to": "controller", "path": "/srv/ci", "context": "ci", "endpoint": endpoint}
    options = {"name": "ci", "port": 2376, "address": address, "export": export}
    reasons = dind_instances([options], "linux/arm64")["refusals"]
    assert (words in reasons[0]) if words else reasons == []
    on_host = {**options, "export": {**export, "to": "host"}}
    assert dind_instances([on_host], "linux/arm64")["refusals"] == []
    # On the host that is the controller, and of an engine that goes, it is right.
    assert dind_instances([options], "linux/arm64", local=True)["refusals"] == []
    assert dind_instances([options], "linux/arm64", "absent")["refusals"] == []


def test_tls_is_on_and_the_name_is_one_of_the_certificate() -> None:
    container = one(
        san=["192.0.2.7", "DNS:other", "a.example.org"], address="192.0.2.9", port=2376
    )["container"]
    assert container["environment"] == {
        "DOCKER_TLS_CERTDIR": "/certs",
        "DOCKER_TLS_SAN": "DNS:ci,IP:192.0.2.7,DNS:other,DNS:a.example.org,IP:192.0.2.9",
    }
    assert container["ports"] == ["192.0.2.9:2376:2376"]
    assert {mount["source"]: mount["target"] for mount in container["mounts"]} == {
        "ci-storage": "/var/lib/docker",
        "ci-certs-ca": "/certs/ca",
        "ci-certs-client": "/certs/client",
    }
    assert all(mount["labels"] == container["label"] for mount in container["mounts"])
    assert container["volumes"] == []
    assert container["aliases"] == ["docker"]


def test_without_tls_there_are_no_certificates_and_loopback_alone() -> None:
    container = one(tls=False, port=2375)["container"]
    assert container["environment"] == {"DOCKER_TLS_CERTDIR": ""}
    assert container["command"] == ["--tls=false"]
    assert container["ports"] == ["127.0.0.1:2375:2375"]
    assert container["own_volumes"] == ["ci-storage"]


def test_options_and_variables_without_a_value_are_not_given() -> None:
    container = one(
        daemon_options={"debug": None, "mtu": 0}, environment={"TOKEN": None, "EMPTY": ""}
    )["container"]
    assert container["command"] == ["--tlsverify", "--mtu=0"]
    assert "TOKEN" not in container["environment"]
    assert container["environment"]["EMPTY"] == ""


def test_options_of_the_daemon_are_words_of_its_command_line() -> None:
    command = one(
        mirrors=["https://mirror.example.org"],
        daemon_options={"debug": True, "--label": ["a=1", "b=2"], "mtu": 1400},
    )["container"]["command"]
    assert command == [
        "--tlsverify",
        "--registry-mirror=https://mirror.example.org",
        "--debug=true",
        "--label=a=1",
        "--label=b=2",
        "--mtu=1400",
    ]


@pytest.mark.parametrize(("iptables", "value"), [("legacy", "1"), ("nft", ""), ("auto", None)])
def test_the_mode_of_iptables_is_set_nonempty_set_empty_or_unset(
    iptables: str, value: str | None
) -> None:
    environment = one(iptables=iptables)["container"]["environment"]
    assert environment.get("DOCKER_IPTABLES_LEGACY") == value


def test_certificates_of_ones_own_take_the_place_of_the_volumes() -> None:
    container = one(certificates="/etc/dind")["container"]
    assert container["volumes"] == ["/etc/dind:/certs:ro"]
    assert [mount["target"] for mount in container["mounts"]] == ["/var/lib/docker"]
    assert container["own_volumes"] == ["ci-storage"]


def test_another_user_needs_an_image_of_its_own() -> None:
    dockerfile = one(variant="dind-rootless", uid=1234, gid=5678)["container"]["dockerfile"]
    assert dockerfile.startswith("FROM arm64v8/docker:dind-rootless\nUSER root\n")
    assert "rootless:x:1234:5678:" in dockerfile
    assert one(variant="dind-rootless")["container"]["dockerfile"] == ""


def test_a_client_goes_to_the_engine_that_it_names_and_after_it() -> None:
    instances = [{"name": "client", "variant": "cli", "engine": "ci"}, {"name": "ci"}]
    found = dind_instances(instances, "linux/arm64")["instances"]
    assert [instance["name"] for instance in found] == ["ci", "client"]
    client = found[1]["container"]
    assert client["network"] == "ci"
    assert client["volumes"] == ["ci-certs-client:/certs/client:ro"]
    assert client["mounts"] == []
    assert client["environment"]["DOCKER_HOST"] == "tcp://docker:2376"
    gone = dind_instances(instances, "linux/arm64", "absent")["instances"]
    assert [instance["name"] for instance in gone] == ["client", "ci"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "-ci"}, "letters"),
        ({"variant": "banana"}, "dind, dind-rootless, cli"),
        ({"version": "18.06"}, "have no TLS, which began with 18.09"),
        ({"version": "17.12.1"}, "have no TLS"),
        ({"tls": False, "port": 2375, "address": "0.0.0.0"}, "never published beyond loopback"),
        ({"tls": False, "port": 2375, "address": "::"}, "never published beyond loopback"),
        ({"tls": False, "certificates": "/etc/dind"}, "decide for one"),
        ({"port": 70000}, "65535"),
        ({"port": 2376, "address": "board"}, "an IP address"),
        ({"memory": "much"}, "512m"),
        ({"daemon_options": {"tlsverify": False}}, "entrypoint sets itself"),
        ({"daemon_options": {"--host": "tcp://0.0.0.0"}}, "entrypoint sets itself"),
        ({"uid": 1234}, "for the variant dind-rootless"),
        ({"variant": "dind-rootless", "uid": 100000}, "subordinate ids 100000 to 165535"),
        ({"variant": "dind-rootless", "gid": 165535}, "subordinate ids"),
        ({"variant": "dind-rootless", "uid": 0}, "from 1 to 65533"),
        ({"variant": "dind-rootless", "version": "18.09"}, "began with 19.03"),
        ({"variant": "cli"}, "needs the name of one of the engines"),
        ({"export": {"path": "here"}}, "absolute path"),
        ({"export": {"path": "/here", "context": "ci"}}, "publish the engine"),
        ({"network": "a b"}, "takes for no name"),
        ({"export": {"path": "/here", "context": "a b"}, "port": 2376}, "takes for no name"),
        ({"export": {"path": "/here", "context": "default"}, "port": 2376}, "Docker's own"),
        ({"network": "host", "tls": False}, "Docker's own"),
        ({"network": "bridge"}, "Docker's own"),
        ({"environment": {"DOCKER_TLS_CERTDIR": ""}}, "which the option tls sets"),
        ({"environment": {"DOCKER_TLS_SAN": "DNS:other"}}, "which the option san sets"),
        ({"daemon_options": {"H": "tcp://0.0.0.0"}}, "entrypoint sets itself"),
        ({"daemon_options": {"host=tcp://0.0.0.0:2375": ""}}, "entrypoint sets itself"),
        ({"certificates": "here"}, "absolute path"),
        ({"port": "many"}, "port is 'many', which is no int"),
        ({"daemon_options": "debug"}, "which is no dict"),
        ({"ca_volume": "vv", "client_volume": "vv"}, "name the same volume"),
        ({"san": ["board.lan, 192.0.2.5"]}, "san has 'board.lan, 192.0.2.5'"),
        ({"san": ["board.lan "]}, "an entry of its own"),
        ({"san": ["IP:board.lan"]}, "san has 'IP:board.lan'"),
        ({"san": [""]}, "san has ''"),
        ({"export": {"path": "/here", "endpoint": "a b"}, "port": 2376}, "without a port"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], words: str) -> None:
    assert words in refused({"name": "ci", **options})


def test_18_09_is_the_first_version_with_tls() -> None:
    assert one(version="18.09")["container"]["environment"]["DOCKER_TLS_CERTDIR"] == "/certs"
    assert one(version="18.06", tls=False)["container"]["image"].endswith(":18.06-dind")


def test_a_32_bit_host_has_no_engine_without_root() -> None:
    options = {"name": "ci", "variant": "dind-rootless"}
    assert "arm64 and amd64 only" in refused(options, platform="linux/arm/v7")


@pytest.mark.parametrize(
    ("shared", "words"),
    [
        ({"network": "one"}, "by turns"),
        ({"client_volume": "one"}, "overwrite"),
        ({"ca_volume": "one"}, "overwrite"),
        ({"storage_volume": "one"}, "destroy"),
        ({"port": 2376}, "both published on port 2376"),
        ({"export": {"path": "/etc/ci"}}, "the same folder /etc/ci"),
        ({"name": "ci"}, "a name of its own"),
    ],
)
def test_two_engines_share_nothing(shared: dict[str, Any], words: str) -> None:
    assert words in refused({"name": "ci", **shared}, {"name": "field", **shared})


@pytest.mark.parametrize(
    ("address", "other", "words"),
    [
        ("0.0.0.0", "127.0.0.1", "both published"),
        ("192.0.2.7", "127.0.0.1", ""),
        ("::", "127.0.0.1", ""),
        ("::", "::1", "both published"),
    ],
)
def test_an_address_of_all_takes_the_port_of_each(address: str, other: str, words: str) -> None:
    options = [
        {"name": "ci", "address": address, "port": 2376},
        {"name": "field", "address": other, "port": 2376},
    ]
    found = dind_instances(options, "linux/arm64")
    assert words in " ".join(found["refusals"])
    assert bool(found["refusals"]) == bool(words)


def test_a_docker_context_is_of_one_engine_for_each_user() -> None:
    def exported(name: str, owner: str) -> dict[str, Any]:
        export = {"path": f"/home/{owner}/{name}", "owner": owner, "context": "ci"}
        return {"name": name, "port": 2376 + len(name), "export": export}

    assert "the same docker context 'ci'" in refused(exported("ci", "one"), exported("cd2", "one"))
    both = dind_instances([exported("ci", "one"), exported("cd2", "two")], "linux/arm64")
    assert both["refusals"] == []


@pytest.mark.parametrize(
    ("address", "endpoint", "url"),
    [
        ("127.0.0.1", "", "tcp://127.0.0.1:2376"),
        ("0.0.0.0", "", "tcp://127.0.0.1:2376"),
        ("::", "", "tcp://[::1]:2376"),
        ("::1", "", "tcp://[::1]:2376"),
        ("192.0.2.7", "ci.example.org", "tcp://ci.example.org:2376"),
    ],
)
def test_a_docker_context_has_the_address_of_the_engine(
    address: str, endpoint: str, url: str
) -> None:
    export = {"path": "/etc/ci", "context": "ci", "endpoint": endpoint}
    found = one(address=address, port=2376, export=export)
    assert found["context_url"] == url


@pytest.mark.parametrize(
    ("address", "name"), [("127.0.0.2", "IP:127.0.0.2"), ("::1", "IP:::1"), ("::", "IP:::1")]
)
def test_an_address_of_the_host_that_no_container_has_is_in_the_certificate(
    address: str, name: str
) -> None:
    environment = one(address=address, port=2376)["container"]["environment"]
    assert environment["DOCKER_TLS_SAN"] == f"DNS:ci,{name}"


def test_options_are_what_the_roles_specification_takes_them_for() -> None:
    found = one(
        variant="dind-rootless",
        tls="false",
        port="2376",
        uid="1000",
        cpus="1.5",
        mirrors="https://one.example.org,https://two.example.org",
        volumes="/srv:/srv",
        daemon_options="debug=true",
        environment='{"A": "b"}',
    )
    assert (found["tls"], found["port"], found["cpus"]) == (False, 2376, 1.5)
    container = found["container"]
    assert container["dockerfile"] == ""
    assert container["volumes"] == ["/srv:/srv"]
    assert container["environment"] == {"DOCKER_TLS_CERTDIR": "", "A": "b"}
    assert container["command"] == [
        "--tls=false",
        "--registry-mirror=https://one.example.org",
        "--registry-mirror=https://two.example.org",
        "--debug=true",
    ]


def test_keys_of_an_export_that_say_nothing_are_not_given() -> None:
    export = one(export={"path": "/srv/ci", "owner": None, "group": None})["export"]
    assert export == {**EXPORT_DEFAULTS, "path": "/srv/ci"}
    assert one(export={"path": None})["export"] == {}


def test_what_is_absent_stands_in_nobodys_way() -> None:
    found = dind_instances(
        [{"name": "ci"}, {"name": "old", "network": "ci", "state": "absent"}], "linux/arm64"
    )
    assert found["refusals"] == []


def test_the_roles_specification_has_the_same_options_and_defaults() -> None:
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    options = spec["docker_dind_instances"]["options"]
    assert {name: option.get("default") for name, option in options.items()} == DEFAULTS
    types = {name: option["type"] for name, option in options.items() if option["type"] != "str"}
    assert types == TYPES
    exports = options["export"]["options"]
    assert {name: option.get("default", "") for name, option in exports.items()} == EXPORT_DEFAULTS


@pytest.mark.parametrize("wrong", [None, "ci", {"name": "ci"}, ["ci"]])
def test_what_is_no_list_of_dictionaries_is_an_error_of_the_filter(wrong: object) -> None:
    with pytest.raises(AnsibleFilterError, match="list of dictionaries"):
        dind_instances(wrong, "linux/arm64")


@given(
    st.lists(st.sampled_from(["ci", "field", "x1"]), unique=True, min_size=1),
    st.sampled_from(["dind", "dind-rootless"]),
    st.booleans(),
)
def test_what_was_completed_stays_as_it_is(names: list[str], variant: str, tls: bool) -> None:
    given_ones = [{"name": name, "variant": variant, "tls": tls} for name in names]
    first = dind_instances(given_ones, "linux/arm64")["instances"]
    plain = [
        {
            key: value
            for key, value in full.items()
            if key not in ("container", "rootless", "context_url")
        }
        for full in first
    ]
    assert dind_instances(plain, "linux/arm64")["instances"] == first


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [("board.lan", "DNS:board.lan"), ("192.0.2.5", "IP:192.0.2.5"), ("[::2]", "IP:::2")],
)
def test_the_certificate_holds_the_name_by_which_its_context_asks(endpoint: str, name: str) -> None:
    export = {"path": "/here", "context": "ci", "endpoint": endpoint}
    (instance,) = dind_instances([{"name": "ci", "port": 2376, "export": export}], "linux/arm64")[
        "instances"
    ]
    assert instance["container"]["environment"]["DOCKER_TLS_SAN"] == f"DNS:ci,{name}"
