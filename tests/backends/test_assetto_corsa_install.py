"""Installing into a made-up game, on Windows' terms and inside a Proton prefix; courses and cars from files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from assetto_corsa_plugin import CAR, TRACK, write_assets
from typer.testing import CliRunner

from racegym.errors import ConfigurationError, NotFound
from racegym.track import Track
from racegym_assetto_corsa import cars, doctor, ini, install, libraries, places
from racegym_assetto_corsa.cli import app
from racegym_assetto_corsa.stand_in.folder import lane_of
from racegym_assetto_corsa.tracks import fast_lane, gym_files, store
from racegym_assetto_corsa.tracks.course import course
from racegym_bicycle.circuits import circuit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def library(machine: int = 0x8664, python: bytes = b"python33.dll") -> bytes:
    """The beginning of a Windows library: headers, and the name of what it is linked to."""
    data = bytearray(512)
    data[:2], data[0x3C:0x40], data[0x80:0x84] = b"MZ", (0x80).to_bytes(4, "little"), b"PE\0\0"
    data[0x84:0x86] = machine.to_bytes(2, "little")
    return bytes(data) + python


@pytest.fixture
def steam(tmp_path: Path) -> Path:
    """A Steam library with the game, Custom Shaders Patch, another app, and the game's Proton prefix."""
    game = tmp_path / "steamapps" / "common" / "assettocorsa"
    documents = tmp_path / "steamapps/compatdata/244210/pfx/drive_c/users/steamuser/Documents/Assetto Corsa"
    for folder in (game / "apps/python/other/dll64", game / "extension", documents / "cfg"):
        folder.mkdir(parents=True)
    (game / "acs.exe").touch()
    (game / "dwrite.dll").touch()
    (game / "apps/python/other/dll64/_socket.pyd").write_bytes(library())
    (game / "apps/python/other/dll64/select.pyd").write_bytes(library(machine=0x14C))
    (documents / "cfg/python.ini").write_text("[OTHER]\nACTIVE=1\n")
    (documents / "cfg/gameplay.ini").write_text("; mine\n[PYTHON]\nENABLE_PYTHON=0\n[GUI]\nX=1\n")
    (documents / "cfg/video.ini").write_text("[VIDEO]\nFPS_CAP_MS=20\n")
    return game


def test_it_installs_into_a_proton_prefix_and_again_changes_nothing(steam: Path) -> None:
    where = places.find(steam)
    assert where.is_proton and where.has_shaders_patch
    install.install(where)
    before = {path: path.read_bytes() for path in steam.parents[2].rglob("*") if path.is_file()}
    assert (where.app / "racegym_drive.py").is_file() and (where.app / "dll64/_socket.pyd").is_file()
    assert not (where.app / "dll64/select.pyd").exists(), "a 32-bit library was taken"
    assert ini.read(where.cfg / "python.ini") == "[OTHER]\nACTIVE=1\n\n[RACEGYM_DRIVE]\nACTIVE=1\n"
    assert ini.read(where.cfg / "gameplay.ini") == "; mine\n[PYTHON]\nENABLE_PYTHON=1\n[GUI]\nX=1\n"
    preset = ini.read(where.cfg / "controllers/savedsetups/racegym.ini")
    assert ini.value(preset, "BRAKES", "GAMMA") == "2.4" and ini.value(preset, "STEER", "LOCK") == "900"
    install.install(where)
    assert {path: path.read_bytes() for path in steam.parents[2].rglob("*") if path.is_file()} == before


def test_the_users_settings_of_the_app_stay(steam: Path) -> None:
    where = places.find(steam)
    install.install(where)
    settings = where.app / "racegym_drive.ini"
    settings.write_text("[STATES]\nRATE = 50\n")
    install.install(where)
    assert settings.read_text() == "[STATES]\nRATE = 50\n"


def met(where: places.Places) -> dict[str, bool]:
    return {line.name: line.met for line in doctor.game(where)}


def test_the_doctor_sees_what_is_there_and_what_is_not(steam: Path) -> None:
    where = places.find(steam)
    assert not met(where)["app racegym_drive"] and not met(where)["gameplay.ini [PYTHON]"]
    install.install(where)
    found = met(where)
    assert found["app racegym_drive"] and found["_socket.pyd"] and found["gameplay.ini [PYTHON]"]
    assert found["Custom Shaders Patch"] and found["frame cap"] and not found["select.pyd"]
    (where.app / "racegym_drive_lib/ego.py").write_text("# older")
    shutil.rmtree(where.game / "extension")
    (where.cfg / "video.ini").write_text("[VIDEO]\nFPS_CAP_MS=16.6667\n")
    found = met(where)
    assert not found["app racegym_drive"] and not found["Custom Shaders Patch"] and not found["frame cap"]
    assert all(line.remedy for line in doctor.game(where) if not line.met)


def test_the_command_line_installs_examines_and_imports_a_course(steam: Path, home: Path) -> None:
    lane = steam / "content/tracks/longbow/east/ai/fast_lane.ai"
    lane.parent.mkdir(parents=True)
    lane.write_bytes(fast_lane.pack(lane_of(circuit("longbow"))))
    run = CliRunner()
    assert run.invoke(app, ["install", str(steam)]).exit_code == 0
    assert "racegym_drive" in run.invoke(app, ["doctor"]).output
    done = run.invoke(app, ["track", str(steam), "longbow-east"])
    assert done.exit_code == 0, done.output
    made = Track.load(home / "assetto_corsa/tracks/longbow-east.npz")
    assert made.length == pytest.approx(circuit("longbow").length, rel=2e-3)
    assert store.names() == ["longbow-east"]
    assert isinstance(run.invoke(app, ["track", str(steam), "monza"]).exception, ConfigurationError)


