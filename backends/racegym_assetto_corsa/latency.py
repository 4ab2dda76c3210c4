"""How long from a state to the control that answers it acting in the plug-in, and how even the period is:
figures of a run.

The plug-in measures it, on the game's clock, from sending a state to applying the control that names it; our plug-in
alone
does. In between lie the client's own work and the wait for the next frame, in which the plug-in looks for controls.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from racegym.errors import ConfigurationError
from racegym.signals import Controls
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.simulator import AssettoCorsa


@dataclass(frozen=True)
class Figures:
    """Of one run; times in seconds."""

    steps: int
    median: float
    """From state to control."""
    p99: float
    period: float
    """Mean, between states read, by the client's clock."""
    period_spread: float
    """Standard deviation."""
    skipped: int


def measure(options: AssettoCorsaOptions, steps: int = 500) -> Figures:
    """Drive `steps` steps in the session that the options describe and measure."""
    simulator = AssettoCorsa(options)
    simulator.open()
    try:
        simulator.reset()
        if "control_lag" not in simulator.state:
            raise ConfigurationError("assetto_corsa: this plug-in does not measure latency; ours does")
        return _drive(simulator, steps)
    finally:
        simulator.close()


def _drive(simulator: AssettoCorsa, steps: int) -> Figures:
    controls = Controls(1)
    controls["throttle"] = 0.3
    lags, moments = [], [time.perf_counter()]
    skipped = simulator.counts.get("skipped", 0)
    for _ in range(steps):
        simulator.send(controls)
        simulator.read()
        moments.append(time.perf_counter())
        lags.append(simulator.state["control_lag"])
    periods = np.diff(moments)
    return Figures(
        steps,
        float(np.median(lags)),
        float(np.percentile(lags, 99)),
        float(periods.mean()),
        float(periods.std()),
        simulator.counts.get("skipped", 0) - skipped,
    )


#: The stand-in's variants whose figures the documentation has: frames a second, lock held, wait in the frame (ms).
VARIANTS = (
    (50, False, 0),
    (50, True, 0),
    (50, False, 3),
    (50, True, 3),
    (100, False, 0),
    (100, True, 0),
    (100, False, 3),
)


def variant(frames: float, hold_gil: bool, linger: float) -> AssettoCorsaOptions:
    """Options of a stand-in in real time."""
    return AssettoCorsaOptions.model_validate(
        {
            "stand_in": {
                "frames": float(frames),
                "hold_gil": hold_gil,
                "settings": {"CONTROL": {"LINGER": f"{linger:g}"}},
            }
        }
    )
