# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of a shared board get daemons of their own, keep them, and lose them again."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION, baseline

from rootless.accounts import engine, rootless

pytestmark = pytest.mark.full

SUBORDINATE = "/etc/subuid /etc/subgid"
DATA = "/srv/ci/docker"

# What stands in the way, how it goes again, and what the refusal has to say.
HINDRANCES = [
    (
        "sysctl -q user.max_user_namespaces=0",
        "sysctl -q user.max_user_namespaces=15000",
        "set user.max_user_namespaces to 15000",
    ),
    ("mv /dev/net/tun /dev/net/gone", "mv /dev/net/gone /dev/net/tun", "load the module tun"),
    (
        f"cp -a /etc/subuid /root/subuid; cp -a /etc/subgid /root/subgid; "
        f"sed -i 's/^guest:[0-9]*:/guest:100000:/; s/^ci:[0-9]*:/ci:100000:/' {SUBORDINATE}",
        "mv /root/subuid /etc/subuid; mv /root/subgid /etc/subgid",
        "ci and guest from 100000 on",
    ),
    (
        "mkdir -p ~ci/.config/systemd/user; touch ~ci/.config/systemd/user/docker.service",
        "rm -r ~ci/.config",
        "dockerd-rootless-setuptool.sh",
    ),
]


def facts(host):
    answer = host.module(OBSERVATION, gather=["users", "rootless"]).demand().result()
    return answer["ansible_facts"]["ansible_docker_host"]


@pytest.fixture(scope="module")
def virgin(host):
    return baseline(host)


@pytest.fixture(scope="module")
def installed(host, virgin):
    host.play("arm64.docker.site").demand()
    # As an engine of other hands leaves it, which has no settings.
    host.ssh("find /etc/docker -maxdepth 0 -empty -delete 2>/dev/null || true")
    return baseline(host)


def test_check_mode_predicts_on_a_virgin_host_and_changes_nothing(host, virgin):
    run = rootless(host, "--check", "--diff").demand()
    assert run.changed > 0
    for word in ("rootlesskit", "slirp4netns", "bring the daemon of ci, guest"):
        assert word in run.output
    assert baseline(host) == virgin


def test_accounts_that_cannot_have_one_are_refused(host, installed):
    run = rootless(host, docker_rootless_users=["nobody-here", "root"])
    assert "There is no account nobody-here" in run.message()
    assert "root is root" in run.message()
    assert run.sent == (OBSERVATION,)
    assert baseline(host) == installed


@pytest.mark.parametrize(("plant", "undo", "words"), HINDRANCES)
def test_what_stands_in_the_way_is_named_before_anything_changes(
    host, installed, plant, undo, words
):
    with host.planted(plant, undo):
        before = baseline(host)
        run = rootless(host)
        assert run.rc
        assert words in run.message()
        assert "Nothing was changed" in run.message()
        assert baseline(host) == before


def test_every_account_gets_a_daemon_and_the_second_run_costs_one_module(host, installed):
    run = rootless(host).demand()
    assert run.changed > 0
    for user in ("ci", "guest"):
        assert "rootless" in engine(host, user)
    assert "rootless" not in host.ssh("docker info --format '{{json .SecurityOptions}}'")
    again = rootless(host).demand()
    assert (again.sent, again.changed) == ((OBSERVATION,), 0)
    on_command_line = rootless(host, docker_rootless_users="ci,guest").demand()
    assert (on_command_line.sent, on_command_line.changed) == ((OBSERVATION,), 0)


@pytest.mark.parametrize(
    "drift",
    [
        "loginctl disable-linger guest; sleep 15",
        "runuser -u ci -- env XDG_RUNTIME_DIR=/run/user/$(id -u ci) systemctl --user stop docker",
        "rm /etc/systemd/user/default.target.wants/docker.service",
        "rm -r ~ci/.docker/contexts",
        "sed -i s/^Restart=.*/Restart=no/ /etc/systemd/user/docker.service",
    ],
)
def test_drift_is_found_and_mended(host, drift):
    host.ssh(drift)
    assert rootless(host, "--check").demand().changed > 0
    assert rootless(host).demand().changed > 0
    assert rootless(host).demand().sent == (OBSERVATION,)
    for user in ("ci", "guest"):
        assert "rootless" in engine(host, user)


def test_the_daemons_come_back_at_boot_and_have_limits(host):
    host.machine.reboot()
    run = rootless(host).demand()
    assert (run.sent, run.changed) == ((OBSERVATION,), 0)
    users = facts(host)["rootless"]["users"]
    for user in ("ci", "guest"):
        assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(users[user]["delegated"])


def test_a_daemon_that_does_not_start_is_explained_with_its_journal(host):
    run = rootless(host, docker_rootless_config={"storage-driver": "no-such-driver"})
    assert run.rc
    assert "no-such-driver" in run.message()
    rootless(host).demand()
    assert "rootless" in engine(host, "ci")


def test_an_account_that_is_taken_off_the_list_loses_its_daemon(host):
    rootless(host, docker_rootless_users=["ci"]).demand()
    assert rootless(host, docker_rootless_users=["ci"]).demand().sent == (OBSERVATION,)
    assert facts(host)["rootless"]["configured"] == ["ci"]
    assert host.ssh("ps -C dockerd -o user=").split().count("guest") == 0
    assert host.ssh("ls -d ~guest/.local/share/docker")


def test_pasta_takes_the_place_of_slirp4netns(host):
    pasta = {"docker_rootless_users": ["ci"], "docker_rootless_network": "pasta"}
    rootless(host, **pasta).demand()
    assert "rootless" in engine(host, "ci")
    programs = host.ssh("ps -U ci -o comm=")
    assert "pasta" in programs
    assert "slirp4netns" not in programs
    assert rootless(host, **pasta).demand().sent == (OBSERVATION,)


def test_data_is_where_the_configuration_says(host):
    host.ssh(f"install -d -o ci -g ci {DATA}; touch {DATA}/mine")
    elsewhere = {"docker_rootless_users": ["ci"], "docker_rootless_config": {"data-root": DATA}}
    rootless(host, **elsewhere).demand()
    assert "rootless" in engine(host, "ci")
    assert "volumes" in host.ssh(f"ls {DATA}").split()
    assert rootless(host, **elsewhere).demand().sent == (OBSERVATION,)


def test_all_is_taken_back(host, installed):
    rootless(host, docker_rootless_state="absent", docker_rootless_remove_data=True).demand()
    assert baseline(host) == installed
    assert host.ssh("ls -A /var/lib/systemd/linger ~ci/.docker/contexts/meta") == (
        "/home/ci/.docker/contexts/meta:\n\n/var/lib/systemd/linger:\n"
    )
    host.ssh("test ! -e ~ci/.local/share/docker")
    assert host.ssh(f"ls -A {DATA}") == "mine\n"
    again = rootless(host, docker_rootless_state="absent").demand()
    assert (again.sent, again.changed) == ((OBSERVATION,), 0)
