"""The motion of cars: a single-track ("bicycle") model with saturating tyres, as pure functions.

Each axle is one tyre. Its lateral force follows the short magic formula ``D sin(C atan(B slip))`` (Pacejka, *Tyre
and Vehicle Dynamics*, section 4.3) inside a friction ellipse that it shares with its longitudinal force. Load shifts
between the axles with the longitudinal acceleration and grows with downforce. Wheels have no inertia: engine and
brakes are forces at the road, limited by grip, and the engine turns as the road does; so nothing is stiff.

Arrays have shape ``(cars,)``; those of both axles ``(2, cars)``, front first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from racegym_bicycle.car import Car

#: Below this speed slip is measured as if at it, m/s: near rest a tyre acts as a damper across its plane, which
#: keeps the wheel rolling where it points and divides by no zero.
SLOW = 3.0
#: A wheel of which more is asked than its grip spins or drags by this much of its speed per grip asked too much.
SPIN = 3.0
#: The slip of a wheel at the limit of its grip.
CREEP = 0.06


class Motion(NamedTuple):
    """Where cars are and how they move; `x` to `velocity_y` in the world's axes, accelerations in the car's."""

    x: np.ndarray
    y: np.ndarray
    yaw: np.ndarray
    velocity_x: np.ndarray
    velocity_y: np.ndarray
    yaw_rate: np.ndarray
    forward_acceleration: np.ndarray
    left_acceleration: np.ndarray


class Effort(NamedTuple):
    """What acts on the cars during one period."""

    wheel_cos: np.ndarray
    """Of the angle of the wheels, ``(2, cars)``."""
    wheel_sin: np.ndarray
    drive: np.ndarray
    """Of the engine at the road, N, ``(2, cars)``."""
    brakes: np.ndarray
    """At the road, N, ``(2, cars)``."""
    grip: np.ndarray
    """Friction coefficients, ``(2, cars)``."""
    rolling: np.ndarray
    """Rolling resistance as a share of the load."""
    share: float
    """Of its grip, that a tyre may turn into drive or braking."""


class Engine(NamedTuple):
    """What the engine does; each of shape ``(cars,)``."""

    speed: np.ndarray
    """Of the crankshaft, rad/s."""
    drive: np.ndarray
    """At the road, N, + forward."""


class _Contact(NamedTuple):
    """Each axle on the road, ``(2, cars)``, in the axes of its wheel."""

    along: np.ndarray
    across: np.ndarray
    limit: np.ndarray
    """Grip times load, N."""
    pull: np.ndarray
    """The longitudinal force asked for, N."""


def rotate(x: np.ndarray, y: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn vectors counter-clockwise; with ``-sin``, into axes that are turned so."""
    return x * cos - y * sin, x * sin + y * cos


