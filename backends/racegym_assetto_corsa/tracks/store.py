"""Courses that the user has: imported ones, those of the game folder that was installed to, those of `assets`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from racegym.errors import ConfigurationError
from racegym.paths import data_dir
from racegym.track import Track
from racegym_assetto_corsa.tracks import fast_lane, gym_files
from racegym_assetto_corsa.tracks.course import course

_LANE = Path("ai") / "fast_lane.ai"


def folder() -> Path:
    """Where imported courses lie."""
    return data_dir() / "assetto_corsa" / "tracks"


def _note() -> Path:
    return data_dir() / "assetto_corsa" / "game.json"


def remember_game(game: Path) -> None:
    """Keep in mind where the game is."""
    _note().parent.mkdir(parents=True, exist_ok=True)
    _note().write_text(json.dumps({"game": str(game)}), encoding="utf-8")


def game() -> Path | None:
    """The game's folder, where it is known and still there."""
    try:
        path = Path(json.loads(_note().read_text(encoding="utf-8"))["game"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if path.is_dir() else None


def lanes(game_folder: Path) -> Iterator[tuple[str, Path]]:
    """Full name (``track`` or ``track-layout``) and lane of every course of a game."""
    tracks = game_folder / "content" / "tracks"
    for path in sorted(tracks.glob(f"*/{_LANE.as_posix()}")):
        yield path.parts[-3], path
    for path in sorted(tracks.glob(f"*/*/{_LANE.as_posix()}")):
        yield f"{path.parts[-4]}-{path.parts[-3]}", path


def names() -> list[str]:
    """Courses that can be named without asking the game."""
    found = {path.stem for path in folder().glob("*.npz")}
    home = game()
    return sorted(found | ({name for name, _ in lanes(home)} if home else set()))


def load(name: str, assets: str | None) -> Track | None:
    """The course of that full name from wherever it is first found; None when nobody has it."""
    if (path := folder() / f"{name}.npz").is_file():
        return Track.load(path)
    if assets is not None and name in gym_files.names(Path(assets)):
        files = gym_files.read(Path(assets), name)
        return course(name, files.left, files.right, files.line)
    home = game()
    lane = dict(lanes(home)).get(name) if home else None
    return None if lane is None else from_lane(name, lane)


def from_lane(name: str, path: Path) -> Track:
    """A track from a ``fast_lane.ai``."""
    lane = fast_lane.read(path)
    return course(name, *lane.borders, lane.points)


def import_track(game_folder: Path, name: str, target: Path | None = None) -> tuple[Track, Path]:
    """Make a racegym track of a game's course, offline; `ConfigurationError` lists what there is."""
    known = dict(lanes(game_folder))
    if name not in known:
        there = ", ".join(known) or "none at all: is it the game's folder, with content/tracks in it?"
        raise ConfigurationError(f"{game_folder}: no course {name!r} with a fast_lane.ai; there is {there}")
    track = from_lane(name, known[name])
    target = target or folder() / f"{name}.npz"
    target.parent.mkdir(parents=True, exist_ok=True)
    track.save(target)
    return track, target
