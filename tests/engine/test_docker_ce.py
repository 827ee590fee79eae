# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider docker_ce from a virgin host to its removal, with a signed repository of its own."""

from __future__ import annotations

import pytest
from repository import FROM_MACHINES, Repository

from engine.conftest import LIVE, OBSERVATION, baseline

pytestmark = pytest.mark.full

OLD_LIST = "/etc/apt/sources.list.d/docker.list"
SHARED_LIST = "/etc/apt/sources.list.d/shared.list"

# A daemon of this version never starts on the host, and those of all others do.
UNFIT = """
mkdir -p /etc/systemd/system/docker.service.d
cat >/etc/systemd/system/docker.service.d/unfit.conf <<END
[Service]
ExecStartPre=/bin/sh -c '! dpkg-query -W docker-ce | grep -q 26.1.5{otherwise}'
END
systemctl daemon-reload
"""
FIT = "rm /etc/systemd/system/docker.service.d/unfit.conf; systemctl daemon-reload"

# apt does not install the package docker.io.
REFUSED = r"""
cat >/etc/apt/apt.conf.d/zz-test <<'END'
DPkg::Pre-Install-Pkgs { "! grep -q /docker.io_"; };
END
"""

# A package that either provider's engine satisfies, as nvidia-docker2.
DEPENDENT = """
mkdir -p /run/dependent/DEBIAN
cat >/run/dependent/DEBIAN/control <<END
Package: dependent
Version: 1
Architecture: all
Maintainer: Test <test@example.org>
Depends: docker-ce | docker.io
Description: depends on an engine
END
dpkg-deb --build /run/dependent /run/dependent.deb
dpkg --install /run/dependent.deb
"""

# The newest that the host takes is not the newest that there is.
PINNED = """
cat >/etc/apt/preferences.d/test <<END
Package: docker-ce docker-ce-cli
Pin: version 5:26.*
Pin-Priority: 900
END
"""


@pytest.fixture(scope="module")
def repository():
    with Repository(FROM_MACHINES) as repository:
        yield repository


@pytest.fixture(scope="module")
def settings(host, repository):
    """Trust the server's certificate on the host, as with a mirror of one's own."""
    host.write("/usr/local/share/ca-certificates/test.crt", repository.ca.read_text())
    host.ssh("update-ca-certificates")
    return {
        "docker_engine_provider": "docker_ce",
        "docker_engine_repository_url": f"{repository.url}/linux/debian",
        "docker_engine_repository_fingerprint": repository.fingerprint,
        "docker_engine_version": "26.1.4",
        "docker_engine_hold": True,
    }


@pytest.fixture
def site(host, settings):
    def run(*options, **different):
        return host.play("arm64.docker.site", *options, **{**settings, **different})

    return run


@pytest.fixture
def upgrade(host, settings):
    def run(*options, **different):
        every = {**settings, "docker_targets": "all", "docker_engine_version": "26", **different}
        return host.play("arm64.docker.upgrade", *options, **every)

    return run


def version(host):
    return host.ssh("docker version --format '{{.Server.Version}}'").strip()


def held(host):
    return set(host.ssh("apt-mark showhold").split())


def live(host):
    return host.ssh("docker inspect --format '{{.State.Running}}' live").strip() == "true"


def since(host):
    return host.ssh("docker inspect --format '{{.State.StartedAt}}' live").strip()


def test_a_virgin_host_is_predicted_without_asking_a_source_that_is_not_there(
    host, site, repository
):
    before = baseline(host)
    predicted = site("--check", "--diff").demand()
    assert predicted.changed > 0
    assert baseline(host) == before
    assert repository.requests == []


def test_a_key_with_another_fingerprint_is_not_installed(host, site):
    before = baseline(host)
    attempt = site(docker_engine_repository_fingerprint="0" * 40)
    assert attempt.rc != 0
    assert "0" * 40 in attempt.message()
    assert baseline(host) == before


def test_the_version_is_chosen_held_and_an_older_list_moved_aside(host, site, repository):
    host.ssh("mkdir -p /etc/apt/keyrings; touch /etc/apt/keyrings/other.gpg")
    signed = "[arch=arm64 signed-by=/etc/apt/keyrings/other.gpg]"
    line = f"deb {signed} {repository.url}/linux/debian trixie stable\n"
    host.write(OLD_LIST, line)
    # The same beside another source, behind empty lines, as people write it.
    host.write(SHARED_LIST, f"\n\n{line}")
    host.ssh("grep -m1 '^deb ' /etc/apt/sources.list >/run/other")
    host.ssh(f"sed -i '1r /run/other' {SHARED_LIST}")
    site().demand()
    assert version(host) == "26.1.4"
    assert held(host) == {
        "docker-ce",
        "docker-ce-cli",
        "containerd.io",
        "docker-buildx-plugin",
        "docker-compose-plugin",
    }
    host.ssh(f"! test -e {OLD_LIST}; test -e {OLD_LIST}.arm64-docker.disabled; apt-get -qq update")
    lines = host.ssh(f"cat {SHARED_LIST}").splitlines()
    assert [line.startswith("# ") for line in lines if "deb " in line] == [False, True]
    host.ssh(f"rm {SHARED_LIST}*")
    assert "Starting up" in host.ssh("journalctl --unit=docker --output=cat")
    assert (
        host.ssh("journalctl --unit=docker --output=cat | grep -c '^Starting docker.service'")
        == "1\n"
    )


def test_a_second_run_sends_one_module(site):
    for wish in ("26.1.4", "26.1", "26"):
        run = site(docker_engine_version=wish).demand()
        assert run.sent == (OBSERVATION,)
        assert run.changed == 0


