"""The stand-in of TrackMania as tests use it."""

from __future__ import annotations

from racegym.signals import Controls
from racegym_trackmania import backend
from racegym_trackmania.keys import KEYS
from racegym_trackmania.simulator import Trackmania

PATIENT = {"step": 5.0}
"""Deadlines for drives that are not about faults: the machine may be busy, and everything on it slow."""


def game(**options) -> Trackmania:
    """A stand-in, on a display of its own unless another is named; not yet open."""
    simulator = backend.build(backend.options(**{"display": "own", "deadlines": PATIENT, **options}))
    assert isinstance(simulator, Trackmania)
    return simulator


def controls(**wanted: float) -> Controls:
    """One car's controls, the others at rest."""
    record = Controls(1)
    for name, value in wanted.items():
        record[name] = value
    return record


def held(display: str) -> list[int]:
    """Key codes that are down on this display, asked of the X server."""
    from Xlib import display as xdisplay

    connection = xdisplay.Display(display)
    codes = {connection.keysym_to_keycode(codes[0]) for codes in KEYS.values()}
    down = connection.query_keymap()
    connection.close()
    return sorted(code for code in codes if down[code // 8] >> code % 8 & 1)