def test_a_folder_without_the_game_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no acs\.exe"):
        places.find(tmp_path)


def test_an_installed_app_without_its_socket_library_says_so_in_the_games_log(steam: Path) -> None:
    where = places.find(steam)
    shutil.rmtree(steam / "apps/python/other")
    said: list[str] = []
    install.install(where, report=said.append)
    assert any("_socket.pyd is missing" in line for line in said)
    script = (
        "import sys, types\n"
        "ac = sys.modules['ac'] = types.ModuleType('ac')\n"
        "acsys = sys.modules['acsys'] = types.ModuleType('acsys')\n"
        "acsys.CS = object()\n"
        "sys.modules['socket'] = None\n"
        "ac.newApp = ac.addLabel = lambda *_: 1\n"
        "ac.setSize = ac.setText = lambda *_: None\n"
        "ac.log = print\n"
        "import racegym_drive\n"
        "print(racegym_drive.acMain(1.0)); racegym_drive.acUpdate(0.02); racegym_drive.acShutdown()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=where.app, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert "_socket.pyd" in done.stdout or "racegym assetto_corsa install" in done.stdout


def test_only_libraries_for_the_games_python_fit(tmp_path: Path) -> None:
    for name, data, fits in (
        ("good", library(), True),
        ("old", library(machine=0x14C), False),
        ("new", library(python=b"python311.dll"), False),
        ("text", b"MZ", False),
    ):
        (tmp_path / name).write_bytes(data)
        assert libraries.fits(tmp_path / name) is fits
    assert not libraries.fits(tmp_path / "missing")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "[A]\nK=1\n"),
        ("[A]\nK=0 ; why\n", "[A]\nK=1\n"),
        ("[a]\nk = 0\n[B]\nK=5\n", "[a]\nk=1\n[B]\nK=5\n"),
        ("[B]\nK=5\n", "[B]\nK=5\n\n[A]\nK=1\n"),
        ("[A]\nX=1\n\n[B]\nK=5\n", "[A]\nX=1\nK=1\n\n[B]\nK=5\n"),
    ],
)
def test_one_value_of_an_ini_file_changes_and_nothing_else(text: str, after: str) -> None:
    assert ini.with_value(text, "A", "K", "1") == after
    assert ini.value(after, "A", "K") == "1"


# courses and cars


def test_a_circle_in_fast_lane_ai_has_its_borders_where_they_are() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = 100 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    full = lambda value: np.full(400, value)  # noqa: E731
    lane = fast_lane.Lane(points, full(3.0), full(4.0), full(7.0), full(50.0), full(1.0), full(0.0))
    read = fast_lane.unpack(fast_lane.pack(lane))
    left, right = read.borders
    assert np.hypot(*left.T) == pytest.approx(96, abs=1e-3) and np.hypot(*right.T) == pytest.approx(
        107, abs=1e-3
    )
    track = course("circle", left, right, read.points)
    assert track.closed and track.width_left + track.width_right == pytest.approx(11, abs=1e-2)
    assert track.line == pytest.approx(1.5, abs=1e-2), "the line lies left of the middle"


@pytest.mark.parametrize("cut", [0, 10, 100, -4])
def test_a_broken_lane_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "fast_lane.ai"
    path.write_bytes(fast_lane.pack(lane_of(circuit("oval")))[:cut])
    with pytest.raises(ConfigurationError, match="not a fast_lane"):
        fast_lane.read(path)


def test_assetto_corsa_gyms_files_give_a_course_and_a_car(tmp_path: Path) -> None:
    given = write_assets(tmp_path)
    files = gym_files.read(tmp_path, TRACK)
    assert files.left == pytest.approx(given["left"]) and files.curvature == pytest.approx(given["curvature"])
    track = store.load(TRACK, str(tmp_path))
    assert track.name == TRACK and track.width_left + track.width_right == pytest.approx(11, abs=0.6)
    car = gym_files.car(tmp_path, CAR)
    assert (car.full_command, car.brake_gamma) == (pytest.approx(0.5341796875), pytest.approx(2.4))
    assert car.lock == pytest.approx(np.radians(240)) and cars.CARS[CAR].lock == car.lock
    with pytest.raises(NotFound, match=TRACK):
        gym_files.read(tmp_path, "monza")
    (tmp_path / "cars" / CAR / "steer_map.csv").write_text("nonsense")
    with pytest.raises(ConfigurationError, match="not a steer map"):
        gym_files.car(tmp_path, CAR)


def test_the_plug_in_is_written_for_python_3_3() -> None:
    vermin = shutil.which("vermin", path=str(Path(sys.executable).parent)) or shutil.which("vermin")
    if vermin is None:
        pytest.skip("vermin is not installed")
    done = subprocess.run(
        [vermin, "-t=3.3-", "--violations", "--no-tips", str(install.sources())],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"Minimum required versions: 3\.[0-3]\b", done.stdout) or "~3" in done.stdout
