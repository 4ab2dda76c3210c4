"""Restarting a race by keys, and making sure that it did restart."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Protocol

from racegym.errors import SimulatorLost, SimulatorTimeout
from racegym_trackmania.options import Deadlines
from racegym_trackmania.profiles import Profile
from racegym_trackmania.telemetry import Reader, State

_log = logging.getLogger(__name__)
TAP = 0.06
"""How long a key is held to count, s: three frames at 60 a second."""
TRIES = 4
"""Rounds over all restart keys."""
STILL = 1.0
"""m/s; slower is standing."""


class Held(Protocol):
    """What holds keys: see `keys.Keyboard`."""

    def hold(self, wanted: frozenset[str]) -> None: ...


Wait = Callable[[float], State | None]


class Restart:
    """Restarts one game's race. `begin` returns the telemetry at the green light."""

    def __init__(self, reader: Reader, keys: Held, profile: Profile, deadlines: Deadlines) -> None:
        self._reader = reader
        self._keys = keys
        self._profile = profile
        self._deadlines = deadlines

    def begin(self) -> State:
        """To the start line; `SimulatorTimeout` when no restart key works, `SimulatorLost` in a menu."""
        for attempt in range(TRIES):
            for key in self._profile.restart:
                before = self._now()
                if before.menu or not before.car:
                    raise SimulatorLost("trackmania: no car is on the map; leave the menu and load a map")
                if before.finished or attempt:
                    for other in self._profile.dismiss:
                        self._tap(other)
                self._tap(key)
                state = self._restarted(before)
                if state is not None:
                    return self._green(state)
                _log.info("trackmania: key %s did not restart the race", key)
        raise SimulatorTimeout(
            f"trackmania: the race does not restart by {' or '.join(self._profile.restart)}; "
            "is the game's window focused, and the key bound to restart?"
        )

    def _tap(self, key: str) -> None:
        """Press and release, with frames between, so that the game sees both."""
        self._keys.hold(frozenset({key}))
        self._pass(TAP)
        self._keys.hold(frozenset())
        self._pass(TAP)

    def _pass(self, seconds: float) -> None:
        """Let the game run for a while: until its telemetry is so much newer."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._reader.wait(self._reader.records, left)

    def _now(self) -> State:
        newest = self._reader.newest
        if newest is None or self._reader.age() > self._deadlines.restart:
            newest = self._reader.wait(self._reader.records, self._deadlines.restart)
        if newest is None:
            raise SimulatorTimeout("trackmania: no telemetry comes; see racegym doctor trackmania")
        return newest

    def _restarted(self, before: State) -> State | None:
        """The first telemetry of a new race, or None when none begins in time."""
        end = time.perf_counter() + self._deadlines.restart
        while (left := end - time.perf_counter()) > 0:
            state = self._reader.wait(self._reader.records, left)
            if state is not None and state.car and not state.finished and self._is_new(before, state):
                return state
        return None

    def _is_new(self, before: State, state: State) -> bool:
        if math.isnan(
            state.race_time
        ):  # tmrl's stream has no clock: standing, and somewhere else or nowhere gone
            moved = math.dist(before.position, state.position)
            return abs(state.velocity[0]) < STILL and (moved > STILL or abs(before.velocity[0]) < STILL)
        anew = state.discontinuities != before.discontinuities or state.race_time < before.race_time
        return anew and state.race_time < 1.0

    def _green(self, state: State) -> State:
        """Wait for the countdown's end."""
        end = time.perf_counter() + self._deadlines.countdown
        while state.race_time < 0:
            newer = self._reader.wait(self._reader.records, max(end - time.perf_counter(), 0))
            if newer is None:
                raise SimulatorTimeout("trackmania: the countdown does not end")
            state = newer
        return state
