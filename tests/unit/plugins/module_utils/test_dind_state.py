# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._dind_export import (
    context,
    exported,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_look import (
    Docker,
    missing_for_rootless,
)
from ansible_collections.arm64.docker.plugins.module_utils._dind_proof import engine
from ansible_collections.arm64.docker.plugins.module_utils._dind_rules import refusals
from ansible_collections.arm64.docker.plugins.module_utils._dind_state import look_at
from ansible_collections.arm64.docker.plugins.module_utils._dind_wait import Look
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.tests.unit import dind
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent
from ansible_collections.arm64.docker.tests.unit.plugins.module_utils.test_certificate import issue


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def daemon(tmp_path: Path) -> dind.Daemon:
    return dind.Daemon(tmp_path)


def see(
    daemon: Any,
    *instances: dict[str, Any],
    wait: float = 0,
    later: float = 0,
    serves: bool = True,
) -> dict[str, Any]:
    clock = Clock()
    docker = Docker(FakeRunner(docker=daemon), "docker", 5)
    seen = look_at(
        list(instances),
        Look(
            docker,
            wait,
            clock.read,
            clock.sleep,
            lambda: time.time() + later * 86400,
            lambda engine, timeout: serves,
        ),
    )
    seen["seconds"] = clock.now
    return seen


def why_not(
    daemon: Any,
    instance: dict[str, Any],
    ports: Any = (),
    replace: bool = False,
    later: int = 0,
    going: Any = (),
) -> str:
    """Return what stands in the way of an instance, as many days later as is said."""
    seen = see(daemon, instance, later=later)[instance["name"]]
    return " ".join(refusals(instance, seen, ports, "linux/arm64", replace, going))


def test_of_a_new_instance_there_is_nothing(daemon: dind.Daemon) -> None:
    seen = see(daemon, dind.instance())["ci"]
    assert (seen["container"], seen["network"], seen["volumes"], seen["image"]) == (
        None,
        None,
        {},
        None,
    )
    assert why_not(daemon, dind.instance()) == ""


def test_whatever_context_is_in_use_the_hosts_own_daemon_is_asked(daemon: dind.Daemon) -> None:
    runner = FakeRunner(docker=daemon)
    look_at([dind.instance(port=2376)], Look(Docker(runner, "docker", 5), 0))
    assert {line.split()[2] for line in runner.command_lines("docker")} == {dind.HOST}


def test_an_engine_gets_its_time_and_no_more(daemon: dind.Daemon) -> None:
    daemon.add_container("ci")
    daemon.logs = "first\nfailed to start daemon\n"
    seen = see(daemon, dind.instance(tls=False), wait=20)
    assert seen["ci"]["version"] is None
    assert "172.18.0.2:2375" in seen["ci"]["problem"]
    assert seen["ci"]["log"] == ["first", "failed to start daemon"]
    assert 20 <= seen["seconds"] < 21


def test_the_engine_is_not_asked_before_it_serves(daemon: dind.Daemon) -> None:
    daemon.add_container("ci")
    runner = FakeRunner(docker=daemon)
    clock = Clock()
    look = Look(
        Docker(runner, "docker", 5), 20, clock.read, clock.sleep, time.time, lambda *_: False
    )
    seen = look_at([dind.instance(tls=False)], look)["ci"]
    assert "172.18.0.2:2375" in seen["problem"]
    lines = runner.command_lines("docker")
    assert len([line for line in lines if "--host tcp://" in line]) == 1
    assert len([line for line in lines if "container inspect" in line]) <= 22


def test_an_engine_as_root_is_not_asked_whether_it_is_rootless(daemon: dind.Daemon) -> None:
    answering(daemon)
    runner = FakeRunner(docker=daemon)
    seen = look_at([dind.instance(tls=False)], Look(Docker(runner, "docker", 5), 0))["ci"]
    assert seen["rootless"] is None
    assert not [line for line in runner.command_lines("docker") if " info " in line]


