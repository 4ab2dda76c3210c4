"""Every fault that the stand-in can have ends the episode in time, and no key is left down, whatever ends the process."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from trackmania import controls, game, held

import racegym
from racegym.errors import RacegymError, SimulatorLost
from racegym_trackmania.keys import Keyboard

FULL = np.array([0.0, 1.0], np.float32)
TEN = 10


def driving(env) -> None:
    """Drive for three steps; a busy machine may be taken for a fault, and then it is tried again."""
    for _ in range(20):
        env.reset()
        if not any(env.step(FULL)[3] for _ in range(3)):
            return
    raise AssertionError("the machine is too busy for three steps without a fault")


def ends_in_time(env, fault: str) -> None:
    """The fault truncates the episode within ten control periods, and the next reset puts it right."""
    driving(env)
    env.session.fleet.members[0][0].fault(fault)
    truncated, info = False, {}
    for _ in range(TEN):
        *_, truncated, info = env.step(FULL)
        if truncated:
            break
    assert truncated and info["ended_by"] == "fault" and info["fault"], f"{fault}: {info}"


@pytest.mark.parametrize(
    "fault",
    ["close", "silent", "half", "garbage", "menu", "unfocus", "resize", "stall", "freeze", "minimise", "die"],
)
def test_a_fault_ends_the_episode_within_ten_periods_and_the_next_reset_mends_it(fault, display):
    overrides = {"simulator.display": display, "clock.realtime": 0.05}
    with contextlib.closing(racegym.make("trackmania/stand-in", overrides=overrides)) as env:
        ends_in_time(env, fault)
        assert held(display) == [], "keys are still down"
        driving(env)


@pytest.mark.parametrize("fault", ["menu", "freeze", "resize", "die"])
def test_from_pixels_alone_too(fault, display):
    overrides = {"simulator.display": display, "task.observation.terms": {"speed": {}}}
    with contextlib.closing(racegym.make("trackmania/pixels", overrides=overrides)) as env:
        ends_in_time(env, fault)
        assert held(display) == [], "keys are still down"
        driving(env)


def test_a_window_that_is_moved_is_followed(running):
    before = running.frame("screen").std()
    running.fault("move")
    end = time.monotonic() + 10
    while running.connection.window.rectangle()[:2] != (37, 23) and time.monotonic() < end:
        running.read()
    running.send(controls(throttle=1))
    assert running.frame("screen").std() == pytest.approx(before, rel=0.2)
    assert running.read()["throttle"][0] in (0, 1)


def test_no_fault_is_switched_on_in_a_real_game():
    with pytest.raises(RacegymError, match="stand-in"):
        game(map="loaded").fault("die")


def test_a_closed_game_is_lost(running):
    os.kill(running.pid, signal.SIGKILL)

    def drive_on():
        for _ in range(100):
            running.send(controls())
            running.read()

    with pytest.raises(SimulatorLost, match="stand-in ended"):
        drive_on()


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


def start(*words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip


def owner(display: str, ending: str) -> subprocess.Popen:
    """A process that holds two keys."""
    process = start("-c", OWNER.format(display=display, ending=ending))
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 60)[0] and process.stdout.readline() == b"held\n"
    return process


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_key_stays_down_after_the_process_ends(ending, display):
    process = owner(display, ENDINGS[ending])
    if ending.startswith("SIG"):
        assert len(held(display)) == 2
        process.send_signal(getattr(signal, ending))
    process.wait(60)
    assert held(display) == []


def test_a_drive_that_is_terminated_lets_go(display, tmp_path):
    words = ["-m", "racegym", "drive", "trackmania/stand-in", "--out", str(tmp_path / "out"), "--json"]
    drive = start(*words, "--set", f"simulator.display={display}", "--set", "simulator.deadlines.step=5")
    end = time.monotonic() + 90
    while not held(display) and drive.poll() is None and time.monotonic() < end:
        pass
    assert held(display), "it never drove"
    drive.send_signal(signal.SIGTERM)
    assert drive.wait(30) == -signal.SIGTERM
    assert held(display) == []


def test_after_sigkill_the_next_start_clears_the_keys(display):
    process = owner(display, "sys.stdin.read()")
    process.kill()
    process.wait(60)
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
