# SPDX-License-Identifier: GPL-3.0-or-later
"""A data root on a disk of its own: what is found, what mends it, and what a reboot shows."""

from __future__ import annotations

import pytest

from engine.conftest import LIVE, OBSERVATION

pytestmark = pytest.mark.full

SETTINGS = {"docker_engine_data_root": "/srv/ssd/docker", "docker_engine_data_root_mount": True}

# A disk in a file, which the system mounts when it gets to it.
DISK = """
apt-get -qq update
apt-get -qq -y install e2fsprogs
truncate --size 3G /opt/ssd
mkfs.ext4 -q /opt/ssd
mkdir -p /srv/ssd
echo '/opt/ssd /srv/ssd ext4 loop,nofail 0 2' >>/etc/fstab
systemctl daemon-reload
mount /srv/ssd
"""


def preflight(host, **settings):
    return host.play("arm64.docker.preflight", **{**SETTINGS, **settings})


@pytest.fixture(scope="module")
def disk(host):
    host.ssh(DISK)


def test_a_disk_that_mounts_late_is_found(host, disk):
    found = preflight(host, docker_preflight_policy="warn").output
    assert "[warning] data_root_mounts_late:" in found
    assert "/etc/fstab mounts /srv/ssd with nofail" in found


def test_file_systems_that_cannot_hold_docker_are_refused(host):
    host.ssh("apt-get -qq update; apt-get -qq -y install dosfstools")
    host.ssh("truncate --size 64M /opt/stick; mkfs.vfat /opt/stick; mkdir -p /media/stick")
    with host.planted("mount -o loop /opt/stick /media/stick", "umount /media/stick"):
        attempt = preflight(host, docker_engine_data_root="/media/stick/docker")
    assert attempt.rc != 0
    assert "[error] data_root_filesystem:" in attempt.message()
    assert "vfat" in attempt.message()


def test_docker_waits_for_the_disk_at_every_boot(host, disk):
    ignored = {"docker_preflight_ignore": ["storage_below_5gb"]}
    host.play("arm64.docker.site", **SETTINGS, **ignored).demand()
    host.ssh(f"{LIVE}\ndocker update --restart always live")
    assert host.ssh("ls /srv/ssd/docker")
    run = host.play("arm64.docker.site", **SETTINGS, **ignored).demand()
    assert run.sent == (OBSERVATION,)
    assert "data_root_mounts_late" not in run.output
    host.close()
    host.machine.reboot()
    assert host.ssh("docker inspect --format '{{.State.Running}}' live").strip() == "true"
    assert host.ssh("findmnt --noheadings --output FSTYPE /srv/ssd").strip() == "ext4"
    host.ssh("! test -e /var/lib/docker")


def test_a_disk_that_is_gone_is_found_before_anything_is_written_below_it(host, disk):
    gone = "systemctl stop docker.socket docker.service; umount /srv/ssd"
    with host.planted(gone, "mount /srv/ssd; systemctl start docker.service"):
        attempt = host.play("arm64.docker.site", **SETTINGS)
        host.ssh("! test -e /srv/ssd/docker")
    assert attempt.rc != 0
    assert "[error] data_root_not_mounted:" in attempt.message()
    assert "/srv/ssd, which is not mounted now" in attempt.message()


def test_a_later_removal_finds_the_data_on_the_disk(host, disk):
    settings = {**SETTINGS, "docker_targets": "all"}
    host.play("arm64.docker.uninstall", **settings).demand()
    assert "volumes" in host.ssh("ls /srv/ssd/docker")
    host.play("arm64.docker.uninstall", **settings, docker_engine_remove_data=True).demand()
    host.ssh("! test -e /srv/ssd/docker")
