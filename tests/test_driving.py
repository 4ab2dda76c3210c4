"""The drive loop, with a car that a few lines move."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from racegym.driving import LONGEST, clock, drive
from racegym.signals import Telemetry

LAP = 100.0


class Straight(gymnasium.Env):
    """A car that goes `action` metres a step of one second; a lap is 100 m. It breaks down after `last` steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))
    action_space = gymnasium.spaces.Box(-100.0, 100.0, (1,))

    def __init__(self, last: int = 10_000) -> None:
        self.last = last
        self.session = SimpleNamespace(
            now=Telemetry(1), tracks=[None], spec=SimpleNamespace(name="test/straight", period=1.0)
        )

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.session.now.block[...] = 0.0
        self.session.now["damage"] = np.nan
        return np.zeros(1), {}

    def step(self, action):
        now = self.session.now
        now["time"] += 1.0
        now["lap_time"] += 1.0
        now["distance"] += action[0]
        now["off_track"] = float(action[0] > 20)
        if now["distance"][0] >= LAP * (now["laps"][0] + 1):
            now["laps"] += 1
            now["last_lap_time"] = now["lap_time"]
            now["lap_time"] = 0.0
        lost = now["time"][0] >= self.last
        info = {"ended_by": "fault", "fault": "the game is gone"} if lost else {}
        return now["distance"].copy(), 0.0, False, lost, info


class Steady:
    """Goes `pace` metres a step, and presses Ctrl-C after `patience` steps."""

    def __init__(self, pace: float, patience: int = 10_000) -> None:
        self.pace = pace
        self.patience = patience

    def reset(self, cars: int) -> None:
        self.acted = 0

    def act(self, observation: np.ndarray) -> np.ndarray:
        assert observation.shape == (1, 1)
        self.acted += 1
        if self.acted > self.patience:
            raise KeyboardInterrupt
        return np.full((1, 1), self.pace)


def test_a_drive_ends_after_its_laps_and_knows_their_times():
    done = drive(Straight(), Steady(10.0), laps=3)
    assert done.ended_by == "laps"
    assert done.lap_times == [10.0, 10.0, 10.0]
    assert (done.steps, done.duration, done.distance) == (30, 30.0, 300.0)


def test_time_off_the_track_is_counted():
    assert drive(Straight(), Steady(25.0), laps=1).off_track_time == 4.0


def test_what_the_simulator_does_not_tell_is_none():
    assert drive(Straight(), Steady(10.0)).damage is None


def test_a_car_that_never_arrives_is_given_up():
    done = drive(Straight(), Steady(0.0))
    assert done.ended_by == "time"
    assert done.duration == pytest.approx(LONGEST, abs=2)


def test_ctrl_c_keeps_what_was_driven():
    done = drive(Straight(), Steady(10.0, patience=15), laps=5)
    assert (done.ended_by, done.steps, done.lap_times) == ("interrupted", 15, [10.0])


def test_a_lost_simulator_ends_the_drive_and_says_why():
    done = drive(Straight(last=4), Steady(10.0))
    assert (done.ended_by, done.fault, done.lap_times) == ("fault", "the game is gone", [])


def test_every_step_is_watched():
    seen = []
    drive(Straight(), Steady(10.0), watch=lambda now, track: seen.append(float(now["distance"][0])))
    assert seen == [10.0 * step for step in range(1, 11)]


def test_the_summary_is_json():
    summary = json.loads(json.dumps(drive(Straight(), Steady(10.0), name="steady").summary()))
    assert summary["lap_times"] == [10.0]
    assert summary["simulator"] == "test/straight"
    assert summary["agent"] == "steady"


def test_saved_telemetry_holds_the_known_signals_alone(tmp_path):
    drive(Straight(), Steady(10.0)).save(tmp_path / "telemetry.npz")
    with np.load(tmp_path / "telemetry.npz", allow_pickle=False) as saved:
        assert saved["distance"][-1] == LAP
        assert "damage" not in saved


@pytest.mark.parametrize(
    ("seconds", "written"), [(83.456, "1:23.456"), (0.0, "0:00.000"), (59.9996, "1:00.000")]
)
def test_lap_times_are_written_as_on_the_pit_board(seconds, written):
    assert clock(seconds) == written
