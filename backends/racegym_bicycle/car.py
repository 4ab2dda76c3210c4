"""What the car is made of: a rear-driven GT car of 1150 kg and about 270 kW, in SI units."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from racegym.simulator import Gearbox

GRAVITY = 9.81
AIR_DENSITY = 1.2


def _axles(front: float, rear: float) -> np.ndarray:
    """A constant of both axles, shape ``(2, 1)``, front first."""
    return field(default_factory=lambda: np.array([[front], [rear]]))


def _curve(*values: float) -> np.ndarray:
    return field(default_factory=lambda: np.array(values))


@dataclass(frozen=True, eq=False)
class Car:
    """Constants of the model."""

    mass: float = 1150.0
    """kg"""
    yaw_inertia: float = 1500.0
    """kg m^2"""
    arms: np.ndarray = _axles(1.35, -1.25)
    """Axles ahead of the centre of mass, m."""
    mass_height: float = 0.42
    """Centre of mass above the road, m."""
    axle_width: float = 1.6
    """Between the wheels of an axle, m."""
    body_radius: float = 1.0
    """How near the centre may come to a wall, m."""
    wheel_radius: float = 0.33
    """m"""
    steer_lock: float = 0.35
    """Angle of the front wheels at steer 1, rad."""
    steer_rate: float = 6.0
    """Steer per second that the rack can follow, 1/s."""

    grip: np.ndarray = _axles(1.42, 1.58)
    """Friction coefficients on asphalt."""
    stiffness: np.ndarray = _axles(9.0, 11.0)
    """B of the magic formula, per unit of slip."""
    shape: float = 1.4
    """C of the magic formula."""
    rolling: float = 0.013
    """Rolling resistance as a share of the load."""
    grass_grip: float = 0.5
    """Friction on grass as a share of that on asphalt."""
    grass_rolling: float = 0.15
    """Rolling resistance on grass as a share of the load."""
    grip_share: float = 0.98
    """Share of its grip that a tyre can turn into drive or braking; the rest holds it sideways."""
    aided_share: float = 0.85
    """The same with traction control and anti-lock brakes."""

    drag_area: float = 0.85
    """Drag coefficient times frontal area, m^2."""
    lift_areas: np.ndarray = _axles(0.35, 0.65)
    """Downforce coefficients times frontal area, m^2."""

    brake_forces: np.ndarray = _axles(16_000.0, 9_000.0)
    """At the road with the pedal down, N."""
    handbrake_forces: np.ndarray = _axles(0.0, 6_500.0)
    """At the road with the hand brake pulled, N."""

    engine_speeds: np.ndarray = _curve(0.0, 100.0, 250.0, 400.0, 550.0, 700.0, 820.0, 880.0, 900.0)
    """Of the torque curve, rad/s; at the last, the limiter, nothing is left."""
    torques: np.ndarray = _curve(150.0, 239.0, 343.0, 411.0, 450.0, 438.0, 409.0, 379.0, 0.0)
    """At full throttle, before what the engine itself takes, N m."""
    engine_drag: float = 0.09
    """Torque lost in the engine per engine speed, N m s."""
    idle_speed: float = 100.0
    """Engine speed with the throttle closed, rad/s."""
    launch_speed: float = 350.0
    """Engine speed that the slipping clutch allows at full throttle, rad/s."""
    overrun_speed: float = 1100.0
    """Engine speed beyond which the clutch slips, rad/s: what too low a gear can do to the engine."""
    engine_lag: float = 0.25
    """Time in which the engine follows the throttle when free, s."""
    clutch_lag: float = 0.02
    """Time in which the engine follows the wheels when not, s."""
    ratios: np.ndarray = _curve(-12.0, 0.0, 12.8, 9.2, 7.05, 5.55, 4.4, 3.55)
    """Turns of the engine per turn of the wheels: reverse, neutral, first gear and up."""
    efficiency: float = 0.93
    """Share of the engine's torque that reaches the wheels."""
    shift_time: float = 0.06
    """Without drive after a change of gear, s."""
    shift_speed: float = 850.0
    """Engine speed at which to shift up, rad/s."""

    wreck_speed: float = 25.0
    """Speed into a wall that wrecks the car, m/s."""
    harmless_speed: float = 1.5
    """Speed into a wall that does nothing, m/s."""

    @cached_property
    def loads(self) -> np.ndarray:
        """Weight on the axles at rest, N."""
        return self.mass * GRAVITY * np.abs(self.arms[::-1]) / np.ptp(self.arms)

    @cached_property
    def load_shift(self) -> np.ndarray:
        """Weight that moves to the axles per forward acceleration, N / (m/s^2)."""
        return np.array([[-1.0], [1.0]]) * self.mass * self.mass_height / np.ptp(self.arms)

    @cached_property
    def downforce(self) -> np.ndarray:
        """Per square of speed, N / (m/s)^2."""
        return self.lift_areas * AIR_DENSITY / 2

    @cached_property
    def drag(self) -> float:
        """Air drag per square of speed, N / (m/s)^2."""
        return self.drag_area * AIR_DENSITY / 2

    @property
    def top_gear(self) -> int:
        return len(self.ratios) - 2

    @cached_property
    def gearbox(self) -> Gearbox:
        """Shift points; down where the lower gear still leaves a fifth of the way to `shift_speed`."""
        forward = self.ratios[2:]
        down = 0.8 * self.shift_speed * forward[1:] / forward[:-1]
        up = (self.shift_speed,) * (self.top_gear - 1)
        return Gearbox(up=(*up, float("inf")), down=(0.0, *down.round(1).tolist()))
