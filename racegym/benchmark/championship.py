"""The score of the Simulated Car Racing championship (manual and rules of 2009 to 2013): distances and points.

Warm-up and qualifying: alone on the track, the distance raced within `QUALIFYING_TICKS` game ticks. Race: points by
the order at the finish and a bonus each for the fastest lap and for the least damage; of several trials on a track the
median counts, and over the tracks the points add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

QUALIFYING_TICKS = 10_000
"""Of the game's 20 or 22 ms each, 3 min 20 s or a little more."""
POINTS = (10, 8, 6, 5, 4, 3, 2, 1)
BONUS = 2


@dataclass(frozen=True)
class Result:
    """What one driver did in one race."""

    driver: str
    position: int
    """1 is the winner."""
    best_lap: float = 0.0
    """Time of the quickest lap, s; 0 without a complete one."""
    damage: float = 0.0
    """Points of damage."""


def points(race: Iterable[Result]) -> dict[str, int]:
    """Championship points of each driver of one race, bonuses included.

    Of drivers that are level in lap time or damage, the one placed better takes the bonus. Without a complete lap in
    the whole race nobody takes the one for the fastest. `ValueError` when two drivers share a name or a place.
    """
    results = sorted(race, key=lambda result: result.position)
    for what in ("driver", "position"):
        values = [getattr(result, what) for result in results]
        if len(set(values)) < len(values):
            raise ValueError(f"championship: a {what} occurs twice in {values}")
    table = {result.driver: 0 for result in results}
    for result in results:
        if 1 <= result.position <= len(POINTS):
            table[result.driver] += POINTS[result.position - 1]
    timed = [result for result in results if result.best_lap > 0]
    if timed:
        table[min(timed, key=lambda result: result.best_lap).driver] += BONUS
    if results:
        table[min(results, key=lambda result: result.damage).driver] += BONUS
    return table


def trials(races: Sequence[Iterable[Result]]) -> dict[str, float]:
    """Points of each driver on one track: the median over its trials; a driver who misses one has 0 points in it."""
    tables = [points(race) for race in races]
    drivers = list(dict.fromkeys(driver for table in tables for driver in table))
    return {driver: float(median(table.get(driver, 0) for table in tables)) for driver in drivers}


def total(tracks: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Points over all tracks, the best driver first."""
    sums: dict[str, float] = {}
    for track in tracks:
        for driver, own in track.items():
            sums[driver] = sums.get(driver, 0.0) + own
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def qualifying(distances: Mapping[str, float], places: int = len(POINTS)) -> dict[str, int]:
    """Places on the grid by the distance raced in `QUALIFYING_TICKS`, m, for the `places` best."""
    order = sorted(distances, key=lambda driver: -distances[driver])
    return {driver: place for place, driver in enumerate(order[:places], 1)}
