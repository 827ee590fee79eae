# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence

from . import guardian, image, inventory, layers, recipe, requirements, ssh
from .boards import BOARDS
from .errors import MachineError
from .lifecycle import Machine
from .paths import state_dir


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    # What follows -- is for the guest, whatever it looks like.
    split = words.index("--") if "--" in words else len(words)
    arguments = _parser().parse_args(words[:split])
    arguments.remote = words[split + 1 :]
    # What was begun is undone when this process is asked to end, as on Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        # A hangup stays ignored under nohup.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        return arguments.run(arguments) or 0
    except MachineError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{shlex.join(map(str, error.cmd))}: status {error.returncode}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 tests/machine", description="Build and boot real test machines."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("requirements", help="say what this host lacks")
    _image_options(command)
    command.set_defaults(run=_requirements)

    command = commands.add_parser("build", help="build the image if need be, print its path")
    _image_options(command)
    command.add_argument("--size", default="8G", help="of the guest's disk (8G)")
    command.set_defaults(run=_build)

    command = commands.add_parser("start", help="boot a machine with a fresh disk")
    command.add_argument("name")
    _image_options(command)
    command.add_argument("--cpu", help="QEMU's name of the CPU (cortex-a72; amd64: max)")
    command.add_argument("--cpus", type=int, default=2)
    command.add_argument("--memory", type=int, default=2048, help="in MiB (2048)")
    command.add_argument(
        "--board", choices=sorted(BOARDS), help="be this board, and start as it does"
    )
    command.add_argument("--from", dest="layer", metavar="LAYER", help="a saved layer")
    command.add_argument("--append", default="", help="more kernel parameters")
    command.add_argument("--offline", action="store_true", help="no network but ssh")
    _owner_option(command)
    command.set_defaults(run=_start)

    command = commands.add_parser("resume", help="boot a stopped machine from its disk")
    command.add_argument("name")
    _owner_option(command)
    command.set_defaults(run=lambda a: Machine(a.name).resume(a.owner) and 0)

    command = commands.add_parser("stop", help="power machines off, keep their disks")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.add_argument("--all", action="store_true", help="all that run")
    command.add_argument("--discard", action="store_true", help="at once, and remove the disks")
    command.set_defaults(run=_stop)

    command = commands.add_parser("reboot", help="power off and boot from the same disk")
    command.add_argument("name")
    command.set_defaults(run=lambda a: Machine(a.name).reboot())

    command = commands.add_parser("list", help="list machines")
    command.set_defaults(run=_list)

    command = commands.add_parser(
        "ssh",
        help="log in, or run a command after --",
        usage="%(prog)s [--user USER] NAME [-- COMMAND …]",
    )
    command.add_argument("--user", default="root", help="root, admin (sudo) or plain")
    command.add_argument("name")
    command.set_defaults(run=_ssh)

    command = commands.add_parser("inventory", help="print an Ansible inventory")
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument("--group", default="machines")
    command.set_defaults(run=_inventory)

    command = commands.add_parser("save", help="make a stopped machine's disk a layer")
    command.add_argument("name")
    command.add_argument("layer")
    command.set_defaults(run=_save)

    command = commands.add_parser("layers", help="list saved layers")
    command.add_argument("--remove", metavar="LAYER", help="remove one that nothing lies on")
    command.set_defaults(run=_layers)

    # Not for people: how a machine's guardian is started.
    command = commands.add_parser("guardian")
    command.add_argument("name")
    command.add_argument("lock", type=int)
    command.add_argument("--resume", action="store_true")
    command.set_defaults(run=lambda a: guardian.main(a.name, a.lock, a.resume))
    return parser


def _image_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--release", choices=recipe.RELEASES, default="trixie")
    command.add_argument("--arch", choices=recipe.ARCHITECTURES, default="arm64")


def _owner_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--owner", type=int, metavar="PID", help="end when this process ends")


def _requirements(arguments: argparse.Namespace) -> None:
    arch = arguments.arch
    lacking = requirements.missing_to_build(arch) + requirements.missing_to_run(arch)
    requirements.demand(list(dict.fromkeys(lacking)))


def _build(arguments: argparse.Namespace) -> None:
    print(image.build(arguments.release, arguments.arch, arguments.size).disk)


def _start(arguments: argparse.Namespace) -> None:
    options = vars(arguments)
    name = options.pop("name")
    Machine(name).start(**{k: v for k, v in options.items() if k not in ("run", "remote")})


def _stop(arguments: argparse.Namespace) -> None:
    machines = _all_machines() if arguments.all else [Machine(name) for name in arguments.names]
    if not machines and not arguments.all:
        raise MachineError("name the machines to stop, or give --all")
    for machine in machines:
        if machine.running() or arguments.discard or not arguments.all:
            print(f"{machine.name}: {machine.stop(discard=arguments.discard) or 'not started'}")


def _list(_: argparse.Namespace) -> None:
    for machine in _all_machines():
        state = (
            f"ssh port {machine.port}"
            if machine.running()
            else machine.files.how_it_ended() or "stopped"
        )
        print(f"{machine.name}\t{state}")


def _ssh(arguments: argparse.Namespace) -> None:
    words = arguments.remote
    # A single word is a line for the guest's shell, several are a command as it is.
    remote = words if len(words) < 2 else [shlex.join(words)]
    line = ssh.command(Machine(arguments.name).port, arguments.user, remote)
    os.execvp(line[0], line)


def _inventory(arguments: argparse.Namespace) -> None:
    machines = [Machine(name) for name in arguments.names]
    print(inventory.to_yaml(inventory.of(machines, arguments.group)), end="")


def _save(arguments: argparse.Namespace) -> None:
    print(Machine(arguments.name).save(arguments.layer).folder)


def _layers(arguments: argparse.Namespace) -> None:
    if arguments.remove:
        layers.remove(arguments.remove)
    for name in layers.names():
        print(name)


def _all_machines() -> list[Machine]:
    return [Machine(path.parent.name) for path in sorted(state_dir().glob("*/settings.json"))]
