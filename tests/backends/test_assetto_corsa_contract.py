"""The contract against the stand-in, over real sockets; laps by the agent that laps every game; the clocks."""

from __future__ import annotations

import os
import shutil
import signal

import numpy as np
import pytest

import racegym
from racegym import agents
from racegym.driving import drive
from racegym.signals import Controls
from racegym.simulator import Simulator
from racegym.testing import SimulatorContract
from racegym_assetto_corsa import latency
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.simulator import AssettoCorsa

#: Times real time; the stand-in's clock then goes by its frames, so a busy machine only slows it down.
PACE = 10.0


def simulator(**options: object) -> AssettoCorsa:
    return AssettoCorsa(AssettoCorsaOptions.model_validate({"stand_in": {"pace": PACE}, **options}))


class TestStandIn(SimulatorContract):
    steps = 100

    def simulator(self) -> Simulator:
        return simulator()

    def kill(self, simulator: Simulator) -> None:
        assert isinstance(simulator, AssettoCorsa)
        os.kill(simulator.stand_in.pid, signal.SIGKILL)


@pytest.mark.parametrize("by", ["game", "racegym"])
def test_reverse_is_engaged_by_button_with_either_gearbox(by: str) -> None:
    driven = simulator(gears={"by": by})
    driven.open()
    try:
        driven.reset()
        controls = Controls(1)
        controls["gear"], controls["throttle"] = -1, 0.5
        for _ in range(60):
            driven.send(controls)
            now = driven.read()
        assert now["gear"][0] == -1 and now["velocity"][0, 0] < -1
    finally:
        driven.close()


@pytest.mark.parametrize(
    "changes", [{}, {"simulator.gears": {"by": "racegym", "up": 8000.0, "down": 4500.0}}]
)
def test_the_scripted_agent_laps_it(changes: dict) -> None:
    env = racegym.make("assetto_corsa/stand-in", overrides={"simulator.stand_in.pace": 15.0, **changes})
    try:
        driven = drive(env, agents.load("scripted"), laps=1, seed=1)
    finally:
        env.close()
    assert driven.ended_by == "laps" and driven.off_track_time == 0
    assert 35 < driven.lap_times[0] < 70
    assert driven.telemetry["gear"].max() >= 4


def test_the_same_task_has_the_same_spaces_as_in_other_games() -> None:
    ours, other = (
        racegym.make("hotlap", simulator=name) for name in ("assetto_corsa/stand-in", "bicycle/oval")
    )
    assert ours.observation_space == other.observation_space
    assert ours.action_space == other.action_space


def test_a_step_of_its_own_length_runs_by_rtgyms_clock() -> None:
    pytest.importorskip("rtgym")
    env = racegym.make("assetto_corsa/stand-in", overrides={"clock.realtime": 0.08})
    try:
        env.reset(seed=0)
        times = [float(env.unwrapped.session.now["time"][0])]
        for _ in range(20):
            env.step(np.array([0.0, 1.0], np.float32))
            times.append(float(env.unwrapped.session.now["time"][0]))
        interval = env.unwrapped.session.timing.summary()["interval_mean"]
    finally:
        env.close()
    assert interval > 0.075, "never shorter; on a busy machine longer"
    assert np.diff(times)[5:].mean() == pytest.approx(interval, rel=0.25)


busy = pytest.mark.skipif(
    os.getloadavg()[0] > 4 * (os.cpu_count() or 1), reason="a latency, on a machine that has no time for it"
)


@busy
def test_each_state_is_awaited_at_25_a_second_and_none_is_lost_uncounted() -> None:
    """The documentation has a thousand steps: ``racegym assetto_corsa latency --steps 1000``."""
    figures = latency.measure(latency.variant(50, hold_gil=False, linger=0), steps=100)
    assert figures.period * figures.steps == pytest.approx((figures.steps + figures.skipped) * 0.04, rel=0.02)
    assert 0 < figures.median < 0.045


@busy
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_a_host_that_holds_pythons_lock_is_served_as_well() -> None:
    figures = latency.measure(latency.variant(100, hold_gil=True, linger=0), steps=50)
    assert figures.median < 0.03
