"""Pictures along the way: when they are made, and that none is made for nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from filming import drive, game
from typer.testing import CliRunner

import racegym
from racegym.benchmark.speed import film_rates
from racegym.cli import app
from racegym.config import load
from racegym.errors import ConfigurationError
from racegym.signals import Controls
from racegym_torcs.simulator import Torcs

FILM = {"simulator.camera": {"width": 48, "height": 36}, "task.observation.terms": {"camera": {}}}


def made(simulator: Torcs) -> int:
    """Pictures that the renderer has made."""
    assert simulator._game.pictures is not None
    return simulator._game.pictures._header.made


def test_two_games_started_apart_make_the_same_pictures_bit_by_bit() -> None:
    films = []
    for _ in range(2):
        simulator = game(view="chase", track="dirt/dirt-1")
        try:
            simulator.open()
            simulator.reset()
            frames = []
            for step in range(15):
                drive(simulator, 6, throttle=1.0, steer=0.3 * (step % 3 - 1))
                frames.append(simulator.frame("chase").copy())
            films.append(np.array(frames))
        finally:
            simulator.close()
    assert (films[0] == films[1]).all()


def test_steps_without_a_question_make_no_picture_and_with_every_one_in_so_many() -> None:
    simulator = game(camera={"every": 4})
    try:
        simulator.open()
        simulator.reset()
        drive(simulator, 50)
        assert made(simulator) == 0
        for _ in range(40):
            drive(simulator, 1)
            simulator.frame("bonnet")
        assert made(simulator) == 10
        drive(simulator, 50)
        assert made(simulator) == 10
    finally:
        simulator.close()


def test_the_end_of_a_race_leaves_nobody_waiting_for_a_picture() -> None:
    simulator = game(track="dirt/dirt-5", laps=1, expert="bt", ticks_per_step=5)
    controls = Controls(1)
    controls.block[:] = np.nan
    try:
        simulator.open()
        now, track = simulator.reset(), simulator.track
        assert track is not None
        late = 0
        while late < 5 and now["time"][0] < 100:
            simulator.send(controls)
            now = simulator.read()
            if now["distance"][0] > track.length - 40:
                simulator.frame("bonnet")
            late += int(now["finished"][0])
        assert late == 5 and simulator.frame("bonnet").std() > 10
    finally:
        simulator.close()


def test_a_vector_shows_every_row() -> None:
    env = racegym.make_vec("torcs/aalborg", 2, render_mode="rgb_array")
    try:
        env.reset(seed=1)
        frames = env.render()
        assert isinstance(frames, tuple) and len(frames) == 2
        assert all(frame.shape == (480, 640, 3) and frame.std() > 10 for frame in frames)
        assert env.metadata["render_fps"] == 50
    finally:
        env.close()
    with pytest.raises(ConfigurationError, match="racegym.make"):
        racegym.make_vec("torcs/aalborg", 2, render_mode="human")


def test_the_speed_of_pictures_is_told_beside_that_of_the_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("racegym.benchmark.speed.FILM_ROUNDS", 4)
    rates = film_rates(load("torcs/aalborg"))
    assert set(rates) == {"renderer_per_s", "frames_per_s", "frames_of_renderer"}
    assert min(rates.values()) > 0
    assert film_rates(load("bicycle/oval")) == {}


def test_the_command_line_films_a_lap(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    words = ["drive", "torcs/dirt-5", "--out", str(tmp_path / "out"), "--video", str(tmp_path / "lap.mp4")]
    done = CliRunner().invoke(app, [*words, "--set", "simulator.camera={width: 64, height: 48}"])
    assert done.exit_code == 0, done.output
    seconds = float(np.load(tmp_path / "out" / "telemetry.npz")["time"][-1])
    with av.open(str(tmp_path / "lap.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert abs(len(frames) - 25 * seconds) <= 2 and frames[0].shape == (48, 64, 3)
    assert min(frame.std() for frame in frames) > 10 and np.std([frame.mean() for frame in frames]) > 2


def test_a_policy_learns_from_pictures_of_several_games() -> None:
    stable_baselines3 = pytest.importorskip("stable_baselines3")
    from racegym.training.vector import RaceVecEnv

    overrides = {
        "simulator.camera": {"width": 48, "height": 40},
        "task.observation.terms": {"camera": {"colour": "grey", "stack": 3}},
    }
    env = RaceVecEnv([load("torcs/aalborg", overrides=overrides)], 2, seed=1)
    try:
        model = stable_baselines3.PPO(
            "CnnPolicy", env, n_steps=16, batch_size=32, n_epochs=1, device="cpu", seed=1
        )
        model.learn(64)
        assert model.num_timesteps == 64
    finally:
        env.close()
