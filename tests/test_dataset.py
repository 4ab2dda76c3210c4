"""Recordings read back: transitions under any task, replays, exports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import racegym
from racegym.agents.scripted import Scripted
from racegym.cli import app
from racegym.dataset import Dataset
from racegym.dataset.replay import redrive
from racegym.errors import ConfigurationError, NotFound
from racegym.recording import Recorder

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """400 steps of the reference driver from a random start, and 300 from another."""
    path = tmp_path_factory.mktemp("recording")
    env = Recorder(
        racegym.make("bicycle/meadow", overrides={"simulator.scatter": 1.0}), path, agent="scripted"
    )
    driver = Scripted()
    for seed, steps in ((1, 400), (2, 300)):
        observation, _ = env.reset(seed=seed)
        driver.reset(1)
        for _ in range(steps):
            observation, *_ = env.step(driver.act(observation[None])[0])
    env.close()
    return path


def steps_of(task: dict, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Observations and rewards of a live environment with `task`, driven by the first episode's actions."""
    episode = Dataset(folder)[0]
    simulator = episode.run.simulator
    env = racegym.make({"simulator": simulator.data(), "task": task})
    env.session.reset(seeds=[episode.info["seed"]])
    observations, rewards = [], []
    for action in episode.actions:
        observation, reward, *_ = env.step(action)
        observations.append(observation)
        rewards.append(reward)
    env.close()
    return np.array(observations), np.array(rewards)


def test_transitions_as_recorded_follow_on_each_other(folder):
    batch = Dataset(folder).transitions()
    assert len(batch) == 700
    assert batch.episode.tolist() == [0] * 400 + [1] * 300
    np.testing.assert_array_equal(batch.observations[1:400], batch.next_observations[:399])
    assert np.flatnonzero(batch.truncated).tolist() == [399, 699]


@pytest.mark.parametrize(
    "task",
    [
        {},
        {"observation": {"terms": {"curvature": {}, "speed": {"history": 3}, "commands": {"history": 1}}}},
        {
            "observation": {
                "past": "zero",
                "terms": {"rangefinders_at": {"angles": [30, 0, -30]}, "line_gap": {}},
            }
        },
        {"reward": {"speed": {"weight": 0.5}, "roughness": {}, "off_track": {"replaces": True}}},
    ],
)
def test_another_task_sees_what_it_would_have_seen_live(folder, task):
    live = {"termination": {"stuck": {"seconds": 99.0}}, **task}
    observations, rewards = steps_of(live, folder)
    batch = Dataset(folder).transitions(live)
    np.testing.assert_allclose(batch.next_observations[:400], observations, atol=2e-5)
    np.testing.assert_allclose(batch.rewards[:400], rewards, atol=2e-5)


def test_an_episode_is_cut_where_the_new_task_ends_it(folder):
    batch = Dataset(folder).transitions({"termination": {}, "truncation": {"steps": 100}})
    assert len(batch) == 200
    assert batch.truncated.nonzero()[0].tolist() == [99, 199]
    fast = Dataset(folder).transitions({"termination": {"stuck": {"below": 500.0, "seconds": 1.0}}})
    assert fast.terminated.sum() == 2
    assert len(fast) < 110


def test_an_episode_is_cut_at_its_laps(tmp_path):
    env, driver = Recorder(racegym.make("bicycle/kart"), tmp_path), Scripted()
    observation, _ = env.reset(seed=1)
    for _ in range(1300):
        observation, *_ = env.step(driver.act(observation[None])[0])
    env.close()
    laps = Dataset(tmp_path)[0].rows()["laps"]
    batch = Dataset(tmp_path).transitions({"truncation": {"laps": 1}})
    assert len(batch) == np.argmax(laps >= 1) < len(laps) - 1
    assert batch.truncated.nonzero()[0].tolist() == [len(batch) - 1]


def test_a_whole_episode_keeps_its_recorded_ending(folder):
    batch = Dataset(folder).transitions({"termination": {}, "truncation": {"steps": 100}}, whole=True)
    assert len(batch) == 700
    assert batch.truncated.nonzero()[0].tolist() == [399, 699]
    slow = Dataset(folder).transitions({"action": {"repeat": 3}}, whole=True)
    assert slow.truncated.nonzero()[0].tolist() == [132, 232]  # the odd steps at the end are dropped


