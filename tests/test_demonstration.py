"""tmrl's reward, number for number: against its own loop, written out from the description; and what it can
be made to pay.
"""

from __future__ import annotations

import numpy as np
import pytest

from racegym.demonstration import SPACING
from racegym.rewards import REWARDS
from racegym.signals import Telemetry
from racegym.simulator import Gearbox, SimulatorSpec
from racegym.task import TaskConfig
from racegym.terminations import TERMINATIONS
from racegym.terms import Context, Courses
from racegym.track import Track
from racegym_bicycle.circuits import circuit

SPEC = SimulatorSpec(
    "test", 0.05, frozenset({"position", "time"}), frozenset(), Gearbox((np.inf,), (0.0,)), track=True
)


class Reference:
    """The loop of tmrl's RewardFunction, one point at a time."""

    def __init__(
        self, line: np.ndarray, forward: int = 500, backward: int = 10, stray: float = 100.0
    ) -> None:
        self.line, self.forward, self.backward, self.stray = line, forward, backward, stray
        self.index = self.steps = self.failures = 0

    def __call__(self, place: np.ndarray) -> tuple[float, bool]:
        self.steps += 1
        best, least, at, left = self.index, np.inf, self.index, self.forward
        while True:
            distance = np.linalg.norm(place - self.line[at])
            if distance <= least:
                best, least, left = at, distance, self.forward
            at, left = at + 1, left - 1
            if at >= len(self.line) or left <= 0:
                if least > self.stray:
                    best = self.index
                break
        gained, ended = (best - self.index) / 100, False
        if best == self.index:
            least, at, left = np.inf, self.index, self.backward
            while True:
                distance = np.linalg.norm(place - self.line[at])
                if distance <= least:
                    best, least, left = at, distance, self.backward
                at, left = at - 1, left - 1
                if at <= 0 or left <= 0:
                    break
            if self.steps > 70:
                self.failures += 1
                ended = self.failures > 10
        else:
            self.failures = 0
        self.index = best
        return gained, ended


def telemetry(place: np.ndarray) -> Telemetry:
    record = Telemetry(1)
    record["position"] = place
    record["time"] = 0.0
    return record


def both(track: Track):
    context = Context(SPEC, 1, 0.05, Courses([track]))
    reward = REWARDS.parse({"demonstration": {}})["demonstration"].bind(context)
    lost = TERMINATIONS.parse({"demonstration_lost": {}})["demonstration_lost"].bind(context)
    place = track.at(np.arange(0, track.length, SPACING))
    return reward, lost, Reference(np.stack([place.x, place.y, place.elevation], axis=1))


def drives(track: Track) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    ahead = np.cumsum(rng.uniform(-1.0, 3.0, 120))
    shuttle = 30 + np.concatenate([np.arange(30) * 0.0, 2 + 2 * np.sin(np.arange(90) / 3)])
    stations = {"ahead": ahead, "to and fro": shuttle, "standing": np.full(120, 20.0)}
    places = {}
    for name, along in stations.items():
        at = track.at(along)
        places[name] = np.stack([at.x, at.y, at.elevation], axis=1) + rng.normal(0, 0.3, (len(along), 3))
    places["astray"] = places["ahead"] + np.where(np.arange(120) > 50, 150.0, 0.0)[:, None]
    return places


@pytest.mark.parametrize("name", ["ahead", "to and fro", "standing", "astray"])
def test_rewards_and_ends_are_tmrls(name):
    track = circuit("meadow")
    reward, lost, reference = both(track)
    for place in drives(track)[name]:
        record = telemetry(place)
        gained, ended = reference(place)
        assert reward(record, record)[0] == gained
        assert bool(lost(record, record)[0]) == ended


def test_to_and_fro_pays_there_and_nothing_by_our_progress():
    track = circuit("oval")
    reward, _, _ = both(track)
    progress = REWARDS.parse({"progress": {}})["progress"].bind(Context(SPEC, 1, 0.05))
    along = 30 + 2 - 2 * np.cos(np.arange(401) * np.pi / 10)  # 4 m forward and back, twenty times
    paid = ours = 0.0
    before = telemetry(np.zeros(3))
    before["distance"] = along[0]
    for station in along:
        at = track.at(np.array([station]))
        now = telemetry(np.array([at.x[0], at.y[0], 0.0]))
        now["distance"] = station
        paid += reward(now, now)[0]
        ours += progress(before, now)[0]
        before = now
    assert paid > 7
    assert ours == pytest.approx(0, abs=1e-9)


def test_the_shipped_task_loads():
    from racegym.config import load

    run = load("tmrl_screen", simulator="trackmania/stand-in")
    assert isinstance(run.task, TaskConfig)
