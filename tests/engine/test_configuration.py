# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json from the first start to the removal, with a container that has to live through it."""

from __future__ import annotations

import json
import re

import pytest

from engine.conftest import LIVE, OBSERVATION, baseline

# dockerd 26, which validates a file by itself, and 20.10, which cannot.
pytestmark = pytest.mark.parametrize(
    "host",
    [
        pytest.param({"release": "trixie"}, id="trixie"),
        pytest.param({"release": "bookworm"}, id="bookworm", marks=pytest.mark.full),
    ],
    indirect=True,
    scope="module",
)

CA = """-----BEGIN CERTIFICATE-----
bm90IGEgY2VydGlmaWNhdGUsIG9ubHkgaXRzIGZvcm0=
-----END CERTIFICATE-----
"""

SETTINGS = {
    "docker_engine_users": ["pilot"],
    "docker_engine_live_restore": True,
    "docker_engine_data_root_mount": True,
    "docker_engine_https_proxy": "http://pilot:hunter2@192.0.2.1:3128",
    "docker_engine_no_proxy": "localhost,192.0.2.0/24",
    "docker_engine_registry_ca": {"registry.example.org:5000": CA},
    "docker_engine_config": {"labels": ["place=attic"], "max-concurrent-downloads": 1},
}

# One that is refused and one that is taken back; make test-full tries the others.
IMPORTANT = ("hosts in conflict with the unit", "a storage driver that cannot start")

# What dpkg leaves of a package that is removed and not purged, and the key of Docker 20.10.
KEPT = (
    r" /etc/(default/docker|docker( $|/key\.json)|init\.d/docker|containerd|rc\d\.d/"
    r"|systemd/system/\w+\S*\.wants/)"
)

STARTS = (
    "journalctl --unit=docker.service --output=cat | grep -c '^Starting docker.service' || true"
)

# /etc on a small disk of its own, without a byte to spare.
FULL_ETC = """
size=$(du -sk --apparent-size /etc | cut -f1)
mkdir -p /mnt
mount -t tmpfs -o size=$((size * 3 + 1024))k small /mnt
cp -a /etc/. /mnt
cat /dev/zero >/mnt/fill 2>/dev/null || true
mount --bind /mnt /etc
"""

# Each with what the message must name. The last two pass dockerd's own validation: only a daemon
# that tries finds them.
BAD_CONFIGURATIONS = {
    "an unknown key": ({"no-such-key": 1}, "no-such-key"),
    "a wrong type": ({"debug": "perhaps"}, "debug"),
    "hosts in conflict with the unit": ({"hosts": ["unix:///run/other.sock"]}, "hosts"),
    "a port in use": ({"metrics-addr": "127.0.0.1:22"}, "address already in use"),
    "a storage driver that cannot start": ({"storage-driver": "zfs"}, "graphdriver"),
}


def site(host, *options, config=None, **settings):
    wanted = {**SETTINGS, **settings}
    wanted["docker_engine_config"] = {**SETTINGS["docker_engine_config"], **(config or {})}
    return host.play("arm64.docker.site", *options, **wanted)


def daemon_json(host):
    return json.loads(host.ssh("cat /etc/docker/daemon.json"))


def container(host):
    return host.ssh("docker inspect --format '{{.State.Running}} {{.State.StartedAt}}' live")


@pytest.fixture(scope="module")
def before(host):
    return baseline(host)


@pytest.fixture(scope="module")
def first_run(host, before):
    return site(host).demand()


@pytest.fixture(scope="module")
def live(host, first_run):
    host.ssh(LIVE)


def test_a_first_installation_is_predicted_and_changes_nothing_in_check_mode(host, before):
    predicted = site(host, "--check", "--diff").demand()
    assert predicted.changed > 0
    assert baseline(host) == before


def test_an_engine_is_configured_before_it_starts_and_starts_once(host, first_run):
    assert host.ssh(STARTS).strip() == "1"
    assert daemon_json(host) == {
        "live-restore": True,
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "max-file": "3"},
        "labels": ["place=attic"],
        "max-concurrent-downloads": 1,
    }
    environment = host.ssh("systemctl show --property=Environment,RequiresMountsFor docker.service")
    assert "HTTPS_PROXY=http://pilot:hunter2@192.0.2.1:3128" in environment
    assert "/var/lib/docker" in environment
    assert host.ssh("cat /etc/docker/certs.d/registry.example.org:5000/ca.crt") == CA
    assert "hunter2" not in first_run.output


def test_a_second_run_with_all_of_it_sends_one_module(host, first_run):
    run = site(host).demand()
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


@pytest.mark.full
def test_a_first_start_that_fails_leaves_an_engine_that_runs(host, first_run):
    host.ssh("systemctl stop docker.socket docker.service")
    before = host.ssh("cat /etc/docker/daemon.json")
    attempt = site(host, config={"metrics-addr": "127.0.0.1:22"})
    assert attempt.rc != 0
    assert "daemon.json is back as it was" in attempt.message()
    assert host.ssh("cat /etc/docker/daemon.json") == before
    assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"


