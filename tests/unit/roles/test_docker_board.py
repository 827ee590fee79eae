# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role docker_board decides: its variables, from the facts of boards."""

from __future__ import annotations

import base64
import copy
import functools
import hashlib
import json
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.tests.unit import hosts

ROLES = Path(__file__).resolve().parents[3] / "roles"
PI, JETSON = "raspberry-pi-4-bookworm", "jetson-orin-nano-jetpack-6"
SWITCH = "DOCKER_INSECURE_NO_IPTABLES_RAW"
RECORDS = "/var/lib/arm64-docker"
DROPIN = "/etc/systemd/system/docker.service.d/arm64-docker-board.conf"
SYSTEMD = "ansible.builtin.systemd_service"
SET_FACT, REFUSED = "ansible.builtin.set_fact", "__docker_board_boot_refused"
DROPIN_TEXT = (
    "# Written by arm64.docker.docker_board: this kernel has no iptable_raw.\n"
    f"[Service]\nEnvironment={SWITCH}=1\n"
)


@functools.cache
def variables(role: str) -> dict[str, Any]:
    """Return the defaults and variables of a role, as templates, to be read only."""
    loader = DataLoader()
    found = {}
    for name in ("defaults", "vars"):
        path = str(ROLES / role / name / "main.yml")
        found.update(loader.load_from_file(path, trusted_as_template=True))
    return found


class Board:
    """The facts of a board, and what a role decides on them."""

    def __init__(self, facts: dict[str, Any], role: str = "docker_board") -> None:
        self.facts = facts
        self.role = role
        self.variables: dict[str, Any] = {"ansible_check_mode": False, **variables(role)}

    def change(self, changes: dict[str, Any]) -> Board:
        """Change facts; ``a/b`` is the key b of a."""
        for path, value in changes.items():
            *above, last = path.split("/")
            place = self.facts
            for key in above:
                place = place[key]
            place[last] = value
        return self

    def with_file(self, path: str, content: str = "") -> Board:
        digest = hashlib.sha256(content.encode()).hexdigest()
        self.facts["files"][path] = {"sha256": digest}
        return self

    def given(self, **changes: Any) -> Board:
        """Give variables of the play."""
        self.variables.update(changes)
        return self

    def says(self, name: str) -> Any:
        """Return the value of a variable of the role, without its prefix."""
        facts = {**self.facts, "findings": findings(self.facts, [])}
        given = {**self.variables, "ansible_facts": {"docker_host": facts}}
        template = given[f"__{self.role}_{name}"]
        return Templar(loader=DataLoader(), variables=given).template(template)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """Return the facts of a board; each is looked at once."""
    known: dict[str, dict[str, Any]] = {}

    def facts(name: str) -> dict[str, Any]:
        if name not in known:
            machine = hosts.build(name, tmp_path_factory.mktemp(name))
            known[name] = hosts.settle(machine.observe()[0])
        return copy.deepcopy(known[name])

    return facts


@pytest.fixture
def pi(observed: Callable[[str], dict[str, Any]]) -> Board:
    """A Raspberry Pi whose memory controller is off."""
    board = Board(observed(PI))
    return board.change({"cgroup/controllers": ["cpu", "pids"]})


@pytest.fixture
def jetson(observed: Callable[[str], dict[str, Any]]) -> Board:
    """A Jetson whose iptables is iptables-legacy and whose kernel has no table raw."""
    board = Board(observed(JETSON))
    board.change({"netfilter/backend": "legacy"})
    board.facts["netfilter"]["modules"].update({"ip_tables": "builtin", "iptable_raw": "missing"})
    return board


def without_engine(board: Board) -> Board:
    for name in ("docker-ce", "docker.io"):
        board.facts["packages"].pop(name, None)
    unit = {"load": "not-found", "active": "inactive", "environment_names": []}
    return board.change({"docker": None, "service/units": {"docker.service": unit}})


def with_engine(board: Board, version: str, *names: str, started: Any = ("PATH",)) -> Board:
    """Let an engine run whose unit sets these variables, started with those of ``started``."""
    unit = {"load": "loaded", "active": "active", "environment_names": list(names)}
    board.facts["packages"].pop("docker.io", None)
    return board.change(
        {
            "packages/docker-ce": {"version": f"5:{version}-1~ubuntu.22.04~jammy"},
            "docker": {
                "platform": None,
                "client": {"version": version},
                "server": {"engine": {"version": version}, "version": version},
            },
            "service/units": {"docker.service": unit},
            "service/daemon_environment_names": list(started),
        }
    )


