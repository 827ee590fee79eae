#!/usr/bin/python
# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: repository_key
short_description: Install the key of an apt repository after checking its fingerprint
version_added: 1.1.0
author:
  - arm64.docker contributors (@arm64-docker)
description:
  - Writes the public key that signs an apt repository to a file for C(Signed-By), once its
    fingerprint has been found to be the one that you name. A wrong key is never written.
  - Needs no gpg on the host.
  - A file that holds that key and no other is left alone, and nothing is fetched. To renew a key
    whose subkeys or dates have changed, remove the file first.
  - The folder of the file is made where it is missing.
extends_documentation_fragment:
  - arm64.docker.attributes
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details:
      - Nothing is fetched in check mode, so that what O(url) would answer is not known.
  diff_mode:
    support: full
    details:
      - The fingerprints before and after are shown.
options:
  path:
    description:
      - The file that apt reads. Under a name that ends in C(.gpg) it is written in binary form,
        else in ASCII armour, which apt expects in C(.asc).
      - Mode V(0644) unless O(mode) says otherwise, since apt drops root's rights to read it.
    type: path
    required: true
  url:
    description:
      - Address of the key, of scheme C(https) or C(http). The proxies of the environment are used.
      - Plain C(http) is no risk, since the fingerprint proves the key.
    type: str
  content:
    description:
      - The key itself, in ASCII armour.
    type: str
  fingerprint:
    description:
      - The fingerprint of the primary key, 40 or 64 hexadecimal digits in upper or lower case, with
        or without spaces. Put it into quotes.
      - Needed with O(state=present).
    type: str
  validate_certs:
    description:
      - Whether the certificate of an C(https) server must be valid.
    type: bool
    default: true
  ca_path:
    description:
      - Path, on the host, to the certificate of the authority that signed the server's.
    type: path
  timeout:
    description:
      - Seconds that the key may take to arrive.
    type: int
    default: 30
  state:
    description:
      - Whether the file is to be there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: ansible.builtin.deb822_repository
"""

EXAMPLES = r"""
- name: Install the key of a repository
  arm64.docker.repository_key:
    path: /etc/apt/keyrings/docker.asc
    url: https://mirror.example.org/linux/debian/gpg
    fingerprint: 9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88

- name: Install a key that the controller holds
  arm64.docker.repository_key:
    path: /etc/apt/keyrings/docker.asc
    content: "{{ lookup('ansible.builtin.file', 'docker.asc') }}"
    fingerprint: 9DC858229FC7DD38854AE2D88D81803C0EBFCD88

- name: Remove it
  arm64.docker.repository_key:
    path: /etc/apt/keyrings/docker.asc
    state: absent
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/apt/keyrings/docker.asc
fingerprints:
  description:
    - The fingerprints of the primary keys that the file holds now, or would hold in check mode.
  returned: success
  type: list
  elements: str
  sample: [9DC858229FC7DD38854AE2D88D81803C0EBFCD88]
actions:
  description: What was done, or in check mode would have been.
  returned: success
  type: list
  elements: str
  sample: [wrote the key 9DC858229FC7DD38854AE2D88D81803C0EBFCD88 to /etc/apt/keyrings/docker.asc]
