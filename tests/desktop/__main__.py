# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a folder with packages that stand for Docker Desktop and for what it depends on."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

# Run as a folder, Python looks for modules inside it; the package is one level up.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from desktop import packages, server


def main(folder: Path) -> None:
    """Write a repository and a package into a folder; print the package's SHA-256."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packages.repository(folder / "repository")
    package = packages.desktop(folder, "4.86.0-236216")
    (folder / server.NAME).write_bytes(package)
    (folder / "sha256").write_text(hashlib.sha256(package).hexdigest(), encoding="ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
