"""The built-in simulator as racegym sees it: controls in, telemetry out, one period at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from racegym.errors import ConfigurationError, SimulatorLost
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Simulator, SimulatorSpec
from racegym.track import Track
from racegym_bicycle import dynamics, ground
from racegym_bicycle.car import Car
from racegym_bicycle.circuits import check, circuit
from racegym_bicycle.options import Options, Start

#: Longest step of integration, s.
STEP = 0.005
#: A fully scattered start lies within these of the given one: share of the lap, offset, heading in rad.
SCATTER = (0.5, 0.7, 0.3)

_SIGNALS = (
    *("time", "position", "yaw", "speed", "velocity", "acceleration", "yaw_rate", "engine_speed", "gear"),
    *("wheel_speeds", "steer", "throttle", "brake", "clutch", "damage", "collision"),
)
#: Attributes that, with the two records, are all that changes as time goes on.
_MOVING = (
    *("_random", "_motion", "_ticks", "_station", "_grass", "_damage"),
    *("_steer", "_engine", "_shifting", "_gear"),
)
_OBEYED = ("steer", "throttle", "brake", "clutch", "gear", "handbrake")


class BicycleSimulator(Simulator):
    """Any number of cars on a circuit, each alone on it: they do not touch."""

    def __init__(self, options: Options) -> None:
        check(options.track)
        self._options = options
        self._car = Car()
        self._period = options.period
        self._steps = max(1, round(options.period / STEP))
        self._share = self._car.aided_share if options.aids else self._car.grip_share
        self._track: Track | None = None
        self.spec = SimulatorSpec(
            name=f"bicycle/{options.track}",
            period=options.period,
            signals=frozenset(_SIGNALS),
            controls=frozenset(_OBEYED),
            gearbox=self._car.gearbox,
            cars=options.cars,
            independent=True,
            deterministic=True,
            snapshots=True,
            track=True,
        )

    @property
    def track(self) -> Track | None:
        return self._track

    def open(self) -> None:
        cars = self.spec.cars
        self._track = circuit(self._options.track)
        self._low = np.array([signal.low for signal in CONTROLS.values() for _ in range(signal.size)])
        self._high = np.array([signal.high for signal in CONTROLS.values() for _ in range(signal.size)])
        self._high[CONTROLS.columns("gear")] = self._car.top_gear
        self._random = [np.random.default_rng() for _ in range(cars)]
        self._telemetry, self._applied = Telemetry(cars), Controls(cars)
        self._motion = dynamics.Motion(*np.zeros((8, cars)))
        self._ticks, self._station, self._grass, self._damage = np.zeros((4, cars))
        self._steer, self._engine, self._shifting = np.zeros((3, cars))
        self._gear = np.ones(cars, dtype=int)
        self.reset()

    def reset(
        self,
        seed: int | Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """As `Simulator.reset`; `options` are those of `Start`.

        A car's draws depend on `seed` and its place in `cars`: a row reset alone starts as a single car would.
        """
        track = self._opened()
        start = self._start(options or {})
        rows = np.arange(self.spec.cars) if cars is None else np.asarray(cars)
        each = (
            [(one, 0) for one in seed]
            if isinstance(seed, Sequence)
            else [(seed, i) for i in range(len(rows))]
        )
        for row, (one, place) in zip(rows.tolist(), each, strict=True):
            if one is not None:
                self._random[row] = np.random.default_rng((one, place))
        self._place(track, start, rows)
        for values in (self._ticks, self._damage, self._steer, self._shifting):
            values[rows] = 0
        self._engine[rows] = self._car.idle_speed
        self._gear[rows] = 1
        self._applied.block[rows] = Controls(len(rows)).block
        others = np.ones(self.spec.cars, dtype=bool)
        others[rows] = False
        kept = self._telemetry.block[others]
        self._report(self._effort(np.zeros(self.spec.cars)), np.zeros(self.spec.cars))
        self._telemetry.block[others] = kept
        return self._telemetry

    def send(self, controls: Controls) -> Controls:
        self._opened()
        applied = self._applied
        np.minimum(np.maximum(controls.block, self._low), self._high, out=applied.block)
        np.rint(applied["gear"], out=applied["gear"])
        return applied

    def read(self) -> Telemetry:
        track, car, motion = self._opened(), self._car, self._motion
        forward, _ = dynamics.car_velocity(motion)
        effort = self._effort(self._shift_and_run(forward))
        motion = dynamics.advance(car, motion, effort, self._period / self._steps, self._steps)
        location = track.locate(np.stack([motion.x, motion.y], axis=1), self._station)
        collision = np.zeros(self.spec.cars)
        if self._options.walls:
            motion, touched, speed = ground.hit_walls(car, motion, location)
            collision += touched
            if self._options.damage:
                self._damage = np.minimum(self._damage + ground.harm(car, speed), 10.0)
        self._motion, self._station, self._grass = motion, location.station, ground.grass_share(location)
        self._ticks = self._ticks + 1
        self._report(effort, collision)
        return self._telemetry

    def save(self) -> dict[str, Any]:
        """As `Snapshots.save`: a copy of every car's state."""
        self._opened()
        records = {"applied": self._applied.block.copy(), "telemetry": self._telemetry.block.copy()}
        return {name: copy.deepcopy(getattr(self, name)) for name in _MOVING} | records

    def restore(self, snapshot: Mapping[str, Any]) -> Telemetry:
        """As `Snapshots.restore`."""
        self._opened()
        for name in _MOVING:
            setattr(self, name, copy.deepcopy(snapshot[name]))
        self._applied.block[...] = snapshot["applied"]
        self._telemetry.block[...] = snapshot["telemetry"]
        return self._telemetry

    def release(self, snapshot: Mapping[str, Any]) -> None:
        """As `Snapshots.release`: nothing is held but memory."""

    def close(self) -> None:
        self._track = None

    def _opened(self) -> Track:
        if self._track is None:
            raise SimulatorLost(f"{self.spec.name}: the simulator is not open; call open() first")
        return self._track

    def _start(self, options: Mapping[str, Any]) -> Start:
        defaults = {name: getattr(self._options, name) for name in Start.model_fields}
        try:
            return Start.model_validate({**defaults, **options})
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            known = ", ".join(Start.model_fields)
            raise ConfigurationError(
                f"{self.spec.name}: reset options: {faults}; there are {known}"
            ) from error

    def _place(self, track: Track, start: Start, rows: np.ndarray) -> None:
        draws = np.array([self._random[row].uniform(-1, 1, 3) for row in rows.tolist()]).reshape(-1, 3)
        laps, offset, turned = (draws * SCATTER * start.scatter).T
        station = (start.distance + laps * track.length) % track.length
        place = track.at(station)
        # As a track position: +1 is the left edge, also where the centre line is not in the middle.
        across = start.offset + offset
        offset = (place.width_left * (1 + across) - place.width_right * (1 - across)) / 2
        yaw = place.heading + start.heading + turned
        fresh = dynamics.Motion(
            x=place.x - offset * np.sin(place.heading),
            y=place.y + offset * np.cos(place.heading),
            yaw=yaw,
            velocity_x=start.speed * np.cos(yaw),
            velocity_y=start.speed * np.sin(yaw),
            yaw_rate=np.zeros(len(rows)),
            forward_acceleration=np.zeros(len(rows)),
            left_acceleration=np.zeros(len(rows)),
        )
        for values, new in zip(self._motion, fresh, strict=True):
            values[rows] = new
        self._station[rows] = station
        location = track.locate(np.stack([fresh.x, fresh.y], axis=1), station)
        self._grass[rows] = ground.grass_share(location)

    def _shift_and_run(self, forward: np.ndarray) -> np.ndarray:
        """Change gears, run the engine for a period and return its drive at the road, N."""
        car, applied = self._car, self._applied
        gear = applied["gear"].astype(int)
        self._shifting = np.where(
            gear == self._gear, np.maximum(self._shifting - self._period, 0), car.shift_time
        )
        self._gear = gear
        throttle = applied["throttle"] * (self._damage < 1)
        engine = dynamics.run_engine(
            car, self._engine, forward, gear, throttle, applied["clutch"], self._period
        )
        self._engine = engine.speed
        return engine.drive * (self._shifting < self._period / 2)

    def _effort(self, drive: np.ndarray) -> dynamics.Effort:
        """What acts in the coming period, the steering rack having followed the wheel."""
        car, applied = self._car, self._applied
        most = car.steer_rate * self._period
        self._steer = self._steer + np.minimum(np.maximum(applied["steer"] - self._steer, -most), most)
        angle = self._steer * car.steer_lock
        return dynamics.Effort(
            wheel_cos=np.stack([np.cos(angle), np.ones_like(angle)]),
            wheel_sin=np.stack([np.sin(angle), np.zeros_like(angle)]),
            drive=np.stack([np.zeros_like(drive), drive]),
            brakes=applied["brake"] * car.brake_forces + applied["handbrake"] * car.handbrake_forces,
            grip=car.grip * (1 + self._grass * (car.grass_grip - 1)),
            rolling=car.rolling + self._grass * (car.grass_rolling - car.rolling),
            share=self._share,
        )

    def _report(self, effort: dynamics.Effort, collision: np.ndarray) -> None:
        motion, out, applied = self._motion, self._telemetry, self._applied
        forward, left = dynamics.car_velocity(motion)
        wheels = dynamics.wheel_speeds(
            self._car, motion, effort, self._period / self._steps, self._options.aids
        )
        zero = np.zeros_like(forward)
        out["time"] = self._ticks * self._period
        out["position"] = np.stack([motion.x, motion.y, zero], axis=1)
        out["yaw"] = (motion.yaw + np.pi) % (2 * np.pi) - np.pi
        out["speed"] = np.sqrt(forward * forward + left * left)
        out["velocity"] = np.stack([forward, left, zero], axis=1)
        out["acceleration"] = np.stack([motion.forward_acceleration, motion.left_acceleration, zero], axis=1)
        out["yaw_rate"] = motion.yaw_rate
        out["engine_speed"] = self._engine
        out["gear"] = self._gear
        out["wheel_speeds"] = wheels.T
        out["steer"] = self._steer
        out["throttle"] = applied["throttle"]
        out["brake"] = applied["brake"]
        out["clutch"] = applied["clutch"]
        out["damage"] = self._damage
        out["collision"] = collision
