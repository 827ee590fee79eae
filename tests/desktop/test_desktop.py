# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of Docker Desktop on one arm64 container; the tests are one story, in their order."""

from __future__ import annotations

import hashlib

import pytest

from desktop import packages
from desktop.conftest import OPERATOR
from desktop.server import NAME, ROOT

OBSERVATION = "arm64.docker.docker_host_facts"
OLD, NEW = "235549", "236216"
HOME = f"/home/{OPERATOR}"
WANTS = f"{HOME}/.config/systemd/user/graphical-session.target.wants"


@pytest.fixture(scope="module")
def old(web, folder):
    return web.publish(OLD, packages.desktop(folder, f"4.85.0-{OLD}"))


@pytest.fixture(scope="module")
def new(web, folder):
    package = packages.desktop(folder, f"4.86.0-{NEW}")
    web.publish("", package)
    return web.publish(NEW, package)


def installs_nothing(host, run, *words):
    assert run.rc != 0, run.output
    for word in words:
        assert word in run.message(), run.message()
    assert host.version() == ""
    assert host.leftovers() == ""


def test_a_host_that_does_not_fit_is_refused_with_all_reasons(host, web, old):
    web.asked.clear()
    host.run("rm -f /dev/kvm")
    run = host.play(
        docker_desktop_build=int(OLD),
        docker_desktop_users=[OPERATOR],
        docker_desktop_minimum_memory=10**9,
    )
    installs_nothing(host, run, "kvm: pilot cannot use", "memory:", "session:", "starts:", "4.86.0")
    assert web.asked == []
    # KVM may be used by root alone.
    host.run("mknod /dev/kvm c 1 3; chmod 0600 /dev/kvm; mkdir -p /usr/share/wayland-sessions")
    host.run("touch /usr/share/wayland-sessions/gnome.desktop")
    run = host.play(docker_desktop_users=[OPERATOR, "nobody-known"], docker_desktop_build=NEW)
    installs_nothing(host, run, "kvm: pilot cannot use", "no account nobody-known")
    assert "session:" not in run.message()
    host.run("chmod 0666 /dev/kvm")


def test_a_withdrawn_build_is_said_to_be_with_the_newest_that_is_known(host, web):
    web.withdrawn.add(f"{ROOT}/234302/")
    run = host.play(docker_desktop_build="4.83.0", docker_desktop_ignore=["cgroup", "starts"])
    installs_nothing(host, run, "answers with 403", "six months", "4.86.0", NEW)
    # With a checksum of one's own it is the package itself that is not there.
    run = host.play(docker_desktop_build=240000, docker_desktop_sha256="1" * 64)
    installs_nothing(host, run, "answers with 404", "six months", NEW)


def test_a_wrong_checksum_installs_nothing_and_leaves_no_file(host, new):
    run = host.play(docker_desktop_build=NEW, docker_desktop_sha256="a" * 64)
    installs_nothing(host, run, "nothing was installed", "checksum")


def test_a_file_that_is_always_cut_short_is_never_installed(host, web, new):
    path = f"{ROOT}/{NEW}/{NAME}"
    web.cuts[path] = 99
    run = host.play(docker_desktop_build=NEW)
    web.cuts.clear()
    installs_nothing(host, run, "nothing was installed")


def test_another_package_is_not_installed(host, folder):
    path = folder / "other.deb"
    path.write_bytes(packages.other(folder, "hello"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    run = host.play(docker_desktop_file=str(path), docker_desktop_sha256=digest)
    installs_nothing(host, run, "not Docker Desktop for arm64", "Package: hello")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"docker_desktop_build": "newest"}, "'newest' is no build"),
        ({"docker_desktop_url": "https://127.0.0.1/x.deb"}, "needs docker_desktop_sha256"),
        (
            {"docker_desktop_file": "/nowhere.deb", "docker_desktop_sha256": "a" * 64},
            "the controller has no file /nowhere.deb",
        ),
        ({"docker_desktop_server": "http://127.0.0.1"}, "would be fetched over http"),
    ],
)
def test_options_that_do_not_fit_are_named(host, options, word):
    run = host.play(**options)
    assert run.rc != 0
    assert word in " ".join(run.output.split()), run.output


def test_check_mode_foresees_the_installation_with_checksums_that_have_moved(host, web, new):
    web.moved[f"{ROOT}/{NEW}/checksums.txt"] = f"{ROOT}/checksums.txt"
    web.asked.clear()
    run = host.play("--check", "--diff", docker_desktop_build=NEW).demand()
    assert run.changed == 1
    assert f"sha256 {new}" in run.output
    assert web.asked == [f"{ROOT}/{NEW}/checksums.txt", f"{ROOT}/checksums.txt"]
    assert host.version() == ""


