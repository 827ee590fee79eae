#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: static_image
short_description: Write an image archive that needs no registry and no network
version_added: 1.0.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Writes a tar archive in the format of C(docker save) on the host. The image in it holds one
    program of less than 250 bytes, made on the spot, that exits with a known status, or prints the
    name of the machine.
  - Load it with M(community.docker.docker_image_load) and run it to prove that a host runs
    containers of a platform, offline.
extends_documentation_fragment:
  - arm64.docker.attributes
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  path:
    description:
      - Where to write the archive. The folder must exist.
    type: path
    required: true
  reference:
    description:
      - Name and tag that the image gets when it is loaded.
    type: str
    default: arm64-docker/verify:latest
  platform:
    description:
      - Platform of the program and of the image, in any spelling, such as V(linux/arm64).
      - Possible are those of arm64, arm, amd64, 386, riscv64, s390x, ppc64le, mips64le and loong64.
    type: str
    default: linux/arm64
  program:
    description:
      - What is in the image. V(exit) is C(/exit), which exits with O(exit_status), V(uname) is
        C(/bin/uname), which prints the machine's name as C(uname -m) does.
    type: str
    choices: [exit, uname]
    default: exit
    version_added: 1.1.0
  format:
    description:
      - What is written. V(archive) is an image for C(docker load), V(program) the program alone,
        for the C(COPY) of a Dockerfile.
    type: str
    choices: [archive, program]
    default: archive
    version_added: 1.1.0
  exit_status:
    description:
      - The exit status of V(exit), from 0 to 255.
    type: int
    default: 42
seealso:
  - module: community.docker.docker_image_load
"""

EXAMPLES = r"""
- name: Write an image whose container exits with 42
  arm64.docker.static_image:
    path: /tmp/verify.tar

- name: Load it
  community.docker.docker_image_load:
    path: /tmp/verify.tar

- name: Write a program for the build of an image
  arm64.docker.static_image:
    path: /tmp/build/uname
    platform: linux/riscv64
    program: uname
    format: program
    mode: "0755"
"""

RETURN = r"""
reference:
  description: Name and tag of the image in the archive.
  returned: success
  type: str
  sample: arm64-docker/verify:latest
platform:
  description: The platform of the image.
  returned: success
  type: str
  sample: linux/arm64
exit_status:
  description: What a container of the image exits with.
  returned: success
  type: int
  sample: 42
"""

import hashlib
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._archive import docker_archive
from ansible_collections.arm64.docker.plugins.module_utils._elf import exit_program, uname_program
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._platform import Platform


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "reference": {"type": "str", "default": "arm64-docker/verify:latest"},
            "platform": {"type": "str", "default": "linux/arm64"},
            "program": {"type": "str", "choices": ["exit", "uname"], "default": "exit"},
            "format": {"type": "str", "choices": ["archive", "program"], "default": "archive"},
            "exit_status": {"type": "int", "default": 42},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    options = module.params
    try:
        platform = Platform.parse(options["platform"])
        if platform.os != "linux":
            raise DockerHostError(
                f"'{platform}' is not Linux.", "Name a platform such as linux/arm64."
            )
        if options["program"] == "exit":
            program = exit_program(platform.architecture, options["exit_status"])
            path, command = "/exit", ["/exit"]
        else:
            program = uname_program(platform.architecture)
            path, command = "/bin/uname", ["/bin/uname", "-m"]
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    content = program
    if options["format"] == "archive":
        content = docker_archive(options["reference"], platform, {path: program}, command)
    result = {
        "reference": options["reference"],
        "platform": str(platform),
        "exit_status": options["exit_status"],
    }
    before, after = _digest(module, options["path"]), hashlib.sha256(content).hexdigest()
    changed = before != after
    if changed and not module.check_mode:
        _write(module, options["path"], content)
    if not (changed and module.check_mode):
        arguments = module.load_file_common_arguments(options)
        changed = module.set_fs_attributes_if_different(arguments, changed)
    diff = {
        "before": f"sha256:{before}\n" if before else "",
        "after": f"sha256:{after}\n",
        "before_header": options["path"],
        "after_header": options["path"],
    }
    module.exit_json(changed=changed, diff=diff, **result)


def _digest(module: AnsibleModule, path: str) -> str | None:
    if os.path.isdir(path):
        module.fail_json(msg=f"{path} is a folder. Name a file in it.")
    return module.sha256(path) if os.path.exists(path) else None


def _write(module: AnsibleModule, path: str, content: bytes) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(dir=folder)
        module.add_cleanup_file(temporary)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
    except OSError as error:
        module.fail_json(
            msg=f"{path} cannot be written: {error}. Name a folder that exists and has room."
        )
    module.atomic_move(temporary, path)


if __name__ == "__main__":
    main()
