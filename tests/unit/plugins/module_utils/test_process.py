# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.arm64.docker.plugins.module_utils._process import Runner

# What a program may take beyond its timeout on a slow and busy machine.
SLACK = 5.0


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs; one that waits to be reaped does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


def wait_for_pid(path: Path) -> int:
    deadline = time.monotonic() + SLACK
    while time.monotonic() < deadline:
        if path.exists() and path.read_text(encoding="ascii").strip():
            return int(path.read_text(encoding="ascii"))
        time.sleep(0.01)
    raise AssertionError(f"nothing was written to {path}")


def ends_soon(pid: int) -> bool:
    deadline = time.monotonic() + SLACK
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


def test_a_program_that_ends_gives_its_status_and_what_it_said() -> None:
    result = Runner().run(("sh", "-c", "echo out; echo err >&2; exit 3"), timeout=SLACK)
    assert (result.rc, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert not result.ok
    assert not result.missing
    assert not result.timed_out


def test_arguments_are_not_interpreted_by_a_shell() -> None:
    result = Runner().run(("printf", "%s", "$HOME; `id` *"), timeout=SLACK)
    assert result.ok
    assert result.stdout == "$HOME; `id` *"


def test_a_missing_program_is_said_and_no_exception() -> None:
    result = Runner().run(("arm64-docker-no-such-program", "x"), timeout=SLACK)
    assert result.missing
    assert result.rc is None
    assert result.argv == ("arm64-docker-no-such-program", "x")


@pytest.mark.parametrize(
    "content", [b"\x7fELF\x02\x01\x01 of another machine", b"#!/no/such/shell\n"]
)
def test_a_program_that_this_machine_cannot_start_is_no_exception(
    tmp_path: Path, content: bytes
) -> None:
    program = tmp_path / "docker"
    program.write_bytes(content)
    program.chmod(0o755)
    assert not Runner().run((str(program),), timeout=SLACK).ok


def test_a_program_of_another_machine_is_not_called_missing(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_bytes(b"\x7fELF\x02\x01\x01 of another machine")
    program.chmod(0o755)
    result = Runner().run((str(program),), timeout=SLACK)
    assert not result.missing
    assert "Exec format error" in result.stderr


def test_a_program_ended_by_a_signal_has_its_negative_number() -> None:
    assert Runner().run(("sh", "-c", "kill -9 $$"), timeout=SLACK).rc == -9


def test_a_program_is_ended_when_its_time_is_up() -> None:
    start = time.monotonic()
    result = Runner().run(("sleep", "60"), timeout=0.2)
    assert result.timed_out
    assert result.rc is None
    assert time.monotonic() - start < 0.2 + SLACK


def test_a_time_beyond_what_the_kernel_can_wait_is_a_day() -> None:
    assert Runner().run(("sh", "-c", "exit 3"), timeout=10**400).rc == 3


def test_the_whole_process_group_is_ended_when_the_time_is_up(tmp_path: Path) -> None:
    script = 'sleep 60 & echo $! >"$0/child"; echo $$ >"$0/parent"; wait'
    assert Runner().run(("sh", "-c", script, str(tmp_path)), timeout=0.5).timed_out
    assert ends_soon(wait_for_pid(tmp_path / "parent"))
    assert ends_soon(wait_for_pid(tmp_path / "child"))


def test_a_grandchild_that_holds_the_pipe_does_not_hold_the_caller(tmp_path: Path) -> None:
    """The program itself is gone at once; whoever inherited its stdout would be waited for."""
    start = time.monotonic()
    result = Runner().run(
        ("sh", "-c", '(sleep 60 & echo $! >"$0/grandchild") & exit 0', str(tmp_path)), timeout=0.5
    )
    assert result.timed_out
    assert time.monotonic() - start < 0.5 + SLACK
    assert ends_soon(wait_for_pid(tmp_path / "grandchild"))


def test_a_program_that_closed_its_pipes_is_ended_too(tmp_path: Path) -> None:
    script = 'echo $$ >"$0/pid"; exec >&- 2>&-; exec sleep 60'
    assert Runner().run(("sh", "-c", script, str(tmp_path)), timeout=0.5).timed_out
    assert ends_soon(wait_for_pid(tmp_path / "pid"))


def test_programs_run_side_by_side() -> None:
    start = time.monotonic()
    pending = [Runner().start(("sleep", "0.5"), timeout=SLACK) for _ in range(4)]
    assert all(program.result().ok for program in pending)
    assert time.monotonic() - start < 1.9


def test_an_answer_that_came_in_time_is_not_lost_while_another_is_waited_for() -> None:
    slow = Runner().start(("sleep", "0.6"), timeout=SLACK)
    quick = Runner().start(("echo", "here"), timeout=0.4)
    assert slow.result().ok
    assert quick.result().stdout == "here\n"


def test_a_pending_program_can_be_ended_early(tmp_path: Path) -> None:
    script = 'echo $$ >"$0/pid"; exec sleep 60'
    pending = Runner().start(("sh", "-c", script, str(tmp_path)), timeout=60)
    pid = wait_for_pid(tmp_path / "pid")
    pending.cancel()
    assert ends_soon(pid)


def test_much_output_on_both_streams_does_not_block() -> None:
    script = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"
    result = Runner().run(("sh", "-c", script), timeout=10)
    assert result.ok
    assert (len(result.stdout), len(result.stderr)) == (1000000, 1000000)


def test_output_that_is_not_utf_8_is_kept_as_far_as_it_can_be_read() -> None:
    result = Runner().run(("printf", r"caf\351 \377 ok"), timeout=SLACK)
    assert result.stdout == "caf\ufffd \ufffd ok"


def test_programs_speak_the_c_locale_whatever_the_caller_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LC_ALL", "LANG", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    result = Runner().run(("sh", "-c", 'echo "$LC_ALL/$LANGUAGE"; cat /no/such/file'), SLACK)
    assert result.stdout == "C/C\n"
    assert "No such file or directory" in result.stderr


def test_variables_can_be_kept_from_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.7:2375")
    monkeypatch.setenv("DOCKER_CONFIG", "/srv/docker")
    script = ("sh", "-c", 'echo "${DOCKER_HOST-none}/${DOCKER_CONFIG-none}"')
    assert Runner().run(script, SLACK).stdout == "tcp://192.0.2.7:2375//srv/docker\n"
    assert Runner(without=("DOCKER_HOST",)).run(script, SLACK).stdout == "none//srv/docker\n"
    assert os.environ["DOCKER_HOST"] == "tcp://192.0.2.7:2375"


def test_programs_in_sbin_are_found_though_the_login_does_not_look_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert "/usr/sbin" in Runner().run(("sh", "-c", "echo $PATH"), SLACK).stdout.split(":")


def test_programs_get_no_input() -> None:
    assert Runner().run(("cat",), SLACK).stdout == ""


def test_programs_read_what_they_are_given() -> None:
    assert Runner().run(("cat",), SLACK, stdin="é\n" * 100000).stdout == "é\n" * 100000


def test_a_program_that_reads_nothing_of_what_it_is_given_is_no_exception() -> None:
    assert Runner().run(("true",), SLACK, stdin="x" * 1000000).rc == 0
    assert Runner().run(("sleep", "60"), 0.2, stdin="x" * 1000000).timed_out is True