@pytest.mark.parametrize(
    ("parameters", "added", "removed"),
    [
        ([], ["cgroup_enable=memory"], []),
        (["cgroup_enable=memory"], [], []),
        (["cgroup_enable=cpuset,memory"], [], []),
        (["cgroup_disable=memory"], ["cgroup_enable=memory"], ["cgroup_disable=memory"]),
        (["cgroup_enable=memory", "cgroup_disable=memory"], [], ["cgroup_disable=memory"]),
        (
            ["cgroup_disable=pids,memory,io", "cgroup_enable=memory"],
            ["cgroup_disable=pids,io"],
            ["cgroup_disable=pids,memory,io"],
        ),
        (['cgroup_disable="memory"'], ["cgroup_enable=memory"], ['cgroup_disable="memory"']),
        (["cgroup_disable=memory_of_old", "cgroup_enable=memory"], [], []),
    ],
)
def test_what_is_contrary_is_taken_out_and_what_is_missing_added(
    pi: Board, parameters: list[str], added: list[str], removed: list[str]
) -> None:
    pi.change({"boot/parameters": ["root=x", *parameters]})
    assert (pi.says("add"), pi.says("drop")) == (added, removed)
    assert pi.says("memory_cgroup_drift") is bool(added or removed)


@pytest.mark.parametrize(
    ("running", "pending"),
    [
        ("cgroup_disable=memory root=x", True),
        ("root=x", True),
        ("cgroup_disable=memory root=x cgroup_enable=memory", False),
        ("cgroup_disable=memory root=x cgroup_enable=cpuset,memory", False),
        ("cgroup_disable=memory root=x cgroup_enable=memory cgroup_disable=memory", True),
        ("root=x cgroup_enable=memory cgroup_disable=pids,memory", True),
        ("root=x cgroup_enable=memory cgroup_disable=pids", False),
    ],
)
def test_a_reboot_is_pending_where_the_last_word_on_memory_is_contrary(
    pi: Board, running: str, pending: bool
) -> None:
    pi.change({"boot/parameters": ["cgroup_enable=memory"], "boot/running": running})
    assert pi.says("memory_cgroup_pending") is pending


@pytest.mark.parametrize(
    ("running", "pending"),
    [
        ("root=x cgroup_disable=memory,pids", True),
        ("root=x cgroup_disable=pids", False),
        ("root=x", False),
    ],
)
def test_a_board_that_needs_no_parameter_waits_for_a_reboot_without_the_contrary_one(
    jetson: Board, running: str, pending: bool
) -> None:
    jetson.change({"cgroup/controllers": ["cpu"], "boot/running": running})
    jetson.with_file(f"{RECORDS}/board-memory-cgroup")
    assert jetson.says("memory_cgroup_pending") is pending


@pytest.mark.parametrize(
    ("parameters", "check_mode", "drift", "pending"),
    [
        (["root=x"], False, False, False),
        (["root=x"], True, False, False),
        (["root=x", "cgroup_disable=memory"], False, True, False),
        (["root=x", "cgroup_disable=memory"], True, True, True),
    ],
)
def test_no_reboot_is_due_for_what_a_boot_loader_gives_by_itself(
    jetson: Board, parameters: list[str], check_mode: bool, drift: bool, pending: bool
) -> None:
    running = "root=x cgroup_disable=memory"
    jetson.change({"cgroup/controllers": ["cpu"], "boot/running": running})
    jetson.change({"boot/parameters": parameters}).given(ansible_check_mode=check_mode)
    assert jetson.says("memory_cgroup_drift") is drift
    assert jetson.says("memory_cgroup_pending") is pending