@pytest.mark.parametrize(
    ("logs", "wait", "listening"),
    [
        (
            "Daemon has completed initialization\nAPI listen on /run/user/1000/docker.sock\n",
            9,
            True,
        ),
        ("Daemon has completed initialization\n", 9, False),
        ("", 0, False),
        ("noise\n" * 2000, 9, None),
        ("noise\n" * 400, 0, None),
    ],
)
def test_the_log_since_the_start_says_that_the_engine_listens(
    daemon: dind.Daemon, logs: str, wait: float, listening: bool | None
) -> None:
    answering(daemon)
    daemon.logs = logs
    seen = see(daemon, dind.instance(tls=False), wait=wait)
    assert seen["ci"]["listening"] is listening
    assert seen["seconds"] < 6


def test_nobody_waits_for_a_container_that_has_ended(daemon: dind.Daemon) -> None:
    daemon.add_container("ci", Running=False, Status="exited", ExitCode=3)
    seen = see(daemon, dind.instance(), wait=300)
    assert "exited (exit status 3)" in seen["ci"]["problem"]
    assert seen["seconds"] == 0


def test_the_engine_is_reached_by_its_published_port_first() -> None:
    networks = {"ci": {"IPAddress": "172.18.0.2"}}
    ports = {"2376/tcp": [{"HostIp": "0.0.0.0", "HostPort": "23760"}]}
    published = {"NetworkSettings": {"Ports": ports, "Networks": networks}}
    inside = {"NetworkSettings": {"Ports": {"2376/tcp": None}, "Networks": networks}}
    assert engine(dind.instance(), published, "").url == "tcp://127.0.0.1:23760"
    assert engine(dind.instance(), inside, "").url == "tcp://172.18.0.2:2376"


def answering(daemon: dind.Daemon) -> None:
    """Let the engine of a container answer."""
    fixtures = Path(__file__).resolve().parents[3] / "fixtures/docker_version"
    daemon.add_container("ci")
    daemon.inner = said(
        (fixtures / "docker-debian13-26.1.5-arm64.json").read_text(encoding="utf-8")
    )


def test_an_engine_that_answers_is_described(daemon: dind.Daemon) -> None:
    answering(daemon)
    daemon.logs = "noise\nDaemon has completed initialization\nAPI listen on /var/run/docker.sock\n"
    seen = see(daemon, dind.instance(tls=False))["ci"]
    assert seen["version"]["server"]["engine"]["version"].startswith("26.1.5")
    assert len(seen["log"]) == 2


def test_certificates_tell_their_days_and_their_authority(
    daemon: dind.Daemon, tmp_path: Path
) -> None:
    authority, client = (
        daemon.add_volume("ci-certs-ca", "ci"),
        daemon.add_volume("ci-certs-client", "ci"),
    )
    (authority / "cert.pem").write_text(issue(tmp_path, "ca", "ca", 900))
    (client / "ca.pem").write_text(issue(tmp_path, "ca", "ca", 825))
    (client / "cert.pem").write_text(issue(tmp_path, "client", "client", 9))
    seen = see(daemon, dind.instance())["ci"]
    assert seen["authority"] == "same"
    assert seen["certificates"]["ca"]["days_left"] in (824, 825)
    assert seen["days_left"] in (8, 9)
    assert set(seen["client_files"]) == {"ca.pem", "cert.pem"}
    assert why_not(daemon, dind.instance()) == ""

    (client / "ca.pem").write_text(issue(tmp_path, "other", "ca", 825))
    assert see(daemon, dind.instance())["ci"]["authority"] == "other"
    assert "docker_dind_replace_certificates" in why_not(daemon, dind.instance())
    assert why_not(daemon, dind.instance(), replace=True) == ""


@pytest.mark.parametrize("volume", ["ci-certs-client/cert.pem", "ci-certs-ca/cert.pem"])
def test_a_certificate_that_a_power_cut_left_empty_has_ended(
    daemon: dind.Daemon, tmp_path: Path, volume: str
) -> None:
    for name in ("ci-certs-ca", "ci-certs-client"):
        daemon.add_volume(name, "ci")
    for name in ("ci-certs-ca/cert.pem", "ci-certs-client/ca.pem", "ci-certs-client/cert.pem"):
        (tmp_path / name).write_text(issue(tmp_path, "ca", "ca", 825))
    assert see(daemon, dind.instance())["ci"]["days_left"] in (824, 825)
    (tmp_path / volume).write_text("")
    seen = see(daemon, dind.instance())["ci"]
    assert (seen["days_left"], seen["authority"]) == (-1, None)
    assert why_not(daemon, dind.instance()) == ""


