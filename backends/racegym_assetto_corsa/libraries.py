"""The parts of CPython 3.3 that the game leaves out, looked for among the user's own files; we bring none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

#: What our plug-in is better with, and whether it cannot do without.
WANTED = {"_socket.pyd": True, "select.pyd": False, "_ctypes.pyd": False}
_FOLDERS = ("dll64", "stdlib64", "lib64", "DLLs", "third_party", "lib", "libs")
_PYTHON, _X64 = b"python33.dll", 0x8664

REMEDY = (
    "copy _socket.pyd, select.pyd and _ctypes.pyd from the DLLs folder of a 64-bit Python 3.3.5 for Windows, or from "
    "assetto_corsa_gym's windows-libs, into one folder and name it: racegym assetto_corsa install "
    "GAME_DIR --dlls FOLDER"
)


def fits(path: Path) -> bool:
    """Whether a file is an extension module for the game's Python: 64-bit Windows, linked to python33.dll."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    start = int.from_bytes(data[0x3C:0x40], "little")
    if data[:2] != b"MZ" or data[start : start + 4] != b"PE\0\0":
        return False
    machine = int.from_bytes(data[start + 4 : start + 6], "little")
    return machine == _X64 and _PYTHON in data.lower()


def find(game: Path, more: Iterable[Path] = ()) -> dict[str, Path]:
    """The first fitting file of each name."""
    found: dict[str, Path] = {}
    for folder in (*more, *_likely(game)):
        for name in WANTED:
            if name not in found and fits(path := folder / name):
                found[name] = path
    return found


def _likely(game: Path) -> Iterator[Path]:
    """The game's own Python folder, then other apps' private libraries."""
    system = game / "system" / "x64"
    yield from (system / "DLLs", system)
    apps = game / "apps" / "python"
    for app in sorted(apps.glob("*/")):
        yield app
        yield from (app / name for name in _FOLDERS)
