#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: docker_host_facts
short_description: Observe everything that decides how Docker runs on a host
version_added: 1.0.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Reads, in one remote run, all that the roles of this collection decide on, and changes nothing.
  - Plays read the result as C(ansible_facts['docker_host']). No variable C(docker_host) is set.
  - A part that cannot be read is null, and a finding says why; the module itself does not fail
    over it.
  - The socket of a stopped engine is not touched, since that would start it.
  - Over the docker connection of community.docker, Ansible would take the fact that it injects as
    the variable C(ansible_docker_host) for the name of the container. The roles prevent that; in
    plays of your own set C(ansible_docker_host) among the play's vars, or turn off
    C(inject_facts_as_vars).
extends_documentation_fragment:
  - arm64.docker.attributes
  - arm64.docker.attributes.facts
options:
  packages:
    description:
      - Names of further packages to report, beside those that the roles know.
    type: list
    elements: str
    default: []
  users:
    description:
      - Names of accounts to look up in every database that the host uses. Those of /etc/passwd are
        always reported.
    type: list
    elements: str
    default: []
  rootless_users:
    description:
      - Names of accounts that C(rootless) shall describe, beside those that run a Docker daemon of
        their own.
    type: list
    elements: str
    default: []
    version_added: 1.1.0
  data_root:
    description:
      - The folder whose file system C(storage) describes. Without it this is the data-root of
        daemon.json, or V(/var/lib/docker).
    type: path
  gather:
    description:
      - The groups to read. The fact then holds these and no others, and findings are made from
        them; the roles of this collection need all of them.
    type: list
    elements: str
    choices:
      - all
      - platform
      - os
      - board
      - kernel
      - memory
      - storage
      - cgroup
      - netfilter
      - packages
      - conflicts
      - service
      - apt
      - dropins
      - files
      - boot
      - clock
      - daemon_config
      - users
      - emulation
      - rootless
      - docker
      - reboot_required
    default: [all]
  timeout:
    description:
      - Seconds that the whole observation may take, a day at most; a program that is still running
        then is ended.
    type: int
    default: 30
seealso:
  - module: arm64.docker.docker_version_facts
"""

EXAMPLES = r"""
- name: Observe the host
  arm64.docker.docker_host_facts:
  become: true

- name: Show what is wrong with it
  ansible.builtin.debug:
    msg: "{{ ansible_facts['docker_host'].findings }}"

- name: Look at the package manager only
  arm64.docker.docker_host_facts:
    gather: [packages, apt]
    timeout: 5
