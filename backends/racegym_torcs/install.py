"""What the TORCS backend needs on this machine, and how each part gets there if it is not there yet."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from racegym import native
from racegym.errors import BackendUnavailable
from racegym.paths import data_dir
from racegym.simulator import Requirement
from racegym_torcs import exchange, graphics, locate
from racegym_torcs.apt import Apt, install, run
from racegym_torcs.locate import REMEDY, VERSION

#: Tells what is going on, for a person to read.
Report = Callable[[str], None]

_TOOLS = {"g++": "g++", "make": "make"}
_GAME = ("torcs", "torcs-data")


@dataclass(frozen=True)
class Way:
    """How to install: for the user alone or into the system, and whether the network may be used."""

    user: bool = False
    offline: bool = False

    @property
    def system(self) -> bool:
        return not self.user and os.geteuid() == 0


@dataclass(frozen=True)
class Step:
    """One part: what is there already, and how it is made."""

    name: str
    found: Callable[[], str]
    """A version or path; empty when the part is missing."""
    make: Callable[[Way, Report], None]
    network: bool = True
    remedy: str = REMEDY
    optional: bool = False
    """The game drives without it; one from the network is made only where no administrator must be asked."""


def requirements() -> Sequence[Requirement]:
    """One line for each part, for ``racegym doctor``."""
    return [
        Requirement(
            step.name, bool(found), found or "missing", "" if found else step.remedy, optional=step.optional
        )
        for step in STEPS
        for found in (step.found(),)
    ]


def carry_out(way: Way, report: Report) -> None:
    """Do every step that is not done yet; `BackendUnavailable` names what is missing and cannot be had."""
    missing = [step for step in STEPS if not step.found() and not step.optional]
    if way.offline and (blocked := [step.name for step in missing if step.network]):
        raise BackendUnavailable(
            f"torcs: missing without the network: {', '.join(blocked)}; run `{REMEDY}` with it"
        )
    try:
        for step in STEPS:
            asks = step.network and (way.offline or not way.system)
            if step.optional and asks and not step.found():
                report(f"{step.name}: missing, left out; {step.remedy}")
                continue
            if not step.found():
                report(f"{step.name}: missing, making it")
                step.make(way, report)
            if not (found := step.found()):
                raise BackendUnavailable(f"torcs: {step.name} is still missing; `racegym doctor` says more")
            report(f"{step.name}: {found}")
    finally:
        shutil.rmtree(_lists(), ignore_errors=True)


def _tools_found() -> str:
    paths = [shutil.which(program) or "" for program in _TOOLS]
    return ", ".join(paths) if all(paths) else ""


def _install_tools(way: Way, report: Report) -> None:
    wanted = [package for program, package in _TOOLS.items() if shutil.which(program) is None]
    if not way.system:
        raise BackendUnavailable(f"torcs: ask an administrator for: apt-get install {' '.join(wanted)}")
    report(f"installing {', '.join(wanted)}")
    install(wanted)


def _game_found() -> str:
    installation = locate.find()
    return (
        f"{installation.version} in {installation.program}"
        if installation and installation.version == VERSION
        else ""
    )


def _install_game(way: Way, report: Report) -> None:
    if way.system:
        report("installing torcs and torcs-data (334 MB)")
        install(_GAME)
    else:
        _unpack_game(report)
    locate.require()


def _unpack_game(report: Report) -> None:
    """Fetch the packages of the game and unpack them for this user, without installing anything."""
    apt = _apt(report)
    wanted = sorted({*apt.missing("torcs"), *_GAME})
    with tempfile.TemporaryDirectory(dir=_made(data_dir())) as name:
        report(f"fetching {len(wanted)} packages (334 MB): {', '.join(wanted)}")
        apt("apt-get", "download", *wanted, directory=Path(name))
        target = Path(name) / "root"
        for package in sorted(Path(name).glob("*.deb")):
            report(f"unpacking {package.name}")
            run(["dpkg", "-x", str(package), str(target)])
        shutil.rmtree(locate.unpacked(), ignore_errors=True)
        target.rename(locate.unpacked())


def _headers_found() -> str:
    present = (locate.headers() / "src" / "interfaces" / "car.h").is_file()
    if present:
        return str(locate.headers())
    return "not needed, the robot is built" if _robot_found() else ""


def _fetch_headers(way: Way, report: Report) -> None:
    """Take the headers out of the source package, which holds the game's data too; forget the rest."""
    apt = _apt(report)
    with tempfile.TemporaryDirectory(dir=_made(locate.headers().parent)) as name:
        report(f"fetching the source package of TORCS {VERSION} for its headers (394 MB, once)")
        apt("apt-get", "source", "--download-only", f"torcs={_source_version(apt)}", directory=Path(name))
        archives = list(Path(name).glob("torcs_*.orig.tar.*"))
        if len(archives) != 1:
            raise BackendUnavailable(
                f"torcs: the source package holds {len(archives)} archives instead of one"
            )
        report("taking the headers out of it")
        tree = Path(name) / "tree"
        extract_headers(archives[0], tree)
        shutil.rmtree(locate.headers(), ignore_errors=True)
        tree.rename(locate.headers())


