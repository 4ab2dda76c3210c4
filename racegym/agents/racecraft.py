"""Racecraft of the reference driver: where the cars around are on the road, which way to go past them, and how fast to
drive behind them.

It sees them by the signal `opponents` alone, the distance of the nearest car in each of 36 sectors, so it races in
every game that has it. Arrays have shape ``(cars, ...)``; + is left; distances are from centre to centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from racegym.signals import OPPONENT_SECTORS

SIGHT = 90.0  # m; cars further away do not matter
NEAREST = 8  # cars that are looked at
WIDTH = np.radians(360 / OPPONENT_SECTORS)
MIDDLES = np.pi - WIDTH * (np.arange(OPPONENT_SECTORS) + 0.5)  # clockwise from straight behind
SETTLE = 0.04  # share of the way to its sector's middle that a bearing is let go each step
FASTEST = 60.0  # m/s; a distance that changes faster is another car's

LENGTH = 8.0  # m, nearer along the road two cars are side by side
ROOM = 3.2  # m across, between the centres of cars side by side
TOUCH = 2.8  # m across, nearer than which one drives behind the other
SQUEEZE = 1.2  # m, from the centre of a car that goes past another to the road's edge, at least
GAP = 6.5  # m along, kept to the car ahead
REACTION = 0.1  # s of driving that are kept beside
TRUST = 0.5  # share of the grip that is counted on for braking behind another car
SLOPE = 0.12  # across per along, at which the path is asked to move aside
AWARE = 1.5  # s of driving for which cars side by side keep their room
ATTEMPT = 5.0  # s, within which a car ahead has to be reached to go past it
SLOW = 0.5  # share of our speed; a slower car is gone past wherever it is
SWERVE = 1.0  # s, that it takes to be clear of a car ahead by moving aside
PATIENCE, ATTACK = 1.5, 4.0  # s: of being held up by a car that does not speed up, and of then going past it
HELD = 5.0  # m/s slower than alone, from which that counts
HASTE = 8.0  # m/s faster than now, at which it goes past


@dataclass(frozen=True, eq=False)
class Traffic:
    """The cars around on the road, ``(cars, NEAREST)`` each; NaN where there are fewer."""

    along: np.ndarray
    """m ahead, along the centre line."""
    across: np.ndarray
    """m from the centre line."""
    closing: np.ndarray
    """m/s, at which the distance shrinks."""


class Racecraft:
    """What the driver remembers: distances and directions of the cars around a step before, and what they cost it."""

    def __init__(self, cars: int) -> None:
        self._time, self._step = np.full(cars, np.nan), np.zeros(cars)
        self._speed = np.zeros(cars)
        self._brakes = np.zeros(cars, bool)
        """For a bend."""
        self._held = np.zeros(cars)
        """Seconds of being held up; negative: seconds left to go past."""
        self._distances = np.full((cars, OPPONENT_SECTORS), 200.0)
        self._bearings = np.tile(MIDDLES, (cars, 1))

    def look(
        self,
        time: np.ndarray,
        distances: np.ndarray,
        offset: np.ndarray,
        error: np.ndarray,
        stations: np.ndarray,
        bends: np.ndarray,
    ) -> Traffic | None:
        """The traffic on the road ahead as `stations` and `bends` describe it; None while nobody is near."""
        closing = self._follow(time, distances)
        if not (distances < SIGHT).any():
            return None
        near = np.argpartition(distances, NEAREST, axis=1)[:, :NEAREST]
        far, bearing, closing = (
            np.take_along_axis(of, near, 1) for of in (distances, self._bearings, closing)
        )
        far, bearing = np.where(far < SIGHT, far, np.nan), bearing + error[:, None]
        along, across = far * np.cos(bearing), offset[:, None] + far * np.sin(bearing)
        return Traffic(*_on_road(along, across, stations, bends), closing)

    def _follow(self, time: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Each sector's car found again in the step before, there or next door: how fast it comes nearer, m/s.

        One that has just come from next door stands on the border of both sectors, which is all that is ever known
        exactly of a direction; from then on it counts ever less.
        """
        around = np.stack([np.roll(self._distances, shift, axis=1) for shift in (0, 1, -1)])
        change = around - distances
        # the same sector has the say as long as the same car may be in it
        cost = np.abs(change) + np.array([0.0, 0.3, 0.3])[:, None, None]
        source = cost.argmin(0)
        self._step = np.clip(np.nan_to_num(time - self._time), 0, 1)  # less than 0: another race
        step = self._step[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            closing = np.take_along_axis(change, source[None], 0)[0] / step
        known = (step > 0) & (np.abs(closing) < FASTEST) & (distances < 200)
        border = MIDDLES + WIDTH / 2 * np.array([0.0, 1.0, -1.0])[source]
        settled = self._bearings + SETTLE * (MIDDLES - self._bearings)
        self._bearings = np.where(known, np.where(source == 0, settled, border), MIDDLES)
        self._time, self._distances = time.copy(), distances.copy()
        return np.where(known, closing, 0.0)

    def corridor(
        self,
        traffic: Traffic,
        low: np.ndarray,
        high: np.ndarray,
        stations: np.ndarray,
        offset: np.ndarray,
        forward: np.ndarray,
        half: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where the path may run, ``(cars, stations)`` m from the centre line, of what lies between `low` and `high`.

        Beside a car it leaves that one room; from a car ahead that will soon be reached it moves to the side that has more
        of it, for as long as going past takes; to one that comes from behind on one side it leaves that side. Who brakes
        for a bend goes past nobody but the very slow: nearer is not faster there.
        """
        along, across = traffic.along, traffic.across
        haste = np.where(self._held < 0, HASTE, 0.0)[:, None]
        closing = np.maximum(traffic.closing + haste, 0.5)
        apart, pace = across - offset[:, None], np.maximum(forward, 5.0)[:, None]
        beside = np.abs(along) < LENGTH
        chased = (along < -LENGTH) & (along > -LENGTH - AWARE * traffic.closing) & (np.abs(apart) > 1)
        reached = (along >= LENGTH) & (along < ATTEMPT * closing)
        reached &= ~self._brakes[:, None] | (traffic.closing > (1 - SLOW) * pace)
        go = np.where(reached, np.sign(-across - apart), -np.sign(apart))
        edge = half[:, None] - SQUEEZE
        bound = across + go * ROOM
        reached &= np.abs(bound) <= edge
        bound = np.where(
            chased,
            np.where(go > 0, np.minimum(bound, offset[:, None]), np.maximum(bound, offset[:, None])),
            np.clip(bound, -edge, edge),
        )
        begin = np.where(reached, along - LENGTH, 0.0)
        end = np.where(reached, (along + LENGTH) * pace / closing, AWARE * pace)
        counts = (beside | chased | reached)[:, :, None]
        counts = counts & (begin[:, :, None] <= stations[:, None]) & (stations[:, None] <= end[:, :, None])
        left, right = counts & (go > 0)[:, :, None], counts & (go < 0)[:, :, None]
        aside = SLOPE * stations
        lowest = np.where(left, bound[:, :, None], -np.inf).max(1)
        highest = np.where(right, bound[:, :, None], np.inf).min(1)
        lowest = np.maximum(low, np.minimum(lowest, offset[:, None] + aside))
        highest = np.minimum(high, np.maximum(highest, offset[:, None] - aside))
        return np.minimum(lowest, high), np.maximum(highest, np.minimum(lowest, high))

    def limit(
        self,
        traffic: Traffic,
        stations: np.ndarray,
        path: np.ndarray,
        offset: np.ndarray,
        forward: np.ndarray,
        grip: np.ndarray,
        free: np.ndarray,
    ) -> np.ndarray:
        """The speed, m/s ``(cars,)``, from which the cars that are in the way of `path` can be braked for; `free` at most.

        `path` is its distance from the centre line at the `stations`, m. If the one ahead brakes as hard as it can, so can
        we: v^2 = u^2 + 2 a gap (Gipps 1981, with the same braking for both).
        """
        along, across = traffic.along, traffic.across
        meeting = (along - LENGTH) * forward[:, None] / np.maximum(traffic.closing, 1.0)
        meeting = np.clip(np.nan_to_num(meeting), 0, stations[:, -1:])
        places = np.concatenate([offset[:, None], path], axis=1)
        step = stations[:, 1:2]
        here = np.minimum((meeting / step).astype(int), stations.shape[1] - 2)
        share = meeting / step - here
        there = (
            np.take_along_axis(places, here, 1) * (1 - share)
            + np.take_along_axis(places, here + 1, 1) * share
        )
        blocked = np.abs(across - there) < TOUCH
        blocked |= (np.abs(across - offset[:, None]) < TOUCH) & (along - GAP < SWERVE * traffic.closing)
        blocked &= along > 0
        theirs = np.maximum(forward[:, None] - traffic.closing, 0.0)
        gap = along - GAP - REACTION * forward[:, None]
        square = theirs**2 + 2 * TRUST * grip[:, None] * np.maximum(gap, 0)
        safe = np.where(gap > 0, np.sqrt(square), np.maximum(theirs - 2.0, 0.0))
        return self._noted(np.where(blocked, safe, np.inf).min(1), forward, free)

    def _noted(self, safe: np.ndarray, forward: np.ndarray, free: np.ndarray) -> np.ndarray:
        """The lower of both speeds; and note who is held up by a car that does not speed up, and for how long."""
        waits = (safe < free - HELD) & (forward - self._speed < self._step)
        held = np.where(waits, self._held + self._step, 0.0)
        held = np.where(self._held < 0, np.minimum(self._held + self._step, 0.0), held)
        self._held = np.where(held >= PATIENCE, -ATTACK, held)
        self._speed, self._brakes = forward.copy(), free < forward
        return np.minimum(safe, free)


def _on_road(
    along: np.ndarray, across: np.ndarray, stations: np.ndarray, bends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places along a straight road, ``(cars, k)``, as places along the road that bends."""
    steps = np.diff(stations, axis=1)
    zero = 0 * stations[:, :1]
    heading = np.concatenate([zero, np.cumsum(bends * steps, axis=1)], axis=1)
    middle = (heading[:, 1:] + heading[:, :-1]) / 2
    x = np.concatenate([zero, np.cumsum(np.cos(middle) * steps, axis=1)], axis=1)
    y = np.concatenate([zero, np.cumsum(np.sin(middle) * steps, axis=1)], axis=1)
    dx, dy = along[:, :, None] - x[:, None], across[:, :, None] - y[:, None]
    nearest = np.where(np.isnan(dx), np.inf, dx**2 + dy**2).argmin(2)
    station, heading = (np.take_along_axis(of, nearest, 1) for of in (stations, heading))
    dx, dy = (np.take_along_axis(of, nearest[:, :, None], 2)[:, :, 0] for of in (dx, dy))
    cos, sin = np.cos(heading), np.sin(heading)
    return station + dx * cos + dy * sin, dy * cos - dx * sin
