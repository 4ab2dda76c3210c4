"""The stand-in: pixels and the truth behind them, two games at once, other sources, what is missing."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from trackmania import PATIENT, controls, game

import racegym
from racegym import capture
from racegym.capture import frames
from racegym.errors import BackendUnavailable
from racegym_trackmania import backend, line
from racegym_trackmania.hud import STANDIN
from racegym_trackmania.record import record
from racegym_trackmania.stand_in.window import frame_number

FULL = np.array([0.0, 1.0], np.float32)


# what is seen


def test_pixels_and_telemetry_tell_the_same(running):
    for _ in range(60):
        running.send(controls(throttle=1))
        now = running.read()
    assert running.connection.reader is not None
    picture = running.frame("screen")[0]
    newest = running.connection.reader.newest
    assert abs(frame_number(picture) - newest.sequence) <= 2
    shown = STANDIN.read(picture)
    assert shown is not None and shown == pytest.approx(now["speed"][0] * 3.6, abs=4)
    beams = frames.lidar(picture)
    assert beams.shape == (19,) and (beams > 0).all()
    assert beams[:9].mean() == pytest.approx(beams[10:].mean(), rel=0.3), "the road lies ahead, left as right"


def test_two_games_on_two_displays_know_nothing_of_each_other():
    one, other = game(), game()
    try:
        for each in (one, other):
            each.open()
            each.reset()
        for _ in range(40):
            one.send(controls(throttle=1))
            other.send(controls(throttle=0))
            fast, slow = one.read()["speed"][0], other.read()["speed"][0]
        assert fast > 3 and slow == 0
        one.close()
        other.send(controls(throttle=1))
        assert other.read()["time"][0] > 0
    finally:
        one.close()
        other.close()


def test_tmrls_own_stream_drives_too(display):
    simulator = {"display": display, "source": "tmrl", "deadlines": PATIENT}
    env = racegym.make("trackmania/stand-in", overrides={f"simulator.{k}": v for k, v in simulator.items()})
    env.reset(seed=1)
    began = env.session.now["time"][0]
    for _ in range(30):
        *_, info = env.step(FULL)
    now = env.session.now
    assert now["speed"][0] > 3 and abs(now["heading_error"][0]) < 0.2 and "fault" not in info
    assert now["time"][0] - began > 1.3, "the clock is ours"
    env.reset()
    assert env.session.now["speed"][0] < 1
    env.close()


def test_the_forever_game_from_pixels_alone(display):
    overrides = {"simulator.display": display, "simulator.deadlines": PATIENT}
    env = racegym.make("trackmania/pixels", overrides=overrides)
    observation, _ = env.reset(seed=1)
    assert observation["frames"].shape == (4, 84, 84) and observation["frames"].dtype == np.uint8
    rewards = [env.step(FULL)[1] for _ in range(30)]
    assert rewards[-1] > 3 and observation in env.observation_space
    env.close()


def test_a_line_is_recorded_of_whatever_game_sends_our_record(display):
    driven = game(display=display, source="tmrl")
    driven.open()
    driven.reset()
    stand_in = driven.connection.stand_in
    assert stand_in is not None and driven.track is not None
    found: list[np.ndarray] = []
    options = {"port": str(stand_in.ports[0])}
    thread = threading.Thread(target=lambda: found.append(record(options, 5.0, False, str)), daemon=True)
    thread.start()
    while thread.is_alive():
        driven.send(controls(throttle=1))
        driven.read()
    track = line.from_drive("mine", found[0])
    assert not track.closed and track.length > 3
    assert np.abs(driven.track.locate(track.points).offset).max() < 1
    driven.close()


# what is missing


def test_without_the_game_the_error_says_what_to_start(display):
    simulator = backend.build(backend.options(map="somewhere", display=display, deadlines={"start": 0.5}))
    with pytest.raises(BackendUnavailable, match="stand-in"):
        simulator.open()
    simulator.close()


def test_without_a_screen_the_error_says_so(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(BackendUnavailable, match="DISPLAY"):
        capture.find(("Trackmania",))