def car_velocity(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Velocity in the car's axes, m/s: forward, left."""
    return rotate(motion.velocity_x, motion.velocity_y, np.cos(motion.yaw), -np.sin(motion.yaw))


def run_engine(
    car: Car,
    speed: np.ndarray,
    forward: np.ndarray,
    gear: np.ndarray,
    throttle: np.ndarray,
    clutch: np.ndarray,
    dt: float,
) -> Engine:
    """The engine after `dt` from its `speed`, with cars moving at `forward` m/s in `gear` (int).

    Where the wheels are too slow for the engine, the clutch slips and the engine settles between its idle and its
    launch speed; it slips, too, where they are too fast.
    """
    ratio = car.ratios[gear + 1]
    coupled = (1 - clutch) * (gear != 0)
    shaft = forward * ratio / car.wheel_radius
    joined = np.maximum(shaft, car.idle_speed + throttle * (car.launch_speed - car.idle_speed))
    joined = np.minimum(joined, car.overrun_speed)
    free = car.idle_speed + throttle * (car.engine_speeds[-1] - car.idle_speed)
    target = free + coupled * (joined - free)
    lag = car.engine_lag + coupled * (car.clutch_lag - car.engine_lag)
    braking = car.engine_drag * np.minimum(np.maximum(shaft, -car.overrun_speed), car.overrun_speed)
    torque = throttle * np.interp(joined, car.engine_speeds, car.torques) - braking
    drive = coupled * car.efficiency * torque * ratio / car.wheel_radius
    return Engine(target + (speed - target) * np.exp(-dt / lag), drive)


def advance(car: Car, motion: Motion, effort: Effort, dt: float, steps: int) -> Motion:
    """The motion after `steps` steps of `dt` (semi-implicit Euler) under a constant effort."""
    for _ in range(steps):
        motion = _step(car, motion, effort, dt)
    return motion


def _step(car: Car, motion: Motion, effort: Effort, dt: float) -> Motion:
    x, y, yaw, velocity_x, velocity_y, yaw_rate, _, _ = motion
    cos, sin = np.cos(yaw), np.sin(yaw)
    forward, left = rotate(velocity_x, velocity_y, cos, -sin)
    contact = _contact(car, motion, effort, forward, left, dt)
    along, across = _tyre_forces(car, contact, effort.share)
    along, across = rotate(along, across, effort.wheel_cos, effort.wheel_sin)
    drag = car.drag * np.sqrt(forward * forward + left * left)
    forward_acceleration = (along[0] + along[1] - drag * forward) / car.mass
    left_acceleration = (across[0] + across[1] - drag * left) / car.mass
    change_x, change_y = rotate(forward_acceleration, left_acceleration, cos, sin)
    velocity_x = velocity_x + change_x * dt
    velocity_y = velocity_y + change_y * dt
    yaw_rate = yaw_rate + (car.arms[0] * across[0] + car.arms[1] * across[1]) * (dt / car.yaw_inertia)
    return Motion(
        x + velocity_x * dt,
        y + velocity_y * dt,
        yaw + yaw_rate * dt,
        velocity_x,
        velocity_y,
        yaw_rate,
        forward_acceleration,
        left_acceleration,
    )


def _contact(
    car: Car, motion: Motion, effort: Effort, forward: np.ndarray, left: np.ndarray, dt: float
) -> _Contact:
    square = forward * forward + left * left
    load = car.loads + car.load_shift * motion.forward_acceleration + car.downforce * square
    load = np.maximum(load, 0.1 * car.loads)
    hub = left + car.arms * motion.yaw_rate
    along, across = rotate(forward, hub, effort.wheel_cos, -effort.wheel_sin)
    resistance = effort.brakes + effort.rolling * load
    # Resistance acts against motion, but within a step it can no more than stop the car.
    push = forward * (car.mass / dt) + effort.drive[0] + effort.drive[1]
    hold = np.minimum(np.maximum(push / (resistance[0] + resistance[1]), -1), 1)
    return _Contact(along, across, effort.grip * load, effort.drive - hold * resistance)


def _tyre_forces(car: Car, contact: _Contact, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Forces along and across the wheels, N."""
    most = share * contact.limit
    along = np.minimum(np.maximum(contact.pull, -most), most)
    left_over = np.sqrt(contact.limit * contact.limit - along * along)
    slip = contact.across / np.maximum(np.abs(contact.along), SLOW)
    return along, -left_over * np.sin(car.shape * np.arctan(car.stiffness * slip))


def wheel_speeds(car: Car, motion: Motion, effort: Effort, dt: float, aided: bool) -> np.ndarray:
    """Angular speeds in rad/s, ``(4, cars)``: front left, front right, rear left, rear right."""
    forward, left = car_velocity(motion)
    contact = _contact(car, motion, effort, forward, left, dt)
    asked = contact.pull / contact.limit
    given = np.minimum(np.maximum(asked, -1), 1)
    slip = CREEP * given
    if not aided:
        slip = slip + SPIN * (asked - given)
    slip = np.minimum(np.maximum(slip, -1), 1)
    middle = contact.along + slip * np.maximum(np.abs(contact.along), SLOW)
    side = motion.yaw_rate * (car.axle_width / 2)
    return (
        np.stack([middle[0] - side, middle[0] + side, middle[1] - side, middle[1] + side]) / car.wheel_radius
    )