def test_a_damaged_certificate_of_ones_own_is_named(daemon: dind.Daemon, tmp_path: Path) -> None:
    for name in ("server", "client"):
        (tmp_path / "pki" / name).mkdir(parents=True)
        for kind in ("ca.pem", "cert.pem", "key.pem"):
            (tmp_path / "pki" / name / kind).write_text(issue(tmp_path, "ca", "ca", 9))
    (tmp_path / "pki/client/cert.pem").write_text("")
    with pytest.raises(DockerHostError, match=r"client/cert\.pem holds no certificate"):
        see(daemon, dind.instance(certificates=str(tmp_path / "pki")))


def test_somebodys_volume_of_an_authority_is_not_given_away(daemon: dind.Daemon) -> None:
    daemon.add_volume("mine", "")
    options = {"variant": "dind-rootless", "ca_volume": "mine"}
    other = dind.instance(uid=os.getuid() + 1, **options)
    assert "was not made for this and belongs to user" in why_not(daemon, other)
    assert why_not(daemon, dind.instance(ca_volume="mine")) == ""
    daemon.volumes["mine"]["Labels"] = {dind.LABEL: "old"}
    assert why_not(daemon, other) == ""


def test_certificates_whose_authority_is_gone_are_replaced_only_when_asked(
    daemon: dind.Daemon, tmp_path: Path
) -> None:
    client = daemon.add_volume("ci-certs-client", "ci")
    assert why_not(daemon, dind.instance()) == ""
    (client / "ca.pem").write_text(issue(tmp_path, "ca", "ca", 825))
    assert "docker_dind_replace_certificates" in why_not(daemon, dind.instance())
    daemon.add_volume("ci-certs-ca", "ci")
    assert "docker_dind_replace_certificates" in why_not(daemon, dind.instance())
    assert why_not(daemon, dind.instance(), replace=True) == ""


def test_a_network_in_which_somebody_else_is_docker_is_refused(daemon: dind.Daemon) -> None:
    for name, aliases in (("other", ["docker", "0123"]), ("job", None)):
        daemon.add_container(name, owner="")
        networks = daemon.containers[name]["NetworkSettings"]["Networks"]
        networks["ci"] = {"Aliases": aliases}
    daemon.add_container("ci")
    daemon.add_network("ci", "ci", "job")
    assert why_not(daemon, dind.instance()) == ""
    daemon.add_network("ci", "ci", "job", "other")
    assert "the name 'docker' is that of other too" in why_not(daemon, dind.instance())


def test_a_storage_that_another_container_has_is_refused(daemon: dind.Daemon) -> None:
    daemon.add_volume("ci-storage", "old")
    daemon.users["ci-storage"] = ["ci"]
    assert why_not(daemon, dind.instance()) == ""
    daemon.users["ci-storage"] = ["ci", "old"]
    assert "ci-storage is that of old too" in why_not(daemon, dind.instance())
    # One that has it already is asked no more.
    daemon.add_container("ci")
    daemon.containers["ci"]["Mounts"] = [{"Name": "ci-storage"}]
    assert why_not(daemon, dind.instance()) == ""


