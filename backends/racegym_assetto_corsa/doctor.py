"""What is there and what is missing: in the game's folder, on this machine, and on the wire."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from racegym.errors import RacegymError
from racegym.simulator import Requirement
from racegym_assetto_corsa import ini, install, libraries, places
from racegym_assetto_corsa.tracks import store

INSTALL = "racegym assetto_corsa install GAME_DIR"
#: ms a frame that cap the game at what a plug-in that counts frames wants.
CAPS = {"20": 50, "10": 100}


def requirements() -> Sequence[Requirement]:
    """What `racegym doctor` shows: the stand-in needs nothing, so all of the real game is optional."""
    always = Requirement("stand-in", True, "drive it with: racegym drive assetto_corsa/stand-in")
    home = store.game()
    if home is None:
        return [always, Requirement("game", False, "none known", INSTALL, optional=True)]
    try:
        found = game(places.find(home))
    except RacegymError as error:
        return [always, Requirement("game", False, str(error), INSTALL, optional=True)]
    return [always, *(Requirement(one.name, one.met, one.found, one.remedy, True) for one in found)]


def game(where: places.Places) -> list[Requirement]:
    """Everything about one game's folder."""
    return [
        Requirement("game", True, str(where.game)),
        _app(where),
        *_libraries(where),
        *_switches(where),
        _patch(where),
        _cap(where),
        _joystick(where),
    ]


def _app(where: places.Places) -> Requirement:
    ours = {path.relative_to(install.sources()) for path in install.sources().rglob("*.py")}
    stale = [path for path in ours if _bytes(where.app / path) != _bytes(install.sources() / path)]
    missing = not (where.app / f"{places.APP}.py").is_file()
    state = (
        "not installed"
        if missing
        else f"{len(stale)} files are of another version"
        if stale
        else str(where.app)
    )
    return Requirement(f"app {places.APP}", not stale, state, f"racegym assetto_corsa install {where.game}")


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _libraries(where: places.Places) -> list[Requirement]:
    lines = []
    for name, needed in libraries.WANTED.items():
        path = where.app / "dll64" / name
        fits = libraries.fits(path)
        state = str(path) if fits else "is not for the game's Python 3.3" if path.is_file() else "missing"
        lines.append(Requirement(name, fits, state, libraries.REMEDY, optional=not needed))
    return lines


def _switches(where: places.Places) -> list[Requirement]:
    lines = []
    for name, wanted in install.SWITCHES.items():
        for (section, key), value in wanted.items():
            found = ini.value(ini.read(where.cfg / name), section, key)
            lines.append(
                Requirement(
                    f"{name} [{section}]",
                    found == value,
                    f"{key}={found}",
                    f"racegym assetto_corsa install {where.game}",
                )
            )
    return lines


def _patch(where: places.Places) -> Requirement:
    return Requirement(
        "Custom Shaders Patch", where.has_shaders_patch,
        "dwrite.dll and extension/ are there" if where.has_shaders_patch else "not installed",
        "install it by Content Manager (Settings > Custom Shaders Patch), start the game from there "
        "with extended physics; without it "
        "set simulator.reset: button", optional=True,
    )  # fmt: skip


def _cap(where: places.Places) -> Requirement:
    """The frame cap, which only plug-ins that count frames depend on."""
    found = ini.value(ini.read(where.cfg / "video.ini"), "VIDEO", "FPS_CAP_MS") or "0"
    frames = CAPS.get(found.rstrip("0").rstrip(".") if "." in found else found)
    state = f"{frames} frames a second" if frames else f"FPS_CAP_MS={found}"
    return Requirement(
        "frame cap", frames is not None, state,
        "our plug-in goes by the clock and needs none; assetto_corsa_gym's needs 50 (100 with vJoy in the plug-in): "
        "[VIDEO] FPS_CAP_MS=20 in video.ini", optional=True,
    )  # fmt: skip


def _joystick(where: places.Places) -> Requirement:
    if sys.platform == "win32" and not where.is_proton:
        return Requirement(
            "vJoy", places.VJOY.is_file(), str(places.VJOY),
            "install vJoy 2.1.9 and enable device 1 with axes X, Y, Z and 8 buttons (Configure vJoy)",
        )  # fmt: skip
    device, package = Path("/dev/uinput"), importlib.util.find_spec("evdev") is not None
    lacking = [
        name
        for name, there in (("/dev/uinput", device.exists()), ("the package evdev", package))
        if not there
    ]
    return Requirement(
        "uinput wheel", not lacking, f"missing: {', '.join(lacking)}" if lacking else "ready",
        "modprobe uinput, give yourself access to /dev/uinput, pip install 'racegym[assetto_corsa]'", optional=True,
    )  # fmt: skip
