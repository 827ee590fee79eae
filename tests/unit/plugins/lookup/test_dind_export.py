# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.arm64.docker.plugins.lookup.dind_export import look


def test_a_file_that_the_user_of_ansible_may_not_read_is_theirs_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The address of a socket is short.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as unreadable:
        unreadable.bind("key.pem")
        with pytest.raises(AnsibleLookupError, match="give it to that user") as caught:
            look([{"path": str(tmp_path), "context": ""}], str(tmp_path))
    assert f"{tmp_path}/key.pem cannot be read" in str(caught.value)
    assert "become" not in str(caught.value)