def test_what_can_be_reloaded_leaves_containers_and_the_daemon_alone(host, live):
    started, starts = container(host), host.ssh(STARTS)
    assert site(host, config={"labels": ["place=cellar"]}).demand().changed == 1
    assert container(host) == started
    assert host.ssh(STARTS) == starts
    assert "place=cellar" in host.ssh("docker info --format '{{.Labels}}'")
    assert site(host, config={"labels": ["place=cellar"]}).demand().sent == (OBSERVATION,)


def test_what_needs_a_restart_gets_one_and_live_restore_keeps_containers(host, live):
    started, starts = container(host), int(host.ssh(STARTS))
    assert site(host, config={"no-new-privileges": True}).demand().changed == 1
    assert container(host) == started
    assert int(host.ssh(STARTS)) == starts + 1


@pytest.mark.full
def test_metrics_are_served_where_that_is_asked_for(host, live):
    started = container(host)
    metrics = {
        "docker_engine_metrics_address": "127.0.0.1:9323",
        "config": {"no-new-privileges": True},
    }
    site(host, **metrics).demand()
    script = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9323/metrics').read().decode())"
    assert "engine_daemon_engine_info{" in host.ssh(f'python3 -c "{script}"')
    assert container(host) == started
    site(host, config={"no-new-privileges": True, "metrics-addr": None}).demand()


@pytest.mark.full
def test_keys_of_others_stay_and_a_write_without_a_restart_is_healed(host, live):
    starts = int(host.ssh(STARTS))
    limit = {"Name": "nofile", "Soft": 9999, "Hard": 9999}
    foreign = {**daemon_json(host), "default-ulimits": {"nofile": limit}}
    host.write("/etc/docker/daemon.json", json.dumps(foreign))
    assert site(host, config={"no-new-privileges": True}).demand().changed == 1
    assert int(host.ssh(STARTS)) == starts + 1
    assert daemon_json(host) == foreign
    assert site(host, config={"no-new-privileges": True}).demand().sent == (OBSERVATION,)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        pytest.param(*values, id=name, marks=() if name in IMPORTANT else pytest.mark.full)
        for name, values in BAD_CONFIGURATIONS.items()
    ],
)
def test_a_bad_configuration_leaves_docker_and_its_containers_running(host, live, config, named):
    started, before = container(host), host.ssh("cat /etc/docker/daemon.json")
    attempt = site(
        host, config={"no-new-privileges": True, **config}, docker_engine_leave_data=True
    )
    assert attempt.rc != 0
    assert named in attempt.message()
    assert host.ssh("cat /etc/docker/daemon.json") == before
    assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"
    assert container(host) == started


@pytest.mark.full
def test_without_live_restore_containers_run_again_after_a_restart(host, live):
    wanted = {"docker_engine_live_restore": False}
    site(host, config={"no-new-privileges": True}, **wanted).demand()
    before, started = host.ssh("cat /etc/docker/daemon.json"), container(host)
    attempt = site(
        host, config={"no-new-privileges": True, "metrics-addr": "127.0.0.1:22"}, **wanted
    )
    assert attempt.rc != 0
    assert "address already in use" in attempt.message()
    assert host.ssh("cat /etc/docker/daemon.json") == before
    taken_back = container(host)
    assert taken_back.startswith("true ")
    assert taken_back != started
    site(host, config={"no-new-privileges": None}, **wanted).demand()
    restarted = container(host)
    assert restarted.startswith("true ")
    assert restarted != taken_back
    site(host, config={"no-new-privileges": True}).demand()
    assert container(host).startswith("true ")


def test_a_full_etc_leaves_docker_and_its_containers_running(host, live):
    started, before = container(host), host.ssh("cat /etc/docker/daemon.json")
    with host.planted(FULL_ETC, "umount --lazy /etc; umount --lazy /mnt"):
        attempt = site(host, config={"no-new-privileges": True, "debug": True})
        assert host.ssh("cat /etc/docker/daemon.json") == before
    assert attempt.rc != 0
    assert "No space left" in attempt.message()
    assert host.ssh("cat /etc/docker/daemon.json") == before
    assert container(host) == started


@pytest.mark.full
def test_a_full_data_root_is_taken_back(host, live):
    started, before = container(host), host.ssh("cat /etc/docker/daemon.json")
    full = "mkdir -p /mnt; mount -t tmpfs -o size=64k tiny /mnt; cat /dev/zero >/mnt/fill || true"
    with host.planted(full, "umount --lazy /mnt"):
        wanted = {"config": {"no-new-privileges": True}, "docker_engine_data_root": "/mnt"}
        refused = site(host, **wanted)
        assert "would see neither them nor its images" in refused.message()
        attempt = site(host, **wanted, docker_engine_leave_data=True)
    assert attempt.rc != 0
    assert "no space left" in attempt.message().lower()
    assert host.ssh("cat /etc/docker/daemon.json") == before
    assert container(host) == started


