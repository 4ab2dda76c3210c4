"""What TORCS needs to draw: its settings files, and a screen that nobody sees."""

from __future__ import annotations

import os
import shutil

from racegym.errors import BackendUnavailable
from racegym_torcs.camera import VIEWS
from racegym_torcs.options import CameraOptions
from racegym_torcs.race import document, section

XVFB = "Xvfb"
PACKAGES = ("xvfb", "libgl1-mesa-dri")
REMEDY = "apt-get install xvfb libgl1-mesa-dri"
_BOARDS = ("driver board", "leader board", "driver counter", "G graph", "arcade")
_NO_MAP = 1


def files(options: CameraOptions) -> dict[str, str]:
    """Settings files by their paths: the size, the view, what lies over it. Whatever would carry over from one picture to the next
    (smoke, skid marks) is left out, but in a window for people."""
    rows, number, _ = VIEWS[options.view]
    shown = {} if options.hud else {**dict.fromkeys(_BOARDS, 0), "map mode": _NO_MAP}
    display = {"camera head list": rows, "camera": number, "enable mirror": 0, "debug info": 0, **shown}
    history = {} if options.window else {"smoke value": 0, "skid value": 0}
    size = {
        "x": options.width,
        "y": options.height,
        "window width": options.width,
        "window height": options.height,
    }
    return {
        "config/graph.xml": document(
            "graph",
            section("Graphic", {**history, "fov factor": 2.0, "wheel rendering": "detailed"}),
            section("Display Mode", {"number of screens": 1}, section("0", display)),
        ),
        "config/screen.xml": document(
            "screen", section("Screen Properties", {**size, "bpp": 24, "fullscreen": "no"})
        ),
        "config/sound.xml": document("sound", section("Sound Settings", {"state": "disabled"})),
    }


def xvfb() -> str:
    """The X server for screens that nobody sees; empty when it is not installed."""
    return shutil.which(XVFB) or ""


def environment(options: CameraOptions, descriptor: int) -> dict[str, str]:
    """The robot's settings; `BackendUnavailable` where there is nothing to draw on."""
    server = "" if options.window else xvfb()
    if not server and not os.environ.get("DISPLAY"):
        missing = "a window needs a display: set DISPLAY" if options.window else f"no {XVFB} here: {REMEDY}"
        raise BackendUnavailable(f"torcs: pictures need an X display, and {missing}")
    return {"RACEGYM_CAMERA": str(descriptor), "RACEGYM_XVFB": server}
