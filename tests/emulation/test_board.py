# SPDX-License-Identifier: GPL-3.0-or-later
"""An arm64 machine that runs amd64."""

from __future__ import annotations

import pytest
from engine.conftest import OBSERVATION

pytestmark = pytest.mark.full


def test_an_amd64_image_is_built_and_run_on_an_arm64_machine(host):
    run = host.play("arm64.docker.emulation").demand()
    assert "uname -m says x86_64 in it" in run.output


def test_a_second_run_sends_one_module_and_changes_nothing(host):
    run = host.play("arm64.docker.emulation").demand()
    assert run.sent == (OBSERVATION,)
    assert run.changed == 0


def test_it_is_still_there_after_a_reboot(host):
    host.close()
    host.machine.reboot()
    run = host.play("arm64.docker.emulation").demand()
    assert run.sent == (OBSERVATION,)


def test_programs_for_32_bits_are_left_to_the_cores_where_they_run_them(host):
    answer = host.module("arm64.docker.binfmt_handler", arch="arm").result()
    assert "runs programs for arm itself" in answer["msg"]
