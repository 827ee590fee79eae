#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: boot_parameters
short_description: Change the kernel parameters in the boot loader's files
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Adds kernel parameters to, and removes them from, the file that the boot loader of the machine
    reads them from. Everything else in the file stays as it is, byte for byte.
  - The file is written in one step, so that a power cut leaves the old file or the new one. Where
    several files change, and one of them cannot be written, all are put back.
  - On a Raspberry Pi this is C(cmdline.txt), where O(path) does not name another. C(os_prefix) and
    C(cmdline) of C(config.txt) are followed, and a system that waits for its trial (Ubuntu 25.10
    and later) is changed with the current one.
  - With extlinux it is C(APPEND) of the default label in C(/boot/extlinux/extlinux.conf), on
    Armbian C(extraargs) in C(/boot/armbianEnv.txt).
  - With GRUB it is a drop-in, which adds to C(GRUB_CMDLINE_LINUX) and which C(update-grub) takes
    over. Parameters that stand in other files there are not removed; that is an error.
  - A file that is not understood, that another program generates, or beside which a signature lies
    (C(extlinux.conf.sig) with secure boot), is left alone, and the error says what to do.
  - Parameters are compared as the kernel compares them. It takes quotes off, and a hyphen in a name
    is an underscore to it.
  - The machine is not rebooted.
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Secrets are shown as C(sha256:) and the first six digits of their digest.
options:
  present:
    description:
      - Parameters that the kernel shall be given, as V(name) or V(name=value). What is missing is
        added behind the others.
      - Others of the same name stay, since some count several times, such as V(console). Name them
        in O(absent) where they shall go.
      - Spaces need double quotes, as in V(name="one two").
    type: list
    elements: str
    default: []
  absent:
    description:
      - Parameters that the kernel shall not be given. V(name=value) is that one, V(name) every
        parameter of the name that is not in O(present).
    type: list
    elements: str
    default: []
  bootloader:
    description:
      - The kind of boot loader. V(auto) takes the first of the others whose file exists, in this
        order (U-Boot takes C(extlinux.conf) before Armbian's boot script), or with O(path) the one
        whose file has that name.
    type: str
    choices: [auto, raspberrypi, extlinux, armbian, grub]
    default: auto
  path:
    description:
      - The file, in the place of the one that the boot loader normally reads. With V(grub) it is
        the drop-in, whose name ends in C(.cfg).
    type: path
  backup:
    description:
      - Whether a copy of each old file is kept beside the new one.
    type: bool
    default: true
seealso:
  - module: arm64.docker.docker_host_facts
"""

EXAMPLES = r"""
- name: Turn the memory controller on
  arm64.docker.boot_parameters:
    present:
      - cgroup_enable=memory
    absent:
      - cgroup_disable=memory
  become: true
  register: parameters

- name: Reboot where the running kernel was not started so
  ansible.builtin.reboot:
  become: true
  when: parameters.reboot_required

- name: Have one console and no other
  arm64.docker.boot_parameters:
    present: ["console=tty1"]
    absent: [console]
  become: true
"""

RETURN = r"""
actions:
  description: What was done, in this order; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample:
    - keep a copy of /boot/firmware/cmdline.txt
    - write /boot/firmware/cmdline.txt
bootloader:
  description: The kind of boot loader, V(raspberrypi), V(extlinux), V(armbian) or V(grub).
  returned: success
  type: str
  sample: raspberrypi
paths:
  description: The files that hold the parameters, the one of the next boot first.
  returned: success
  type: list
  elements: str
  sample: [/boot/firmware/cmdline.txt]
changed_files:
  description: Those of them that changed; in check mode those that would.
  returned: success
  type: list
  elements: str
  sample: [/boot/firmware/cmdline.txt]
backup_files:
  description: The copies of the old files.
  returned: success
  type: list
  elements: str
  sample: ["/boot/firmware/cmdline.txt.4711.2026-11-21@21-14-03~"]
reboot_required:
  description:
    - Whether the running kernel lacks one of O(present), or has one of O(absent) that a reboot may
      take away. Firmware that adds such a parameter by itself makes no reboot necessary.
  returned: success
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._boot import AUTO, LOADERS, Edit
from ansible_collections.arm64.docker.plugins.module_utils._boot_apply import (
    Machine,
    Request,
    configure,
)
from ansible_collections.arm64.docker.plugins.module_utils._boot_parameters import wish
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "present": {"type": "list", "elements": "str", "default": []},
            "absent": {"type": "list", "elements": "str", "default": []},
            "bootloader": {"type": "str", "choices": [AUTO, *LOADERS], "default": AUTO},
            "path": {"type": "path"},
            "backup": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        request = Request(
            wanted=wish(options["present"], options["absent"]),
            loader=options["bootloader"],
            path=options["path"],
            backup=options["backup"],
            check=module.check_mode,
        )
        outcome = configure(request, Machine(Runner()))
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=outcome.changed,
        actions=outcome.actions,
        bootloader=outcome.boot.loader,
        paths=list(outcome.boot.paths),
        changed_files=[edit.path for edit in outcome.edits],
        backup_files=outcome.backup_files,
        reboot_required=outcome.reboot_required,
        diff=[_diff(edit) for edit in outcome.edits],
    )


def _diff(edit: Edit) -> dict[str, str]:
    return {
        "before": _shown(edit.before),
        "after": _shown(edit.after),
        "before_header": edit.path,
        "after_header": edit.path,
    }


def _shown(text: str | None) -> str:
    """Return a file's text without secrets, and with a mark for each byte that is no text."""
    return mask_text(text or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


if __name__ == "__main__":
    main()
