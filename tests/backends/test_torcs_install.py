"""Installing: what is there stays, what is missing is named, the system's own configuration is never touched."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from racegym import native
from racegym.errors import BackendUnavailable
from racegym_torcs import apt, catalogue, install, locate
from racegym_torcs.cli import app
from racegym_torcs.install import Step, Way


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh racegym home, on a machine without any TORCS in the system."""
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def unpack_game(home: Path, version: str = "1.3.7") -> Path:
    program = home / "torcs" / "usr" / "lib" / "triplet" / "torcs"
    (program / "lib").mkdir(parents=True)
    (program / "torcs-bin").touch(0o755)
    (program / "lib" / "libclient.so").write_bytes(b"\x7fELF\0" + version.encode() + b"\0...")
    (home / "torcs" / "usr" / "share" / "games" / "torcs" / "tracks").mkdir(parents=True)
    return program


@pytest.fixture
def bare(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    candidates = locate._candidates
    monkeypatch.setattr(locate, "_candidates", lambda: [c for c in candidates() if home in c.program.parents])
    return home


def test_a_machine_without_torcs_is_told_the_remedy(bare: Path) -> None:
    assert locate.find() is None
    with pytest.raises(BackendUnavailable, match="racegym torcs install"):
        locate.require()
    assert len(catalogue.tracks()) == 38


def test_an_unpacked_torcs_is_found_with_its_libraries(bare: Path) -> None:
    program = unpack_game(bare)
    assert locate.require().program == program
    assert locate.require().libraries == (program.parent,)


def test_another_version_is_refused_by_name(bare: Path) -> None:
    unpack_game(bare, "1.3.8")
    with pytest.raises(BackendUnavailable, match=r"TORCS 1\.3\.8, but the robot\s+needs 1\.3\.7"):
        locate.require()


def test_the_robot_is_built_anew_when_its_sources_change(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "plugin_sources", lambda: tmp_path)
    source = tmp_path / "robot.cpp"
    source.write_text("one")
    before = locate.robot()
    (tmp_path / "README.md").write_text("documents do not matter")
    assert locate.robot() == before
    source.write_text("two")
    assert locate.robot() != before


def test_offline_names_every_missing_part_and_does_nothing(bare: Path) -> None:
    said: list[str] = []
    with pytest.raises(BackendUnavailable, match=r"TORCS 1\.3\.7, TORCS headers"):
        install.carry_out(Way(offline=True), said.append)
    assert not said
    assert not bare.exists()


def test_a_second_run_finds_everything_and_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    step = Step("part", lambda: "".join(made), lambda way, report: made.append("made"))
    monkeypatch.setattr(install, "STEPS", (step,))
    for _ in range(2):
        install.carry_out(Way(), lambda text: None)
    assert made == ["made"]


def test_an_optional_part_that_needs_no_network_is_made_for_the_user_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    parts = [
        Step(name, lambda name=name: name * made.count(name), lambda way, report, name=name: made.append(name),
             network=network, optional=True)
        for name, network in (("far", True), ("near", False))
    ]  # fmt: skip
    monkeypatch.setattr(install, "STEPS", parts)
    install.carry_out(Way(user=True), lambda text: None)
    assert made == ["near"]


def test_the_step_in_c_is_built_where_it_is_looked_for(home: Path) -> None:
    assert native.library() is None
    step = next(step for step in install.STEPS if step.optional and not step.network)
    step.make(Way(), lambda text: None)
    assert step.found() == str(native.built())
    assert native.library() is not None


def test_a_step_that_does_not_bring_its_part_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "STEPS", (Step("part", lambda: "", lambda way, report: None),))
    with pytest.raises(BackendUnavailable, match="part is still missing"):
        install.carry_out(Way(), lambda text: None)


def test_every_missing_requirement_has_a_remedy(bare: Path) -> None:
    missing = [line for line in install.requirements() if not line.met]
    assert {"TORCS 1.3.7", "TORCS headers", "robot scr_server"} <= {line.name for line in missing}
    assert all(line.remedy for line in missing)


def test_the_commands_fail_with_the_reason(bare: Path) -> None:
    installed = CliRunner().invoke(app, ["install", "--offline"])
    assert isinstance(installed.exception, BackendUnavailable)
    doctor = CliRunner().invoke(app, ["doctor"])
    assert doctor.exit_code == 1
    assert "racegym torcs install" in doctor.output


def test_only_headers_leave_the_source_archive(tmp_path: Path) -> None:
    archive, target = tmp_path / "a.tar.xz", tmp_path / "tree"
    with tarfile.open(archive, "w:xz") as tar:
        for name in ("t/src/interfaces/car.h", "t/src/main.cpp", "t/data/big.h", "t/src/../../../evil.h"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"text"))
    install.extract_headers(archive, target)
    assert [p.relative_to(tmp_path) for p in tmp_path.rglob("*.h")] == [Path("tree/src/interfaces/car.h")]


DEB822 = """# comment
Types: deb
URIs: http://deb.debian.org/debian
# another
Suites: bookworm
Components: main

Types: deb
URIs: https://deb.nodesource.com/node_20.x
Suites: nodistro
Components: main
"""


def test_private_sources_offer_sources_of_the_distribution_only(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    (tmp_path / "sources.list").write_text(
        "deb [signed-by=/k] http://archive.ubuntu.com/ubuntu jammy main\n# deb http://x.debian.org/debian y main\n"
        "deb https://packages.example.com/apt stable main\n"
    )
    sources = dict(apt.private_sources(tmp_path))
    assert sources["racegym.sources"] == (
        "Types: deb deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
    )
    assert sources["racegym.list"].splitlines() == [
        "deb [signed-by=/k] http://archive.ubuntu.com/ubuntu jammy main",
        "deb-src [signed-by=/k] http://archive.ubuntu.com/ubuntu jammy main",
    ]


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(BackendUnavailable, match="no such thing"):
        apt.run(["sh", "-c", "echo no such thing >&2; exit 3"])
    with pytest.raises(BackendUnavailable, match="Debian"):
        apt.run(["racegym-no-such-program"])
