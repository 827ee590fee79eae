# SPDX-License-Identifier: GPL-3.0-or-later
"""Three registries with the same images, and a Docker that pulls them."""

from __future__ import annotations

import pytest

from registry import Registries
from registry.engine import Engine
from registry.images import all_images, push


@pytest.fixture(scope="session")
def registries(tmp_path_factory):
    with Registries(tmp_path_factory.mktemp("registries") / "all") as opened:
        yield opened


@pytest.fixture(scope="session")
def images(registries, tmp_path_factory):
    """The images by their repositories, after they were pushed."""
    made = all_images()
    layouts = tmp_path_factory.mktemp("layouts")
    for image in made:
        push(image, registries.open, layouts / image.repository, registries.ca)
    return {image.repository: image for image in made}


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    with Engine(tmp_path_factory.mktemp("engine") / "docker") as opened:
        yield opened
