# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import os
import re
import tarfile
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.arm64.docker.plugins.module_utils import _diagnostics_mask as masking
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_archive import (
    index,
    safe_name,
    write,
)
from ansible_collections.arm64.docker.plugins.module_utils._diagnostics_collect import (
    Collector,
    Limits,
)
from ansible_collections.arm64.docker.plugins.module_utils._errors import DockerHostError
from ansible_collections.arm64.docker.plugins.module_utils._findings import findings
from ansible_collections.arm64.docker.plugins.module_utils._process import Result
from ansible_collections.arm64.docker.tests.unit.disks import full_disk
from ansible_collections.arm64.docker.tests.unit.fakes import FakeRunner, said, silent
from ansible_collections.arm64.docker.tests.unit.hosts import fixture

SECRET = "hunter2hunter2"
ID = "4c01db0b339c" * 5 + "abcd"
CONTAINER = {
    "Id": ID,
    "Name": "/web",
    "RestartCount": 3,
    "Path": "serve",
    "Args": [f"--key={SECRET}"],
    "Image": "sha256:00",
    "State": {"Status": "running", "ExitCode": 0, "OOMKilled": False},
    "Config": {"Image": "nginx", "Env": ["MODE=plain", f"DB_PASSWORD={SECRET}"]},
    "HostConfig": {"RestartPolicy": {"Name": "always"}},
}


class Daemon:
    """Answers docker's command lines for one running container."""

    def __init__(self, **changed):
        self.answers = {
            "version": said(fixture("docker_version/docker-debian13-26.1.5-arm64.json")),
            "ps": said(f"{ID}\n"),
            "inspect": said(json.dumps([CONTAINER])),
            "info": said(json.dumps({"HttpProxy": f"http://me:{SECRET}@proxy.example.org:3128"})),
            "logs": said("started\n", f"2026 password is {SECRET}\n"),
            "system": said("TYPE  TOTAL\nImages  3\n"),
            **changed,
        }

    def __call__(self, argv):
        words = [word for word in argv[1:] if word in self.answers]
        return self.answers[words[0]] if words else said()


def collect(machine, limits=None, **programs):
    runner = FakeRunner(**{**machine.runner.answers, "docker": Daemon(), **programs})
    facts, problems = machine.observe(runner=runner)
    facts["findings"] = findings(facts, problems)
    collector = Collector(machine.host(runner=runner), facts, limits or Limits())
    return collector, collector.collect(), facts, runner


def test_a_healthy_host_shows_its_containers_logs_and_configuration(machine):
    _, found, _, _ = collect(machine, journalctl=said("dockerd started\n"))
    (container,) = json.loads(found.parts["containers.json"])
    assert (container["name"], container["restart_count"]) == ("web", 3)
    assert "started" in found.parts["logs/web.txt"]
    assert found.parts["journal.txt"] == "dockerd started\n"
    assert json.loads(found.parts["facts.json"])["platform"]["platform"] == "linux/arm64"
    assert "Debian" in found.parts["os-release.txt"]
    assert found.missing["nftables.txt"] == "there is no program nft"


def test_no_planted_secret_is_in_any_part(machine):
    machine.write(
        "/root/.docker/config.json",
        json.dumps({"auths": {"registry.example.org": {"auth": f"{SECRET}auth"}}}),
    )
    machine.write("/etc/docker/daemon.json", f'{{"http-proxy": "http://a:{SECRET}@p.example.org",')
    _, found, facts, _ = collect(
        machine,
        journalctl=said(f"level=info msg={SECRET} pulled with {SECRET}auth\n"),
        systemctl=said(f'Environment="HTTPS_PROXY=http://me:{SECRET}@proxy.example.org"\n'),
    )
    for name, content in found.parts.items():
        assert SECRET not in content, name
    assert "daemon.json" in found.parts
    assert "MODE=sha256:" in found.parts["containers.json"]
    assert "--key" not in found.parts["containers.json"]
    assert "proxy.example.org" in found.parts["docker-info.json"]


