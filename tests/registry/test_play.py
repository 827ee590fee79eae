# SPDX-License-Identifier: GPL-3.0-or-later
"""The module in a play."""

from __future__ import annotations

import json
import os
import subprocess
import sys

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask
      arm64.docker.image_platform_info:
        images: ["{{ registry }}/test/oci-index", "{{ registry }}/test/missing"]
        ca_path: "{{ ca }}"
      register: found
      failed_when: "{{ condition }}"
    - name: See what was found
      ansible.builtin.assert:
        that:
          - found is not failed
          - found.images[0].supported
          - found.failed_images == [registry ~ '/test/missing']
          - "'does not exist' in found.images[1].error"
"""


def play(registries, tmp_path, text):
    place = tmp_path / "play.yml"
    place.write_text(text)
    given = {
        "registry": registries.open.name,
        "ca": str(registries.ca),
        "ansible_python_interpreter": sys.executable,
    }
    return subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", json.dumps(given), place],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "DOCKER_CONFIG": "/nonexistent"},
    )


def test_a_play_decides_what_a_missing_image_means(registries, images, tmp_path):
    for condition in ("false", "found.failed_images | length > 1"):
        done = play(registries, tmp_path, PLAY.replace('"{{ condition }}"', condition))
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_task_with_a_missing_image_fails_and_says_which(registries, images, tmp_path):
    text = PLAY.replace('      failed_when: "{{ condition }}"\n', "")
    done = play(registries, tmp_path, text)
    assert done.returncode == 2
    assert "test/missing:latest does not exist" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
