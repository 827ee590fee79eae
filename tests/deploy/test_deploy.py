# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_deploy against a daemon: what fits runs, what does not is refused before anything changes."""

from __future__ import annotations

from deploy.conftest import PREFIX

WEB = f"{PREFIX}-web"


def test_a_container_runs_after_its_image_was_asked_for(host, images):
    run = host.deploy(containers=[{"name": WEB, "image": images["shell"]}]).demand()
    assert run.changed == 1
    assert host.containers() == [f"{WEB} running"]
