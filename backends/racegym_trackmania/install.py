"""What the backend needs, and putting the Openplanet plug-in where the game finds it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from racegym.errors import BackendUnavailable
from racegym.paths import shipped
from racegym.simulator import Requirement
from racegym_trackmania.launch import XVFB
from racegym_trackmania.profiles import profile

PLUGIN = "Racegym"
EXTRA = "pip install 'racegym[trackmania]'"
#: Openplanet's folder of each game, below the user's home on Windows.
FOLDERS = {"tm2020": "OpenplanetNext", "tmnf": "OpenplanetForever"}
#: Where Steam's Proton keeps that home on Linux; 2225070 is Trackmania, 11020 Nations Forever.
PREFIX = "steamapps/compatdata/{app}/pfx/drive_c/users/steamuser"
APPS = {"tm2020": "2225070", "tmnf": "11020"}
STEAM = (".local/share/Steam", ".steam/steam", ".var/app/com.valvesoftware.Steam/.local/share/Steam")


def homes(game: str) -> list[Path]:
    """Folders that may hold Openplanet's, nearest first."""
    if sys.platform == "win32":
        return [Path.home()]
    return [Path.home() / steam / PREFIX.format(app=APPS[game]) for steam in STEAM]


def openplanet(game: str) -> Path | None:
    """Openplanet's folder of this game, or None where it is not installed."""
    return next((home / FOLDERS[game] for home in homes(game) if (home / FOLDERS[game]).is_dir()), None)


def install(game: str, folder: Path | None = None) -> Path:
    """Copy the plug-in into Openplanet's folder (or `folder`, for instance of another Wine prefix); its new place.

    `BackendUnavailable` when there is no such folder.
    """
    profile(game)
    base = folder or openplanet(game)
    if base is None or not base.is_dir():
        looked = ", ".join(str(home / FOLDERS[game]) for home in homes(game))
        raise BackendUnavailable(
            f"trackmania: Openplanet's folder is not at {folder or looked}; install Openplanet from "
            "openplanet.dev, start the game once, or name its folder with --folder"
        )
    target = base / "Plugins" / PLUGIN
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted((shipped("plugins") / "trackmania" / PLUGIN).iterdir()):
        shutil.copy2(file, target / file.name)
    return target


def requirements() -> Sequence[Requirement]:
    """What the stand-in and the game need."""
    lines = [
        _package(name, module) for name, module in (("mss", "mss"), ("pynput", "pynput"), ("rtgym", "rtgym"))
    ]
    if sys.platform != "win32":
        lines.append(_package("python-xlib", "Xlib"))
        lines.append(_screen())
    lines += [_plugin(game) for game in FOLDERS]
    gamepad = importlib.util.find_spec("vgamepad") is not None
    lines.append(
        Requirement(
            "vgamepad",
            gamepad,
            "found" if gamepad else "not installed",
            "pip install vgamepad",
            optional=True,
        )
    )
    return lines


def _package(name: str, module: str) -> Requirement:
    there = importlib.util.find_spec(module) is not None
    return Requirement(name, there, "found" if there else "not installed", EXTRA)


def _screen() -> Requirement:
    display, xvfb = os.environ.get("DISPLAY"), shutil.which("Xvfb")
    if os.environ.get("WAYLAND_DISPLAY") and not xvfb:
        return Requirement("X11 screen", False, "Wayland cannot be grabbed", f"log in to X11, or {XVFB}")
    found = f"display {display}" if display else xvfb or "neither DISPLAY nor Xvfb"
    return Requirement("X11 screen or Xvfb", bool(display or xvfb), found, XVFB)


def _plugin(game: str) -> Requirement:
    """The plug-in in Openplanet, compared file by file; the stand-in does without."""
    remedy = f"racegym trackmania install --game {game}"
    base = openplanet(game)
    if base is None:
        return Requirement(f"Openplanet ({game})", False, "not found", "openplanet.dev", optional=True)
    target, source = base / "Plugins" / PLUGIN, shipped("plugins") / "trackmania" / PLUGIN
    for file in source.iterdir():
        copy = target / file.name
        if not copy.is_file() or copy.read_bytes() != file.read_bytes():
            return Requirement(
                f"plug-in ({game})", False, f"missing or old in {target}", remedy, optional=True
            )
    return Requirement(f"plug-in ({game})", True, str(target), remedy, optional=True)
