"""Looking on: what gymnasium's render modes ask of a simulator, and a person's pace.

`watched` gives a run whose simulator can be seen (the backend says by which options); a `Screen` brings frames from it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from racegym import registry
from racegym.clock import Pace
from racegym.config import RunConfig
from racegym.dataset.video import Film
from racegym.errors import ConfigurationError
from racegym.session import Session
from racegym.signals import Telemetry

MODES = ("human", "rgb_array")
RATE = 25.0
"""Pictures a second of simulated time in a video."""
LEAST_RATE = 5.0
"""Pictures a second that a person gets even from a computer too slow for real time."""


def watched(run: RunConfig, mode: str | None) -> RunConfig:
    """`run` with the options that its simulator needs for render mode `mode`.

    `ConfigurationError` for a mode that gymnasium or this backend does not have.
    """
    if mode is None:
        return run
    backend = registry.backend(run.simulator.backend)
    if mode == "rgb_array" and run.simulator.build().spec.cameras:
        return run
    if mode not in MODES or mode not in backend.views:
        known = ", ".join(name for name in MODES if name in backend.views) or "none"
        raise ConfigurationError(f"render_mode {mode!r}: {backend.name} has {known}")
    options = run.simulator.options
    merged = _over(options.model_dump(exclude_unset=True), backend.views[mode])
    simulator = replace(run.simulator, options=type(options).model_validate(merged))
    return run.model_copy(update={"simulator": simulator})


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        inner = merged.get(name)
        merged[name] = (
            _over(inner if isinstance(inner, Mapping) else {}, value) if isinstance(value, Mapping) else value
        )
    return merged


class Screen:
    """The first camera of a session's simulators."""

    def __init__(self, session: Session, mode: str) -> None:
        self._session = session
        self._camera = session.spec.cameras[0].name
        self._human = mode == "human"
        self._pace = Pace()
        self._shown = 0.0

    def begin(self) -> None:
        """An episode begins."""
        if self._human:
            self._show()
            self._pace.begin()

    def step(self) -> None:
        """A step was made: in mode ``human`` show it, in real time; a slow computer shows fewer of them."""
        if not self._human:
            return
        seconds = self._session.now["time"][0] - self._session.before["time"][0]
        late = self._pace.wait(float(seconds))
        if not late or time.perf_counter() - self._shown > 1 / LEAST_RATE:
            self._show()

    def _show(self) -> None:
        self._session.fleet.frame(self._camera)
        self._shown = time.perf_counter()

    def frame(self, row: int = 0) -> np.ndarray | None:
        """The picture of the present moment, uint8 ``(height, width, 3)``; None in mode ``human``, where it is shown."""
        if self._human:
            return None
        return self._session.fleet.frame(self._camera)[row].copy()

    def frames(self) -> list[np.ndarray]:
        """Every row's."""
        return list(self._session.fleet.frame(self._camera).copy())


class Footage:
    """A video of a drive as its screen shows it, in simulated time; the file is made anew."""

    def __init__(self, screen: Screen, path: Path) -> None:
        """Needs racegym[record]."""
        path.unlink(missing_ok=True)
        self._screen = screen
        self._film = Film(path, RATE)
        self._due = -math.inf

    def watching(self, also: Callable[[Any, Any], None] | None) -> Callable[[Any, Any], None]:
        """What to call after each step with the telemetry and the track; it calls `also`."""

        def watch(now: Telemetry, track: Any) -> None:
            if now["time"][0] >= self._due:
                self._due = float(now["time"][0]) + 1 / RATE - 1e-6
                self._film.add(self._screen.frames()[0])
            if also is not None:
                also(now, track)

        return watch

    def close(self) -> None:
        self._film.close()
