"""What can be chosen about the built-in simulator, for a run and for an episode."""

from __future__ import annotations

from pydantic import Field

from racegym.simulator import Options as BackendOptions


class Start(BackendOptions):
    """Where an episode begins; `Simulator.reset` takes these, too."""

    distance: float = 0.0
    """From the start line, m."""
    offset: float = 0.0
    """From the centre line as a share of half the width: +1 the left edge."""
    heading: float = 0.0
    """From the track's direction, rad, + left."""
    speed: float = Field(default=0.0, ge=0, le=90)
    """m/s"""
    scatter: float = Field(default=0.0, ge=0, le=1)
    """How random the start is, drawn from the seed: at 1 it may be anywhere on the circuit, at an offset of up to
    0.7 and a heading of up to 0.3 rad from those given."""


class Options(Start):
    """A run's options."""

    track: str = "oval"
    """Name of the circuit."""
    cars: int = Field(default=1, ge=1)
    """They share the circuit without touching each other."""
    aids: bool = True
    """Traction control and anti-lock brakes."""
    walls: bool = True
    """Barriers beyond the grass."""
    damage: bool = True
    """Hitting a wall damages the car, at last for good."""
    period: float = Field(default=0.02, ge=0.005, le=0.1)
    """Between two telemetries, s."""
