# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a Debian package of files out of other Debian packages."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import go_string
from .errors import RepositoryError
from .packages import File, Package
from .programs import run

MAINTAINER_SCRIPTS = Path(__file__).with_name("maintainer")
SCRIPTS = ("postinst", "prerm", "postrm")


@dataclass(frozen=True)
class Origin:
    """A Debian package, unpacked into `tree`; `release` is its version without the packaging's."""

    name: str
    release: str
    tree: Path


def unpack(deb: Path, tree: Path) -> Origin:
    """Unpack a package's files into the folder `tree`, which is made."""
    name, version = (run(["dpkg-deb", "--field", deb, key]) for key in ("Package", "Version"))
    tree.mkdir(parents=True)
    run(["dpkg-deb", "--extract", deb, tree])
    upstream = version.strip().rpartition("-")[0].rpartition(":")[2]
    return Origin(name.strip(), upstream, tree)


def repack(package: Package, origins: dict[str, Origin], tree: Path, folder: Path) -> Path:
    """Build `package` in the folder `tree`, which is made, and write it into `folder`.

    Raises RepositoryError where Debian's packages no longer are what the package is made from.
    """
    for file in package.files:
        _add(file, package.release, origins, tree)
    for name in sorted({file.origin for file in package.files} - {""}):
        licence = tree / "usr/share/doc" / package.name / f"copyright.{name}"
        licence.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origins[name].tree / "usr/share/doc" / name / "copyright", licence)
    _add_control(package, tree)
    for path in (tree, *tree.rglob("*")):
        if path.is_dir():
            # Whatever the umask is.
            path.chmod(0o755)
    deb = folder / package.file_name
    # The fastest that all dpkgs read which matter here; apt-ftparchive wants the control part in
    # a compression that it always knew.
    fast = ["-Zzstd", "-z1", "--no-uniform-compression"]
    run(["dpkg-deb", "--root-owner-group", *fast, "--build", tree, deb])
    return deb


def _add(file: File, release: str, origins: dict[str, Origin], tree: Path) -> None:
    target = tree / file.target
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.content:
        target.write_text(file.content, encoding="utf-8")
        target.chmod(0o644)
        return
    origin = origins[file.origin]
    source = origin.tree / file.path
    if not source.is_file():
        raise RepositoryError(f"Debian's {origin.name} no longer has the file {file.path}")
    shutil.copy(source, target)
    if file.says_version:
        target.write_bytes(go_string.replace(target.read_bytes(), origin.release, release))
    if file.edits:
        text = target.read_text(encoding="utf-8")
        for was, now in file.edits:
            if was not in text:
                raise RepositoryError(
                    f"{file.path} of Debian's {origin.name} no longer has {was!r}"
                )
            text = text.replace(was, now)
        target.write_text(text, encoding="utf-8")


def _add_control(package: Package, tree: Path) -> None:
    installed = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    fields = {
        "Package": package.name,
        "Version": package.version,
        "Architecture": "arm64",
        "Maintainer": "arm64.docker contributors <arm64-docker@example.org>",
        "Installed-Size": str(installed // 1024),
        **package.fields,
        "Section": "admin",
        "Priority": "optional",
        "Description": f"Debian's programs under the name of {package.name}, for tests",
    }
    control = tree / "DEBIAN"
    control.mkdir()
    lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
    (control / "control").write_text(lines, encoding="utf-8")
    kept = [file.target for file in package.files if file.target.startswith("etc/")]
    if kept:
        (control / "conffiles").write_text("".join(f"/{path}\n" for path in kept), encoding="utf-8")
    for name in SCRIPTS:
        script = MAINTAINER_SCRIPTS / f"{package.name}.{name}"
        if script.exists():
            shutil.copy(script, control / name)
            (control / name).chmod(0o755)
