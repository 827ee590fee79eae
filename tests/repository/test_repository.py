# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository as apt of this host sees it, without a machine."""

from __future__ import annotations

import http.client
import shutil
import ssl
import struct
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from repository import Repository, RepositoryError, go_string
from repository.apt import Apt
from repository.archive import INDEX, POOL, SUITE
from repository.packages import all_packages

ENGINE = [f"5:{version}-1~debian.13~trixie" for version in ("27.0.1", "26.1.5", "26.1.4")]
# Newest first, as apt lists them.
VERSIONS = {
    "docker-ce": ENGINE,
    "docker-ce-cli": ENGINE,
    "docker-ce-rootless-extras": ENGINE,
    "containerd.io": ["1.7.25-1", "1.7.24-1"],
    "docker-buildx-plugin": ["0.14.0-1~debian.13~trixie", "0.13.1-1~debian.13~trixie"],
    "docker-compose-plugin": ["2.26.1-1~debian.13~trixie"],
}
# The smallest package.
SMALL = "docker-ce-rootless-extras=5:27.0.1-1~debian.13~trixie"


@pytest.fixture(scope="module")
def repository():
    with Repository() as repository:
        yield repository


@pytest.fixture
def distribution(repository):
    return repository.folder / "linux" / "debian"


@pytest.fixture
def apt_for(repository, distribution, tmp_path):
    """Return apt with one source, which the repository's key has to have signed."""

    def make(uri, authority=repository.ca):
        settings = ['Acquire::Retries "0";', 'Acquire::https::Proxy "DIRECT";']
        settings += ['Acquire::http::Proxy "DIRECT";']
        if authority:
            settings.append(f'Acquire::https::CaInfo "{authority}";')
        source = f"deb [signed-by={distribution / 'gpg'}] {uri} trixie stable"
        return Apt(tmp_path / "apt", [source], settings)

    return make


@pytest.fixture
def apt(apt_for, repository):
    apt = apt_for(f"{repository.url}/linux/debian")
    apt.update()
    return apt


def listed(madison):
    """Return {package: [version, …]} of what `apt-cache madison` printed."""
    found = {}
    for line in madison.splitlines():
        name, version, _ = (part.strip() for part in line.split("|"))
        found.setdefault(name, []).append(version)
    return found


def field(deb, name):
    return subprocess.check_output(["dpkg-deb", "--field", deb, name], text=True).strip()


def debs(distribution):
    return {deb.name: deb for deb in (distribution / POOL).glob("*.deb")}


def test_apt_lists_every_version_over_https(apt):
    assert listed(apt.madison(*VERSIONS)) == VERSIONS


def test_apt_lists_every_version_over_http(apt_for, repository):
    apt = apt_for(f"{repository.http_url}/linux/debian")
    apt.update()
    assert listed(apt.madison(*VERSIONS)) == VERSIONS


def test_a_client_that_does_not_know_the_authority_refuses_the_server(apt_for, repository):
    apt = apt_for(f"{repository.url}/linux/debian", authority=None)
    with pytest.raises(RepositoryError, match="certificate"):
        apt.update()


def test_the_key_that_is_served_is_the_key_that_signed(repository, distribution, tmp_path):
    context = ssl.create_default_context(cafile=repository.ca)
    with urllib.request.urlopen(repository.key_url, context=context, timeout=10) as answer:
        key = answer.read()
    assert key.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    gpg = ["gpg", "--homedir", tmp_path, "--batch", "--quiet", "--with-colons"]
    shown = subprocess.check_output([*gpg, "--show-keys"], input=key).decode()
    fingerprints = [line.split(":")[9] for line in shown.splitlines() if line[:4] == "fpr:"]
    assert fingerprints == [repository.fingerprint]
    assert "/linux/debian/gpg" in repository.requests


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ([INDEX, f"{INDEX}.gz"], "Hash Sum mismatch"),
        ([f"{SUITE}/InRelease"], "(?i)signature"),
    ],
)
def test_apt_refuses_what_was_changed_after_signing(
    apt_for, distribution, tmp_path, files, complaint
):
    copy = tmp_path / "copy"
    shutil.copytree(distribution, copy, ignore=shutil.ignore_patterns("pool"))
    for name in files:
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
    with pytest.raises(RepositoryError, match=complaint):
        apt_for(f"file:{copy}").update()


def test_a_download_is_what_was_built(apt, distribution, repository, tmp_path):
    apt.download(tmp_path, SMALL)
    (name,) = (path.name.replace("5%3a", "") for path in tmp_path.glob("*.deb"))
    (got,) = tmp_path.glob("*.deb")
    assert got.read_bytes() == debs(distribution)[name].read_bytes()
    assert f"/linux/debian/{POOL}/{name}" in repository.requests


def test_a_connection_that_is_closed_early_fails_the_download(apt, repository, tmp_path):
    with repository.close_after(1000), pytest.raises(RepositoryError, match="Failed to fetch"):
        apt.download(tmp_path, SMALL)
    apt.download(tmp_path, SMALL)


def test_a_flipped_bit_fails_the_download(apt, repository, tmp_path):
    with repository.corrupt(), pytest.raises(RepositoryError, match="Hash Sum mismatch"):
        apt.download(tmp_path, SMALL)
    apt.download(tmp_path, SMALL)


