"""TORCS's window: people look on in real time, drive by keys, and close it; a camera over it from outside."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import racegym
from racegym import agents, capture
from racegym.agents.fit import seat
from racegym.agents.gamepad import BRAKE, STEER, THROTTLE, Gamepad
from racegym.agents.keyboard import Keyboard
from racegym.driving import drive
from racegym.errors import BackendUnavailable, ConfigurationError
from racegym_torcs import backend, locate
from racegym_torcs.options import TorcsOptions
from racegym_torcs.serve import Listening, Service
from racegym_torcs.window import WindowedTorcs

pytest.importorskip("Xlib")
pytest.importorskip("mss")

from scr import Server, until
from xserver import Hands

from racegym_trackmania.launch import Display

TITLE = "racegym: TORCS"
SMALL = {"simulator.camera": {"width": 160, "height": 120}}
ENOUGH = 3000
"""Steps, a minute of them, that a person's doing may take to arrive."""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = Display(640, 480)
    monkeypatch.setenv("DISPLAY", server.name)
    monkeypatch.setenv("LIBGL_ALWAYS_SOFTWARE", "1")
    yield server.name
    server.close()


@pytest.fixture
def hands(screen: str) -> Iterator[Hands]:
    made = Hands(screen)
    yield made
    made.close()


def window() -> Any:
    found = capture.find([TITLE])
    assert found is not None
    return found


def test_the_window_runs_in_real_time_and_closing_it_ends_the_episode(hands: Hands) -> None:
    env = racegym.make("torcs/aalborg", overrides=SMALL, render_mode="human")
    try:
        env.reset(seed=1)
        began = time.perf_counter()
        for _ in range(50):
            env.step(np.zeros(2))
        assert time.perf_counter() - began > 0.98  # not faster than the second that it shows
        hands.close_window(window())
        for _ in range(ENOUGH):
            *_, truncated, info = env.step(np.zeros(2))
            if truncated:
                break
        assert info["ended_by"] == "fault" and "window was closed" in info["fault"]
        env.reset()
        *_, truncated, _ = env.step(np.zeros(2))
        assert not truncated and window() is not None
    finally:
        env.close()
    deadline = time.monotonic() + 10
    while capture.find([TITLE]) is not None:  # the X server hears of its end a little later
        assert time.monotonic() < deadline


def test_a_person_drives_by_keys_and_ends_the_drive_with_escape(hands: Hands) -> None:
    agent = agents.load("keyboard")
    assert isinstance(agent, Keyboard)
    env = racegym.make(seat(agent, "torcs/aalborg", overrides=SMALL), render_mode=agent.render_mode)
    agent.listen(env.session)
    script = iter([("Up", 5.0, "speed"), ("Left", 0.05, "heading_error"), ("Escape", np.inf, "speed")])
    wanted: list[Any] = []

    def hand(now: Any, track: Any) -> None:
        if not wanted:
            window().focus()
        if not wanted or now[wanted[-1][2]][0] > wanted[-1][1]:
            wanted.append(next(script))
            hands.press(wanted[-1][0])

    try:
        driven = drive(env, agent, watch=hand)
    finally:
        env.close()
    assert driven.ended_by == "interrupted" and len(wanted) == 3
    assert driven.telemetry["speed"].max() > 5 and driven.telemetry["heading_error"].max() > 0.05


def begin_race(server: Server, hands: Hands) -> None:
    """Through TORCS's menus by their preselected buttons: Race, Quick Race, New Race."""
    deadline = time.monotonic() + 100
    while "ready" not in {event.kind for event in server.events}:
        assert time.monotonic() < deadline
        found = capture.find([str(locate.require().program / "torcs-bin")])  # so TORCS calls its window
        if found is not None:
            found.focus()
            found.close()
            hands.press("Return")
            hands.release("Return")
        until(lambda: "ready" in {event.kind for event in server.events}, 1.0)


def test_a_camera_looks_at_the_window_of_a_race_that_runs_already(hands: Hands, screen: str) -> None:
    server = Server(Service(TorcsOptions(track="road/aalborg"), Listening(port=0, display=True)))
    try:
        begin_race(server, hands)
        overrides = {
            "simulator.connect": f"127.0.0.1:{server.ports[0]}",
            "simulator.screen": {"width": 64, "height": 48, "display": screen},
            "simulator.deadlines": {"step": 20.0},
            "task.observation.terms": {"camera": {"stack": 2}},
        }
        env = racegym.make("torcs/aalborg", overrides=overrides, render_mode="rgb_array")
        try:
            observation, _ = env.reset()
            assert observation.shape == (48, 64, 6) and observation.std() > 10
            seen = {env.render().tobytes()}
            for _ in range(ENOUGH):
                env.step(np.array([0.0, 1.0]))
                seen.add(env.render().tobytes())
                if len(seen) > 3:  # how often the window is drawn anew is the game's business
                    break
            assert len(seen) > 3
        finally:
            env.close()
    finally:
        server.close()


def test_a_screen_without_such_a_window_says_how_to_get_one(screen: str) -> None:
    options = {"connect": "127.0.0.1:3001", "screen": {"window": "none such"}, "deadlines": {"picture": 0.1}}
    simulator = backend.build(TorcsOptions.model_validate(options))
    assert isinstance(simulator, WindowedTorcs)
    with pytest.raises(BackendUnavailable, match="no window is called none such.*serve --display"):
        simulator.frame("screen")
    simulator.close()
    with pytest.raises(ConfigurationError, match="give connect, or use camera"):
        racegym.make("torcs/aalborg", overrides={"simulator.screen": {}})


def test_a_window_without_a_display_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    env = racegym.make("torcs/aalborg", render_mode="human")
    try:
        with pytest.raises(BackendUnavailable, match="set DISPLAY"):
            env.reset()
    finally:
        env.close()


def pad_event(kind: int, number: int, value: float) -> bytes:
    """As Linux's joystick interface tells it: milliseconds, value, type, number."""
    return struct.pack("<IhBB", 0, round(value * 32767), kind, number)


AXIS, FIRST = 0x02, 0x82


def test_a_gamepad_drives_the_car(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "js0")
    pad = Gamepad.find(tmp_path)
    assert pad is not None
    writer = os.open(tmp_path / "js0", os.O_WRONLY)
    os.write(writer, b"".join(pad_event(FIRST, axis, value) for axis, value in ((0, 0), (2, -1), (5, -1))))
    assert pad.read() == (0.0, 0.0)
    monkeypatch.setattr(Gamepad, "find", classmethod(lambda cls: pad))
    agent = agents.load("keyboard")
    env: Any = racegym.make(seat(agent, "torcs/aalborg"))
    agent.listen(env.session)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        observation, _ = env.reset(seed=1)
        agent.reset(1)

        def drive_on(steps: int, axis: int, value: float) -> Any:
            nonlocal observation
            os.write(writer, pad_event(AXIS, axis, value))
            for _ in range(steps):
                observation, *_ = env.step(agent.act(observation[None])[0])
            return env.session.now

        assert drive_on(150, THROTTLE, 1.0)["speed"][0] > 8
        assert drive_on(40, STEER, -0.5)["yaw_rate"][0] > 0.05
        drive_on(1, THROTTLE, -1.0)
        faster = float(env.session.now["speed"][0])
        assert drive_on(40, BRAKE, 1.0)["speed"][0] < faster - 3
    finally:
        env.close()
        os.close(writer)
