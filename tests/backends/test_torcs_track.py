"""Tracks as TORCS has them: what follows from the exported geometry is what the game reports."""

from __future__ import annotations

import numpy as np
import pytest

from racegym.benchmark.agreement import agreement
from racegym.trackside import BANDS
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs


@pytest.mark.parametrize("course", ["torcs/dirt/dirt-5", "torcs/road/g-track-1"])
def test_derived_signals_agree_with_the_game_s_own(course: str) -> None:
    found = agreement(course, {"simulator.beams": "clean"})
    assert found.telemetries > 1500
    assert found.track_position < 1e-3 and found.heading_error < 1e-3 and found.lap_distance < 0.1
    assert found.beams > 0.99


def test_a_track_knows_its_ground_and_its_pits() -> None:
    simulator = Torcs(TorcsOptions(track="road/aalborg"))
    simulator.open()
    try:
        track = simulator.track
    finally:
        simulator.close()
    assert track is not None and track.ground is not None and track.pits is not None
    ground, road = track.ground, BANDS.index("road")
    assert np.allclose(ground.width[:, road], track.width_left + track.width_right)
    assert all("asphalt" in ground.surfaces[number].name for number in np.unique(ground.surface[:, road]))
    frictions = np.array([surface.friction for surface in ground.surfaces])
    assert frictions[ground.surface[:, road]].min() > 1 and frictions.min() < 0.8
    where = track.locate(track.pits.places)
    assert len(track.pits.places) > 10 and (np.sign(where.offset) == track.pits.side).all()
    assert (np.abs(where.offset) > where.width_right).all()
