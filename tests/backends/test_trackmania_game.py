"""The stand-in's faults, keys that are never left down, two games at once, other sources, pixels and the
truth behind them.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import racegym
from racegym import agents, capture
from racegym.capture import frames
from racegym.errors import BackendUnavailable, RacegymError, SimulatorLost
from racegym.signals import Controls
from racegym_trackmania import backend
from racegym_trackmania.hud import STANDIN
from racegym_trackmania.keys import KEYS, Keyboard
from racegym_trackmania.launch import Display
from racegym_trackmania.simulator import Trackmania
from racegym_trackmania.stand_in.window import frame_number

OWN = {"simulator.display": "own"}
FULL = np.array([0.0, 1.0], np.float32)


def game(**options) -> Trackmania:
    simulator = backend.build(backend.options(**{"display": "own", **options}))
    assert isinstance(simulator, Trackmania)
    return simulator


@pytest.fixture(scope="module")
def display():
    """One X server for the tests that kill and restart much."""
    server = Display()
    yield server.name
    server.close()


@pytest.fixture
def running(display):
    simulator = game(display=display)
    simulator.open()
    simulator.reset()
    yield simulator
    simulator.close()


def controls(**wanted: float) -> Controls:
    record = Controls(1)
    for name, value in wanted.items():
        record[name] = value
    return record


def held(display: str) -> list[int]:
    """Key codes that are down on this display, asked of the X server."""
    from Xlib import display as xdisplay

    connection = xdisplay.Display(display)
    codes = {connection.keysym_to_keycode(codes[0]) for codes in KEYS.values()}
    down = connection.query_keymap()
    connection.close()
    return sorted(code for code in codes if down[code // 8] >> code % 8 & 1)


# faults


@pytest.mark.parametrize(
    "fault",
    ["close", "silent", "half", "garbage", "menu", "unfocus", "resize", "stall", "freeze", "minimise", "die"],
)
def test_a_fault_ends_the_episode_within_ten_periods_and_the_next_reset_mends_it(fault, display):
    env = racegym.make(
        "trackmania/stand-in", overrides={"simulator.display": display, "clock.realtime": 0.05}
    )
    try:
        env.reset(seed=1)
        for _ in range(3):
            env.step(FULL)
        env.session.fleet.members[0][0].fault(fault)
        began = time.monotonic()
        step, truncated, info = 0, False, {}
        while not truncated and step < 15:
            *_, truncated, info = env.step(FULL)
            step += 1
        assert truncated and info["ended_by"] == "fault", f"{fault}: {info}"
        assert "trackmania:" in info["fault"]
        assert step <= 12  # ten periods, the one that was running, and the one that is seen a step later
        assert time.monotonic() - began < 3
        assert held(display) == [], "keys are still down"
        observation, _ = env.reset()
        assert np.isfinite(observation).all()
        env.step(FULL)
    finally:
        env.close()


def test_a_window_that_is_moved_is_followed(running):
    before = running.frame("screen").std()
    running.fault("move")
    end = time.monotonic() + 2
    while running.connection.window.rectangle()[:2] != (37, 23) and time.monotonic() < end:
        running.read()
    running.send(controls(throttle=1))
    assert running.frame("screen").std() == pytest.approx(before, rel=0.2)
    assert running.read()["throttle"][0] in (0, 1)


def test_no_fault_is_switched_on_in_a_real_game():
    with pytest.raises(RacegymError, match="stand-in"):
        game(map="somewhere").fault("die")


# keys

OWNER = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have us started with it ignored
from racegym_trackmania.keys import Keyboard
keyboard = Keyboard({display!r})
keyboard.hold(("up", "left"))
print("held", flush=True)
{ending}
"""
ENDINGS = {
    "exit": "pass",
    "exception": "raise ZeroDivisionError",
    "sys.exit": "sys.exit(3)",
    "SIGTERM": "sys.stdin.read()",
    "SIGINT": "sys.stdin.read()",
    "SIGHUP": "sys.stdin.read()",
}


def owner(display: str, ending: str) -> subprocess.Popen:
    """A process that holds two keys."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(display=display, ending=ending)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 30)[0] and process.stdout.readline() == b"held\n"
    return process


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_key_stays_down_after_the_process_ends(ending, display):
    process = owner(display, ENDINGS[ending])
    if ending.startswith("SIG"):
        assert len(held(display)) == 2
        process.send_signal(getattr(signal, ending))
    process.wait(30)
    assert held(display) == []


def test_after_sigkill_the_next_start_clears_the_keys(display):
    process = owner(display, "sys.stdin.read()")
    process.kill()
    process.wait(30)
    assert len(held(display)) == 2, "nobody could have released them"
    Keyboard(display).close()
    assert held(display) == []


def test_keys_are_released_by_reset_and_close(running, display):
    running.send(controls(throttle=1, steer=1))
    assert len(held(display)) == 2
    running.reset()
    assert held(display) == []
    running.send(controls(throttle=1))
    running.close()
    assert held(display) == []


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


def test_the_scripted_driver_keeps_to_the_road_by_keys_at_20_hertz(display):
    env = racegym.make("trackmania/stand-in", overrides={"simulator.display": display})
    driver = agents.load("scripted")
    observation, _ = env.reset(seed=1)
    driver.reset(1)
    for _ in range(200):
        # the last actions come behind what the driver knows
        observation, _, terminated, truncated, info = env.step(driver.act(observation[None])[0])
        assert not (terminated or truncated), info
    assert env.session.now["distance"][0] > 100 and env.session.now["off_track"][0] == 0
    env.close()


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
    env = racegym.make(
        "trackmania/stand-in",
        overrides={"simulator.display": display, "simulator.source": "tmrl", "clock.realtime": 0.05},
    )
    env.reset(seed=1)
    for _ in range(30):
        *_, info = env.step(FULL)
    now = env.session.now
    assert now["speed"][0] > 3 and abs(now["heading_error"][0]) < 0.2 and "fault" not in info
    assert now["time"][0] == pytest.approx(1.5, abs=0.5)
    env.reset()
    assert env.session.now["speed"][0] < 1
    env.close()


def test_the_forever_game_from_pixels_alone(display):
    task = {
        "observation": {"format": "dict", "terms": {"frames": {"history": 3}, "speed": {}}},
        "reward": {"speed": {}}, "termination": {},
    }  # fmt: skip
    simulator = {"backend": "trackmania", "game": "tmnf", "source": "pixels", "display": display}
    env = racegym.make({"simulator": simulator, "task": task, "clock": {"realtime": 0.05}})
    observation, _ = env.reset(seed=1)
    assert observation["frames"].shape == (4, 64, 64) and observation["frames"].dtype == np.uint8
    speeds = [env.step(np.array([0, 1, -1][: env.action_space.shape[0]], np.float32))[1] for _ in range(40)]
    assert speeds[-1] > 3 and observation in env.observation_space
    env.close()


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


def test_a_closed_game_is_lost(running):
    os.kill(running.pid, signal.SIGKILL)

    def drive_on():
        for _ in range(100):
            running.send(controls())
            running.read()

    with pytest.raises(SimulatorLost, match="stand-in ended"):
        drive_on()