"""

import contextlib
import os
import tempfile
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.arm64.docker.plugins.module_utils._download import download
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._openpgp import (
    Keyring,
    normal_fingerprint,
    read_keyring,
)
from ansible_collections.arm64.docker.plugins.module_utils._secrets import mask_text

# The keyrings of whole distributions have some 100 KiB.
SIZE_LIMIT = 1024 * 1024


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "url": {"type": "str"},
            "content": {"type": "str"},
            "fingerprint": {"type": "str"},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path"},
            "timeout": {"type": "int", "default": 30},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        mutually_exclusive=[("url", "content")],
        required_if=[
            ("state", "present", ("fingerprint",)),
            ("state", "present", ("url", "content"), True),
        ],
        add_file_common_args=True,
        supports_check_mode=True,
    )
    _hide_password(module)
    act = {"present": _present, "absent": _absent}[module.params["state"]]
    try:
        result = act(module)
    except DockerHostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(path=module.params["path"], **result)


def _hide_password(module: AnsibleModule) -> None:
    """Keep the answer of the module from repeating the password of an address."""
    with contextlib.suppress(ValueError):
        password = urlsplit(module.params["url"] or "").password
        module.no_log_values.update([password] if password else [])


def _present(module: AnsibleModule) -> dict[str, Any]:
    options = module.params
    path, wanted = options["path"], normal_fingerprint(options["fingerprint"])
    if options["timeout"] < 1:
        raise DockerHostError(
            f"timeout is {options['timeout']}.", "Give it a whole number of seconds from 1 on."
        )
    held, actions = _held(path), []
    rewrite = held != (wanted,)
    if rewrite:
        keyring = _wanted_keyring(module, wanted)
        actions += [f"made the folder {folder}" for folder in _missing_folders(path)]
        actions.append(f"wrote the key {wanted} to {path}")
        if not module.check_mode:
            _write(module, path, keyring)
    if not (rewrite and module.check_mode):
        options["mode"] = "0644" if options["mode"] is None else options["mode"]
        arguments = module.load_file_common_arguments(options)
        if module.set_fs_attributes_if_different(arguments, False) and not rewrite:
            actions.append(f"set owner or mode of {path}")
    return _result(path, held, (wanted,), actions)


def _absent(module: AnsibleModule) -> dict[str, Any]:
    path = module.params["path"]
    held = _held(path)
    if not os.path.lexists(path):
        return _result(path, None, None, [])
    if not module.check_mode:
        try:
            os.unlink(path)
        except OSError as error:
            raise DockerHostError(
                f"{path} cannot be removed: {error}.", "Run with become: true."
            ) from error
    return _result(path, held or (), None, [f"removed {path}"])


def _result(
    path: str, before: tuple | None, after: tuple | None, actions: list[str]
) -> dict[str, Any]:
    return {
        "changed": bool(actions),
        "actions": actions,
        "fingerprints": list(after or ()),
        "diff": {
            "before": _shown(before),
            "after": _shown(after),
            "before_header": path,
            "after_header": path,
        },
    }


def _shown(fingerprints: tuple | None) -> str:
    if fingerprints is None:
        return ""
    return "".join(f"{fingerprint}\n" for fingerprint in fingerprints) or "no OpenPGP key\n"


def _held(path: str) -> tuple | None:
    """Return the fingerprints in a file: None where it is missing, none where it is no keyring."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise DockerHostError(f"{path} is no file.", "Name a file, and not the folder for it.")
    try:
        with open(path, "rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DockerHostError(f"{path} cannot be read: {error}.", "Run with become.") from error
    try:
        return read_keyring(data, path).primary if len(data) <= SIZE_LIMIT else ()
    except DockerHostError:
        return ()


def _wanted_keyring(module: AnsibleModule, wanted: str) -> Keyring | None:
    """Return the key that was asked for, checked, or None where that would mean to fetch it now."""
    options = module.params
    if options["content"] is not None:
        name, data = "The content", options["content"].encode()
    elif options["url"] is None:
        raise DockerHostError("url and content are both null.", "Give one of them a value.")
    elif module.check_mode:
        return None
    else:
        name = f"The answer of {mask_text(options['url'])}"
        data = download(
            options["url"],
            SIZE_LIMIT,
            options["timeout"],
            options["validate_certs"],
            options["ca_path"],
        )
    keyring = read_keyring(data, name)
    if keyring.primary != (wanted,):
        advice = "Check the address, and the fingerprint against what its owner publishes."
        if wanted in keyring.subkeys:
            advice = "That is the fingerprint of a subkey: give the one of the primary key."
        found = " and ".join(keyring.primary)
        raise DockerHostError(
            f"{name} holds the key {found} where {wanted} alone was expected. "
            f"{options['path']} was not written.",
            advice,
        )
    return keyring


def _missing_folders(path: str) -> list[str]:
    """Return the folders above a path that do not exist, the outermost first."""
    missing, folder = [], os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


def _write(module: AnsibleModule, path: str, keyring: Keyring) -> None:
    """Write the key from its packets, so that apt, which reads armour otherwise, sees the same."""
    try:
        for folder in _missing_folders(path):
            os.mkdir(folder)
            # Whatever the umask says: apt reads it as a user without rights.
            os.chmod(folder, 0o755)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
        module.add_cleanup_file(temporary)
        with os.fdopen(handle, "wb") as stream:
            stream.write(keyring.packets if path.endswith(".gpg") else keyring.armoured)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise DockerHostError(
            f"{path} cannot be written: {error}.", "Run with become, and see that there is room."
        ) from error
    module.atomic_move(temporary, path)


if __name__ == "__main__":
    main()
