"""Recordings: what is written, and that recording changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import racegym
from racegym.benchmark.layer import Still
from racegym.cli import app
from racegym.dataset import Dataset
from racegym.recording import Recorder, Tap, VectorRecorder
from racegym.session import Session
from racegym.signals import SIGNALS
from racegym.task import TaskConfig

pytest.importorskip("pyarrow")

SHORT = {"task.truncation": {"steps": 50}, "task.termination": {}}


def actions(count: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.stack([random.uniform(-0.1, 0.1, count), random.uniform(0.2, 1.0, count)], axis=1)


def recorded(folder: Path, episodes: int = 2, **options) -> Dataset:
    env = Recorder(racegym.make("bicycle/oval", overrides=SHORT), folder, agent="tester", **options)
    for episode in range(episodes):
        env.reset(seed=episode)
        for action in actions(50):
            env.step(action)
    env.close()
    return Dataset(folder)


def test_an_episode_is_a_row_group_with_a_row_for_the_start_and_one_a_step(tmp_path):
    data = recorded(tmp_path)
    assert [episode.steps for episode in data.episodes] == [50, 50]
    assert [episode.table.num_rows for episode in data.episodes] == [51, 51]
    info = data[0].info
    assert (info["ended_by"], info["agent"], info["fault"]) == ("steps", "tester", None)


def test_rows_hold_what_the_environment_told(tmp_path):
    data = recorded(tmp_path, episodes=1)
    env = racegym.make("bicycle/oval", overrides=SHORT)
    observations = [env.reset(seed=0)[0]]
    blocks, rewards = [env.session.now.block[0].copy()], []
    for action in actions(50):
        observation, reward, *_ = env.step(action)
        observations.append(observation)
        rewards.append(reward)
        blocks.append(env.session.now.block[0].copy())
    env.close()
    episode = data[0]
    np.testing.assert_array_equal(episode.observations, observations)
    np.testing.assert_array_equal(episode.actions, actions(50))
    np.testing.assert_array_equal(episode.rewards, rewards)
    told = np.array(blocks)[:, np.concatenate([np.r_[SIGNALS.columns(name)] for name in episode.signals])]
    kept = np.concatenate([episode.column(name).reshape(51, -1) for name in episode.signals], axis=1)
    np.testing.assert_allclose(kept, told, rtol=1e-6, atol=1e-30)
    assert episode.column("truncated").tolist() == [0] * 50 + [1]


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_rows_of_a_vector_are_recorded_whole_in_every_reset_mode(tmp_path, mode):
    overrides = {**SHORT, "simulator.scatter": 0.5}
    env = VectorRecorder(
        racegym.make_vec("bicycle/oval", 3, overrides=overrides, autoreset_mode=mode), tmp_path
    )
    env.reset(seed=5)
    for action in actions(120):
        env.step(np.tile(action, (3, 1)))
    env.close()
    data = Dataset(tmp_path)
    whole = [episode for episode in data.episodes if episode.info["ended_by"] == "steps"]
    assert len(whole) == 6
    for episode in whole:
        assert episode.steps == 50
        np.testing.assert_allclose(episode.column("time"), np.arange(51) * 0.02, atol=1e-9)


def test_the_tape_grows_and_is_used_again(tmp_path):
    session = Session([Still(2)], TaskConfig())
    tap = Tap(session, tmp_path, {})
    tap.reset(seeds=[1, 2])
    for _ in range(5000):
        tap.step(np.zeros((2, 2)))
    tap.reset(np.array([0]), [3])
    for _ in range(5000):
        tap.step(np.zeros((2, 2)))
    tap.close()
    assert sorted(episode.steps for episode in Dataset(tmp_path).episodes) == [5000, 5000, 10000]


def test_what_is_cut_short_says_so(tmp_path):
    env = Recorder(racegym.make("bicycle/oval"), tmp_path)
    for _ in range(2):
        env.reset(seed=1)
        env.step([0.0, 1.0])
    env.close()
    assert [episode.info["ended_by"] for episode in Dataset(tmp_path).episodes] == ["reset", "closed"]


def test_recording_twice_into_a_folder_adds_to_it(tmp_path):
    recorded(tmp_path, episodes=1)
    assert len(recorded(tmp_path, episodes=2)) == 3


def test_frames_become_a_video_with_their_numbers_in_the_rows(tmp_path):
    av = pytest.importorskip("av")
    frame = np.zeros((64, 96, 3), np.uint8)
    data = recorded(tmp_path, episodes=1, frames=lambda: frame, frame_every=10)
    numbers = data[0].table.column("frame").to_pylist()
    assert [number for number in numbers if number is not None] == list(range(6))
    with av.open(str(data[0].video)) as video:
        assert sum(1 for _ in video.decode(video=0)) == 6


def test_nothing_is_written_while_an_episode_is_driven(tmp_path):
    def sizes() -> dict[str, int]:
        return {path.name: path.stat().st_size for path in tmp_path.rglob("*")}

    tap = Tap(Session([Still(1)], TaskConfig()), tmp_path, {})
    tap.reset(seeds=[1])
    before = sizes()
    for _ in range(600):
        tap.step(np.zeros((1, 2), np.float32))
    assert sizes() == before
    tap.close()
    assert sizes() != before


def test_drive_records(tmp_path):
    done = CliRunner().invoke(
        app, ["drive", "bicycle/kart", "--json", "--record", str(tmp_path / "r"), "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert Dataset(tmp_path / "r")[0].info["laps"] == 1


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[1] / "docs" / "recording.md").read_text(encoding="utf-8")
    shared: dict[str, object] = {}
    for code in re.findall(r"^```py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        exec(compile("import racegym\n" + code, "docs/recording.md", "exec"), shared)
