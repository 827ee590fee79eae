# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers in the binfmt_misc of a real kernel; the machine's own is not touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._binfmt_machine import BINFMT
from ansible_collections.arm64.docker.tests.unit import binfmt_kernel


@pytest.mark.parametrize("story", ["registration", "failure", "newest", "leftover", "inactive"])
def test_the_real_kernel_does_what_the_module_counts_on(story: str) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    device = str(os.stat(BINFMT).st_dev) if os.path.exists(f"{BINFMT}/status") else "none"
    done = subprocess.run(
        [*binfmt_kernel.NAMESPACE, sys.executable, binfmt_kernel.__file__, story, device],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == binfmt_kernel.UNAVAILABLE or done.stderr.startswith("unshare: "):
        pytest.skip("this kernel has no binfmt_misc for a user's namespace")
    assert done.returncode == 0, done.stderr
