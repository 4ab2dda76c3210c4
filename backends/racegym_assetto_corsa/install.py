"""Putting our plug-in into a game: the app, the libraries that it lacks, the settings that switch it on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from racegym.errors import ConfigurationError
from racegym.paths import shipped
from racegym_assetto_corsa import ini, libraries
from racegym_assetto_corsa.places import APP, Places
from racegym_assetto_corsa.tracks import store

Report = Callable[[str], None]

#: That the game loads our app. The game may rewrite its files at exit: install while it does not run.
SWITCHES = {
    "python.ini": {(APP.upper(), "ACTIVE"): "1"},
    "gameplay.ini": {("PYTHON", "ENABLE_PYTHON"): "1"},
}

#: What the joystick's axes and buttons mean, for vJoy (axes 0, 1, 2) or our uinput wheel (brake on axis 3).
_AXES = {
    ("HEADER", "INPUT_METHOD"): "WHEEL",
    ("STEER", "JOY"): "0", ("STEER", "AXLE"): "0", ("STEER", "LOCK"): "900", ("STEER", "SCALE"): "1",
    ("STEER", "STEER_GAMMA"): "1", ("STEER", "STEER_FILTER"): "0", ("STEER", "SPEED_SENSITIVITY"): "0",
    ("THROTTLE", "JOY"): "0", ("THROTTLE", "AXLE"): "1", ("THROTTLE", "MIN"): "-1", ("THROTTLE", "MAX"): "1",
    ("THROTTLE", "GAMMA"): "1",
    ("BRAKES", "JOY"): "0", ("BRAKES", "MIN"): "-1", ("BRAKES", "MAX"): "1", ("BRAKES", "GAMMA"): "2.4",
    ("GEARUP", "JOY"): "0", ("GEARUP", "BUTTON"): "0", ("GEARDN", "JOY"): "0", ("GEARDN", "BUTTON"): "1",
    ("RESET_RACE", "JOY"): "0", ("RESET_RACE", "BUTTON"): "2",
}  # fmt: skip
PRESETS = {
    "racegym.ini": {**_AXES, ("BRAKES", "AXLE"): "2"},
    "racegym_linux.ini": {**_AXES, ("BRAKES", "AXLE"): "3"},
}


def sources() -> Path:
    """Our plug-in as shipped."""
    return shipped("plugins") / "assetto_corsa" / APP


def install(places: Places, dlls: Sequence[Path] = (), report: Report = lambda text: None) -> None:
    """Install into the game at `places`; doing it again changes nothing but what is new. The user's settings of the
    app stay. `ConfigurationError` when a folder cannot be written."""
    try:
        _copy(places, report)
        _libraries(places, dlls, report)
        _settings(places, report)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename}: cannot be written ({error.strerror}); close the game and try again"
        ) from error
    store.remember_game(places.game)


def _copy(places: Places, report: Report) -> None:
    kept = places.app / f"{APP}.ini"
    settings = kept.read_bytes() if kept.is_file() else None
    shutil.copytree(sources(), places.app, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    if settings is not None:
        kept.write_bytes(settings)
    report(f"app: {places.app}")


def _libraries(places: Places, dlls: Sequence[Path], report: Report) -> None:
    target = places.app / "dll64"
    target.mkdir(exist_ok=True)
    for name, path in libraries.find(places.game, dlls).items():
        if path.parent != target:
            shutil.copyfile(path, target / name)
        report(f"library: {name}, from {path.parent}")
    for name, needed in libraries.WANTED.items():
        if needed and not (target / name).is_file():
            report(f"library: {name} is missing; {libraries.REMEDY}")


def _settings(places: Places, report: Report) -> None:
    for name, changes in SWITCHES.items():
        changed = ini.change(places.cfg / name, changes)
        report(f"settings: {places.cfg / name}" + ("" if changed else " (as it was)"))
    for name, changes in PRESETS.items():
        ini.change(places.cfg / "controllers" / "savedsetups" / name, changes)
    report(
        "controls: preset racegym; load it in the game's controls settings "
        f"({places.cfg / 'controllers' / 'savedsetups'})"
    )
