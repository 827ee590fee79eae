# SPDX-License-Identifier: GPL-3.0-or-later
"""An amd64 build host that runs arm64, from a virgin system to its removal."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION, baseline

BINFMT = "/proc/sys/fs/binfmt_misc"
HANDLER = f"{BINFMT}/qemu-aarch64"
SITE = {
    "docker_preflight_require_arm64": False,
    "docker_emulation_architectures": ["arm64"],
}

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", [{"arch": "amd64"}], indirect=True),
]

# What a privileged container does whose systemd starts: all handlers go.
WIPE = f"echo -1 >{BINFMT}/status"

# Registered like the real one, and ends like a program that is not emulated.
BREAK = rf"""
cp /usr/bin/qemu-riscv64 /opt/broken
echo -1 >{HANDLER}
sed 's,/usr/libexec/qemu-binfmt/aarch64-binfmt-P,/opt/broken,' \
    /usr/lib/binfmt.d/qemu-aarch64.conf >{BINFMT}/register
"""


# An image as tonistiigi/binfmt is one, in a registry, which gives it its digest.
PINNED = """
mkdir /opt/registry
cd /opt/registry
apt-get -qq download docker-registry
dpkg-deb -x *.deb .
cat >config.yml <<'END'
version: 0.1
storage: {filesystem: {rootdirectory: /opt/registry/images}}
http: {addr: "127.0.0.1:5000"}
END
systemd-run --quiet --unit=registry /opt/registry/usr/bin/docker-registry serve \\
    /opt/registry/config.yml