def test_a_version_that_does_not_exist_is_answered_with_those_that_do(host, site):
    attempt = site(docker_engine_version="26.9")
    assert attempt.rc != 0
    assert "5:26.1.5-1~debian.13~trixie" in attempt.message()
    assert version(host) == "26.1.4"


def test_an_upgrade_that_is_served_badly_leaves_the_engine_as_it_is(host, upgrade, repository):
    host.ssh(LIVE)
    for fault in (lambda: repository.close_after(1000), repository.corrupt):
        with fault():
            assert upgrade().rc != 0
        assert version(host) == "26.1.4"
        assert live(host)


def test_a_failed_upgrade_within_a_major_version_is_put_back(host, upgrade):
    with host.planted(UNFIT.format(otherwise=""), FIT):
        # Two names for the machine: of a fleet, all that come after the one that fails wait.
        fleet = {"first": {}, "second": {}}
        attempt = upgrade(docker_engine_health_timeout=20, hosts=fleet)
        assert attempt.rc != 0
        assert [attempt.recap[name]["failed"] for name in fleet] == [1, 0]
        assert attempt.recap["second"]["changed"] == 0
        assert "It is back at 26.1.4" in attempt.message("first")
    assert version(host) == "26.1.4"
    assert live(host)
    assert "docker-ce" in held(host)


def test_a_daemon_that_hangs_after_an_upgrade_is_put_back_too(host, upgrade):
    with host.planted(UNFIT.format(otherwise=" || exec sleep 3600"), FIT):
        attempt = upgrade(docker_engine_health_timeout=20)
        assert "It is back at 26.1.4" in attempt.message()
    assert version(host) == "26.1.4"
    assert live(host)
    assert host.ssh("systemctl show --property=TimeoutStartUSec docker.service").strip() == (
        "TimeoutStartUSec=infinity"
    )


def test_an_upgrade_shows_its_steps_and_brings_back_what_ran(host, upgrade):
    run = upgrade().demand()
    assert "docker-ce: 5:26.1.4-1~debian.13~trixie -> 5:26.1.5-1~debian.13~trixie" in run.output
    assert version(host) == "26.1.5"
    assert live(host)
    assert "docker-ce" in held(host)
    assert upgrade().demand().changed == 0


def test_an_older_version_needs_leave(host, site):
    attempt = site(docker_engine_version="26.1.4")
    assert attempt.rc != 0
    assert "docker_engine_allow_downgrade" in attempt.message()
    assert version(host) == "26.1.5"


def test_latest_upgrades_with_containers_that_go_on_and_otherwise_only_asks(host, site):
    restores = {"docker_engine_live_restore": True}
    older = {**restores, "docker_engine_version": "26.1.4"}
    site(**older, docker_engine_allow_downgrade=True).demand()
    newest = {**restores, "docker_engine_state": "latest", "docker_engine_version": ""}
    started = since(host)
    with host.planted(PINNED, "rm /etc/apt/preferences.d/test"):
        assert site(**newest).demand().changed > 0
        assert version(host) == "26.1.5"
        assert live(host)
        assert since(host) == started
        assert "docker-ce" in held(host)
        run = site(**newest).demand()
        assert (run.changed, run.sent) == (0, (OBSERVATION, *["ansible.builtin.apt"] * 2))
    # What comes next stops containers, and starts them again.
    site(docker_engine_version="", docker_engine_live_restore=False).demand()


def test_the_other_provider_is_refused_and_replaced_where_that_is_wanted(host, site):
    other = {"docker_engine_provider": "distribution", "docker_engine_version": ""}
    attempt = site(**other)
    assert attempt.rc != 0
    assert "docker_engine_switch_provider" in attempt.message()
    elsewhere = {**other, "docker_engine_containerd_image_store": True}
    attempt = site(docker_engine_switch_provider=True, docker_engine_hold=False, **elsewhere)
    assert attempt.rc != 0
    assert "docker_engine_containerd_image_store: false" in attempt.message()
    assert version(host) == "26.1.5"
    with host.planted(REFUSED, "rm /etc/apt/apt.conf.d/zz-test"):
        assert site(docker_engine_switch_provider=True, **other).rc != 0
    assert version(host) == "26.1.5"
    assert live(host)
    assert "docker-ce" in held(host)
    with host.planted(DEPENDENT, "dpkg --purge dependent"):
        site(docker_engine_switch_provider=True, docker_engine_hold=False, **other).demand()
        assert host.ssh("dpkg-query -W -f '${db:Status-Status}' dependent") == "installed"
    assert version(host).startswith("26.1.5+dfsg")
    assert live(host)
    assert site(docker_engine_hold=False, **other).demand().sent == (OBSERVATION,)


def test_uninstall_gives_back_what_the_repository_replaced(host, settings):
    wanted = {**settings, "docker_targets": "all", "docker_engine_provider": "distribution"}
    line = "deb [arch=arm64] https://mirror.example.org/linux/debian trixie stable\n"
    host.write(SHARED_LIST, f"# arm64.docker: {line}")
    assert host.play("arm64.docker.uninstall", **wanted).demand().changed > 0
    assert host.ssh(f"cat {SHARED_LIST}") == line
    host.ssh(f"test -e {OLD_LIST}; ! test -e /etc/apt/sources.list.d/docker.sources")
    host.ssh("! test -e /etc/apt/keyrings/docker.asc; ! command -v docker")
    assert host.play("arm64.docker.uninstall", **wanted).demand().changed == 0
