"""Whole races of the stand-in at 20 decisions a second, through its window, its keys and its finish.

Once more where the machine is too busy for real time: a driver that is held up for long leaves the road.
"""

from __future__ import annotations

import numpy as np
import pytest
from trackmania import PATIENT

import racegym
from racegym import agents, driving
from racegym.agents.fit import seat
from racegym_bicycle.circuits import circuit
from racegym_trackmania import line

TRIES = 3


def race(config: str, agent: str, **options) -> driving.Drive:
    """A drive from the start to the finish."""
    simulator = {"display": "own", "deadlines": PATIENT, **options}
    overrides = {f"simulator.{name}": value for name, value in simulator.items()}
    endings = {"task.termination": {"laps": {"count": 1}}, "task.truncation": {"seconds": 45}}
    driver = agents.load(agent)
    drive = None
    for _ in range(TRIES):
        env = racegym.make(seat(driver, config, None, {**overrides, **endings}, 1))
        drive = driving.drive(env, driver, name=agent)
        if drive.lap_times:
            env.reset()
            now = env.session.now
            assert now["laps"][0] == 0 and now["speed"][0] < 1, (
                "the race begins anew behind what the finish shows"
            )
            env.close()
            return drive
        env.close()
    raise AssertionError(f"no lap: {drive and drive.summary()}")


def test_the_agent_that_laps_torcs_finishes_the_stand_ins_circuit_by_keys_at_20_hertz():
    drive = race("trackmania/stand-in", "scripted", circuit="kart")
    assert drive.lap_times[0] < 40
    places = np.concatenate([drive.telemetry["position"], drive.telemetry["position"][:1]])
    driven = line.from_drive("driven", places, width=10)
    off = circuit("kart").locate(driven.points).offset
    # a busy machine lets it run wide; an idle one does not
    assert driven.closed and np.median(np.abs(off)) < 3, "what was driven is the circuit"


def test_beams_and_the_hud_are_enough_for_a_lap_from_pixels_alone():
    drive = race("trackmania/pixels", "lidar")
    assert drive.ended_by in ("laps", "finished")
    assert 15 < drive.lap_times[0] < 45
    assert np.isnan(drive.telemetry["position"]).all(), "nothing but pixels"


@pytest.mark.parametrize("agent", ["lidar"])
def test_the_driver_by_beams_asks_for_the_picture_that_it_knows(agent):
    run = seat(agents.load(agent), "trackmania/pixels")
    assert (run.simulator.options.width, run.simulator.options.height) == (480, 240)  # pyright: ignore[reportAttributeAccessIssue]