tar -C / -chf - usr/bin/qemu-aarch64 | docker import - 127.0.0.1:5000/binfmt >/dev/null
docker push --quiet 127.0.0.1:5000/binfmt >/dev/null
digest=$(docker inspect --format '{{index .RepoDigests 0}}' 127.0.0.1:5000/binfmt)
docker rmi 127.0.0.1:5000/binfmt >/dev/null
echo "$digest"
"""


@pytest.fixture(scope="module")
def before(host):
    return baseline(host)


def emulation(host, *options, **settings):
    return host.play("arm64.docker.emulation", *options, **settings)


def site(host, *options, **settings):
    return host.play("arm64.docker.site", *options, **{**SITE, **settings})


def handler(host, name="qemu-aarch64"):
    facts = host.module(OBSERVATION, gather=["emulation"]).demand().result()["ansible_facts"]
    handlers = facts["ansible_docker_host"]["emulation"]["handlers"]
    return next((one for one in handlers if one["name"] == name), None)


def test_check_mode_predicts_on_a_virgin_host_and_changes_nothing(host, before):
    run = emulation(host, "--check", "--diff").demand()
    assert run.changed > 0
    assert "qemu-user-binfmt" in run.output
    assert baseline(host) == before


def test_an_image_is_built_and_run_and_says_that_it_is_arm64(host, before):
    run = emulation(host).demand()
    assert "uname -m says aarch64 in it" in run.output
    one = handler(host)
    assert (one["works"], one["fix_binary"], one["interpreter_exists"]) == (True, True, True)
    assert (
        host.ssh("docker images --quiet; docker ps --all --quiet; ls /tmp | grep arm64 || true")
        == ""
    )


def test_a_second_run_sends_one_module_and_changes_nothing(host):
    for run in (emulation(host), site(host), site(host, "--check")):
        assert run.demand().sent == (OBSERVATION,)
        assert run.changed == 0


def test_the_registration_is_that_of_the_distribution(host):
    line = host.ssh("cat /usr/lib/binfmt.d/qemu-aarch64.conf").strip()
    name, _kind, _offset, magic, mask, interpreter, flags = line[1:].split(":")
    one = handler(host)
    assert (one["name"], one["interpreter"]) == (name, interpreter)
    assert (one["magic"], one["mask"]) == (magic.replace("\\x", ""), mask.replace("\\x", ""))
    assert set(one["flags"]) == set(flags)


def test_handlers_that_a_container_wiped_are_found_and_come_back(host):
    host.ssh(WIPE)
    found = host.play("arm64.docker.preflight", docker_preflight_require_arm64=False).demand()
    assert "[warning] handler_vanished: " in found.output
    predicted = site(host, "--check").demand()
    assert predicted.changed > 0
    assert handler(host) is None
    mended = site(host).demand()
    assert "arm64.docker.binfmt_handler" in mended.sent
    assert handler(host)["works"] is True
    assert site(host).demand().sent == (OBSERVATION,)


def test_a_handler_that_does_not_work_is_found_and_mended(host):
    host.ssh(BREAK)
    one = handler(host)
    assert one["works"] is False
    found = host.play("arm64.docker.preflight", docker_preflight_require_arm64=False).demand()
    assert "[warning] handler_broken: " in found.output
    assert site(host).demand().changed > 0
    assert handler(host)["works"] is True


def test_handlers_survive_a_reboot(host):
    host.close()
    host.machine.reboot()
    run = site(host).demand()
    assert run.sent == (OBSERVATION,)
    assert handler(host)["works"] is True


def test_a_handler_can_be_put_away_for_good(host):
    away = (
        host.module("arm64.docker.binfmt_handler", arch="arm64", state="absent").demand().result()
    )
    assert away["actions"] == ["unregister qemu-aarch64", "mask /etc/binfmt.d/qemu-aarch64.conf"]
    host.close()
    host.machine.reboot()
    assert handler(host) is None
    again = (
        host.module("arm64.docker.binfmt_handler", arch="arm64", state="absent").demand().result()
    )
    assert again["changed"] is False
    back = host.module("arm64.docker.binfmt_handler", arch="arm64").demand().result()
    assert back["actions"] == ["register qemu-aarch64", "remove /etc/binfmt.d/qemu-aarch64.conf"]
    assert back["works"] is True


@pytest.mark.parametrize(
    "architecture", ["arm", "riscv64", "s390x", "ppc64le", "mips64le", "loong64"]
)
def test_every_architecture_is_emulated(host, architecture):
    host.ssh(WIPE)
    done = host.module("arm64.docker.binfmt_handler", arch=architecture).demand().result()
    assert (done["changed"], done["works"]) == (True, True)
    (registered,) = done["handlers"]
    host.ssh("systemctl restart systemd-binfmt.service")
    distributed = handler(host, registered["name"])
    assert {key: distributed[key] for key in registered} == registered


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"arch": "amd64"}, "runs programs for amd64 itself"),
        ({"arch": "386"}, "runs programs for 386 itself"),
        ({"arch": "arm64", "interpreter": "/nowhere"}, "/nowhere does not exist"),
        ({"arch": "arm64", "interpreter": "/bin/ls"}, "dynamically linked"),
        ({"arch": "arm64", "interpreter": "/etc/passwd"}, "no executable"),
        ({"arch": "arm64", "interpreter": "/opt/broken", "persistent": False}, "does not work"),
        ({"arch": "sparc64"}, "value of arch must be one of"),
    ],
)
def test_bad_input_is_explained_and_leaves_the_handler_as_it_was(host, options, words):
    kernel = f"cat {HANDLER}; ls /etc/binfmt.d"
    before = host.ssh(kernel)
    run = host.module("arm64.docker.binfmt_handler", **options)
    assert run.rc != 0
    assert words in run.result()["msg"]
    assert host.ssh(kernel) == before


def test_a_handler_of_another_name_is_named_and_replaced_only_when_asked(host):
    register_another(host)
    refused = host.module("arm64.docker.binfmt_handler", arch="arm64").result()
    assert "taken by the handler mine" in refused["msg"]
    assert "are taken by the handler mine, which" in site(host).message()
    done = host.module("arm64.docker.binfmt_handler", arch="arm64", replace=True).demand().result()
    assert done["works"] is True
    assert "disable mine" in done["actions"]
    host.ssh(f"echo -1 >{BINFMT}/mine")


def test_qemu_can_come_from_an_image_that_is_pinned(host):
    pinned = host.ssh(PINNED).split()[-1]
    predicted = site(host, "--check", docker_emulation_image=pinned).demand()
    assert "Would take QEMU for arm64" in predicted.output
    assert not handler(host)["interpreter"].startswith("/usr/local/")
    site(host, docker_emulation_image=pinned).demand()
    one = handler(host)
    assert one["works"] is True
    assert one["interpreter"].startswith("/usr/local/libexec/arm64-docker/")
    assert site(host, docker_emulation_image=pinned).demand().sent == (OBSERVATION,)
    refused = site(host, docker_emulation_image="127.0.0.1:5000/binfmt:latest")
    assert "has to be pinned" in refused.message()


def test_all_that_was_brought_is_taken_back(host, before):
    # A file of ours names a QEMU of the packages. They register anew what files name when they go.
    site(host, docker_emulation_credentials=True).demand()
    host.write("/etc/binfmt.d/mine.conf", register_another(host))
    settings = {"docker_targets": "all", "docker_engine_remove_data": True}
    host.play("arm64.docker.uninstall", **settings).demand()
    said = host.ssh("systemctl show --property=Result --value systemd-binfmt.service")
    assert said.strip() == "success"
    host.ssh("apt-get -qq -y autoremove --purge")
    names = host.ssh(f"ls {BINFMT}").split()
    assert "mine" in names
    assert [name for name in names if "qemu" in name] == []
    host.ssh(f"echo -1 >{BINFMT}/mine; rm /etc/binfmt.d/mine.conf")
    left = {line for line in baseline(host) ^ before if "/apt/" not in line}
    assert left == set()


def test_handlers_of_packages_that_were_there_before_come_back(host):
    host.ssh("apt-get -qq install --yes qemu-user qemu-user-binfmt >/dev/null")
    packaged = handler(host)
    emulation(host, docker_emulation_credentials=True).demand()
    assert "C" in handler(host)["flags"]
    emulation(host, docker_emulation_state="absent").demand()
    assert handler(host) == packaged
    assert host.ssh("ls /etc/binfmt.d") == ""
    host.close()
    host.machine.reboot()
    assert handler(host) == packaged


def register_another(host):
    """Register a handler as programs other than QEMU do, with QEMU's magic; return its line."""
    one = handler(host)
    line = f":mine:M::{escaped(one['magic'])}:{escaped(one['mask'])}:/opt/broken:F"
    host.ssh(f"printf '%s' '{line}' >{BINFMT}/register")
    return line


def escaped(digits):
    """Write hexadecimal digits as the kernel's file `register` takes them."""
    return "".join(f"\\x{digits[at : at + 2]}" for at in range(0, len(digits), 2))