@pytest.mark.parametrize(
    "line",
    [
        f'{{"password": "{SECRET}", "user": "me"}}',
        f"password: {SECRET}",
        f"login --password {SECRET} --user me",
        f"login --password={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"X-Registry-Auth: {SECRET}",
        f"API_KEY={SECRET}",
        f"https://me:{SECRET}@registry.example.org/v2/",
        f'{{"auths": {{"r.example.org": {{"auth": "{SECRET}"}}}}}}',
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f'msg="{{\\"token\\":\\"{SECRET}\\"}}"',
        f'DB_PASSWORD="{SECRET}"',
        f"DB_PASSWORD='{SECRET}'",
        f"password = {SECRET}",
        f'password = "horse {SECRET}"',
        f"DB_PASS={SECRET}",
        f"MYSQL_PWD={SECRET}",
        f"PRIVATE_KEY={SECRET}",
        f"AWS_ACCESS_KEY={SECRET}",
        f"ENCRYPTION_KEY={SECRET}",
        f"REGISTRY_AUTH={SECRET}",
        f"_auth={SECRET}",
        f"pass: {SECRET}",
        f'{{"pwd":"{SECRET}"}}',
        f"passphrase: {SECRET}",
        f"fetch --api-key {SECRET} it",
        f"fetch --private-key={SECRET} it",
        f"Authorization: Token {SECRET}",
        f'"Authorization": "Token {SECRET}"',
        f"HTTP_PROXY=me:{SECRET}@proxy:3128",
        f'Environment="DB_PASSWORD=correct horse {SECRET}"',
        f'{{"password":"a,{SECRET}"}}',
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{SECRET}\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
)
def test_what_looks_like_a_secret_is_replaced_in_texts(line):
    masked = masking.text(f"before {line} after")
    assert SECRET not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_a_key_whose_beginning_was_cut_off_is_replaced() -> None:
    masked = masking.text(f"{SECRET}\n-----END RSA PRIVATE KEY-----\nafter\n")
    assert SECRET not in masked
    assert masked.endswith("-----END RSA PRIVATE KEY-----\nafter\n")


@pytest.mark.parametrize(
    "line",
    [
        "listening on 127.0.0.1:2376",
        "2026-11-23T02:03:04Z dockerd[1]: level=info msg=started",
        "compass: north",
        "author: somebody",
        "--passthrough on",
        "HTTP_PROXY=proxy.example.org:3128",
    ],
)
def test_what_is_no_secret_stays_in_texts(line: str) -> None:
    assert masking.text(line) == line


@pytest.mark.parametrize("piece", ["a", "a.", "passw", "--", "//", "x=", '"', "-----BEGIN ", "a:"])
def test_texts_of_any_shape_are_masked_in_a_time_that_grows_with_their_length(piece: str) -> None:
    started = time.process_time()
    masking.text(piece * (64 * 1024 // len(piece)))
    assert time.process_time() - started < 5


def test_many_secrets_of_many_containers_are_masked_in_a_moment() -> None:
    hidden = sorted(f"{number:030x}" for number in range(500))
    texts = [f"A_{number}=sha256:123456" for number in range(40)]
    started = time.process_time()
    masked = masking.document([texts] * 60 + [[f"x{hidden[7]}x"]], hidden)
    assert time.process_time() - started < 2
    assert masked[:60] == [texts] * 60
    assert hidden[7] not in masked[60][0]


@pytest.mark.parametrize(
    ("variable", "hidden"),
    [
        (f"DB_PASS={SECRET}", {SECRET}),
        ("MYSQL_PWD=abc12", {"abc12"}),
        (f"ENCRYPTION_KEY={SECRET}", {SECRET}),
        (f"DATABASE_URL=postgres://u:{SECRET}@h/db", {SECRET, f"u:{SECRET}"}),
        ("USE_TOKEN=false", set()),
        ("MODE=plainly", set()),
    ],
)
def test_values_are_hidden_wherever_they_appear(variable: str, hidden: set[str]) -> None:
    assert masking.secret_values([variable]) == hidden


def test_the_passwords_of_logins_are_known() -> None:
    auth = base64.b64encode(f"me:{SECRET}".encode()).decode()
    logins = {"auths": {"a": {"auth": auth}, "b": {"auth": "%"}, "c": {}, "d": None}}
    assert masking.passwords(logins) == {SECRET}
    assert masking.passwords({"auths": []}) == masking.passwords([]) == set()


@given(st.text())
def test_any_text_can_be_masked(said_text):
    hidden = f"{said_text} password={SECRET}"
    assert SECRET not in masking.text(hidden)


@given(st.lists(st.tuples(st.from_regex(r"[A-Z_]{1,9}", fullmatch=True), st.text(min_size=12))))
def test_no_value_of_a_variable_survives(pairs):
    masked = masking.environment([f"{name}={value}" for name, value in pairs])
    for (name, _), shown in zip(pairs, masked):
        assert re.fullmatch(rf"{name}=sha256:[0-9a-f]{{6}}", shown)


def test_a_daemon_that_hangs_is_asked_once_and_named(machine):
    _, found, facts, runner = collect(machine, docker=silent())
    assert "daemon_silent" in [one["id"] for one in facts["findings"]]
    assert found.missing["docker-info.json"] == "no Docker daemon answers"
    assert not [line for line in runner.command_lines("docker") if " info" in line]
    assert "facts.json" in found.parts


def test_a_daemon_that_hangs_later_leaves_the_rest(machine):
    docker = Daemon(info=silent(), logs=silent())
    _, found, _, _ = collect(machine, docker=docker)
    assert found.missing["docker-info.json"] == "no answer in time"
    assert found.missing["logs/web.txt"] == "no answer in time"
    assert "docker-df.txt" in found.parts


STUCK = "5".ljust(64, "0")


def hanging(argv):
    """Answer for two containers of which one never does, and holds up what is asked with it."""
    if "inspect" in argv:
        return silent() if STUCK in argv else said(json.dumps([CONTAINER]))
    return Daemon(ps=said(f"{STUCK}\n{ID}\n"))(argv)


def test_a_container_that_hangs_hides_no_other(machine):
    _, found, _, runner = collect(machine, docker=hanging)
    assert [one["name"] for one in json.loads(found.parts["containers.json"])] == ["web"]
    assert SECRET not in found.parts["logs/web.txt"]
    assert found.missing["container 500000000000"] == "no answer in time"
    # What its variables hold is not known, so its log might show a secret.
    assert not [line for line in runner.command_lines("docker") if f"logs {STUCK}" in line]


@pytest.mark.parametrize(
    ("answer", "shown", "missing"),
    [
        (said("[]\n", "Error: No such container: 4c01", rc=1), "[]\n", None),
        (said("[]\n", "Cannot connect to the Docker daemon", rc=1), None, "status 1: Cannot"),
        (silent(), None, "no answer in time"),
    ],
)
def test_containers_that_are_not_described_are_not_said_to_be_none(machine, answer, shown, missing):
    _, found, _, _ = collect(machine, docker=Daemon(inspect=answer))
    reasons = [why for part, why in found.missing.items() if part.startswith("container")]
    assert found.parts.get("containers.json") == shown
    assert all(why.startswith(missing) for why in reasons)
    assert bool(reasons) is (missing is not None)


@pytest.mark.parametrize("ids", [said("17\n18\n"), silent()], ids=["known", "silent"])
def test_networks_are_shown_with_their_subnets_where_their_ids_are_known(machine, ids):
    described = {"Name": "bridge", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}}
    listed = {"Name": "bridge", "Driver": "bridge"}

    def docker(argv):
        if "network" not in argv:
            return Daemon()(argv)
        if "inspect" in argv:
            return said(f"{json.dumps(described)}\n" * argv.count("17"))
        return ids if "--quiet" in argv else said(f"{json.dumps(listed)}\n")

    _, found, _, _ = collect(machine, docker=docker)
    assert json.loads(found.parts["networks.json"]) == (described if ids.ok else listed)


def test_a_list_of_containers_that_does_not_come_is_not_said_to_be_empty(machine):
    _, found, _, _ = collect(machine, docker=Daemon(ps=silent()))
    assert found.missing["containers.json"] == "no answer in time"
    assert "containers.json" not in found.parts


def test_a_host_without_docker_is_collected_too(machine):
    _, found, _, _ = collect(machine, docker=Result((), None, missing=True))
    assert found.missing["containers.json"] == "no Docker daemon answers"
    assert "kernel.txt" in found.parts or "os-release.txt" in found.parts


def test_the_size_is_bounded_and_the_end_of_logs_is_kept(machine):
    limits = Limits(part_bytes=2000, total_bytes=20000)
    _, found, _, _ = collect(machine, limits, journalctl=said("x" * 100000 + "the end\n"))
    assert found.parts["journal.txt"].endswith("the end\n")
    assert "the last part of 100008 bytes" in found.about["journal.txt"]
    assert "part of" not in found.about["os-release.txt"]
    assert all(len(content.encode()) <= 2000 for content in found.parts.values())
    assert sum(len(content.encode()) for content in found.parts.values()) <= 20000


def test_no_more_containers_than_asked_for_are_described(machine):
    ids = "".join(f"{number:064x}\n" for number in range(5))
    docker = Daemon(ps=said(ids))
    _, found, _, runner = collect(machine, Limits(containers=2), docker=docker)
    assert "5 containers" in found.missing["further containers"]
    (asked,) = [line for line in runner.command_lines("docker") if " inspect " in line]
    assert len(re.findall(r"[0-9a-f]{64}", asked)) == 2


def test_only_lines_of_the_kernel_that_matter_are_kept(machine):
    dmesg = said("a keyboard was found\nOut of memory: Killed process 12\n")
    _, found, _, _ = collect(machine, dmesg=dmesg)
    assert found.parts["dmesg.txt"] == "Out of memory: Killed process 12\n"


def test_a_pipe_in_the_place_of_a_file_does_not_block(machine):
    machine.remove("/etc/hosts")
    os.mkfifo(machine.path("/etc/hosts"))
    _, found, _, _ = collect(machine)
    assert "os-release.txt" in found.parts


def test_temperatures_are_in_degrees(machine):
    machine.write("/sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    machine.write("/sys/class/thermal/thermal_zone0/temp", "61300\n")
    _, found, _, _ = collect(machine)
    expected = "thermal_zone0 cpu-thermal: 61.3 degrees Celsius\n"
    assert found.parts["temperatures.txt"].startswith(expected)


def test_the_index_begins_with_findings_and_remedies(machine):
    _, found, facts, _ = collect(machine, docker=silent())
    text = index("pi", "2026-11-22T10:00:00Z", 4.2, facts, found)
    assert text.index("## Findings") < text.index("## The host") < text.index("## What is here")
    assert "what to do:" in text
    assert "- docker-info.json: no Docker daemon answers" in text


def test_the_archive_holds_the_files_and_is_the_owners_alone(tmp_path):
    place = write(str(tmp_path / "a.tar.gz"), "pi", {"index.md": "# One\n", "logs/x.txt": "two"})
    assert (tmp_path / "a.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(place) as archive:
        assert archive.getnames() == ["pi/index.md", "pi/logs/x.txt"]
        assert archive.extractfile("pi/logs/x.txt").read() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


def test_an_archive_that_cannot_be_written_is_an_error_that_names_the_place(tmp_path):
    with pytest.raises(DockerHostError, match="none/a.tar.gz"):
        write(str(tmp_path / "none/a.tar.gz"), "pi", {})


def test_an_archive_goes_where_there_is_room_for_it(tmp_path):
    full, roomy = str(tmp_path / "none"), str(tmp_path)
    place = write(None, "pi", {"index.md": "# One\n"}, (full, roomy))
    assert os.path.dirname(place) == roomy
    assert os.stat(place).st_mode & 0o777 == 0o600
    with pytest.raises(DockerHostError, match=f"{full}: No such file.*, nor to {full}"):
        write(None, "pi", {}, (full, full))


def test_a_full_disk_is_left_without_a_half_of_the_archive(tmp_path):
    with full_disk(64), pytest.raises(DockerHostError, match=f"{tmp_path}: File too large"):
        write(None, "pi", {"index.md": "# One\n"}, (str(tmp_path),))
    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_a_name_of_a_host_never_leaves_its_folder(name):
    safe = safe_name(name)
    assert "/" not in safe
    assert safe
    assert not safe.startswith(".")


def test_a_daemon_json_that_is_not_there_is_named_as_missing(machine):
    machine.remove("/etc/docker/daemon.json")
    _, found, _, _ = collect(machine)
    assert found.missing["daemon.json"] == "there is no /etc/docker/daemon.json"