"""

RETURN = r"""
ansible_facts:
  description: Facts to add to ansible_facts.
  returned: always
  type: dict
  contains:
    ansible_docker_host:
      description: What was read. Read it as C(ansible_facts['docker_host']).
      returned: always
      type: dict
      contains:
        platform:
          description:
            - Kernel and userland. C(userland) and C(platform) come from dpkg, C(bits) is the
              userland's, C(mixed_userland) says that it is 32-bit on a 64-bit kernel, C(aarch32)
              whether the cores run 32-bit Arm programs, and C(ia32) whether an x86_64 kernel runs
              those for the 386; both are null on other kernels.
          returned: when gathered
          type: dict
          sample:
            aarch32: true
            bits: 64
            ia32: null
            kernel_machine: aarch64
            mixed_userland: false
            platform: linux/arm64
            userland: arm64
        os:
          description: What os-release(5) says, and the manager of the container around the system.
          returned: when gathered
          type: dict
          sample:
            codename: trixie
            container: null
            id: debian
            like: []
            pretty_name: Debian GNU/Linux 13 (trixie)
            version_id: "13"
        board:
          description:
            - The board by its device tree. C(vendor) is V(raspberrypi), V(nvidia), V(rockchip) or
              V(generic), C(family) is the chip, C(release) the release of the vendor's image.
            - C(image) is the file of C(/etc) that says for whose boards the image was made,
              and that vendor. It is null where there is no such file.
            - C(throttled) is what the firmware of a Raspberry Pi noticed now and since the boot. It
              is null where there is no vcgencmd, or no answer of it.
          returned: when gathered
          type: dict
          sample:
            compatible: ["raspberrypi,4-model-b", "brcm,bcm2711"]
            family: bcm2711
            image: null
            model: Raspberry Pi 4 Model B Rev 1.4
            release: null
            throttled:
              frequency_capped_now: false
              frequency_capped_seen: false
              temperature_limit_now: false
              temperature_limit_seen: false
              throttled_now: false
              throttled_seen: false
              undervoltage_now: false
              undervoltage_seen: true
              value: "0x10000"
            vendor: raspberrypi
        kernel:
          description:
            - The running kernel, its page size in bytes, whether its modules are there, and whether
              AppArmor is on (null in a container).
            - C(features) has the options that Docker asks for, without the prefix CONFIG_, as
              V(builtin), V(module), V(missing), or null where that cannot be told. A module whose
              file is not installed is V(missing).
            - C(features_source) is the configuration that they were read from, V(modules) where
              the lists of the kernel's modules had to do. Both are null where there is neither.
          returned: when gathered
          type: dict
          sample:
            apparmor: true
            features: {"NET_NS": builtin, "VETH": module}
            features_source: /boot/config-6.12.48+deb13-arm64
            modules_present: true
            page_size: 4096
            release: 6.12.48+deb13-arm64
        memory:
          description:
            - Memory in MiB, and the swap areas in use with path, size in MiB, and whether they lie
              on an SD card or eMMC.
          returned: when gathered
          type: dict
          sample: {"swap": [{"mb": 511, "on_card": true, "path": /var/swap}], "total_mb": 1953}
        storage:
          description:
            - The data root, the file system that it lies on, and its free space in MiB.
            - C(mounts) lists every file system that could hold data, with the same figures.
            - C(boot_mount) is what the next boot mounts for the data root (path, file and options),
              or null where it will lie on the root file system.
          returned: when gathered
          type: dict
          sample:
            boot_mount: null
            filesystem: ext4
            free_mb: 6912
            mount: /
            mounts: []
            path: /var/lib/docker
        cgroup:
          description: The version of the cgroup hierarchy and its controllers.
          returned: when gathered
          type: dict
          sample: {"controllers": [cpuset, cpu, io, memory, pids], "version": 2}
        netfilter:
          description:
            - The backend of iptables (V(nft), V(legacy) or null), and each module that Docker needs
              as V(loaded), V(builtin), V(available) or V(missing).
          returned: when gathered
          type: dict
          sample: {"backend": nft, "modules": {"nf_tables": loaded}}
        packages:
          description: Installed packages with version, hold and dpkg's state.
          returned: when gathered
          type: dict
          sample: {"docker.io": {"hold": false, "state": installed, "version": 26.1.5+dfsg1-9+b9}}
        conflicts:
          description: Packages and snaps that get in each other's way, with kind, name and with.
          returned: when gathered
          type: list
          elements: dict
          sample: [{"kind": package, "name": podman-docker, "with": docker}]
        service:
          description:
            - Whether the engine's service is active and enabled, its start (C(since)) and its last
              start or reload (C(loaded)) in UTC.
            - C(manager) is null where systemd does not run. C(units) has the state of each unit,
              and the names of the variables that it sets (C(environment_names)), without values.
            - C(daemon_environment_names) are the names of those that the running daemon was started
              with, null where no daemon runs or they cannot be read.
          returned: when gathered
          type: dict
          sample:
            active: true
            daemon_environment_names: [INVOCATION_ID, NOTIFY_SOCKET, PATH]
            enabled: true
            loaded: "2026-11-21T21:16:40Z"
            manager: systemd
            since: "2026-11-21T21:14:03Z"
            units: {}
        apt:
          description:
            - Packages that dpkg left C(unfinished), those of Docker that were C(removed) and not
              purged, files in its C(journal), whether its status file is C(damaged), who holds its
              C(locks), whether apt has package lists (C(indexed)), its C(sources),
              C(automatic_upgrades) and C(needrestart).
            - C(keyrings) has the fingerprints of the primary keys in each file of
              /etc/apt/keyrings and in those that sign Docker's sources.
          returned: when gathered
          type: dict
        dropins:
          description: The drop-in files of each of Docker's units, with path and sha256.
          returned: when gathered
          type: dict
        files:
          description:
            - The files in the folders that roles write to, by path, with sha256, mode, uid and gid.
              Of a symbolic link these are its target's, and C(link) is what it says.
            - C(sha256) is null for a file of more than 1 MiB. No more than 500 files are reported.
          returned: when gathered
          type: dict
          sample:
            /etc/apt/sources.list.d/docker.sources:
              gid: 0
              mode: "0644"
              sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
              uid: 0
        boot:
          description:
            - The boot loader (V(raspberrypi), V(armbian), V(extlinux), V(grub) or null), the file
              with its parameters and its content, and the parameters of the running kernel.
            - C(paths) are the files that M(arm64.docker.boot_parameters) edits, the one of the next
              boot first, and C(parameters) is what these files give to the next kernel.
            - C(generator) is the package that writes the file anew and would undo an edit, and
              C(generator_advice) says where the parameters go then. Both are null where there is
              none.
            - C(config) is config.txt of a Raspberry Pi (path and content) with those settings of
              the kernel that apply to this board (kernel, os_prefix, cmdline and arm_64bit, null
              where one is not made); null on other machines.
            - Secrets are replaced as in C(daemon_config).
          returned: when gathered
          type: dict
          sample:
            config: null
            content: "console=tty1 root=PARTUUID=4e639091-02 rootwait\n"
            generator: null
            generator_advice: null
            loader: raspberrypi
            parameters: [console=tty1, root=PARTUUID=4e639091-02, rootwait]
            path: /boot/firmware/cmdline.txt
            paths: [/boot/firmware/cmdline.txt]
            running: coherent_pool=1M cgroup_disable=memory console=tty1 root=PARTUUID=4e639091-02
        clock:
          description: Whether the clock is steered, whether what it says can be, and its time.
          returned: when gathered
          type: dict
          sample: {"plausible": true, "synchronized": true, "utc": "2026-11-21T21:20:41Z"}
        daemon_config:
          description:
            - The file daemon.json with path, exists, valid, sha256, content, error (with line and
              column) and modified (in UTC).
            - C(applied) says whether the running daemon loaded the file as it is. It is V(false)
              where the file is newer than the daemon's last start or reload, and null where that
              cannot be known, as without a running daemon or where C(service) is not gathered.
            - Secrets in C(content) are replaced by C(sha256:) and the first six digits of their
              digest, so that a change can still be seen.
          returned: when gathered
          type: dict
          sample:
            applied: true
            content: {"live-restore": true}
            error: null
            exists: true
            modified: "2026-11-21T21:16:39Z"
            path: /etc/docker/daemon.json
            sha256: a344a0029f96f66993d1fddc78cb224a009612ea9f01a438726ad7ed4f7e066c
            valid: true
        users:
          description: Accounts with uid, gid, home, and whether they are in the group docker.
          returned: when gathered
          type: dict
          sample: {"pi": {"docker": true, "gid": 1000, "home": /home/pi, "uid": 1000}}
        emulation:
          description:
            - Whether binfmt_misc is C(mounted), the C(handlers) that the kernel holds for programs
              of other architectures, and those that the next C(boot) registers.
            - Each has name, architecture, enabled, interpreter, interpreter_exists,
              interpreter_dynamic (whether it looks for libraries, which containers do not have;
              null where that is unknown), flags, fix_binary, offset, magic and mask.
            - C(works) says whether the smallest program of the architecture ran when the
              observation executed it, and C(failure) why it did not. Of several handlers for one
              architecture the kernel asks the newest; of the others C(works) is null.
            - Those of the next boot have the C(path) of their file, in a folder of binfmt.d or in
              the database of binfmt-support; C(masked) is true for a file that only hides another
              one.
          returned: when gathered
          type: dict
        rootless:
          description:
            - What Docker without root depends on. C(user_namespaces) is how many the kernel allows,
              null where it has none, and C(unprivileged) whether users may make them.
              C(apparmor_restricts) is whether AppArmor wants a profile for that,
              C(apparmor_profile) the file that has one for rootlesskit, and C(apparmor_loaded)
              whether the kernel has that of docker_rootless. C(launcher) is the path of
              dockerd-rootless.sh, C(tun) whether /dev/net/tun is there, and C(settings_folder)
              whether /etc/docker is;
              C(unprivileged_port_start) and C(ping_group_range) are the kernel's.
            - C(subordinate) has the ranges (owner, start, count) of C(uid) and C(gid), and where
              ranges may begin that are C(free). C(overlaps) says which of them collide. C(asked)
              are those of O(rootless_users), C(configured) the users of the role docker_rootless.
            - C(users) has, by name, all of these and whoever runs a daemon of their own. Each has
              uid, gid, home, home_usable, subuids and subgids (how many), lingering, own_unit (a
              docker.service in the home), delegated (controllers of cgroups), bus, socket,
              context (named, exists, current), and daemon, which is null or has pid, since,
              applied (whether it started with its settings as they are now), version, rootless
              and silence.
          returned: when gathered
          type: dict
        docker:
          description:
            - The facts of M(arm64.docker.docker_version_facts), or null where there is no docker
              command. C(server) is null where no daemon answers.
          returned: when gathered
          type: dict
        reboot_required:
          description: Whether a package asked for a reboot that has not happened yet.
          returned: when gathered
          type: bool
        findings:
          description:
            - What is wrong with the host, most severe first. Each has id, severity (V(error),
              V(warning), V(info)), summary, evidence and remedy.
          returned: always
          type: list
          elements: dict
          sample:
            - id: memory_cgroup_off
              severity: warning
              summary: "The memory controller is off: containers ignore their memory limits."
              evidence: the controllers are cpuset, cpu, io, pids
              remedy: >-
                On a Raspberry Pi the role docker_board adds cgroup_enable=memory to the kernel's
                parameters, on boards of NVIDIA and Rockchip it takes cgroup_disable=memory out
                (docker_board_memory_cgroup); it reboots with docker_board_reboot: if_required.
                Elsewhere, and where a program generates the file, change them yourself. Without
                CONFIG_MEMCG use another kernel.
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._observe._look import GROUPS, Request
from ansible_collections.arm64.docker.plugins.module_utils._observe._report import report
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

# The host's own engine is meant, whatever the login environment points the client at.
FOREIGN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
            "rootless_users": {"type": "list", "elements": "str", "default": []},
            "data_root": {"type": "path"},
            "gather": {
                "type": "list",
                "elements": "str",
                "choices": ["all", *GROUPS],
                "default": ["all"],
            },
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    options = module.params
    if options["timeout"] < 1:
        module.fail_json(
            msg=f"timeout is {options['timeout']}. Give it a whole number of seconds from 1 on."
        )
    request = Request(
        groups=GROUPS if "all" in options["gather"] else options["gather"],
        packages=options["packages"],
        users=options["users"],
        rootless_users=options["rootless_users"],
        data_root=options["data_root"],
    )
    facts = report(request, options["timeout"], Runner(without=FOREIGN))
    module.exit_json(changed=False, ansible_facts={"ansible_docker_host": facts})


if __name__ == "__main__":
    main()
