"""What a drive shows while it runs: a live bar on a terminal, a plain line a lap elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import typer

from racegym.driving import Watch, clock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.progress import Progress

    from racegym.racelog import RaceLog
    from racegym.racing import Race
    from racegym.signals import Telemetry
    from racegym.track import Track

RaceWatch = Callable[["Race"], None]
REFRESH = 0.05
"""Seconds between two updates of the live bar."""


def progress(laps: int, quiet: bool) -> AbstractContextManager[Watch | None]:
    """What `drive` shall call after each step of a drive over `laps` laps."""
    if quiet:
        return nullcontext()
    return _bar(laps) if sys.stdout.isatty() else nullcontext(Lines())


@contextmanager
def _bar(laps: int) -> Iterator[Watch]:
    from rich import progress as rich

    columns = [
        "{task.description}",
        rich.BarColumn(bar_width=None),
        "[bold]{task.fields[clock]}[/]",
        "{task.fields[speed]:3.0f} km/h",
        "[dim]off track {task.fields[off]:.1f} s[/]",
    ]
    with rich.Progress(*columns, transient=True) as display:
        yield Bar(display, laps)


class Lines:
    """One line a lap."""

    def __init__(self) -> None:
        self._laps = 0

    def __call__(self, now: Telemetry, track: Track | None) -> None:
        if now["laps"][0] > self._laps:
            self._laps = int(now["laps"][0])
            typer.echo(f"lap {self._laps} done in {clock(float(now['last_lap_time'][0]))}")


class Bar:
    """A bar over all laps with time in the lap, speed and time off the track."""

    def __init__(self, display: Progress, laps: int) -> None:
        self._display = display
        self._laps = laps
        self._task = display.add_task("starting", total=None, clock="", speed=0.0, off=0.0)
        self._time = 0.0
        self._off = 0.0
        self._shown = 0.0

    def __call__(self, now: Telemetry, track: Track | None) -> None:
        clock_now = float(now["time"][0])
        if now["off_track"][0] > 0:
            self._off += clock_now - self._time
        self._time = clock_now
        if time.perf_counter() - self._shown > REFRESH:
            self._shown = time.perf_counter()
            self._display.update(self._task, **self._fields(now, track))

    def _fields(self, now: Telemetry, track: Track | None) -> dict[str, Any]:
        lap = min(int(now["laps"][0]) + 1, self._laps)
        return {
            "description": f"lap {lap}/{self._laps}",
            "total": self._laps * track.length if track else None,
            "completed": max(0.0, float(now["distance"][0])),
            "clock": clock(max(0.0, float(now["lap_time"][0]))),
            "speed": float(now["speed"][0]) * 3.6,
            "off": self._off,
        }


def race_progress(log: RaceLog, laps: int, quiet: bool) -> AbstractContextManager[RaceWatch]:
    """What `Race.run` shall call beside `log`, which keeps the order that is shown."""
    if quiet:
        return nullcontext(lambda race: None)
    return _race_bar(log, laps) if sys.stdout.isatty() else nullcontext(RaceLines(log))


@contextmanager
def _race_bar(log: RaceLog, laps: int) -> Iterator[RaceWatch]:
    from rich import progress as rich

    columns = [
        "{task.description}",
        rich.BarColumn(bar_width=20),
        "[bold]{task.fields[clock]}[/] {task.fields[order]}",
    ]
    with rich.Progress(*columns, transient=True) as display:
        task = display.add_task("starting", total=None, clock="", order="")

        def watch(race: Race) -> None:
            if log.looked and log.order:
                first = log.order[0]
                display.update(
                    task,
                    description=f"lap {min(first.laps + 1, laps)}/{laps}",
                    total=laps * log.track.length if log.track else None,
                    completed=max(0.0, first.distance),
                    clock=clock(max(0.0, log.times[-1])),
                    order=_ranking(log),
                )

        yield watch


class RaceLines:
    """One line whenever the first car begins another lap."""

    def __init__(self, log: RaceLog) -> None:
        self._log = log
        self._laps = 0

    def __call__(self, race: Race) -> None:
        order = self._log.order
        if self._log.looked and order and order[0].laps > self._laps:
            self._laps = order[0].laps
            typer.echo(f"after lap {self._laps}: {_ranking(self._log)}")


def _ranking(log: RaceLog) -> str:
    return ", ".join(f"{place} {each.name}" for place, each in enumerate(log.order, start=1))
