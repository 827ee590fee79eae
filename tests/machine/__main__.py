# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of `python3 tests/machine`."""

import sys
from pathlib import Path

# Run as a folder, Python looks for modules inside it; the package is one level up.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from machine.cli import main

sys.exit(main())
