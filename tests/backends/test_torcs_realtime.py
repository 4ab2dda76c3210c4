"""TORCS on the clock on the wall, as games that do not wait: a row of the timing benchmark."""

from __future__ import annotations

import pytest

from racegym.benchmark.realtime import timing

pytest.importorskip("rtgym")


def test_torcs_is_driven_in_real_time_by_the_clock_that_trackmania_has():
    row = timing("torcs/aalborg", 0.05, 60)
    assert row["simulator"] == "torcs/road/aalborg"
    assert row["faults"] == 0 and row["episodes"] == 1
    assert row["interval_mean"] > 0.049, "never shorter; on a busy machine longer"
    assert row["age_median"] < 0.05 or row["late"] > 0