def test_certificates_of_ones_own_have_to_be_there_and_fit(
    daemon: dind.Daemon, tmp_path: Path
) -> None:
    own = dind.instance(certificates=str(tmp_path / "pki"))
    assert "no client/ca.pem, no client/cert.pem, no client/key.pem, no server/ca.pem" in why_not(
        daemon, own
    )
    for name in ("server", "client"):
        (tmp_path / "pki" / name).mkdir(parents=True)
        (tmp_path / "pki" / name / "key.pem").touch()
    (tmp_path / "pki/server/ca.pem").write_text(issue(tmp_path, "ca", "ca", 9))
    (tmp_path / "pki/client/ca.pem").write_text(issue(tmp_path, "ca", "ca", 9))
    (tmp_path / "pki/client/cert.pem").write_text(issue(tmp_path, "client", "client", 9))
    assert "there is no server/cert.pem in" in why_not(daemon, own)
    (tmp_path / "pki/server/cert.pem").write_text(issue(tmp_path, "server", "server", 5))
    assert why_not(daemon, own, later=4) == ""
    assert "server.pem of" in why_not(daemon, own, later=6)
    (tmp_path / "pki/ca").mkdir()
    (tmp_path / "pki/ca/key.pem").touch()
    assert "Keep the authority's key elsewhere" in why_not(daemon, own)
    (tmp_path / "pki/ca/key.pem").unlink()
    (tmp_path / "pki/server/ca.pem").write_text(issue(tmp_path, "other", "ca", 9))
    assert "two authorities" in why_not(daemon, own, replace=True)


@pytest.mark.parametrize(
    ("started", "later", "stale"),
    [(60, 0, False), (60, 120, False), (-60, 0, True), (-60, -30, False)],
)
def test_an_engine_serves_with_the_certificates_that_it_was_started_with(
    daemon: dind.Daemon, tmp_path: Path, started: int, later: int, stale: bool
) -> None:
    """``started`` is when, ``later`` when it is looked at; seconds after the files changed."""
    for name in ("server", "client"):
        (tmp_path / "pki" / name).mkdir(parents=True)
        for kind in ("ca.pem", "cert.pem", "key.pem"):
            (tmp_path / "pki" / name / kind).write_text(issue(tmp_path, "ca", "ca", 9))
    own = dind.instance(certificates=str(tmp_path / "pki"))
    moment = time.time() + started
    said_as = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + ".123456789Z"
    daemon.add_container("ci", StartedAt=said_as)
    assert see(daemon, own, later=later / 86400)["ci"]["stale"] is stale
    daemon.add_container("ci", StartedAt=said_as, Running=False, Status="exited")
    assert see(daemon, own, later=later / 86400)["ci"]["stale"] is False


def test_nothing_in_a_volume_makes_the_look_wait_or_read_elsewhere(
    daemon: dind.Daemon, tmp_path: Path
) -> None:
    client = daemon.add_volume("ci-certs-client", "ci")
    os.mkfifo(client / "ca.pem")
    (tmp_path / "secret").write_text(issue(tmp_path, "ca", "ca", 9))
    (client / "cert.pem").symlink_to(tmp_path / "secret")
    seen = see(daemon, dind.instance())["ci"]
    assert (seen["client_files"], seen["certificates"]) == ({}, {})


def test_links_in_a_folder_of_ones_own_are_followed(daemon: dind.Daemon, tmp_path: Path) -> None:
    (tmp_path / "issued.pem").write_text(issue(tmp_path, "ca", "ca", 9))
    for name in ("server", "client"):
        (tmp_path / "pki" / name).mkdir(parents=True)
        for kind in ("ca.pem", "cert.pem", "key.pem"):
            (tmp_path / "pki" / name / kind).symlink_to(tmp_path / "issued.pem")
    own = dind.instance(certificates=str(tmp_path / "pki"))
    seen = see(daemon, own)["ci"]
    assert set(seen["client_files"]) == {"ca.pem", "cert.pem", "key.pem"}
    assert set(seen["certificates"]) == {"ca", "client", "server"}
    assert why_not(daemon, own) == ""


def test_a_name_or_a_port_of_others_is_refused(daemon: dind.Daemon) -> None:
    daemon.add_container("ci", owner="")
    assert "was not made for this" in why_not(daemon, dind.instance())
    assert "was not made for this" in why_not(daemon, dind.instance(state="absent"))
    daemon.add_container("ci")
    taken = [("web", "0.0.0.0", 2376), ("ci", "127.0.0.1", 2376)]
    assert "by the container web" in why_not(daemon, dind.instance(port=2376), taken)
    elsewhere = [("web", "192.0.2.7", 2376), ("web", "::", 2376)]
    assert why_not(daemon, dind.instance(port=2376), elsewhere) == ""


