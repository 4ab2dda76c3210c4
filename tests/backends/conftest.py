"""What several files on TrackMania's stand-in start with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from trackmania import game

from racegym_trackmania.launch import Display
from racegym_trackmania.simulator import Trackmania


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """One X server for all tests of a file."""
    server = Display()
    yield server.name
    server.close()


@pytest.fixture
def running(display) -> Iterator[Trackmania]:
    """A stand-in that waits for its first controls."""
    simulator = game(display=display)
    simulator.open()
    simulator.reset()
    yield simulator
    simulator.close()
