"""assetto_corsa_gym's recorded laps: what is worked out of them is what an agent would have seen, done and earned."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from assetto_corsa_plugin import CAR, LENGTH, ring, state, write_assets

from racegym.config import load
from racegym.errors import ConfigurationError
from racegym.session import Session
from racegym.signals import Controls, Telemetry

pytest.importorskip("pyarrow")
import pyarrow.parquet

from racegym.dataset import Dataset
from racegym.dataset.foreign import bring_in

INFO = {"TrackName": "made_up", "TrackConfiguration": "ring", "TrackLength": LENGTH, "CarName": CAR}
STEPS = 60
RUN = "assetto_corsa/assetto_corsa_gym"
DEGREES_A_COMMAND = 240.0 / 0.5341796875


def actions() -> np.ndarray:
    """What the recorded agent did, in assetto_corsa_gym's terms: steer + to the right, changes of every control."""
    random = np.random.default_rng(8)
    return np.column_stack([0.4 * np.sin(np.arange(STEPS) / 5), random.uniform(-1, 1, (STEPS, 2))])


def states() -> list[dict]:
    """A lap whose measured controls follow `actions` as its environment applies them."""
    random = np.random.default_rng(4)
    course = ring()
    middle = (course["left"] + course["right"]) / 2
    command = np.array([0.0, -1.0, -1.0])
    found = []
    for row in range(STEPS + 1):
        if row:
            limits = np.array([36 / DEGREES_A_COMMAND, 0.48, 0.48])
            command = np.clip(command + actions()[row - 1] * limits, [-0.534, -1, -1], [0.534, 1, 1])
        at, ahead = row * 2, middle[row * 2 + 1] - middle[row * 2]
        found.append(
            state(
                row + 1, random, steerAngle=float(command[0] * DEGREES_A_COMMAND), accStatus=float((command[1] + 1) /
                2), brakeStatus=float(((command[2] + 1) / 2) ** 2.4), world_position_x=float(middle[at, 0]),
                world_position_y=float(middle[at, 1]), yaw=math.atan2(ahead[1], ahead[0]), speed=10.0 + row,
                NormalizedSplinePosition=at / len(middle),
            )
        )  # fmt: skip
    return found


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A dataset's folder as assetto_corsa_gym leaves it, beside its folder of tracks and cars."""
    write_assets(tmp_path / "AssettoCorsaConfigs")
    laps = tmp_path / "data" / "made_up-ring" / CAR / "20240101_x" / "laps"
    laps.mkdir(parents=True)
    added = [
        one | {"done": False, "terminated": 0.0, "sensors": [1.0] * 11, "reward": 0.1} for one in states()
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(added), laps / "20240101_120000.000_states.parquet")
    (laps / "static_info.json").write_text(json.dumps(INFO))
    return tmp_path


def run(folder: Path):
    return load(RUN, overrides={"simulator.assets": str(folder / "AssettoCorsaConfigs")})


def test_observations_and_rewards_are_those_of_a_live_drive(recorded: Path, tmp_path: Path) -> None:
    config = run(recorded)
    assert bring_in(config, recorded / "data", tmp_path / "out") == (1, STEPS)
    episode = Dataset(tmp_path / "out").episodes[0]
    batch = Dataset(tmp_path / "out").transitions(config.task)
    assert batch.observations.shape == (STEPS, 125)
    live = Live(config, episode)
    for step in range(STEPS):
        seen, reward = live.step(step)
        assert batch.next_observations[step] == pytest.approx(seen, rel=1e-5, abs=1e-6)
        assert batch.rewards[step] == pytest.approx(reward)
    assert batch.truncated[-1] and not batch.terminated.any()


class Live:
    """The task judging the recorded rows one after the other, as a session would."""

    def __init__(self, config, episode) -> None:
        session = Session([config.simulator.build()], config.task)
        self.task, self.rows = session.task, episode.rows().block
        self.task.courses.tracks = [episode.track]
        self.task.observer.begin(self.row(0), Controls(1), None)

    def row(self, number: int) -> Telemetry:
        return Telemetry(1, self.rows[number : number + 1].copy())

    def step(self, step: int) -> tuple[np.ndarray, float]:
        before, now = self.row(step), self.row(step + 1)
        return self.task.observer.observe(now, Controls(1))[0], float(self.task.reward(before, now)[0])


def test_actions_are_worked_back_as_they_were_given(recorded: Path, tmp_path: Path) -> None:
    config = run(recorded)
    bring_in(config, recorded / "data", tmp_path / "out")
    found = Dataset(tmp_path / "out").transitions(config.task).actions
    given = actions()
    assert found[:, 0] == pytest.approx(-given[:, 0], abs=2e-3)
    for control, column in (("throttle", 1), ("brake", 2)):
        levels = Dataset(tmp_path / "out").episodes[0].column(f"control_{control}")
        free = (levels[1:] > 1e-6) & (levels[1:] < 1 - 1e-6)
        assert free.sum() > 10
        assert found[free, column] == pytest.approx(given[free, column], abs=2e-3)


def test_an_absolute_task_sees_absolute_actions(recorded: Path, tmp_path: Path) -> None:
    bring_in(run(recorded), recorded / "data", tmp_path / "out")
    terms = {"steer": {}, "throttle": {}, "automatic_gears": {}}
    batch = Dataset(tmp_path / "out").transitions(
        {"action": {"terms": terms}, "observation": {"terms": {"speed": {}}}}
    )
    angles = np.array([one["steerAngle"] for one in states()[1:]])
    assert batch.actions[:, 0] == pytest.approx(-angles / 240, abs=1e-5)


def test_pickles_are_read_only_when_trusted(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "old" / "lap.pkl"
    path.parent.mkdir()
    path.write_bytes(pickle.dumps({"states": states(), "static_info": INFO}))
    with pytest.raises(ConfigurationError, match="--trust"):
        bring_in(run(recorded), path.parent, tmp_path / "out")
    assert bring_in(run(recorded), path.parent, tmp_path / "out", trust=True) == (1, STEPS)


def test_what_is_missing_is_named(recorded: Path, tmp_path: Path) -> None:
    laps = next((recorded / "data").rglob("laps"))
    (laps / "static_info.json").unlink()
    with pytest.raises(ConfigurationError, match="static_info.json"):
        bring_in(run(recorded), recorded / "data", tmp_path / "out")
    with pytest.raises(ConfigurationError, match="no \\*_states.parquet"):
        bring_in(run(recorded), tmp_path / "AssettoCorsaConfigs", tmp_path / "out")
    (laps / "static_info.json").write_text(json.dumps(INFO | {"TrackConfiguration": "unheard"}))
    with pytest.raises(ConfigurationError, match="made_up-unheard"):
        bring_in(load(RUN), recorded / "data", tmp_path / "out")
    (laps / "static_info.json").write_text(json.dumps(INFO))
    pyarrow.parquet.write_table(pyarrow.table({"speed": [1.0, 2.0]}), next(laps.glob("*.parquet")))
    with pytest.raises(ConfigurationError, match="lacks steps, timestamp_ac"):
        bring_in(run(recorded), recorded / "data", tmp_path / "out")