def _source_version(apt: Apt) -> str:
    """The version of the source package to fetch."""
    offered = [
        words[2]
        for line in apt("apt-cache", "madison", "torcs").splitlines()
        if len(words := line.split()) > 2
    ]
    for version in offered:
        if version.startswith((f"{VERSION}+", f"{VERSION}-")):
            return version.partition("+b")[0]
    said = ", ".join(sorted(set(offered))) or "none at all"
    raise BackendUnavailable(
        f"torcs: the sources of TORCS {VERSION} are needed, but this system's archives offer {said}"
    )


def extract_headers(archive: Path, target: Path) -> None:
    """Extract all headers below src/ of a TORCS source archive into `target`, without the archive's top directory."""
    with tarfile.open(archive, "r|*") as members:
        for member in members:
            path = Path(*Path(member.name).parts[1:])
            if (
                not (member.isfile() and path.parts[:1] == ("src",) and path.suffix in (".h", ".hpp"))
                or ".." in path.parts
            ):
                continue
            content = members.extractfile(member)
            assert content is not None
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content.read())


def _robot_found() -> str:
    return str(locate.robot()) if locate.robot().is_file() else ""


def _build_robot(way: Way, report: Report) -> None:
    sources, target = locate.plugin_sources(), locate.robot().parent
    report(f"building the robot from {sources}")
    with tempfile.TemporaryDirectory(dir=_made(target.parent)) as name:
        jobs = f"-j{len(os.sched_getaffinity(0))}"
        run(["make", jobs, "-C", str(sources), f"TORCS_SRC={locate.headers()}", f"OUT={name}"])
        target.mkdir(exist_ok=True)
        (Path(name) / locate.robot().name).replace(locate.robot())


def _native_step(name: str, source: Path, optional: bool = False) -> Step:
    """A part in C that is called from Python."""

    def found() -> str:
        return str(native.built(source)) if native.built(source).is_file() else ""

    def make(way: Way, report: Report) -> None:
        report(f"building {source}")
        native.build(source)

    return Step(name, found, make, network=False, optional=optional)


def _install_screen(way: Way, report: Report) -> None:
    report(f"installing {', '.join(graphics.PACKAGES)}")
    install(graphics.PACKAGES)


def _apt(report: Report) -> Apt:
    report("fetching the lists of packages")
    apt = Apt(_made(_lists()))
    apt.refresh()
    return apt


def _lists() -> Path:
    """Where the lists of packages lie while they are needed."""
    return data_dir() / "apt"


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


STEPS = (
    Step("C++ compiler and make", _tools_found, _install_tools),
    Step(f"TORCS {VERSION}", _game_found, _install_game),
    Step("TORCS headers", _headers_found, _fetch_headers),
    Step("robot scr_server", _robot_found, _build_robot, network=False),
    _native_step("shared memory's exchange in C", exchange.SOURCE),
    _native_step("racegym's step in C, for speed", native.SOURCE, optional=True),
    Step("Xvfb, for pictures", graphics.xvfb, _install_screen, remedy=graphics.REMEDY, optional=True),
)
