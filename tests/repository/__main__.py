# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of `python3 tests/repository build`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

# Run as a folder, Python looks for modules inside it; the package is one level up.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from repository.build import build
from repository.errors import RepositoryError


def main() -> int:
    """Build the repository if need be, print the folder to serve, return the exit status."""
    parser = argparse.ArgumentParser(prog="python3 tests/repository", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("build", help="build the repository if need be, print the folder to serve")
    parser.parse_args()
    # What was begun is undone when this process is asked to end, as on Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        # A hangup stays ignored under nohup.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        print(build().public)
    except RepositoryError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


sys.exit(main())
