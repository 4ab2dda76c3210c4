"""`ac` and `acsys` as a plug-in imports them: the quantities of the car by number, the session, a window, a log."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from racegym_assetto_corsa.stand_in.world import LOCK, World

GRAVITY = 9.81
RPM = 60 / (2 * math.pi)
CAR = "stand_in_gt"

#: Quantities of `acsys.CS` that a plug-in may ask for.
QUANTITIES = (
    "SpeedMS", "SpeedKMH", "SpeedMPH", "Gas", "Brake", "Clutch", "Gear", "RPM", "Steer", "LapCount", "LapTime",
    "LastLap", "BestLap", "LapInvalidated", "LastFF", "NormalizedSplinePosition", "PerformanceMeter",
    "CGHeight", "TurboBoost", "DriveTrainSpeed", "Caster", "IsEngineLimiterOn", "WorldPosition", "Velocity",
    "LocalVelocity", "LocalAngularVelocity", "AccG", "TyreContactPoint", "TyreContactNormal",
    "TyreHeadingVector", "TyreRightVector", "SlipAngle", "SlipRatio", "NdSlip", "TyreSlip", "Load", "Mz", "Dy",
    "DY", "TyreRadius", "TyreLoadedRadius", "SuspensionTravel", "CamberRad", "CamberDeg", "WheelAngularSpeed",
    "CurrentTyresCoreTemp", "DynamicPressure", "TyreDirtyLevel", "DriftPoints",
)  # fmt: skip

Reading = Callable[[World], Any]


def _wheels(value: float) -> Reading:
    return lambda world: (value,) * 4


def _position(world: World) -> tuple[float, float, float]:
    x, y, z = world.now["position"][0].tolist()
    return y, z, x


def _local_velocity(world: World) -> tuple[float, float, float]:
    forward, left, up = world.now["velocity"][0].tolist()
    return left, up, forward


def _velocity(world: World) -> tuple[float, float, float]:
    (forward, left, up), yaw = world.now["velocity"][0].tolist(), float(world.now["yaw"][0])
    x = forward * math.cos(yaw) - left * math.sin(yaw)
    y = forward * math.sin(yaw) + left * math.cos(yaw)
    return y, up, x


def _acceleration(world: World) -> tuple[float, float, float]:
    forward, left, up = world.now["acceleration"][0].tolist()
    return left / GRAVITY, up / GRAVITY, forward / GRAVITY


def _of(signal: str, factor: float = 1.0, shift: float = 0.0) -> Reading:
    return lambda world: float(world.now[signal][0]) * factor + shift


#: What the stand-in answers; anything else is -1, as in the game. In the game's axes: X left, Y up, Z forward.
READINGS: dict[str, Reading] = {
    "SpeedMS": _of("speed"),
    "SpeedKMH": _of("speed", 3.6),
    "Gas": _of("throttle"),
    "Brake": _of("brake"),
    "Clutch": lambda world: 1.0,
    "Gear": lambda world: world.gear + 1,
    "RPM": _of("engine_speed", RPM),
    "Steer": _of("steer", -LOCK),
    "LapCount": lambda world: world.lap_count,
    "LapTime": lambda world: int(world.lap_time * 1000),
    "LastLap": lambda world: int(world.last_lap * 1000),
    "BestLap": lambda world: int(world.best_lap * 1000),
    "LapInvalidated": lambda world: 0,
    "LastFF": lambda world: min(abs(float(world.now["steer"][0]) * float(world.now["speed"][0])) / 20, 1.0),
    "NormalizedSplinePosition": lambda world: world.spline,
    "CGHeight": lambda world: world.car.mass_height,
    "WorldPosition": _position,
    "Velocity": _velocity,
    "LocalVelocity": _local_velocity,
    "LocalAngularVelocity": lambda world: (0.0, float(world.now["yaw_rate"][0]), 0.0),
    "AccG": _acceleration,
    "SlipAngle": lambda world: tuple(world.slip_angles),
    "SlipRatio": _wheels(0.0),
    "NdSlip": _wheels(0.0),
    "Load": lambda world: tuple(float(load) / 2 for load in world.car.loads.repeat(2)),
    "Mz": _wheels(0.0),
    "Dy": _wheels(1.4),
    "DY": _wheels(1.4),
    "TyreRadius": lambda world: (world.car.wheel_radius,) * 4,
    "TyreLoadedRadius": lambda world: (world.car.wheel_radius - 0.01,) * 4,
    "SuspensionTravel": _wheels(0.05),
    "CamberRad": _wheels(-0.03),
    "WheelAngularSpeed": lambda world: tuple(world.now["wheel_speeds"][0].tolist()),
    "CurrentTyresCoreTemp": _wheels(80.0),
    "DynamicPressure": _wheels(27.0),
}


def _contact(world: World, wheel: int) -> tuple[float, float, float]:
    """Where
    a wheel stands, in the game's axes."""
    x, y, z = world.now["position"][0].tolist()
    yaw, car = float(world.now["yaw"][0]), world.car
    along = float(car.arms[wheel // 2, 0])
    across = car.axle_width / 2 * (1 - 2 * (wheel % 2))
    return (
        y + along * math.sin(yaw) + across * math.cos(yaw),
        z,
        x + along * math.cos(yaw) - across * math.sin(yaw),
    )


def make(world: World, log: Callable[[str], None], shaders_patch: bool) -> tuple[ModuleType, ModuleType]:
    """The modules `ac` and `acsys`."""
    numbers = {name: number for number, name in enumerate(QUANTITIES)}
    acsys: Any = ModuleType("acsys")
    acsys.CS = SimpleNamespace(**numbers)
    acsys.WHEELS = SimpleNamespace(FL=0, FR=1, RL=2, RR=3)
    readings = {numbers[name]: reading for name, reading in READINGS.items()}

    def car_state(car: int, quantity: int, wheel: int = -1) -> Any:
        if car != 0:
            return -1
        if quantity == numbers["TyreContactPoint"]:
            return _contact(world, wheel)
        reading = readings.get(quantity)
        return -1 if reading is None else reading(world)

    counter = itertools.count()

    def new(*_: Any) -> int:
        return next(counter)

    ac: Any = ModuleType("ac")
    vars(ac).update(
        log=log, console=log, getCarState=car_state, newApp=new, addLabel=new, addButton=new,
        setSize=_nothing, setText=_nothing, setPosition=_nothing, setTitle=_nothing, drawBorder=_nothing,
        setBackgroundOpacity=_nothing, setFontSize=_nothing, addRenderCallback=_nothing, addOnClickedListener=_nothing,
        getTrackName=lambda car: world.track.name, getTrackConfiguration=lambda car: "",
        getTrackLength=lambda car: world.track.length, getCarName=lambda car: CAR if car == 0 else -1,
        getCarsCount=lambda: 1, getDriverName=lambda car: "stand-in", getWindSpeed=lambda: 0.0,
        getWindDirection=lambda: 0.0,
        getLastSplits=lambda car: [], isCarInPit=lambda car: 0, isCarInPitlane=lambda car: 0, isAcLive=lambda: 1,
        isAIControlled=lambda car: 0, getFocusedCar=lambda: 0,
    )  # fmt: skip
    if shaders_patch:
        vars(ac).update(
            ext_resetCar=world.reset, ext_takeAStepBack=world.reset, ext_isAltPressed=lambda: 0,
            ext_isButtonPressed=lambda key: 0, ext_patchVersion=lambda: "stand-in", ext_patchVersionCode=lambda: 0,
        )  # fmt: skip
    return ac, acsys


def _nothing(*_: Any) -> int:
    return 1
