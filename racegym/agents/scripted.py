"""The reference driver: sees the road's bends in the range finders, plans the least curved path between its edges,
and drives it as fast as the grip allows that it has learnt by driving.

It knows the default observation alone, that is common signals, so it drives every game: no map, no car data. Where
other cars are about, and the game tells where they are, it looks at them too (`racegym.agents.racecraft`). Arrays
have shape ``(cars,)``, or ``(cars, k)`` along beams or along the `STATIONS` of the path ahead; + is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from racegym.agents.racecraft import Racecraft
from racegym.agents.view import OPEN, STATIONS, road
from racegym.observations import DEFAULT_TERMS
from racegym.signals import BEAMS, SIGNALS
from racegym.simulator import SimulatorSpec

TRAFFIC_TERMS = ("time", "opponents")


def _columns() -> dict[str, tuple[slice, float]]:
    """Where each signal lies in the default observation, or behind it, and its scale."""
    columns: dict[str, tuple[slice, float]] = {}
    start = 0
    for name in (*DEFAULT_TERMS, *TRAFFIC_TERMS):
        size = SIGNALS[name].size
        columns[name] = (slice(start, start + size), SIGNALS[name].scale)
        start += size
    return columns


COLUMNS = _columns()

GRIP = 12.0  # m/s^2, where learning begins; the range is what cars on tarmac, dirt and sand have
GRIP_RANGE = (5.0, 15.5)
LIFT = 0.0005  # 1/m, grip that comes with the square of speed (downforce), where learning begins
LIFT_RANGE = (0.0, 0.004)
KEPT = 0.95  # share of the grip that the plan uses
BRAKING = 0.8  # share of that for braking
STRAIGHTENED = 0.8  # share of the road's own curvature for which the speed is planned at least
EVEN = 0.4  # radius that a bend may tighten to behind the end of the view, as a share, if it was even so far
OFF_GRIP = 5.0  # m/s^2, beside the road
BLIND = 18.0  # m/s, at which whatever comes behind the end of the view can be driven
OFF_SPEED, TURN_SPEED, BACK_SPEED = 14.0, 4.0, 4.0  # m/s: beside the road, turning round, backing
MARGIN = 1.8  # m, from the path to the edge
LOCK = 7.5  # m, wheelbase per steering lock in rad: steer per curvature; typical for cars
UNDERSTEER = 1e-4  # (s/m)^2, by which that grows with the square of speed
SLIDE = 0.10  # rad, slip angle beyond which the car slides
LOST = 1.0  # rad, heading error beyond which the car has to be turned first
STANDING, BACKING = 75, 100  # steps: at rest before backing out, and backing out at most

ROUNDS = 40  # of the path's optimisation
PENALTY = 0.01  # of the path's optimisation
FIRST = np.sqrt(0.5)  # the first station bends for half a step only, so its square counts half


def _bending() -> np.ndarray:
    """Second differences of offsets along the path, ``(STATIONS, STATIONS)``, but for its known start."""
    bending = np.eye(STATIONS) - 2 * np.eye(STATIONS, k=-1) + np.eye(STATIONS, k=-2)
    bending[0, 0] = 2 * FIRST
    return bending


BENDING = _bending()
#: At its end the path shall run along the road, and rather in its middle.
ENDING = np.zeros((2, STATIONS))
ENDING[0, -2:], ENDING[1, -1] = (-3.0, 3.0), 0.05
INVERSE = np.linalg.inv(BENDING.T @ BENDING + ENDING.T @ ENDING + PENALTY * np.eye(STATIONS))
RELAXED = PENALTY * INVERSE


class Scripted:
    """Drives any car by the default observation and the default action (steer, pedal)."""

    @staticmethod
    def task(spec: SimulatorSpec) -> dict[str, dict[str, Any]]:
        """The default ones, whatever the run's task says; behind the observation `TRAFFIC_TERMS`, where there is any."""
        if not (spec.traffic and spec.signals.issuperset(TRAFFIC_TERMS)):
            return {"observation": {}, "action": {}}
        return {"observation": {"terms": dict.fromkeys((*DEFAULT_TERMS, *TRAFFIC_TERMS))}, "action": {}}

    def __init__(self) -> None:
        self.reset(1)

    def reset(self, cars: int) -> None:
        self._grip, self._lift = np.full(cars, GRIP), np.full(cars, LIFT)
        self._missed = np.zeros(cars)
        self._half, self._bend = np.full(cars, 5.0), np.zeros(cars)
        self._standing, self._backing = np.zeros(cars), np.zeros(cars)
        self._before = np.zeros(cars)
        self._racecraft = Racecraft(cars)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions ``(cars, 2)`` in [-1, 1] from observations ``(cars, n)``."""
        see = {
            name: observation[:, place].astype(float) * scale
            for name, (place, scale) in COLUMNS.items()
            if place.stop <= observation.shape[1]
        }
        forward, sideways = see["velocity"][:, 0], see["velocity"][:, 1]
        error, place = see["heading_error"][:, 0], np.clip(see["track_position"][:, 0], -3, 3)
        off, ranges = see["off_track"][:, 0] > 0, see["rangefinders"]
        self._restart(forward)
        pace = np.maximum(forward, 5.0)
        slip = np.where(forward > 5, np.arctan2(sideways, pace), 0.0)
        lateral = see["yaw_rate"][:, 0] * forward
        grip = np.where(off, OFF_GRIP, self._grip + self._lift * forward**2)

        # beside the road there is no view: it is as wide and bends as when last seen
        self._half = np.where(
            off, self._half, np.clip((ranges[:, 0] + ranges[:, -1]) * np.cos(error) / 2, 3, 15)
        )
        stations, bends, view = road(ranges, error, self._half)
        self._bend = np.where(off, self._bend, bends[:, 0])
        bends = np.where(off[:, None], self._bend[:, None], bends)
        offset = place * self._half
        room = np.maximum(self._half - MARGIN, 0.3)[:, None]
        room = np.maximum(room, np.abs(offset)[:, None] - 0.15 * stations[:, 1:])
        low, high = -room, room
        traffic = None
        if "opponents" in see:
            traffic = self._racecraft.look(
                see["time"][:, 0], see["opponents"], offset, error, stations, bends
            )
        if traffic:
            low, high = self._racecraft.corridor(
                traffic, low, high, stations[:, 1:], offset, forward, self._half
            )
        curves, offsets = self._path(stations, bends, offset, error + slip, low, high)

        ahead = np.maximum(0.3 * pace, 6.0)[:, None]
        weight = np.maximum(ahead - stations[:, :-1], 0)
        most = grip / pace**2
        curve = np.clip((weight * curves).sum(1) / weight.sum(1), -1.3 * most, 1.3 * most)
        self._learn(forward, slip, lateral, curve, see["steer"][:, 0], off)
        target = np.where(off, OFF_SPEED, self._speed(forward, stations, curves, bends, view))
        if traffic:
            target = self._racecraft.limit(traffic, stations, offsets, offset, forward, grip, target)
        steer = self._steer(forward, curve, lateral / pace**2, most, slip)
        pedal = self._pedal(
            target - forward, np.maximum(np.abs(curve) * forward**2, np.abs(lateral)) / grip, slip, off
        )

        lost = np.abs(error) > LOST
        steer = np.where(lost, -2 * error - 1.2 * place, steer)
        pedal = np.where(lost, np.clip(0.5 * (TURN_SPEED - forward), -0.5, 0.5), pedal)
        action = np.clip(np.stack([steer, pedal], axis=1), -1, 1)
        return self._back_out(action, forward, error, place, ranges[:, BEAMS // 2])

    def _restart(self, forward: np.ndarray) -> None:
        """Forget what was learnt where the speed jumps: a new episode (or a crash) has begun."""
        new = np.abs(forward - self._before) > 8.0
        self._grip[new], self._lift[new], self._backing[new], self._standing[new] = GRIP, LIFT, 0, 0
        self._before = forward.copy()

    def _path(
        self,
        stations: np.ndarray,
        bends: np.ndarray,
        offset: np.ndarray,
        course: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Curvature of the path from here and its offset from the centre line, at its stations.

        Along the road, an offset e(s) bends the path by the road's curvature + e''. The sum of its squares is least
        with e between `low` and `high`: a quadratic programme, by ADMM (Boyd et al. 2011, section 5.2), whose matrix
        is the same for all cars and times.
        """
        step = stations[:, 1:2]
        known = bends * step**2
        known[:, 0] = FIRST * (known[:, 0] - 2 * offset - 2 * np.tan(np.clip(course, -1, 1)) * step[:, 0])
        known[:, 1] += offset
        pull = known @ BENDING @ INVERSE
        offsets = np.clip(np.repeat(offset[:, None], STATIONS, axis=1), low, high)
        price = np.zeros_like(pull)
        wanted = offsets
        for _ in range(ROUNDS):
            wanted = (offsets - price) @ RELAXED - pull
            price += wanted
            offsets = np.maximum(np.minimum(price, high), low)
            price -= offsets
        curves = (wanted @ BENDING.T + known) / step**2
        curves[:, 0] /= FIRST
        return curves / np.clip(1 - bends * wanted, 0.3, 3.0), offsets

    def _speed(
        self,
        forward: np.ndarray,
        stations: np.ndarray,
        curves: np.ndarray,
        bends: np.ndarray,
        view: np.ndarray,
    ) -> np.ndarray:
        """The highest speed, m/s, from which each station can be reached slowly enough: v^2 = end^2 + 2 a s."""
        grip, lift, square = KEPT * self._grip[:, None], KEPT * self._lift[:, None], forward[:, None] ** 2
        sharp = np.maximum(np.abs(bends).max(1), 1e-3)
        curves = np.maximum(np.abs(curves), STRAIGHTENED * np.abs(bends))
        # what a bend on the way takes of the grip is missing for braking: the friction circle
        use = np.minimum(curves * square / (grip + lift * square), 0.9)
        braking = BRAKING * (grip + 0.5 * lift * square)
        drop = 2 * stations[:, 1:2] * np.cumsum(braking * np.sqrt(1 - use**2), axis=1)
        drop = np.concatenate([0 * grip, drop[:, :-1]], axis=1)
        limits = grip / np.maximum(curves - lift, 1e-3) + np.maximum(drop - 4 * braking, 0)
        limits = np.where(stations[:, :-1] > view[:, None] + 10, np.inf, limits)
        seen = np.minimum(view / stations[:, 1], STATIONS - 1).astype(int)
        even = EVEN * grip[:, 0] / sharp * (np.abs(bends).mean(1) / sharp) ** 2
        blind = np.maximum(BLIND**2, even) + np.take_along_axis(drop, seen[:, None], 1)[:, 0]
        return np.sqrt(np.minimum(limits.min(1), np.where(view > OPEN, np.inf, blind)))

    def _learn(
        self,
        forward: np.ndarray,
        slip: np.ndarray,
        lateral: np.ndarray,
        curve: np.ndarray,
        steer: np.ndarray,
        off: np.ndarray,
    ) -> None:
        """Less grip where the car slides, pushes over its front or does not follow; more where it uses it well."""
        grip = self._grip + self._lift * forward**2
        due = LOCK * (1 + UNDERSTEER * forward**2) * np.abs(lateral) / np.maximum(forward, 8) ** 2
        pushes = (np.abs(steer) > 1.5 * due + 0.04) & (np.abs(lateral) > 0.5 * grip)
        asked = np.abs(curve) * forward**2
        misses = (asked > 0.3 * grip) & (lateral * np.sign(curve) < 0.6 * asked) & (steer * curve > 0) & ~off
        self._missed += 0.1 * (misses - self._missed)
        slides = (np.abs(slip) > SLIDE) | pushes | off | (self._missed > 0.6)
        well = (
            (np.abs(lateral) > 0.7 * grip)
            & (np.abs(slip) < 0.7 * SLIDE)
            & (np.abs(steer) < 1.25 * due + 0.02)
        )
        change = np.where(slides, -0.1, np.where(well, 0.03, 0.0)) * (forward > 8)
        # normalised least mean squares over the features 1 and (speed / 40 m/s)^2
        share = (forward / 40) ** 2
        change /= 1 + share**2
        self._grip = np.clip(self._grip + change, *GRIP_RANGE)
        self._lift = np.clip(self._lift + change * share / 40**2, *LIFT_RANGE)

    def _steer(
        self, forward: np.ndarray, curve: np.ndarray, actual: np.ndarray, most: np.ndarray, slip: np.ndarray
    ) -> np.ndarray:
        """Steer for the curve, corrected by how the car turns and into a slide."""
        gap = np.where(forward > 5, curve - actual, 0.0)
        gap = np.where(gap * curve > 0, np.clip(gap, -0.3 * most, 0.3 * most), gap)
        slide = np.sign(slip) * np.maximum(np.abs(slip) - 0.6 * SLIDE, 0)
        return LOCK * (1 + UNDERSTEER * forward**2) * (curve + gap) + 2 * slide

    def _pedal(self, excess: np.ndarray, use: np.ndarray, slip: np.ndarray, off: np.ndarray) -> np.ndarray:
        """Towards the target speed with what cornering leaves of the grip: the friction circle."""
        slides = np.abs(slip)
        left = np.sqrt(1 - np.clip(use / 0.95, 0, 1) ** 2) * np.clip(1.5 - 10 * slides, 0, 1)
        throttle = np.clip(left + 0.3 * (slides < 0.12), 0.1, 1)
        brake = np.where(off, 0.3, np.maximum(0.9 * left, 0.2 * (slides < SLIDE)))
        return np.clip(np.where(excess > 0, 0.5, 0.3) * excess, -brake, throttle)

    def _back_out(
        self, action: np.ndarray, forward: np.ndarray, error: np.ndarray, place: np.ndarray, free: np.ndarray
    ) -> np.ndarray:
        """Back, turning the nose along the road, after standing too long or when the nose points off the road."""
        self._standing = np.where(np.abs(forward) < 0.7, self._standing + 1, 0)
        stands = self._standing > STANDING
        outward = (np.abs(error) > LOST) & (np.abs(error) < 2.6) & (error * place > 0) & (np.abs(place) > 0.3)
        left = np.maximum(self._backing - 1, 0)
        left = np.where(outward & (forward < TURN_SPEED + 1), BACKING, left)
        left = np.where((forward < -2) & (np.abs(error) < 0.5) & (free > 15), 0, left)
        self._backing = np.where(stands, BACKING, left)
        back = self._backing > 0
        self._standing[back] = 0
        action[back, 0] = np.clip(2 * error + 0.8 * place, -1, 1)[back]
        action[back, 1] = np.where(forward > -BACK_SPEED, -0.8, 0.0)[back]
        return action
