"""How quick keys and pixels are, measured on the stand-in: a press lights a lamp in the picture at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from racegym_trackmania.options import TrackmaniaOptions
from racegym_trackmania.simulator import Trackmania
from racegym_trackmania.stand_in.window import CODE, LAMP, LAMPS

PATIENCE = 1.0
LIT = 200


def measure(presses: int, own: bool) -> dict[str, tuple[float, float]]:
    """Medians and 99th percentiles, s."""
    simulator = Trackmania(TrackmaniaOptions(display="own" if own else None))
    simulator.open()
    try:
        simulator.reset()
        moments = np.random.default_rng(1).uniform(0, 0.016, presses)
        series = np.array([_press(simulator, "left" if i % 2 else "right", m) for i, m in enumerate(moments)])
        columns = zip(("key to pixel", "key to telemetry", "grab"), series.T, strict=True)
        return {what: (float(np.median(s)), float(np.percentile(s, 99))) for what, s in columns}
    finally:
        simulator.close()


def _press(simulator: Trackmania, name: str, moment: float) -> tuple[float, float, float]:
    """Press one key, `moment` s after a telemetry: until the picture shows it, until telemetry does; a grab."""
    keys, reader = simulator.connection.keys, simulator.connection.reader
    assert reader is not None
    sign = 1 if name == "left" else -1

    def told() -> bool:
        return reader.newest is not None and sign * reader.newest.steer > 0

    keys.hold(())
    _until(lambda: not any(_lamp(simulator.connection.grab(), lamp) for lamp in LAMPS))
    _until(lambda: not told())
    reader.wait(reader.records, moment)
    began = time.perf_counter()
    keys.hold((name,))
    shown = _until(lambda: _lamp(simulator.connection.grab(), name)) - began
    heard = _until(told) - began
    before = time.perf_counter()
    simulator.connection.grab()
    return shown, heard, time.perf_counter() - before


def _lamp(pixels: np.ndarray, name: str) -> bool:
    """Whether the lamp of this key is lit."""
    row = pixels.shape[0] - CODE - LAMP // 2
    return bool(pixels[row, LAMPS.index(name) * LAMP + LAMP // 2, 0] > LIT)


def _until(condition: Callable[[], bool]) -> float:
    """The moment at which it holds."""
    end = time.perf_counter() + PATIENCE
    while not condition() and time.perf_counter() < end:
        pass
    return time.perf_counter()
