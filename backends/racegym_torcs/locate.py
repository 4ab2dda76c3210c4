"""Where TORCS lies on this machine, and where racegym keeps the parts that it built for it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from racegym.errors import BackendUnavailable
from racegym.paths import data_dir, shipped

#: The one version whose binary interface our robot is built for.
VERSION = "1.3.7"

REMEDY = "racegym torcs install"


@dataclass(frozen=True)
class Installation:
    """A TORCS: its programs and modules, its data, and where its own shared libraries lie beside the system's."""

    program: Path
    """Directory with torcs-bin, lib/, modules/ and drivers/."""
    data: Path
    """Directory with tracks/, cars/, config/ and so on."""
    libraries: tuple[Path, ...] = ()
    """Directories of other libraries, in an installation that was only unpacked."""

    @property
    def version(self) -> str:
        """As the game's menu shows it; empty when it cannot be told."""
        return _version(self.program / "lib" / "libclient.so")


@lru_cache(maxsize=8)
def _version(library: Path) -> str:
    try:
        found = re.search(rb"\0(1\.[0-9]+\.[0-9]+[^\0]{0,12})\0", library.read_bytes())
    except OSError:
        return ""
    return found[1].decode("ascii", "replace") if found else ""


def unpacked() -> Path:
    """Where `install` unpacks packages when it may not install them."""
    return data_dir() / "torcs"


def headers() -> Path:
    """The sources of TORCS as far as they are needed to build a robot."""
    return data_dir() / "torcs-headers" / VERSION


def plugin_sources() -> Path:
    """The robot's sources."""
    return shipped("plugins") / "torcs"


def robot() -> Path:
    """Where the robot built from the present sources lies; it need not be there."""
    digest = hashlib.sha256(VERSION.encode())
    for path in sorted(plugin_sources().rglob("*")):
        name = path.relative_to(plugin_sources())
        if (path.suffix in (".cpp", ".h") or path.name == "Makefile") and name.parts[0] not in (
            "test",
            "build",
        ):
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    return data_dir() / "torcs-plugin" / digest.hexdigest()[:16] / "scr_server.so"


def _candidates() -> Iterator[Installation]:
    for prefix in ("/usr", "/usr/local"):
        root = Path(prefix)
        for program in (*root.glob("lib/*/torcs"), root / "lib" / "torcs"):
            yield Installation(program, root / "share" / "games" / "torcs")
    own = unpacked() / "usr"
    for program in own.glob("lib/*/torcs"):
        yield Installation(program, own / "share" / "games" / "torcs", (program.parent,))


def find() -> Installation | None:
    """The first TORCS on this machine of the right version, else the first of any, else None."""
    found = [
        i
        for i in _candidates()
        if os.access(i.program / "torcs-bin", os.X_OK) and (i.data / "tracks").is_dir()
    ]
    return next((i for i in found if i.version == VERSION), found[0] if found else None)


def require() -> Installation:
    """A TORCS that our robot can drive; `BackendUnavailable` says what is missing."""
    installation = find()
    if installation is None:
        raise BackendUnavailable(f"torcs: TORCS is not installed; `{REMEDY}` installs it")
    if installation.version != VERSION:
        raise BackendUnavailable(
            f"torcs: {installation.program} is TORCS {installation.version or 'of unknown version'}, but the robot"
            f" needs {VERSION}; `{REMEDY} --user` unpacks one for you alone where your distribution still has it"
        )
    return installation


def require_robot() -> Path:
    """The built robot; `BackendUnavailable` when it is missing or its sources have changed since."""
    if not (path := robot()).is_file():
        raise BackendUnavailable(
            f"torcs: the robot scr_server is not built from its present sources; `{REMEDY}` builds it"
        )
    return path
