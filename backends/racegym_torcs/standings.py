"""The order of a race, as the robot writes it down."""

from __future__ import annotations

from pathlib import Path

from racegym.simulator import Standing

FILE = "standings"


def read(path: Path) -> list[Standing]:
    """The first car first. The format is described in plugins/torcs/standings.h."""
    return [_standing(line) for line in path.read_text("latin-1").splitlines()]


def _standing(line: str) -> Standing:
    words = line.split(" ", 9)
    row, laps, damage, behind = (int(words[i]) for i in (0, 1, 4, 7))
    time, best, distance, gap = (float(words[i]) for i in (2, 3, 5, 6))
    return Standing(
        name=words[9], row=None if row < 0 else row, laps=max(laps, 0), time=time, best_lap=best, damage=damage,
        distance=distance, gap=gap, laps_behind=behind, out=words[8] == "1",
    )  # fmt: skip
