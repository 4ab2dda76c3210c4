"""What is built for users: a wheel that works without the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SMOKE = """
import racegym, racegym.paths, racegym_bicycle, racegym_torcs
home = racegym.paths.shipped("plugins").resolve()
assert (home / "torcs").is_dir(), home
env = racegym.make("bicycle/oval")
env.reset(seed=1)
env.step(env.action_space.sample())
env.close()
print(racegym.__file__, racegym_bicycle.__file__, racegym_torcs.__file__, home, sep="\\n")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A directory as pip would fill it from a wheel of this checkout."""
    pytest.importorskip("hatchling")
    built, target = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("installed").resolve()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(target)
    return target


def test_the_wheel_drives_from_its_own_files(installed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SMOKE],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(installed) for line in done.stdout.splitlines())


def test_the_wheel_holds_all_that_plugins_are_built_from(installed):
    shipped = installed / "racegym" / "_shipped"
    for folder in ("configs", "plugins"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".cpp", ".h", ".xml", ".yaml"):
                assert (shipped / folder / path.relative_to(ROOT / folder)).is_file(), path


def test_the_wheel_holds_the_source_of_the_step_in_c(installed):
    assert (installed / "racegym" / "native" / "step.c").read_bytes() == (
        ROOT / "racegym" / "native" / "step.c"
    ).read_bytes()
