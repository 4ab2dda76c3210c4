"""The stand-in's car on its circuit: what the joystick says becomes motion, laps and gears, in the game's terms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from racegym.signals import Controls, Telemetry
from racegym.track import Track
from racegym_assetto_corsa.cars import BRAKE_GAMMA
from racegym_bicycle.car import Car
from racegym_bicycle.options import Options
from racegym_bicycle.simulator import BicycleSimulator

#: Of the physics, s.
TICK = 0.01
#: Longest time that one frame makes good, s: a host that stood still does not leap.
LEAP = 0.25
#: The steering wheel at full lock, degrees.
LOCK = 450.0
#: Buttons, as the controls preset of `install` binds them.
UP, DOWN, RESTART = 1, 2, 4


@dataclass
class Stick:
    """The joystick as the game reads it: steer +1 right, pedals 0 to 1, buttons held."""

    steer: float = 0.0
    throttle: float = 0.0
    brake: float = 0.0
    buttons: int = 0


class World:
    """One car on `circuit`, driven by `stick`; `automatic`: the game's gearbox shifts."""

    def __init__(self, circuit: str, automatic: bool) -> None:
        self._simulator = BicycleSimulator(Options(track=circuit, period=TICK))
        self._simulator.open()
        assert self._simulator.track is not None
        self.track: Track = self._simulator.track
        self.car = Car()
        self.stick = Stick()
        self.automatic = automatic
        self._held = 0
        self._controls = Controls(1)
        self.resets = 0
        self.reset()

    def reset(self) -> None:
        """Back to the start line, standing, in neutral; the lap does not count."""
        self.now: Telemetry = self._simulator.reset()
        self.gear = 0
        self._owed = 0.0
        self._station = float("nan")
        self.lap_count, self.lap_time, self.last_lap, self.best_lap = 0, 0.0, 0.0, 0.0
        self.resets += 1
        self._locate()

    def advance(self, seconds: float) -> None:
        """Let so much time pass, in whole ticks; the rest is kept for the next time."""
        self._press()
        self._owed = min(self._owed + seconds, LEAP)
        ticks = int(self._owed / TICK)
        self._owed -= ticks * TICK
        for _ in range(ticks):
            self._tick()
        if ticks:
            before = self.spline
            self._locate()
            self._count_laps(before, ticks * TICK)

    def _tick(self) -> None:
        controls, stick = self._controls, self.stick
        if self.automatic:
            self._shift_by_itself()
        controls["steer"] = -stick.steer
        controls["throttle"] = stick.throttle
        controls["brake"] = stick.brake**BRAKE_GAMMA
        controls["gear"] = self.gear
        self._simulator.send(controls)
        self.now = self._simulator.read()

    def _press(self) -> None:
        """Buttons count when they go down."""
        pressed = self.stick.buttons & ~self._held
        self._held = self.stick.buttons
        if pressed & RESTART:
            self.reset()
        change = bool(pressed & UP) - bool(pressed & DOWN)
        self.gear = min(max(self.gear + change, -1), self.car.top_gear)

    def _shift_by_itself(self) -> None:
        engine, box = float(self.now["engine_speed"][0]), self.car.gearbox
        if self.gear == 0 and self.stick.throttle > 0:
            self.gear = 1
        elif self.gear >= 1:
            self.gear += (engine > box.up[self.gear - 1]) - (engine < box.down[self.gear - 1])

    def _locate(self) -> None:
        position = self.now["position"][:, :2]
        near = None if math.isnan(self._station) else np.array([self._station])
        self.location = self.track.locate(position, near)
        self._station = float(self.location.station[0])

    @property
    def spline(self) -> float:
        """Share of the lap, from the start line."""
        return self._station / self.track.length

    def _count_laps(self, before: float, seconds: float) -> None:
        self.lap_time += seconds
        if before > 0.75 and self.spline < 0.25:
            self.lap_count += 1
            self.last_lap = self.lap_time
            self.best_lap = min(self.best_lap or math.inf, self.lap_time)
            self.lap_time = 0.0

    @property
    def tyres_out(self) -> int:
        """Wheels beyond the edge."""
        x, y, _ = self.now["position"][0]
        yaw, car = float(self.now["yaw"][0]), self.car
        along = np.repeat(car.arms[:, 0], 2)
        across = np.array([1, -1, 1, -1]) * car.axle_width / 2
        wheels = np.stack(
            [
                x + along * math.cos(yaw) - across * math.sin(yaw),
                y + along * math.sin(yaw) + across * math.cos(yaw),
            ],
            axis=1,
        )
        place = self.track.locate(wheels, np.full(4, self._station))
        return int(((place.offset > place.width_left) | (place.offset < -place.width_right)).sum())

    @property
    def slip_angles(self) -> list[float]:
        """Of the four wheels, degrees."""
        forward, left = self.now["velocity"][0, :2]
        hubs = left + self.car.arms[:, 0] * float(self.now["yaw_rate"][0])
        wheel = np.array([float(self.now["steer"][0]) * self.car.steer_lock, 0.0])
        slip = np.degrees(np.arctan2(hubs, max(abs(forward), 3.0)) - wheel * min(abs(forward) / 3.0, 1.0))
        return [float(slip[0]), float(slip[0]), float(slip[1]), float(slip[1])]
