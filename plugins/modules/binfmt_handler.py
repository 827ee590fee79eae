#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: binfmt_handler
short_description: Have the kernel run programs of another architecture through QEMU
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Registers QEMU with binfmt_misc for one architecture, now and for every boot, and proves it by
    executing the smallest program of that architecture. Neither an image nor a network is needed.
  - What is there is compared by what the kernel holds, not by its name, so that a handler that
    works stays whoever registered it. One that does not work, takes programs of other
    architectures too, or holds a QEMU open that needs libraries, is registered anew.
  - Where something goes wrong the handlers are put back as they were.
  - Handlers hold for the whole machine, containers included; a container that is changed without
    privileges gets an error.
extends_documentation_fragment:
  - arm64.docker.attributes
attributes:
  check_mode:
    support: full
    details:
      - A handler that is there is tried by execution in check mode too.
  diff_mode:
    support: full
options:
  arch:
    description:
      - The architecture of the programs, in Go's names, as image platforms have them.
    type: str
    choices: [arm64, arm, amd64, '386', riscv64, s390x, ppc64le, mips64le, loong64]
    required: true
  state:
    description:
      - V(present) has programs of O(arch) run through QEMU.
      - V(disabled) leaves the registration in the kernel, which does not use it any more.
      - V(absent) removes it.
      - With V(disabled) and V(absent) a file of the same name that a package brought is masked, so
        that the next boot does not register it again. binfmt-support (Ubuntu 22.04) knows no masks;
        what a package gave it is removed from its database, C(/var/lib/binfmts), and comes back
        when that package is installed again.
    type: str
    choices: [present, absent, disabled]
    default: present
  interpreter:
    description:
      - The QEMU to register, an absolute path of at most 127 bytes. By default whatever handler is
        there may stay, and otherwise the first QEMU is registered that is found where Debian and
        Ubuntu put it.
    type: path
  flags:
    description:
      - "Flags of the registration as the kernel knows them, such as V(OPF). They are compared as a
        set. By default a handler needs V(F): the kernel then opens the interpreter when it is
        registered, which is what makes it usable inside containers. A new one gets V(OF), and V(P)
        where the name of the interpreter ends in C(-binfmt-P)."
    type: str
  credentials:
    description:
      - "Whether emulated programs get the rights of setuid and setgid files (flag V(C)). Without it
        C(sudo) and the like do not work in emulated containers and builds; with it QEMU, which was
        not made to withstand attacks, runs with those rights. By default what is there stays, and
        a new registration does not have it."
    type: bool
  persistent:
    description:
      - Whether the next boot registers the handler too, through a file in C(/etc/binfmt.d). None is
        written where a package brought one that fits, or gave one to binfmt-support. V(false)
        removes the one of this module and leaves the next boot to packages, and to a mask of yours.
        Where C(systemd-binfmt.service) is masked, nothing reads those files; that is an error.
    type: bool
    default: true
  verify:
    description:
      - Whether a program of O(arch) is executed to prove that the handler works.
    type: bool
    default: true
  replace:
    description:
      - Whether handlers of other names that take the same programs, and are not as wanted, are
        disabled until the next boot, and a file in C(/etc/binfmt.d) is replaced that holds other
        registrations too. V(false) is an error that names them.
    type: bool
    default: false
  keep_others:
    description:
      - Whether V(disabled) and V(absent) leave handlers of other names that take the same programs
        as they are, now and at the next boot, and put away only the one of this module. V(false) is
        an error that names them, since programs of O(arch) would still run.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that the program of O(arch) may take.
    type: int
    default: 10
seealso:
  - module: arm64.docker.docker_host_facts
"""

EXAMPLES = r"""
- name: Run arm64 images on an amd64 machine
  arm64.docker.binfmt_handler:
    arch: arm64
  become: true

- name: Let sudo work inside emulated containers
  arm64.docker.binfmt_handler:
    arch: arm64
    credentials: true
  become: true

- name: Use a QEMU of one's own
  arm64.docker.binfmt_handler:
    arch: riscv64
    interpreter: /opt/qemu/bin/qemu-riscv64
    flags: F
  become: true

- name: Emulate nothing any more, also after the next boot
  arm64.docker.binfmt_handler:
    arch: arm64
    state: absent
  become: true
