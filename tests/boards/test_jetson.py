# SPDX-License-Identifier: GPL-3.0-or-later
"""A Jetson with a vendor's kernel: no nf_tables, no iptable_raw, and NVIDIA's own apt source."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", ["jetson-orin-nano"], indirect=True),
]

# The kernel loses what vendors leave out.
VENDOR_KERNEL = r"""
cd /lib/modules/$(uname -r)
find . -name 'nf_tables.ko*' -o -name 'nft_*.ko*' -o -name 'ip*table_raw.ko*' | xargs rm
depmod
"""

# A source as JetPack has it, whose toolkit starts runc.
NVIDIA = r"""
apt-get -qq update
apt-get -qq -y install dpkg-dev
place=/srv/nvidia.github.io/libnvidia-container
mkdir -p $place /opt/toolkit/DEBIAN /opt/toolkit/usr/bin
printf '%s\n' 'Package: nvidia-container-toolkit' 'Version: 1.17.0-1' 'Architecture: arm64' \
    'Maintainer: Tests <tests@example.org>' 'Description: toolkit of the tests' \
    >/opt/toolkit/DEBIAN/control
ln -s /usr/sbin/runc /opt/toolkit/usr/bin/nvidia-container-runtime
dpkg-deb --build /opt/toolkit $place/toolkit.deb >/dev/null
cd $place
dpkg-scanpackages . >Packages 2>/dev/null
echo "deb [trusted=yes] file:$place ./" >/etc/apt/sources.list.d/nvidia.list
"""

RUNTIME = (
    "tar -C / -chf - bin/uname lib/ld-linux-aarch64.so.1 lib/aarch64-linux-gnu/libc.so.6 | "
    "docker import - tool >/dev/null; "
    "docker run --rm --network none --runtime nvidia tool /bin/uname -m; docker rmi tool >/dev/null"
)

# What an upgrade of the package brings; Debian's mirrors have no such release.
NEWER_ENGINE = (
    "sed -i '/^Package: docker.io$/,/^$/s/^Version: .*/Version: 28.1.1-1/' /var/lib/dpkg/status"
)

# What the list of another kernel's modules says.
OTHER_KERNEL = (
    "echo kernel/net/ipv4/netfilter/iptable_raw.ko: >>/lib/modules/$(uname -r)/modules.dep"
)

SWITCH = "DOCKER_INSECURE_NO_IPTABLES_RAW"
DROPIN = "/etc/systemd/system/docker.service.d/arm64-docker-board.conf"
EXTLINUX = "/boot/extlinux/extlinux.conf"
CONTROLLERS = "cat /sys/fs/cgroup/cgroup.controllers"


@pytest.fixture(scope="module", autouse=True)
def vendor(host):
    host.ssh(VENDOR_KERNEL)
    host.ssh(NVIDIA)
    host.close()
    host.machine.reboot()


def site(host, *options, **settings):
    return host.play("arm64.docker.site", *options, **settings)


def test_preflight_names_what_the_kernel_lacks(host):
    attempt = host.play("arm64.docker.preflight")
    assert attempt.rc != 0
    assert "[error] netfilter_backend_missing:" in attempt.message()
    assert "[warning] nvidia_runtime_missing:" in attempt.output


def test_site_repairs_it_and_docker_networks(host):
    run = site(host).demand()
    assert "iptables was switched to iptables-legacy" in run.output
    assert host.ssh("readlink /etc/alternatives/iptables").strip() == "/usr/sbin/iptables-legacy"
    assert "DOCKER" in host.ssh("iptables-legacy --list --numeric")
    assert host.ssh("systemctl is-active docker").strip() == "active"


def test_the_engine_was_told_to_do_without_iptable_raw_before_it_came(host):
    assert f"{SWITCH}=1" in host.ssh(f"cat {DROPIN}")
    assert f"{SWITCH}=1" in host.ssh(
        "tr '\\0' '\\n' </proc/$(systemctl show --property=MainPID --value docker)/environ"
    )


def test_a_container_runs_with_the_runtime_of_nvidia(host):
    assert host.ssh(RUNTIME).strip() == "aarch64"


def test_a_second_run_sends_one_module_and_changes_nothing(host):
    run = site(host).demand()
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


def test_a_controller_that_extlinux_conf_turns_off_comes_back_in_one_run(host):
    before = host.ssh(f"cat {EXTLINUX}")
    host.ssh(f"sed -i '/^ *APPEND /s/$/ cgroup_disable=memory/' {EXTLINUX}")
    host.close()
    host.machine.reboot()
    assert "memory" not in host.ssh(CONTROLLERS).split()
    run = site(host, docker_board_reboot="if_required").demand()
    assert "proven gone: memory_cgroup_off" in run.output
    assert "memory" in host.ssh(CONTROLLERS).split()
    assert host.ssh(f"cat {EXTLINUX}") == before
    assert site(host, docker_board_reboot="if_required").demand().sent == (OBSERVATION,)


def test_the_default_runtime_is_chosen_and_no_container_is_restarted_for_it(host):
    started = host.ssh("systemctl show --property=ActiveEnterTimestampMonotonic docker")
    site(host, docker_board_nvidia_runtime="nvidia").demand()
    assert host.ssh("docker info --format '{{.DefaultRuntime}}'").strip() == "nvidia"
    assert host.ssh("systemctl show --property=ActiveEnterTimestampMonotonic docker") == started


def test_an_engine_that_needs_iptable_raw_is_told_to_do_without(host):
    host.ssh(f"rm {DROPIN}; systemctl daemon-reload")
    host.ssh(NEWER_ENGINE)
    found = host.play("arm64.docker.preflight")
    assert "[error] iptables_raw_missing:" in found.message()
    site(host).demand()
    assert f"{SWITCH}=1" in host.ssh(f"cat {DROPIN}")
    assert f"{SWITCH}=1" in host.ssh("systemctl show -p Environment docker")
    assert site(host).demand().sent == (OBSERVATION,)


def test_the_drop_in_goes_with_a_kernel_that_has_iptable_raw_and_comes_again_without(host):
    with host.planted(OTHER_KERNEL, "depmod"):
        run = site(host).demand()
        assert f"{DROPIN} was removed" in run.output
        assert SWITCH not in host.ssh("systemctl show -p Environment docker")
        assert site(host).demand().sent == (OBSERVATION,)
    site(host).demand()
    assert f"{SWITCH}=1" in host.ssh(f"cat {DROPIN}")


def test_what_was_repaired_is_taken_back(host):
    host.play("arm64.docker.uninstall", docker_targets="all").demand()
    assert host.ssh(f"ls {DROPIN} 2>&1 || true").strip().endswith("No such file or directory")
    assert host.ssh("cat /etc/docker/daemon.json 2>/dev/null || true") == ""
    assert "auto" in host.ssh("update-alternatives --query iptables | grep ^Status")