def test_a_download_that_breaks_off_is_begun_again_and_brings_the_dependencies(host, web, old):
    web.moved["/desktop.deb"] = f"{ROOT}/{OLD}/{NAME}"
    web.cuts[f"{ROOT}/{OLD}/{NAME}"] = 1
    source = {"docker_desktop_url": f"{web.address}/desktop.deb", "docker_desktop_sha256": old}
    run = host.play(**source).demand()
    assert "Docker lists only x86_64" in run.output
    assert host.version() == f"4.85.0-{OLD}"
    assert host.leftovers() == ""
    host.run("dpkg-query -W qemu-system-arm docker-ce-cli pass; dpkg --audit")
    assert host.play(**source).demand().sent == (OBSERVATION,)


def test_latest_upgrades_in_place_and_present_leaves_it(host, web, old, new):
    run = host.play(docker_desktop_users=[OPERATOR]).demand()
    assert (run.changed, host.version()) == (0, f"4.85.0-{OLD}")
    assert host.play(docker_desktop_state="latest").demand().changed > 0
    assert host.version() == f"4.86.0-{NEW}"
    assert host.play(docker_desktop_state="latest").demand().changed == 0


def test_going_back_is_refused(host, old):
    run = host.play(docker_desktop_build=OLD, docker_desktop_ignore=["cgroup", "starts"])
    assert "downgrade:" in run.message()
    assert host.version() == f"4.86.0-{NEW}"


def test_it_is_set_up_for_a_user_and_the_second_run_only_looks(host):
    setup = {
        "docker_desktop_users": [OPERATOR],
        "docker_desktop_autostart": True,
        "docker_desktop_context": True,
        "docker_desktop_started": True,
    }
    host.play(**setup).demand()
    assert "docker-desktop.service" in host.run(f"ls {WANTS}")
    asked = host.run(f"cat {HOME}/docker-was-asked")
    assert "context use desktop-linux" in asked
    assert f"host=unix://{HOME}/.docker/desktop/docker.sock" in asked
    assert host.play(**setup).demand().sent == (OBSERVATION,)


def test_an_account_that_is_named_later_is_checked_too(host):
    before = host.run("cat /var/lib/arm64-docker/desktop-users")
    run = host.play(docker_desktop_users=[OPERATOR, "nobody-known"], docker_desktop_autostart=True)
    assert run.rc != 0
    assert "no account nobody-known" in run.message()
    host.run("chmod 0600 /dev/kvm")
    run = host.play(docker_desktop_users=[OPERATOR], docker_desktop_autostart=True)
    host.run("chmod 0666 /dev/kvm")
    assert "kvm: pilot cannot use" in run.message()
    assert host.run("cat /var/lib/arm64-docker/desktop-users") == before


def test_an_account_that_is_taken_off_the_list_loses_it(host):
    host.run("useradd --create-home ada")
    setup = {"docker_desktop_users": [OPERATOR, "ada"], "docker_desktop_autostart": True}
    of_ada = f"{WANTS.replace(OPERATOR, 'ada')}/docker-desktop.service"
    host.play(**setup).demand()
    host.run(f"test -L {of_ada}")
    host.play(**{**setup, "docker_desktop_users": [OPERATOR]}).demand()
    host.run(f"test ! -e {of_ada}; test -L {WANTS}/docker-desktop.service")
    # One that is gone holds the removal up no more than one that is not named.
    host.play(**setup).demand()
    host.run("userdel --remove ada 2>/dev/null")


def test_removal_takes_back_what_was_set_up(host):
    host.run(f"runuser --user {OPERATOR} -- mkdir -p {HOME}/.docker/desktop/vms")
    host.play(docker_desktop_state="absent").demand()
    assert host.version() == ""
    host.run(f"""
        test ! -e /var/lib/arm64-docker/desktop
        test ! -e {WANTS}/docker-desktop.service
        test -d {HOME}/.docker/desktop/vms
    """)
    assert host.play(docker_desktop_state="absent").demand().sent == (OBSERVATION,)


def test_data_is_deleted_after_the_removal_too_and_once(host):
    options = {
        "docker_desktop_state": "absent",
        "docker_desktop_remove_data": True,
        "docker_desktop_users": [OPERATOR, "nobody-known"],
    }
    assert host.play("--check", **options).demand().changed == 1
    host.run(f"test -d {HOME}/.docker/desktop/vms")
    assert host.play(**options).demand().changed == 1
    host.run(f"test ! -e {HOME}/.docker/desktop")
    assert host.play(**options).demand().changed == 0