"""

RETURN = r"""
actions:
  description: What was done, in this order; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample: [register qemu-aarch64, write /etc/binfmt.d/qemu-aarch64.conf]
handlers:
  description:
    - The kernel's handlers for O(arch) afterwards, by name, with name, architecture, enabled,
      interpreter, flags, fix_binary, offset, magic and mask.
  returned: success
  type: list
  elements: dict
  sample:
    - architecture: arm64
      enabled: true
      fix_binary: true
      flags: [F, O, P]
      interpreter: /usr/libexec/qemu-binfmt/aarch64-binfmt-P
      magic: 7f454c460201010000000000000000000200b700
      mask: ffffffffffffff00fffffffffffffffffeffffff
      name: qemu-aarch64
      offset: 0
works:
  description:
    - Whether a program of O(arch) ran; null with O(verify=false), in check mode, and where no
      handler is wanted.
  returned: success
  type: bool
  sample: true
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._binfmt import (
    ARCHITECTURES,
    Handler,
    facts,
    serves,
)
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_apply import Request, configure
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_files import MASK
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_machine import Machine
from ansible_collections.arm64.docker.plugins.module_utils._binfmt_plan import (
    ABSENT,
    DISABLED,
    PRESENT,
    Current,
    Wish,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._observe._system import runs_aarch32
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform
from ansible_collections.arm64.docker.plugins.module_utils._process import Runner


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "arch": {"type": "str", "choices": list(ARCHITECTURES), "required": True},
            "state": {"type": "str", "choices": [PRESENT, ABSENT, DISABLED], "default": PRESENT},
            "interpreter": {"type": "path"},
            "flags": {"type": "str"},
            "credentials": {"type": "bool"},
            "persistent": {"type": "bool", "default": True},
            "verify": {"type": "bool", "default": True},
            "replace": {"type": "bool", "default": False},
            "keep_others": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    options = module.params
    if options["timeout"] < 1:
        module.fail_json(
            msg=f"timeout is {options['timeout']}. Give it a whole number of seconds from 1 on."
        )
    if options["replace"] and options["keep_others"]:
        module.fail_json(
            msg="replace and keep_others are both true. Handlers of other names are either "
            "disabled or left alone: set one of them."
        )
    wish = Wish(
        architecture=options["arch"],
        state=options["state"],
        interpreter=options["interpreter"],
        flags=options["flags"],
        credentials=options["credentials"],
        persistent=options["persistent"],
        replace=options["replace"],
        keep_others=options["keep_others"],
    )
    try:
        machine = Machine(Runner(), timeout=options["timeout"])
        host = Platform.parse(os.uname().machine).architecture
        request = Request(
            wish=wish,
            host=host,
            native=_native(host, machine),
            verify=options["verify"],
            check=module.check_mode,
        )
        outcome = configure(request, machine)
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(outcome.actions),
        actions=[str(action) for action in outcome.actions],
        handlers=[
            facts(handler)
            for handler in outcome.after.handlers
            if serves(handler, wish.architecture)
        ],
        works=outcome.works,
        diff={
            "before": _shown(outcome.before, wish),
            "after": _shown(outcome.after, wish),
        },
    )


def _native(host: str, machine: Machine) -> str | None:
    """Return the 32-bit architecture (GOARCH) whose programs the host runs itself."""
    if host == "arm64" and runs_aarch32():
        return "arm"
    return "386" if host == "amd64" and machine.runs_ia32() else None


def _shown(state: Current, wish: Wish) -> str:
    """Return the kernel's handlers and the administrator's file, as far as they are concerned."""
    lines = [
        f"{_words(handler)}{'' if handler.enabled else ', disabled'}"
        for handler in state.handlers
        if serves(handler, wish.architecture)
    ]
    file = state.file(wish.path)
    if file is not None:
        held = [MASK] if file.masked else [_words(handler) for handler in file.handlers]
        lines += [f"{file.path}: {words}" for words in held]
    return "".join(f"{line}\n" for line in lines)


def _words(handler: Handler) -> str:
    return f"{handler.name} {handler.interpreter} {handler.flags}"


if __name__ == "__main__":
    main()
