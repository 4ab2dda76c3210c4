"""The policy that ships, in the real game: it laps tracks that it has never been trained on, as docs/training.md says."""

from __future__ import annotations

import pytest

import racegym
from racegym import agents
from racegym.agents.fit import seat
from racegym.driving import drive


@pytest.mark.parametrize(("track", "scripted"), [("road/eroad", 86.83), ("oval/michigan", 48.06)])
def test_the_shipped_policy_is_faster_than_the_scripted_driver_where_it_was_not_trained(track, scripted):
    pytest.importorskip("stable_baselines3")
    driver = agents.load("trained")
    assert f"torcs/{track}" not in driver.about["trained_on"]
    env = racegym.make(seat(driver, f"torcs/{track}"))
    try:
        driven = drive(env, driver, seed=1)
    finally:
        env.close()
    assert driven.ended_by == "laps"
    assert driven.lap_times[0] < scripted
