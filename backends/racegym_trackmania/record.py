"""Places along a drive, from the telemetry of the game, or of the stand-in with the scripted driver's keys."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from racegym.errors import BackendUnavailable, ConfigurationError
from racegym.signals import Controls
from racegym_trackmania.options import LOADED, STAND_IN, TrackmaniaOptions
from racegym_trackmania.simulator import Trackmania
from racegym_trackmania.telemetry import Reader

AHEAD = 12.0
"""How far ahead the stand-in's driver aims, m."""
PACE = 14.0
"""How fast it goes, m/s."""
POSED = ("telemetry", "tmrl")
"""Sources that stream the pose."""
JUMP = 25.0
"""Between two frames no car drives so far, m: it was put elsewhere, even where the game does not say so."""


def record(
    options: Mapping[str, Any], seconds: float, stand_in: bool, say: Callable[[str], object]
) -> np.ndarray:
    """Places ``(n, 3)``, m, from the start of a race to its finish, Ctrl-C or `seconds`; `options` are texts."""
    if stand_in:
        return _by_ourselves(options, seconds)
    checked = _checked({"map": LOADED, **options})
    if checked.source not in POSED:
        raise ConfigurationError(
            f"trackmania: source {checked.source} does not stream where the car is; record with {' or '.join(POSED)}"
        )
    reader = Reader(*checked.address, tmrl=checked.source == "tmrl", keep=True)
    try:
        if reader.wait(0, checked.deadlines.start) is None:
            raise BackendUnavailable(
                "trackmania: no telemetry comes; start the game, load a map and the plug-in (racegym trackmania doctor)"
            )
        say("restart the race, then drive it to the finish")
        return _watch(reader, seconds)
    finally:
        reader.close()


def _checked(options: Mapping[str, Any]) -> TrackmaniaOptions:
    try:
        return TrackmaniaOptions.model_validate_strings(options, strict=False)
    except ValidationError as error:
        raise ConfigurationError(f"trackmania: {error}") from error


def _watch(reader: Reader, seconds: float) -> np.ndarray:
    """Every place from the last restart on."""
    places: list[tuple[float, ...]] = []
    count: int | None = None
    end = time.monotonic() + seconds
    with contextlib.suppress(KeyboardInterrupt):
        while time.monotonic() < end:
            for state in reader.taken(1.0):
                if not state.car:
                    continue
                jumped = bool(places) and math.dist(state.position, places[-1]) > JUMP
                if state.discontinuities != count or jumped:
                    places, count = [], state.discontinuities
                places.append(state.position)
                if state.finished:
                    return np.array(places)
            if reader.error is not None:
                raise BackendUnavailable(str(reader.error)) from reader.error
    return np.array(places).reshape(-1, 3)


def _by_ourselves(options: Mapping[str, Any], seconds: float) -> np.ndarray:
    """The stand-in, driven along its own circuit by keys."""
    simulator = Trackmania(_checked({"map": STAND_IN, **options}))
    simulator.open()
    try:
        now, places = simulator.reset(), []
        track, station = simulator.track, None
        assert track is not None
        controls = Controls(1)
        while now["time"][0] < seconds and not now["finished"][0]:
            places.append(now["position"][0].copy())
            location = track.locate(now["position"][:, :2], station)
            station = location.station
            aim = track.at(station + AHEAD)
            bearing = np.arctan2(aim.y - now["position"][:, 1], aim.x - now["position"][:, 0])
            off = (bearing - now["yaw"] + np.pi) % (2 * np.pi) - np.pi
            controls["steer"] = np.clip(2 * off, -1, 1)
            controls["throttle"] = now["speed"] < PACE
            simulator.send(controls)
            now = simulator.read()
        return np.array(places)
    finally:
        simulator.close()