def test_a_port_that_a_program_of_the_host_has_is_refused(daemon: dind.Daemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as program:
        port = program.getsockname()[1]
        assert "by a program of the host" in why_not(daemon, dind.instance(port=port))
        everywhere = dind.instance(port=port, address="0.0.0.0")
        assert "by a program of the host" in why_not(daemon, everywhere)
        assert why_not(daemon, dind.instance(port=port, address="127.0.0.2")) == ""
        # Where Docker publishes for the instance itself, or for one that goes, it listens itself.
        own = [("ci", "127.0.0.1", port)]
        assert why_not(daemon, dind.instance(port=port), own) == ""
        old = [("old", "127.0.0.1", port)]
        assert why_not(daemon, dind.instance(port=port), old, going={"old"}) == ""
        assert "by the container old" in why_not(daemon, dind.instance(port=port), old)
        # One that is started over and over publishes what docker did not say a moment ago.
        for address in ("127.0.0.1", ""):
            daemon.add_container("ci", Restarting=True, Status="restarting")
            binding = [{"HostIp": address, "HostPort": str(port)}]
            daemon.containers["ci"]["HostConfig"] = {"PortBindings": {"2376/tcp": binding}}
            assert why_not(daemon, dind.instance(port=port)) == ""
        daemon.containers["ci"]["State"]["Running"] = False
        assert "by a program of the host" in why_not(daemon, dind.instance(port=port))
        daemon.containers.clear()
    assert why_not(daemon, dind.instance(port=port)) == ""


def test_a_port_of_the_other_protocol_s_addresses_is_free(daemon: dind.Daemon) -> None:
    with socket.create_server(("0.0.0.0", 0)) as program:
        port = program.getsockname()[1]
        assert why_not(daemon, dind.instance(port=port, address="::")) == ""
    with socket.create_server(("::", 0), family=socket.AF_INET6) as program:
        port = program.getsockname()[1]
        assert "by a program of the host" in why_not(daemon, dind.instance(port=port, address="::"))


def test_an_address_that_the_host_does_not_have_is_refused(daemon: dind.Daemon) -> None:
    elsewhere = dind.instance(port=23769, address="192.0.2.7")
    assert "which this host does not have" in why_not(daemon, elsewhere)


def test_what_an_engine_of_another_user_has_left_is_not_given_to_the_next(
    daemon: dind.Daemon,
) -> None:
    storage = daemon.add_volume("ci-storage", "ci")
    mine = {"variant": "dind-rootless", "uid": os.getuid() or 1000}
    for path in (storage, daemon.add_volume("ci-certs-client", "ci")):
        assert why_not(daemon, dind.instance(**mine)) == ""
        (path / "made").mkdir()
        os.chown(path / "made", mine["uid"], -1)
    assert why_not(daemon, dind.instance(**mine)) == ""
    other = why_not(daemon, dind.instance(**{**mine, "uid": mine["uid"] + 1}))
    assert "the volume ci-storage holds files of user" in other
    assert "the volume ci-certs-client holds files of user" in other
    root = why_not(daemon, dind.instance())
    assert "docker volume rm ci-storage" in root
    assert "ci-certs-client" not in root


def test_a_network_goes_only_when_nobody_else_is_in_it(daemon: dind.Daemon) -> None:
    gone = dind.instance(state="absent")
    daemon.add_network("ci", "ci", "web")
    daemon.users["ci"] = ["ci", "web"]
    assert why_not(daemon, gone) == ""
    daemon.networks["ci"]["Labels"] = {dind.LABEL: "ci"}
    assert "docker network disconnect ci web" in why_not(daemon, gone)
    daemon.users["ci"] = ["ci"]
    assert why_not(daemon, gone) == ""


def test_a_network_that_stays_with_another_engine_may_have_others_in_it(
    daemon: dind.Daemon,
) -> None:
    daemon.add_network("ci", "web")
    daemon.networks["ci"]["Labels"] = {dind.LABEL: "ci"}
    daemon.users["ci"] = ["web"]
    gone = dind.instance(state="absent")
    seen = see(daemon, gone, dind.instance("next", network="ci"))
    assert refusals(gone, seen["ci"], [], "linux/arm64", False) == []


def test_ports_are_read_of_what_docker_shows(daemon: dind.Daemon) -> None:
    daemon.ports = [
        {"Names": "web", "Ports": "0.0.0.0:80->80/tcp, [::]:80->80/tcp, 443/tcp"},
        {"Names": "many", "Ports": "127.0.0.1:5000-5002->5000-5002/tcp"},
    ]
    ports = Docker(FakeRunner(docker=daemon), "docker", 5).publishing()()
    assert ports == [
        ("web", "0.0.0.0", 80),
        ("web", "::", 80),
        *(("many", "127.0.0.1", port) for port in (5000, 5001, 5002)),
    ]


def test_an_image_of_another_platform_on_the_host_is_refused(daemon: dind.Daemon) -> None:
    daemon.images["arm64v8/docker:dind"] = {
        "Id": "sha256:1",
        "Os": "linux",
        "Architecture": "amd64",
    }
    assert "for linux/amd64" in why_not(daemon, dind.instance())


@pytest.mark.parametrize(
    ("variant", "platform", "fits"),
    [
        ("", "linux/arm/v7", True),
        ("v7", "linux/arm/v7", True),
        ("v6", "linux/arm/v7", True),
        ("v7", "linux/arm/v6", False),
        ("v7", "linux/arm64", False),
    ],
)
def test_an_image_of_a_variant_that_the_host_runs_fits(
    daemon: dind.Daemon, variant: str, platform: str, fits: bool
) -> None:
    wanted = dind.instance(platform=platform)
    daemon.images[wanted["container"]["image"]] = {
        "Id": "sha256:1",
        "Os": "linux",
        "Architecture": "arm",
        "Variant": variant,
    }
    seen = see(daemon, wanted)["ci"]
    assert (refusals(wanted, seen, [], platform, False) == []) is fits


def test_the_image_for_another_user_is_named_by_all_that_it_is_made_of(daemon: dind.Daemon) -> None:
    def name(identity: str, uid: int) -> str:
        image = {"Id": identity, "Os": "linux", "Architecture": "arm64"}
        daemon.images["arm64v8/docker:dind-rootless"] = image
        wanted = dind.instance(variant="dind-rootless", uid=uid)
        return see(daemon, wanted)["ci"]["derived"]["name"]

    assert name("sha256:1", 1234) == name("sha256:1", 1234)
    assert len({name("sha256:1", 1234), name("sha256:2", 1234), name("sha256:1", 1235)}) == 3


@pytest.mark.parametrize(
    ("namespaces", "clone", "mode", "words"),
    [
        ("0", "1", 0o666, "max_user_namespaces"),
        (None, "1", 0o666, "max_user_namespaces"),
        ("28633", "0", 0o666, "unprivileged_userns_clone"),
        ("28633", "1", 0o600, "mode 0666"),
        ("28633", "1", None, "modprobe tun"),
        ("28633", None, 0o666, ""),
    ],
)
def test_what_engines_without_root_need_of_the_host(
    tmp_path: Path, namespaces: str | None, clone: str | None, mode: int | None, words: str
) -> None:
    for name, content in (
        ("user/max_user_namespaces", namespaces),
        ("kernel/unprivileged_userns_clone", clone),
    ):
        path = tmp_path / "proc/sys" / name
        path.parent.mkdir(parents=True)
        if content is not None:
            path.write_text(content + "\n")
    if mode is not None:
        device = tmp_path / "dev/net/tun"
        device.parent.mkdir(parents=True)
        device.touch()
        device.chmod(mode)
    reasons = missing_for_rootless(str(tmp_path))
    assert words in " ".join(reasons)
    assert len(reasons) == (1 if words else 0)


def test_a_context_is_found_by_the_digest_of_its_name(tmp_path: Path) -> None:
    assert context(str(tmp_path), "ci") == {"named": False, "context": None}
    folder = tmp_path / "contexts/meta" / hashlib.sha256(b"ci").hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": "ci", "Endpoints": {"docker": {"Host": "tcp://127.0.0.1:2376"}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    assert context(str(tmp_path), "ci") == {"named": True, "context": "tcp://127.0.0.1:2376"}


def test_what_was_exported_is_known_by_its_keys_however_often_it_is_issued_anew(
    daemon: dind.Daemon, tmp_path: Path
) -> None:
    client, folder = daemon.add_volume("ci-certs-client", "ci"), tmp_path / "exported"
    folder.mkdir()
    wanted = dind.instance(state="absent", export={"path": str(folder)})
    for place, days in ((folder, 9), (client, 825)):
        (place / "ca.pem").write_text(issue(tmp_path, "ca", "ca", 90))
        (place / "cert.pem").write_text(issue(tmp_path, "client", "client", days))
        (place / "key.pem").write_text((tmp_path / "client.key").read_text())
    seen = see(daemon, wanted)["ci"]
    assert seen["exported"]["files"] != seen["client_files"]
    assert seen["exported"]["identities"] == seen["client_identities"]
    assert seen["exported"]["days_left"] in (8, 9)
    (folder / "cert.pem").unlink()
    (folder / "ca.pem").write_text("no certificate")
    exported = see(daemon, wanted)["ci"]["exported"]
    assert exported["days_left"] is None
    assert exported["identities"]["ca.pem"] != seen["client_identities"]["ca.pem"]


def test_an_export_for_nobody_is_refused(daemon: dind.Daemon) -> None:
    export = {"path": "/nowhere/at/all", "owner": "nobody-of-that-name"}
    daemon.add_volume("ci-certs-client", "ci")
    assert "there is no such user" in why_not(daemon, dind.instance(export=export))


def test_an_export_for_a_group_that_is_not_there_is_refused(daemon: dind.Daemon) -> None:
    export = {"path": "/nowhere/at/all", "group": "nobody-of-that-name"}
    assert "there is no such group" in why_not(daemon, dind.instance(export=export))


def test_an_export_through_a_link_is_refused(daemon: dind.Daemon, tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to("/etc")
    for path in (tmp_path / "home", tmp_path / "home/ci"):
        reasons = why_not(daemon, dind.instance(export={"path": str(path)}))
        assert "which a link leads to /etc" in reasons
    straight = dind.instance(export={"path": f"{tmp_path}/other/"})
    assert why_not(daemon, straight) == ""


def test_of_an_absent_instance_its_certificates_are_known(
    daemon: dind.Daemon, tmp_path: Path
) -> None:
    client = daemon.add_volume("ci-certs-client", "ci")
    (tmp_path / "export").mkdir()
    for place in (client, tmp_path / "export"):
        (place / "key.pem").write_text("key")
    export = {"path": str(tmp_path / "export")}
    seen = see(daemon, dind.instance(state="absent", export=export))["ci"]
    assert seen["exported"]["files"] == seen["client_files"] != {}


def test_of_an_export_only_files_count(tmp_path: Path) -> None:
    own = pwd.getpwuid(os.getuid())
    group = grp.getgrgid(os.getgid()).gr_name
    (tmp_path / "key.pem").write_text("key")
    (tmp_path / "key.pem").chmod(0o600)
    os.mkfifo(tmp_path / "cert.pem")
    (tmp_path / "ca.pem").symlink_to("/dev/zero")
    export = {"to": "host", "path": str(tmp_path), "owner": own.pw_name, "context": "ci"}
    found = exported({**export, "group": group})
    assert list(found["files"]) == found["owned"] == ["key.pem"]
    assert (found["folder"], found["named"]) == (True, False)
    if os.geteuid() == 0:
        os.chown(tmp_path / "key.pem", -1, 65534)
        assert exported({**export, "group": group})["owned"] == []
        assert exported({**export, "group": ""})["owned"] == ["key.pem"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(stderr=dind.NO_DAEMON, rc=1), "systemctl status docker"),
        (silent(), "its time was up"),
        (said(stderr="permission denied while trying to connect", rc=1), "Run with become"),
    ],
)
def test_a_daemon_that_does_not_answer_is_an_error(answer: Any, words: str) -> None:
    with pytest.raises(DockerHostError, match=words):
        see(lambda argv: answer, dind.instance())
