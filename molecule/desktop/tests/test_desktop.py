# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role promises of a workstation."""

from __future__ import annotations

WANTS = "/home/pilot/.config/systemd/user/graphical-session.target.wants"


def test_desktop_is_installed_with_its_dependencies(host):
    package = host.package("docker-desktop")
    assert package.is_installed
    assert package.version == "4.86.0-236216"
    for name in ("docker-ce-cli", "qemu-system-arm", "pass"):
        assert host.package(name).is_installed, name


def test_it_starts_when_its_user_logs_in(host):
    link = f"{WANTS}/docker-desktop.service"
    assert host.file(link).is_symlink
    # Of the link itself; what it leads to is root's.
    assert host.check_output("stat --format %%U %s", link) == "pilot"


def test_the_user_has_its_context(host):
    assert host.file("/home/pilot/docker-was-asked").contains("context use desktop-linux")


def test_no_package_lies_around(host):
    assert not host.file("/var/cache/arm64-docker").exists
