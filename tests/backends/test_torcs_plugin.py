"""The TORCS plug-in's own unit tests: protocol, sensors, socket, keeper. Need g++ and make, not TORCS."""

import shutil
import subprocess
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "plugins" / "torcs"
BUILD_SECONDS = 300


def make(*arguments: str) -> str:
    missing = [tool for tool in ("make", "g++") if shutil.which(tool) is None]
    if missing:
        pytest.fail(f"the plug-in's tests need {' and '.join(missing)}: apt install make g++")
    return subprocess.run(
        ["make", "-C", str(PLUGIN), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_SECONDS,
    ).stdout


def source_files() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in PLUGIN.rglob("*")}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bool]:
    """Output of building and running the unit tests, and whether the source directory changed meanwhile."""
    before = source_files()
    output = make("test", "-j2", "CXXFLAGS=-O0", f"OUT={tmp_path_factory.mktemp('plugin')}")
    return output, source_files() != before


def test_the_plugins_unit_tests_pass(build: tuple[str, bool]) -> None:
    assert " tests, 0 failed" in build[0], build[0]


def test_the_plugin_compiles_without_warnings(build: tuple[str, bool]) -> None:
    assert "warning" not in build[0], build[0]


def test_building_writes_nothing_into_the_source(build: tuple[str, bool]) -> None:
    assert not build[1]


def test_missing_torcs_headers_are_named(tmp_path: Path) -> None:
    output = make(f"TORCS_SRC={tmp_path}", f"OUT={tmp_path / 'out'}")
    assert f"TORCS_SRC={tmp_path}: no src/interfaces/robot.h there" in output