@pytest.mark.full
def test_a_drop_in_that_the_daemon_does_not_start_with_is_taken_back(host, live):
    started = container(host)
    settings = {"config": {"no-new-privileges": True}, "docker_engine_data_root_mount": False}
    site(host, **settings).demand()
    environment = host.ssh("systemctl show --property=Environment,RequiresMountsFor docker.service")
    missing = "/dev/missing /var/lib/docker ext4 nofail,x-systemd.device-timeout=3s 0 2"
    with host.planted(
        f"cp -a /etc/fstab /run/; echo '{missing}' >>/etc/fstab; systemctl daemon-reload",
        "cp -a /run/fstab /etc/; systemctl daemon-reload",
    ):
        refused = site(host, config={"no-new-privileges": True})
        assert "[error] data_root_not_mounted:" in refused.message()
        attempt = site(
            host,
            config={"no-new-privileges": True},
            docker_preflight_ignore=["data_root_not_mounted"],
        )
        assert attempt.rc != 0
        assert "arm64-docker.conf is back as it was" in attempt.message()
        assert host.ssh("docker version --format '{{.Server.Arch}}'").strip() == "arm64"
        assert container(host) == started
    show = "systemctl show --property=Environment,RequiresMountsFor docker.service"
    assert host.ssh(show) == environment
    site(host, config={"no-new-privileges": True}).demand()


@pytest.mark.full
def test_automatic_upgrades_are_kept_away_from_docker(host, live):
    installed = "dpkg-query -W -f '${Package}\\n' | sort"
    host.ssh(f"apt-get -qq update; {installed} >/run/before")
    host.ssh("apt-get -qq -y install unattended-upgrades needrestart")
    found = site(host, config={"no-new-privileges": True}).demand().output
    assert "[warning] automatic_upgrades:" in found
    wanted = {"docker_engine_unattended_upgrades": "exclude"}
    run = site(host, config={"no-new-privileges": True}, **wanted).demand()
    assert run.changed > 0
    assert "automatic_upgrades" not in site(host, "--check", **wanted).output
    assert "docker" in host.ssh("apt-config dump Unattended-Upgrade::Package-Blacklist")
    run = site(host, config={"no-new-privileges": True}, **wanted).demand()
    assert run.sent == (OBSERVATION,)
    # dpkg leaves folders in which it finds the files of others.
    host.ssh("rm /etc/needrestart/conf.d/arm64-docker.conf")
    host.ssh(f"apt-get -qq -y purge $({installed} | comm -13 /run/before -)")


def test_a_broken_file_is_refused_by_line_and_column_and_not_overwritten(host, live):
    before = host.ssh("cat /etc/docker/daemon.json")
    host.write("/etc/docker/daemon.json", '{\n  "debug": true,,\n}\n')
    attempt = host.play("arm64.docker.site", **{**SETTINGS, "docker_preflight_policy": "warn"})
    assert attempt.rc != 0
    assert "line 2" in attempt.message()
    assert host.ssh("cat /etc/docker/daemon.json") == '{\n  "debug": true,,\n}\n'
    host.write("/etc/docker/daemon.json", before)


def test_tcp_without_client_certificates_is_refused(host, live):
    attempt = site(host, config={"hosts": ["tcp://0.0.0.0:2375"]})
    assert attempt.rc != 0
    assert "docker_engine_allow_unauthenticated_tcp" in attempt.message()


def test_uninstall_gives_the_machine_back_and_keeps_the_data(host, before, live):
    # Keys that the tests before gave it and that are not in the inventory are a user's own.
    site(host, config={"no-new-privileges": None, "default-ulimits": None}).demand()
    settings = {**SETTINGS, "docker_targets": "all"}
    run = host.play("arm64.docker.uninstall", **settings).demand()
    assert run.changed > 0
    assert host.ssh("ls /var/lib/docker")
    after = baseline(host)
    # dpkg keeps configuration files, and links for the next boot, of what is not purged.
    kept = [line for line in after - before if not re.search(KEPT, line)]
    assert kept == []
    assert before - after == set()
    assert host.play("arm64.docker.uninstall", **settings).demand().changed == 0


@pytest.mark.full
def test_uninstall_with_the_data_leaves_nothing(host, before, live):
    settings = {**SETTINGS, "docker_targets": "all", "docker_engine_remove_data": True}
    host.play("arm64.docker.uninstall", **settings).demand()
    assert baseline(host) == before
    assert host.ssh("find /var/lib/docker /var/lib/containerd || true") == ""


def test_uninstall_has_no_default_target(host):
    attempt = host.play("arm64.docker.uninstall")
    assert attempt.rc != 0
    assert "docker_targets" in attempt.output
