"""The policy that ships, in the real game: it laps tracks, trained on or not, as docs/training.md says."""

from __future__ import annotations

import pytest

import racegym
from racegym import agents
from racegym.agents.fit import seat
from racegym.driving import drive


@pytest.mark.parametrize(
    ("track", "scripted", "known"),
    [("road/aalborg", 91.23, True), ("road/eroad", 86.83, False), ("oval/michigan", 48.06, False)],
)
def test_the_shipped_policy_is_faster_than_the_scripted_driver(track, scripted, known):
    pytest.importorskip("stable_baselines3")
    driver = agents.load("trained")
    assert (f"torcs/{track}" in driver.about["trained_on"]) is known
    env = racegym.make(seat(driver, f"torcs/{track}"))
    try:
        driven = drive(env, driver, seed=1)
    finally:
        env.close()
    assert driven.ended_by == "laps"
    assert driven.lap_times[0] < scripted