@pytest.mark.parametrize(
    ("parameters", "drift", "pending"),
    [
        (["root=x"], False, False),
        (["root=x", "cgroup_enable=memory"], False, True),
        (["root=x", "cgroup_enable=memory", "cgroup_disable=memory"], False, False),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_generated_file_is_not_edited_and_what_its_generator_wrote_gets_its_reboot(
    pi: Board, parameters: list[str], drift: bool, pending: bool, check_mode: bool
) -> None:
    pi.change({"boot/generator": "raspi-firmware", "boot/parameters": parameters})
    pi.given(ansible_check_mode=check_mode)
    assert pi.says("memory_cgroup_drift") is drift
    assert pi.says("memory_cgroup_pending") is pending


def test_check_mode_foresees_no_reboot_for_a_file_that_is_refused(pi: Board) -> None:
    pi.given(ansible_check_mode=True)
    assert pi.says("memory_cgroup_pending") is True
    pi.given(__docker_board_boot_refused=True)
    assert pi.says("memory_cgroup_pending") is False
    (refusal,) = (task for task in tasks("repair.yml") if REFUSED in task.get(SET_FACT, {}))
    assert refusal[SET_FACT][REFUSED] is True
    (start,) = (task for task in tasks("act.yml") if REFUSED in task.get(SET_FACT, {}))
    assert start[SET_FACT][REFUSED] is False


def test_a_kernel_without_a_memory_controller_is_not_given_parameters(pi: Board) -> None:
    pi.change({"boot/parameters": []})
    assert pi.says("memory_cgroup_wanted") is True
    pi.change({"kernel/features": {"MEMCG": "missing"}})
    assert pi.says("memory_cgroup_wanted") is False
    pi.change({"kernel/features": None})
    assert pi.says("memory_cgroup_wanted") is True


def slurped(content: Any) -> dict[str, str]:
    """Return what slurp answers for a file: a text, or what a record holds."""
    text = content if isinstance(content, str) else json.dumps(content)
    return {"content": base64.b64encode(text.encode()).decode()}


def record(board: Board, boot_id: str, *reasons: str) -> Board:
    """Let an earlier run have rebooted the board, which was in boot ``boot_id`` before that."""
    board.with_file(f"{RECORDS}/board-reboot")
    return board.given(
        __docker_board_boot_id_read=slurped("this-boot\n"),
        __docker_board_last_reboot_read=slurped({"boot_id": boot_id, "for": reasons}),
    )


@pytest.mark.parametrize(
    ("boot_id", "reason", "in_vain"),
    [
        ("earlier-boot", "the memory controller", True),
        ("this-boot", "the memory controller", False),
        ("earlier-boot", "the kernel with pages of 4 KiB", False),
    ],
)
def test_a_reboot_was_in_vain_where_the_board_booted_and_waits_for_the_same(
    pi: Board, boot_id: str, reason: str, in_vain: bool
) -> None:
    pi.change({"boot/parameters": ["cgroup_enable=memory"], "boot/running": "root=x"})
    assert pi.says("rebooted_in_vain") is False
    assert record(pi, boot_id, reason).says("rebooted_in_vain") is in_vain
    assert pi.says("reboot_is_over") is False


def test_a_reboot_is_forgotten_where_nothing_is_pending(pi: Board) -> None:
    pi.change({"cgroup/controllers": ["cpu", "memory"]})
    assert (pi.says("must_act"), pi.says("reboot_is_over")) == (False, False)
    record(pi, "earlier-boot", "the memory controller")
    assert (pi.says("must_act"), pi.says("reboot_is_over")) == (True, True)


def held(path: str) -> dict[str, Any]:
    return {"path": path, "pid": 612, "command": "unattended-upgr"}


@pytest.mark.parametrize(
    ("path", "waits"),
    [
        ("/var/lib/dpkg/lock-frontend", True),
        ("/var/lib/dpkg/lock", True),
        ("/var/lib/apt/lists/lock", False),
        ("/var/cache/apt/archives/lock", False),
    ],
)
def test_a_reboot_waits_for_dpkg_and_not_for_what_apt_only_fetches(
    pi: Board, path: str, waits: bool
) -> None:
    assert (pi.says("at_work"), pi.says("still_at_work")) == ([], [])
    pi.change({"apt/locks": [held(path)]})
    assert pi.says("at_work") == ([held(path)] if waits else [])
    seen = {"ansible_docker_host": {"apt": {"locks": [held(path)]}}}
    pi.given(__docker_board_wait={"ansible_facts": seen})
    assert pi.says("still_at_work") == ([held(path)] if waits else [])
    pi.given(__docker_board_wait={"ansible_facts": {"ansible_docker_host": {"apt": None}}})
    assert pi.says("still_at_work") == []


def tasks(name: str) -> list[dict[str, Any]]:
    """Return the tasks of a file of the role in their order, those of blocks among them."""
    found = []

    def add(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            found.append(entry)
            for part in ("block", "rescue", "always"):
                add(entry.get(part, []))

    add(yaml.safe_load((ROLES / "docker_board/tasks" / name).read_text(encoding="utf-8")))
    return found


def test_the_package_manager_is_waited_for_before_the_reboot() -> None:
    order = [
        task.get("ansible.builtin.include_tasks", {}).get("file") for task in tasks("reboot.yml")
    ]
    reboots = ["ansible.builtin.reboot" in task for task in tasks("reboot.yml")]
    assert reboots.count(True) == 1
    assert order.index("wait_for_dpkg.yml") < reboots.index(True)


def test_what_the_reboot_was_for_has_to_be_gone_after_it(pi: Board) -> None:
    pi.change({"boot/parameters": ["cgroup_enable=memory"]})
    pi.change({"boot/running": "root=x cgroup_enable=memory"})
    assert pi.says("pending") == []
    assert pi.says("reboot_left") == []
    pi.given(__docker_board_reboot_for=["the memory controller"])
    assert pi.says("reboot_left") == ["memory_cgroup_off"]
    pi.change({"cgroup/controllers": ["memory"]})
    assert pi.says("reboot_left") == []


def test_every_boot_file_that_was_changed_is_named(pi: Board) -> None:
    assert pi.says("boot_files") == []
    pi.with_file(f"{RECORDS}/board-memory-cgroup")
    assert pi.says("boot_files") == ["/boot/firmware/cmdline.txt"]
    content = "# BEGIN arm64.docker.docker_board\n"
    pi.change({"boot/config": {"path": "/boot/firmware/config.txt", "content": content}})
    assert pi.says("boot_files") == ["/boot/firmware/cmdline.txt", "/boot/firmware/config.txt"]


CONFIG = "/boot/firmware/config.txt"
BLOCK = (
    "# BEGIN arm64.docker.docker_board\n[all]\nkernel=kernel8.img\n"
    "# END arm64.docker.docker_board\n"
)


def with_config(board: Board, text: str, **settings: str) -> Board:
    """Let a board have this config.txt, of which these settings apply to it."""
    empty = dict.fromkeys(("kernel", "os_prefix", "cmdline", "arm_64bit"))
    return board.change({"boot/config": {"path": CONFIG, "content": text, **empty, **settings}})


@pytest.fixture
def pi_5(observed: Callable[[str], dict[str, Any]]) -> Board:
    """A Raspberry Pi 5 whose kernel has pages of 16 KiB and shall have small ones."""
    return Board(observed("raspberry-pi-5-bookworm-16k")).given(docker_board_page_size="4k")


@pytest.mark.parametrize(
    ("text", "kernel", "drift", "pending"),
    [
        ("", None, True, False),
        ("kernel=kernel_2712.img\n", "kernel_2712.img", True, False),
        ("kernel=kernel8.img\n", "kernel8.img", False, True),
        (BLOCK, "kernel8.img", False, True),
        (f"{BLOCK}[pi5]\nkernel=kernel_2712.img\n", "kernel_2712.img", True, False),
    ],
)
def test_the_kernel_that_config_txt_names_for_the_board_decides_on_its_pages(
    pi_5: Board, text: str, kernel: str | None, drift: bool, pending: bool
) -> None:
    with_config(pi_5, text, kernel=kernel)
    assert (pi_5.says("page_size_drift"), pi_5.says("page_size_pending")) == (drift, pending)
    pi_5.given(docker_board_page_size="keep")
    assert (pi_5.says("page_size_drift"), pi_5.says("page_size_pending")) == (False, False)


def test_a_board_with_small_pages_keeps_its_kernel(pi: Board) -> None:
    with_config(pi, "").given(docker_board_page_size="4k")
    assert (pi.says("page_size_drift"), pi.says("page_size_pending")) == (False, False)


def test_a_board_without_config_txt_is_told_so_and_other_makers_boards_are_not(pi_5: Board) -> None:
    pi_5.change({"boot/config": None})
    assert (pi_5.says("page_size_drift"), pi_5.says("page_size_pending")) == (True, False)
    pi_5.change({"board/vendor": "generic"})
    assert (pi_5.says("page_size_drift"), pi_5.says("page_size_pending")) == (False, False)


def test_the_kernel_is_looked_for_where_the_firmware_does(pi_5: Board) -> None:
    with_config(pi_5, "")
    assert pi_5.says("kernel_path") == "/boot/firmware/kernel8.img"
    with_config(pi_5, "", os_prefix="current/")
    assert pi_5.says("kernel_path") == "/boot/firmware/current/kernel8.img"


def test_the_copy_of_config_txt_lies_beside_it(pi_5: Board) -> None:
    assert with_config(pi_5, "").says("config_copy") == f"{CONFIG}.arm64-docker"


LEGACY = ("ip_tables", "iptable_filter", "iptable_nat")


@pytest.mark.parametrize(
    ("missing", "backend"),
    [
        ([], "nft"),
        (["ip_tables"], "nft"),
        (["nft_compat"], "legacy"),
        (["nf_tables", "nft_compat"], "legacy"),
        (["nft_compat", "ip_tables"], ""),
        (["nft_compat", "iptable_filter"], ""),
        (["nf_tables", "nft_compat", "iptable_nat"], ""),
        (None, ""),
    ],
)
def test_iptables_is_switched_to_a_backend_that_works(
    jetson: Board, missing: list[str] | None, backend: str
) -> None:
    given = dict.fromkeys(("nf_tables", "nft_compat", *LEGACY), "available")
    modules = {} if missing is None else {**given, **dict.fromkeys(missing, "missing")}
    jetson.change({"netfilter/modules": modules})
    assert jetson.says("backend") == backend
    preflight = Board(jetson.facts, "docker_preflight")
    assert preflight.says("has_backend") is bool(backend)


@pytest.mark.parametrize(
    ("uses", "missing", "chosen"),
    [
        ("nft", ["nf_tables"], "legacy"),
        ("nft", ["nft_compat"], "legacy"),
        ("legacy", ["ip_tables"], "nft"),
        ("legacy", ["iptable_nat"], "nft"),
        ("legacy", ["nft_compat"], None),
        ("nft", ["nft_compat", "iptable_nat"], None),
    ],
)
def test_a_backend_of_which_a_part_is_missing_is_left_for_one_that_is_whole(
    jetson: Board, uses: str, missing: list[str], chosen: str | None
) -> None:
    modules = jetson.facts["netfilter"]["modules"]
    modules.update(dict.fromkeys(("nf_tables", "nft_compat", *LEGACY), "available"))
    modules.update(dict.fromkeys(missing, "missing"))
    jetson.change({"netfilter/backend": uses})
    assert jetson.says("iptables_drift") is (chosen is not None)
    if chosen:
        assert jetson.says("backend") == chosen


@pytest.mark.parametrize(
    ("pin", "wanted"),
    [("", True), (None, True), ("27", False), (27, False), ("5:27.5.1-1~jammy", False)]
    + [("28", True), ("5:28.5.1-1~ubuntu.22.04~jammy", True), (29.1, True)],
)
def test_a_board_without_docker_gets_the_dropin_from_its_kernel_alone(
    jetson: Board, pin: Any, wanted: bool
) -> None:
    without_engine(jetson).given(docker_engine_version=pin)
    assert jetson.says("dropin_drift") is wanted
    assert jetson.with_file(DROPIN, DROPIN_TEXT).says("dropin_drift") is False


@pytest.mark.parametrize(
    "changes",
    [
        {"board/vendor": "generic"},
        {"netfilter/backend": "nft"},
        {"netfilter/backend": None},
        {"netfilter/modules/iptable_raw": "available"},
        {"netfilter/modules": None},
        {"daemon_config/content": {"iptables": False}},
        {"daemon_config/content": {"firewall-backend": "nftables"}},
        {"os/container": "docker"},
    ],
)
def test_no_dropin_is_written_where_no_engine_would_need_it(
    jetson: Board, changes: dict[str, Any]
) -> None:
    assert without_engine(jetson).says("dropin_drift") is True
    assert jetson.change(changes).says("dropin_drift") is False


def test_the_backend_that_this_run_chooses_decides_on_the_dropin(jetson: Board) -> None:
    without_engine(jetson).change({"netfilter/backend": "nft"})
    jetson.facts["netfilter"]["modules"].update({"nf_tables": "missing"})
    assert jetson.says("iptables_drift") is True
    assert jetson.says("dropin_drift") is True


def let_pass(board: Board) -> list[str]:
    """Return the findings that preflight leaves to docker_board, which the play runs later."""
    preflight = Board(board.facts, "docker_preflight")
    preflight.given(ansible_play_role_names=["arm64.docker.docker_board"])
    return preflight.says("mended")


of_each_vendor = pytest.mark.parametrize(
    ("vendor", "repaired"),
    [("nvidia", True), ("rockchip", True), ("raspberrypi", True), ("generic", False)],
)


@of_each_vendor
def test_boards_that_are_known_get_their_backend_and_others_are_refused(
    jetson: Board, vendor: str, repaired: bool
) -> None:
    modules = dict.fromkeys(("nf_tables", "nft_compat"), "missing")
    modules |= dict.fromkeys(LEGACY, "available")
    jetson.change({"board/vendor": vendor, "netfilter/backend": "nft"})
    jetson.change({"netfilter/modules": modules})
    assert "netfilter_backend_missing" in jetson.says("found")
    assert jetson.says("iptables_drift") is repaired
    assert jetson.says("left") == (["netfilter_backend_missing"] if repaired else [])
    assert ("netfilter_backend_missing" in let_pass(jetson)) is repaired


@of_each_vendor
def test_boards_that_are_known_get_the_dropin_and_others_are_refused(
    jetson: Board, vendor: str, repaired: bool
) -> None:
    with_engine(jetson, "28.5.1").change({"board/vendor": vendor})
    assert "iptables_raw_missing" in jetson.says("found")
    assert jetson.says("dropin_drift") is repaired
    assert jetson.says("left") == (["iptables_raw_missing"] if repaired else [])
    assert ("iptables_raw_missing" in let_pass(jetson)) is repaired
    without_engine(jetson)
    assert jetson.says("dropin_drift") is repaired


def test_an_older_engine_gets_no_dropin(jetson: Board) -> None:
    assert with_engine(jetson, "27.5.1").says("dropin_drift") is False
    assert with_engine(jetson, "28.5.1").says("dropin_drift") is True


def test_a_daemon_that_runs_without_the_variable_waits_for_its_restart(jetson: Board) -> None:
    with_engine(jetson, "28.5.1", SWITCH).with_file(DROPIN, DROPIN_TEXT)
    jetson.given(__docker_board_before=["iptables_raw_missing"], __docker_board_done=[])
    assert (jetson.says("dropin_drift"), jetson.says("left")) == (False, [])
    assert (jetson.says("restart_pending"), jetson.says("must_act")) == (True, True)
    (last,) = jetson.says("lines")[1:]
    assert "goes with the next restart of Docker: 'systemctl restart docker'" in last


def test_a_daemon_that_was_started_with_the_variable_is_proven(jetson: Board) -> None:
    with_engine(jetson, "28.5.1", SWITCH, started=[SWITCH]).with_file(DROPIN, DROPIN_TEXT)
    jetson.given(__docker_board_before=["iptables_raw_missing"], __docker_board_done=[])
    assert (jetson.says("dropin_drift"), jetson.says("restart_pending")) == (False, False)
    assert jetson.says("lines")[1:] == ["proven gone: iptables_raw_missing"]


def test_a_release_that_does_not_know_the_variable_fails_the_host(jetson: Board) -> None:
    with_engine(jetson, "28.0.1", SWITCH).with_file(DROPIN, DROPIN_TEXT)
    assert jetson.says("restart_pending") is False
    assert jetson.says("left") == ["iptables_raw_missing"]


def test_the_dropin_goes_with_a_kernel_that_has_the_table(jetson: Board) -> None:
    with_engine(jetson, "28.5.1", SWITCH, started=[SWITCH])
    jetson.change({"netfilter/modules/iptable_raw": "available"})
    assert jetson.says("dropin_stale") is False
    jetson.with_file(DROPIN, DROPIN_TEXT)
    assert (jetson.says("dropin_stale"), jetson.says("drift")) == (True, True)
    assert jetson.given(docker_board_iptables_raw=False).says("dropin_stale") is False
    jetson.given(docker_board_iptables_raw=True).change({"netfilter/modules": None})
    assert jetson.says("dropin_stale") is False


def test_neither_a_start_of_docker_nor_an_answer_of_it_is_waited_for_without_end() -> None:
    written = tasks("repair.yml")
    starts = [task for task in written if "state" in task.get(SYSTEMD, {})]
    assert {task.get("timeout") for task in starts} == {"{{ __docker_board_start_seconds }}"}
    calls = [task.get("ansible.builtin.command", {}).get("argv", []) for task in written]
    asked = [argv for argv in calls if "docker" in argv]
    assert [argv[0] for argv in asked] == ["timeout"]


def test_a_docker_that_does_not_start_is_left_to_docker_engine() -> None:
    (guard,) = (
        task
        for task in tasks("repair.yml")
        if any("state" in step.get(SYSTEMD, {}) for step in task.get("block", []))
    )
    assert "ansible.builtin.fail" not in {name for step in guard["rescue"] for name in step}
    said = guard["rescue"][0]["ansible.builtin.debug"]["msg"]
    assert "ansible_failed_result.msg" in said
    assert "journalctl --unit=docker.service" in said


def test_only_what_the_role_repairs_is_proven_gone(pi: Board) -> None:
    pi.change({"cgroup/controllers": ["memory"]})
    pi.given(__docker_board_before=["memory_cgroup_off", "clock_unsynchronized", "docker_missing"])
    assert pi.says("proven") == ["memory_cgroup_off"]


@pytest.mark.parametrize(
    ("failed", "rebooted"),
    [
        ({"failed": True, "rebooted": False, "msg": "Reboot command failed."}, False),
        ({"failed": True, "rebooted": True, "msg": "Timed out waiting"}, True),
        ({"failed": True, "msg": "something else"}, True),
    ],
)
def test_a_command_that_did_not_reboot_is_no_board_that_did_not_come_back(
    pi: Board, failed: dict[str, Any], rebooted: bool
) -> None:
    assert pi.given(ansible_failed_result=failed).says("did_reboot") is rebooted


@pytest.mark.parametrize(
    ("message", "none"),
    [
        ("No package matching 'nvidia-container-toolkit' is available", True),
        ("Failed to update apt cache: unknown reason", False),
        ("Failed to lock apt for exclusive operation", False),
    ],
)
def test_only_sources_without_the_toolkit_are_not_asked_again(
    jetson: Board, message: str, none: bool
) -> None:
    jetson.given(ansible_failed_result={"failed": True, "msg": message})
    assert jetson.says("no_toolkit_in_sources") is none


@pytest.mark.parametrize(
    ("now", "earlier", "before"),
    [
        (None, None, None),
        ("crun", None, "crun"),
        ("nvidia", {"before": "crun", "after": "nvidia"}, "crun"),
        (None, {"before": "nvidia", "after": "runc"}, "nvidia"),
        ("kata", {"before": "crun", "after": "nvidia"}, "kata"),
    ],
)
def test_the_default_runtime_from_before_this_role_is_kept(
    jetson: Board, now: str | None, earlier: dict[str, str] | None, before: str | None
) -> None:
    jetson.change({"daemon_config/content": {"default-runtime": now} if now else {}})
    if earlier:
        jetson.given(__docker_board_earlier_runtime=slurped(earlier))
    assert jetson.says("runtime_before") == before


@pytest.mark.parametrize(
    ("config", "ours"),
    [
        ({}, True),
        (None, True),
        ({"default-runtime": "runc"}, False),
        ({"runtimes": {"nvidia": {"path": "/usr/bin/nvidia-container-runtime"}}}, True),
    ],
)
def test_a_default_runtime_that_docker_engine_is_told_to_set_is_left_to_it(
    jetson: Board, config: dict[str, Any] | None, ours: bool
) -> None:
    jetson.facts["packages"]["nvidia-container-toolkit"] = {"version": "1.17.8-1"}
    jetson.given(docker_board_nvidia_runtime="nvidia", docker_engine_config=config)
    assert "nvidia" in jetson.says("runtimes")["runtimes"]
    assert bool(jetson.says("default_runtime")) is ours


@pytest.mark.parametrize(
    ("parameters", "undone"),
    [
        (["cgroup_enable=memory"], False),
        (["cgroup_enable=memory", "cgroup_disable=memory"], False),
        ([], False),
        (["cgroup_disable=memory"], True),
    ],
)
def test_boot_parameters_that_were_changed_back_by_hand_are_left_alone(
    pi: Board, parameters: list[str], undone: bool
) -> None:
    deed = {"added": ["cgroup_enable=memory"], "removed": ["cgroup_disable=memory"]}
    pi.given(__docker_board_changed=slurped(deed)).change({"boot/parameters": parameters})
    assert pi.says("boot_undone") is undone


def test_boot_parameters_of_a_partition_that_is_not_mounted_are_not_taken_for_undone(
    pi: Board,
) -> None:
    deed = {"added": ["cgroup_enable=memory"], "removed": []}
    pi.given(__docker_board_changed=slurped(deed)).change({"boot/parameters": []})
    assert pi.says("boot_undone") is True
    pi.change({"boot/loader": None, "boot/path": None, "boot/paths": []})
    assert pi.says("boot_undone") is False
    assert pi.change({"boot": None}).says("boot_undone") is False


def test_what_a_later_run_changes_is_remembered_beside_what_earlier_ones_did(pi: Board) -> None:
    pi.change({"boot/parameters": ["cgroup_disable=memory,pids", "cgroup_enable=memory"]})
    added, removed = ["cgroup_disable=pids"], ["cgroup_disable=memory,pids"]
    assert pi.says("boot_deeds") == {"added": added, "removed": removed, "copies": []}
    earlier = {"added": ["cgroup_enable=memory"], "removed": [], "copies": ["/boot/first~"]}
    pi.given(__docker_board_changed=slurped(earlier))
    assert pi.says("boot_deeds") == {
        "added": ["cgroup_enable=memory", *added],
        "removed": removed,
        "copies": ["/boot/first~"],
    }
    pi.given(__docker_board_edited={"changed": True, "backup_files": ["/boot/second~"]})
    assert pi.says("boot_deeds")["copies"] == ["/boot/first~", "/boot/second~"]
    pi.given(__docker_board_changed={"changed": False, "skipped": True})
    pi.given(__docker_board_edited={"changed": False, "skipped": True})
    assert pi.says("boot_deeds") == {"added": added, "removed": removed, "copies": []}


def test_the_copies_of_boot_files_go_with_their_repair_and_undo_makes_no_more() -> None:
    written = tasks("repair.yml")
    (edit,) = (task for task in written if task.get("register") == "__docker_board_edited")
    after = written[written.index(edit) + 1 :]
    (note,) = (task for task in after if "edited_copies" in str(task.get("when")))
    assert note["vars"]["__docker_board_deed"] == "{{ __docker_board_boot_deeds }}"
    undone = tasks("undo.yml")
    (back,) = (task for task in undone if "arm64.docker.boot_parameters" in task)
    assert back["arm64.docker.boot_parameters"]["backup"] is False
    removal = undone[undone.index(back) + 1]
    assert removal["ansible.builtin.file"]["state"] == "absent"
    assert "boot_deed.copies" in removal["loop"]


def test_the_backend_that_was_chosen_is_read_from_its_record(jetson: Board) -> None:
    jetson.given(__docker_board_iptables_read=slurped({"chosen": "legacy"}))
    assert jetson.says("iptables_chosen") == jetson.facts["netfilter"]["backend"] == "legacy"


@pytest.mark.parametrize(
    ("backend", "deed", "ours"),
    [
        ("legacy", {"chosen": "legacy", "before": None}, True),
        ("nft", {"chosen": "legacy", "before": None}, False),
        (None, {"chosen": "legacy", "before": None}, False),
        (None, None, False),
    ],
)
def test_a_backend_that_somebody_else_chose_since_is_not_this_roles(
    jetson: Board, backend: str | None, deed: dict[str, Any] | None, ours: bool
) -> None:
    jetson.change({"netfilter/backend": backend})
    if deed:
        jetson.given(__docker_board_iptables_read=slurped(deed))
    assert jetson.says("iptables_is_ours") is ours


@pytest.mark.parametrize("name", ["repair.yml", "undo.yml"])
def test_check_mode_predicts_the_switch_of_iptables_which_it_skips(name: str) -> None:
    written = tasks(name)
    (switch,) = (
        task
        for task in written
        if "update-alternatives" in str(task.get("ansible.builtin.command", {}).get("argv"))
    )
    conditions = [*switch["when"]] if isinstance(switch["when"], list) else [switch["when"]]
    assert conditions[0] == "not ansible_check_mode"
    prediction = written[written.index(switch) - 1]
    assert "ansible.builtin.debug" in prediction
    assert prediction["changed_when"] is True
    wanted = ["ansible_check_mode", *conditions[1:]]
    assert prediction["when"] in (wanted, *wanted[:1])


@pytest.mark.parametrize(
    ("deed", "was_legacy"),
    [
        ({"chosen": "nft", "before": "legacy"}, True),
        ({"chosen": "legacy", "before": "nft"}, False),
        ({"chosen": "nft", "before": None}, False),
        ({"chosen": "nft"}, False),
    ],
)
def test_a_backend_that_somebody_chose_before_comes_back(
    jetson: Board, deed: dict[str, str], was_legacy: bool
) -> None:
    assert jetson.given(__docker_board_iptables_read=slurped(deed)).says("iptables_was_legacy") is (
        was_legacy
    )


@pytest.mark.parametrize(
    ("now", "deed", "before"),
    [
        ("nft", None, "nft"),
        (None, None, None),
        ("nft", {"chosen": "nft", "before": "legacy"}, "legacy"),
        ("legacy", {"chosen": "nft", "before": None}, "legacy"),
        ("nft", {"chosen": "nft"}, "nft"),
    ],
)
def test_the_backend_from_before_this_role_first_chose_is_kept(
    jetson: Board, now: str | None, deed: dict[str, Any] | None, before: str | None
) -> None:
    jetson.change({"netfilter/backend": now})
    if deed:
        jetson.given(__docker_board_iptables_read=slurped(deed))
    assert jetson.says("iptables_before") == before


@pytest.mark.parametrize(
    ("connection", "boot_id", "controller"),
    [
        ("local", "board", True),
        ("ansible.builtin.local", "", True),
        ("ssh", "this-boot", True),
        ("ssh", "board", False),
        ("ssh", "", False),
        ("community.docker.docker_localhost", "board", False),
    ],
)
def test_the_machine_that_runs_the_play_is_known_by_its_connection_or_its_boot(
    pi: Board, connection: str, boot_id: str, controller: bool
) -> None:
    pi.given(
        ansible_connection=connection,
        __docker_board_boot_id_read=slurped(f"{boot_id}\n"),
        __docker_board_controllers_boot_id="this-boot",
    )
    assert pi.says("is_controller") is controller
