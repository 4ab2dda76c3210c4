"""The stand-in's race: one car of the built-in simulator in ticks of 10 ms, driven by keys."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from racegym.signals import Controls, Telemetry
from racegym.track import Track
from racegym_bicycle import backend as bicycle
from racegym_trackmania.wire import CAR, COUNTDOWN, FINISHED, MENU, Record, Sample

TICK = 0.01
"""s"""
STEERING = 0.15
"""Time in which the wheel follows the keys, s. A lag keeps the mean of what is tapped; a limited rate would not."""
SOFT = 35.0
"""Speed, m/s, from which full steering turns the wheels less and less, as driving by keys needs."""
RPM = 60 / (2 * math.pi)


class Race:
    """Countdown, racing, finish; `menu` hides it all."""

    def __init__(self, track: str, laps: int = 1, countdown: float = 0.5) -> None:
        options = bicycle.options.model_validate({"track": track, "period": TICK, "damage": False})
        self._car: Any = bicycle.build(options)
        self._car.open()
        self.name = track
        self.track: Track = self._car.track
        self._laps_to_do = laps
        self._countdown = round(countdown / TICK)
        self._controls = Controls(1)
        gearbox = self._car.spec.gearbox
        self._up, self._down = gearbox.up, gearbox.down
        self.menu = False
        self.discontinuities = 0
        self.restart()

    def restart(self) -> None:
        """To the start line, before the green light."""
        self.telemetry: Telemetry = self._car.reset()
        self.ticks = -self._countdown
        self.gear = 1
        self.steer = 0.0
        self.laps = 0
        self.distance = 0.0
        self._turns = 0
        self._station = 0.0
        self.finish_time: int | None = None
        self.discontinuities += 1
        self._keys: Collection[str] = ()

    @property
    def time(self) -> int:
        """Race time, ms."""
        return round(self.ticks * TICK * 1000)

    @property
    def finished(self) -> bool:
        return self.finish_time is not None

    def save(self) -> dict[str, Any]:
        """The race as it is, for a rewind."""
        names = ("ticks", "gear", "steer", "laps", "distance", "_turns", "_station", "finish_time")
        return {"car": self._car.save(), **{name: getattr(self, name) for name in names}}

    def restore(self, saved: dict[str, Any]) -> None:
        """Back to what `save` returned."""
        for name, value in saved.items():
            if name != "car":
                setattr(self, name, value)
        self.telemetry = self._car.restore(saved["car"])

    def tick(self, keys: Collection[str]) -> None:
        """10 ms with these of up, down, left, right held."""
        self._keys = keys
        self.ticks += 1
        if self.ticks <= 0:
            return
        wanted = float("left" in keys) - float("right" in keys)
        if self.finished:
            keys, wanted = ("down",) if self.telemetry["speed"][0] > 0.5 else (), 0.0
        self.steer += (wanted - self.steer) * (1 - math.exp(-TICK / STEERING))
        self._drive(float("up" in keys), float("down" in keys))
        self.telemetry = self._car.read()
        self._count()

    def _drive(self, gas: float, brake: float) -> None:
        forward = float(self.telemetry["velocity"][0, 0])
        engine = float(self.telemetry["engine_speed"][0])
        if brake and not gas and forward < 0.5:
            self.gear = -1
        elif self.gear < 0 and gas:
            self.gear = 1 if forward > -0.5 else -1
        elif self.gear > 0:
            self.gear += (engine > self._up[self.gear - 1]) - (engine < self._down[self.gear - 1])
        controls = self._controls
        controls["steer"] = self.steer * min(1.0, SOFT / max(abs(forward), 1.0))
        backing = self.gear < 0
        controls["throttle"], controls["brake"] = (brake, gas) if backing else (gas, brake)
        controls["gear"] = self.gear
        self._car.send(controls)

    def _count(self) -> None:
        location = self.track.locate(self.telemetry["position"][:, :2], np.array([self._station]))
        station, length = float(location.station[0]), self.track.length
        change = station - self._station
        self._turns -= round(change / length)
        self._station = station
        self.distance = station + self._turns * length
        if self.distance >= (self.laps + 1) * length:
            self.laps += 1
            if self.laps >= self._laps_to_do and not self.finished:
                self.finish_time = self.time

    def flags(self) -> int:
        if self.menu:
            return MENU
        return CAR | (FINISHED if self.finished else 0) | (COUNTDOWN if self.ticks < 0 else 0)

    def _inputs(self) -> tuple[float, float, float]:
        """Steer (+ right), gas, brake as held."""
        keys = self._keys
        return -self.steer, float("up" in keys), float("down" in keys)

    def record(self, frame: int, clock: int) -> Record:
        """This frame as racegym's plug-in sends it."""
        now = self.telemetry
        if self.menu:
            return Record(MENU, frame, frame, 0, clock, self.discontinuities, 0, 0, (0.0,) * 20)
        x, y, z = now["position"][0].tolist()
        yaw = float(now["yaw"][0])
        cos, sin = math.cos(yaw), math.sin(yaw)
        forward, left, _ = now["velocity"][0].tolist()
        values = (
            *(y, z, x),
            *(sin, 0.0, cos),
            *(cos, 0.0, -sin),
            *(0.0, 1.0, 0.0),
            *(forward * sin + left * cos, 0.0, forward * cos - left * sin),
            *(float(now["engine_speed"][0]) * RPM, float(self.gear), *self._inputs()),
        )
        return Record(
            self.flags(), frame, frame, self.time, clock, self.discontinuities, self.laps, 0, values
        )

    def sample(self) -> Sample | None:
        """This frame as tmrl's plug-in sends it; None in the menu."""
        if self.menu:
            return None
        x, y, z = self.telemetry["position"][0].tolist()
        steer, gas, brake = self._inputs()
        return Sample(
            float(self.telemetry["speed"][0]), max(self.distance, 0.0), y, z, x, steer, gas, brake,
            float(self.finished), float(self.gear), float(self.telemetry["engine_speed"][0]) * RPM,
        )  # fmt: skip
