"""A TORCS that makes pictures, and a way to drive it."""

from __future__ import annotations

from racegym.signals import Controls
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs

WIDTH, HEIGHT = 160, 120
SMALL = {"width": WIDTH, "height": HEIGHT}


def game(view: str = "bonnet", **options) -> Torcs:
    camera = {**SMALL, "view": view, **options.pop("camera", {})}
    return Torcs(TorcsOptions.model_validate({"track": "road/aalborg", "camera": camera, **options}))


def drive(simulator: Torcs, steps: int, throttle: float = 0.6, steer: float = 0.0) -> None:
    controls = Controls(simulator.spec.cars)
    controls["throttle"], controls["gear"], controls["steer"] = throttle, 1, steer
    for _ in range(steps):
        simulator.send(controls)
        simulator.read()