def test_a_fault_stays_until_it_is_mended(apt, repository, tmp_path):
    repository.corrupt()
    with pytest.raises(RepositoryError):
        apt.download(tmp_path, SMALL)
    repository.mend()
    apt.download(tmp_path, SMALL)


@pytest.mark.parametrize(
    ("package", "files"),
    [
        ("docker-ce_27.0.1", ["usr/bin/dockerd", "usr/bin/docker-proxy", "usr/bin/docker-init"]),
        ("docker-ce_26.1.4", ["usr/lib/systemd/system/docker.service", "etc/init.d/docker"]),
        ("docker-ce-cli_26.1.5", ["usr/bin/docker"]),
        ("containerd.io_1.7.25", ["usr/bin/containerd", "usr/bin/ctr", "usr/bin/runc"]),
        ("containerd.io_1.7.24", ["usr/bin/containerd-shim-runc-v2"]),
        ("docker-buildx-plugin_0.14.0", ["usr/libexec/docker/cli-plugins/docker-buildx"]),
        ("docker-compose-plugin_2.26.1", ["usr/libexec/docker/cli-plugins/docker-compose"]),
    ],
)
def test_files_lie_where_docker_puts_them(distribution, package, files):
    (deb,) = (path for name, path in debs(distribution).items() if name.startswith(f"{package}-"))
    contents = subprocess.check_output(["dpkg-deb", "--contents", deb], text=True)
    owners = {line.split()[5]: line.split()[1] for line in contents.splitlines()}
    for name in files:
        assert owners[f"./{name}"] == "root/root"


def test_the_unit_starts_the_daemon_as_docker_does(distribution, tmp_path):
    deb = debs(distribution)["docker-ce_27.0.1-1~debian.13~trixie_arm64.deb"]
    subprocess.run(["dpkg-deb", "--raw-extract", deb, tmp_path / "tree"], check=True)
    unit = (tmp_path / "tree/usr/lib/systemd/system/docker.service").read_text()
    assert (
        "\nExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock\n"
        in unit
    )
    assert "EnvironmentFile" not in unit
    program = (tmp_path / "tree/usr/bin/dockerd").read_bytes()
    assert b"27.0.1" in program
    assert b"26.1.5" not in program
    scripts = {path.name for path in (tmp_path / "tree/DEBIAN").iterdir()}
    assert {"conffiles", "postinst", "postrm", "prerm"} <= scripts


def test_packages_conflict_with_debians_as_dockers_do(distribution):
    newest = {package.name: distribution / POOL / package.file_name for package in all_packages()}
    conflicts = {name: field(deb, "Conflicts") for name, deb in newest.items()}
    assert "docker.io" in conflicts["docker-ce"]
    assert "docker.io" in conflicts["docker-ce-cli"]
    assert conflicts["containerd.io"] == "containerd, runc"
    # The known fault of Docker's package: it owns the same file as Debian's docker-buildx.
    assert conflicts["docker-buildx-plugin"] == ""


def test_a_client_that_says_nothing_keeps_nobody_waiting_and_its_thread_ends():
    before = set(threading.enumerate())
    with Repository() as repository:
        context = ssl.create_default_context(cafile=repository.ca)
        port = int(repository.url.rpartition(":")[2])
        silent = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        silent.connect()
        idle = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
        idle.request("GET", "/linux/debian/gpg")
        assert idle.getresponse().read()
        assert set(threading.enumerate()) - before
    silent.close()
    idle.close()
    assert set(threading.enumerate()) - before == set()


def test_the_address_in_the_urls_can_be_the_one_that_machines_see():
    with Repository("10.0.2.2") as repository:
        assert repository.url.startswith("https://10.0.2.2:")
        assert repository.http_url.startswith("http://10.0.2.2:")
        certificate = subprocess.check_output(
            ["openssl", "x509", "-noout", "-ext", "subjectAltName"]
            + ["-in", repository.ca.with_name("server.pem")],
            text=True,
        )
    assert "IP Address:10.0.2.2" in certificate


def elf(*variables):
    """Return a program with `variables`, pairs of bytes and length, of Go's type string."""
    header = 64 + 56
    texts, table = b"", b""
    start = header + 16 * len(variables)
    for text, length in variables:
        table += struct.pack("<QQ", 0x400000 + start + len(texts), length)
        texts += text
    body = table + texts
    identity = struct.pack("<16s16xQ14xHH6x", b"\x7fELF", 64, 56, 1)
    segment = struct.pack(
        "<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, header + len(body), header + len(body), 4096
    )
    return identity + segment + body


def test_a_string_of_a_go_program_is_replaced_by_a_shorter_one():
    program = elf((b"26.1.5+dfsg1", 12), (b"26.1.5+dfsg1-9", 14))
    changed = go_string.replace(program, "26.1.5+dfsg1", "26.1.4")
    assert changed == elf((b"26.1.4+dfsg1", 6), (b"26.1.5+dfsg1-9", 14))


@pytest.mark.parametrize(
    ("variables", "new"),
    [
        ([], "26.1.4"),
        ([(b"26.1.5", 5)], "26.1.4"),
        ([(b"26.1.5", 6), (b"26.1.5", 6)], "26.1.4"),
        ([(b"26.1.5", 6)], "26.1.55"),
    ],
)
def test_a_string_that_is_not_found_once_is_an_error(variables, new):
    with pytest.raises(RepositoryError, match=r"26\.1\.5"):
        go_string.replace(elf(*variables), "26.1.5", new)
