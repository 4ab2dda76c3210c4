"""TMInterface 2 in lockstep: the contract, faster than real time, rewinds, frames."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

import racegym
from racegym.errors import BackendUnavailable, ProtocolError
from racegym.signals import Controls
from racegym.simulator import Simulator
from racegym.testing import SimulatorContract
from racegym_trackmania import backend
from racegym_trackmania.tminterface import Client, pose


def simulator(**options) -> Simulator:
    return backend.build(backend.options(source="tminterface", game="tmnf", **options))


class TestLockstep(SimulatorContract):
    steps = 60

    def simulator(self) -> Simulator:
        return simulator()

    def kill(self, simulator: Simulator) -> None:
        os.kill(simulator.pid, signal.SIGKILL)

    # engine speed and gear are not among what we read of a simulation state
    def test_the_common_set_is_provided_or_derivable(self) -> None:
        pytest.skip("TMInterface's state is read for the motion alone")

    def test_full_throttle_moves_forward(self, drive) -> None:
        history = self._launch(drive)
        assert history[-1]["velocity"][0, 0] > 1 and history[-1]["distance"][0] > 1


def test_frames_show_the_moment_and_leave_it_as_it_is():
    one = simulator(width=160, height=120)
    one.open()
    one.reset()
    controls = Controls(1)
    controls["throttle"] = 1
    one.send(controls)
    before = one.read().copy()
    picture = one.frame("screen")
    assert picture.shape == (1, 120, 160, 3) and picture.std() > 20
    one.send(controls)
    assert one.read()["time"][0] == pytest.approx(before["time"][0] + 0.05)
    one.close()


def test_a_task_is_driven_faster_than_real_time():
    terms = (
        "speed",
        "velocity",
        "yaw_rate",
        "heading_error",
        "track_position",
        "rangefinders",
        "steer",
        "throttle",
    )
    assert set(terms) - {"rangefinders", "heading_error", "track_position"} <= simulator().spec.signals
    task = {"task.observation.terms": dict.fromkeys(terms), "task.termination.laps": {"count": 1}}
    env = racegym.make(
        {"simulator": {"backend": "trackmania", "source": "tminterface", "game": "tmnf"}}, overrides=task
    )
    observation, _ = env.reset(seed=1)
    began = time.monotonic()
    for _ in range(200):
        action = np.clip([-2 * env.session.now["heading_error"][0], 0.5], -1, 1).astype(np.float32)
        observation, *_ = env.step(action)
    assert observation in env.observation_space
    assert env.session.now["time"][0] == pytest.approx(10)
    assert time.monotonic() - began < 10, "slower than real time"
    env.close()


def test_nobody_at_the_port_is_an_error_that_says_what_to_start(free_port):
    with pytest.raises(BackendUnavailable, match="Python_Link"):
        Client("127.0.0.1", free_port, 1.0)


def test_a_short_state_is_refused():
    with pytest.raises(ProtocolError, match="no state"):
        pose(b"\0" * 100)


@pytest.fixture
def free_port():
    """A port on which nobody listens."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