def test_actions_are_worked_back_from_controls(folder):
    two = {"action": {"terms": {"steer": {"limit": 0.5}, "throttle": {}, "brake": {}, "automatic_gears": {}}}}
    batch, plain = Dataset(folder).transitions(two), Dataset(folder).transitions()
    np.testing.assert_allclose(batch.actions[:, 0], np.clip(2 * plain.actions[:, 0], -1, 1), atol=1e-6)
    pedal = np.clip(plain.actions[:, 1], -1, 1)
    np.testing.assert_allclose(batch.actions[:, 1], 2 * np.maximum(pedal, 0) - 1, atol=1e-6)


def test_longer_steps_take_every_so_many_rows(folder):
    batch = Dataset(folder).transitions({"action": {"repeat": 4}})
    plain = Dataset(folder).transitions()
    assert len(batch) == 175
    np.testing.assert_allclose(batch.observations[1], plain.observations[4], atol=1e-6)
    np.testing.assert_allclose(batch.actions[0, 0], np.clip(plain.actions[:4, 0], -1, 1).mean(), atol=1e-6)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"observation": {"terms": {"fuel": {}}}}, "fuel"),
        ({"action": {"terms": {"keys": {}, "automatic_gears": {}}}}, "keys"),
    ],
)
def test_what_was_not_recorded_is_named(folder, task, said):
    with pytest.raises(ConfigurationError, match=said):
        Dataset(folder).transitions(task)


def test_driving_an_episode_again_gives_every_row(folder):
    for episode in Dataset(folder).episodes:
        assert redrive(episode).divergence is None


def test_the_first_difference_is_found(folder, monkeypatch):
    episode = Dataset(folder)[0]
    actions = episode.actions.copy()
    actions[200, 0] += 0.05
    monkeypatch.setattr(type(episode), "actions", actions)
    divergence = redrive(episode).divergence
    assert divergence is not None
    assert divergence.step == 201
    assert "steer" in divergence.signals


def racegym_command(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_info_counts(folder):
    assert json.loads(racegym_command("dataset", "info", folder, "--json").stdout)["steps"] == 700
    assert "700 steps" in racegym_command("dataset", "info", folder).output


def test_replay_draws_films_and_checks(folder, tmp_path):
    av = pytest.importorskip("av")
    done = racegym_command("replay", folder, "--out", tmp_path / "drive.png", "--check")
    assert done.exit_code == 0, done.output
    assert "every row is the same" in done.output
    assert (tmp_path / "drive.png").read_bytes().startswith(b"\x89PNG")
    assert racegym_command("replay", folder, "--episode", 1, "--out", tmp_path / "drive.mp4").exit_code == 0
    with av.open(str(tmp_path / "drive.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 150


def test_csv_has_a_line_a_row(folder, tmp_path):
    target = tmp_path / "all.csv"
    assert racegym_command("dataset", "export", folder, target, "--to", "csv").exit_code == 0
    lines = target.read_text().splitlines()
    assert len(lines) == 1 + 401 + 301
    assert '"rangefinders_18"' in lines[0]


def test_hdf5_holds_transitions_and_telemetry(folder, tmp_path):
    h5py = pytest.importorskip("h5py")
    target = tmp_path / "all.h5"
    assert racegym_command("dataset", "export", folder, target, "--to", "hdf5").exit_code == 0
    with h5py.File(target) as file:
        assert file["episode_0/actions"].shape == (400, 2)
        assert file["episode_1/telemetry/speed"].shape == (301,)


def test_an_export_is_for_a_task_of_ones_own(folder, tmp_path):
    h5py = pytest.importorskip("h5py")
    task = tmp_path / "task.yaml"
    task.write_text("observation: {terms: {speed: {}}}\ntruncation: {steps: 50}\n")
    for more, steps in ([], 50), (["--whole"], 400):
        target = tmp_path / f"{steps}.h5"
        done = racegym_command("dataset", "export", folder, target, "--to", "hdf5", "--task", task, *more)
        assert done.exit_code == 0, done.output
        with h5py.File(target) as file:
            assert file["episode_0/observations"].shape == (steps, 1)


def test_minari_reads_its_dataset(folder, tmp_path, monkeypatch):
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    done = racegym_command("dataset", "export", folder, "racegym/test-v0", "--to", "minari")
    assert done.exit_code == 0, done.output
    data = minari.load_dataset("racegym/test-v0")
    assert (data.total_episodes, data.total_steps) == (2, 700)
    episode = next(iter(data.iterate_episodes([0])))
    np.testing.assert_array_equal(episode.rewards, Dataset(folder)[0].rewards)


def test_a_folder_without_a_recording_is_named(tmp_path):
    with pytest.raises(NotFound, match="no recording"):
        Dataset(tmp_path)
