"""The state of the player's car as assetto_corsa_gym's protocol has it, and what does not change in a session.

The protocol's axes: its x is the game's Z, its y the game's X, its z the game's Y; where a comment says so, the game's
own order is kept.
"""

import json
import math
import os
import time

import ac
import acsys

WHEELS = ("fl", "fr", "rl", "rr")
CS = acsys.CS

# key: quantity of the car, scalar
SCALARS = (
    ("speed", "SpeedMS"),
    ("accStatus", "Gas"),
    ("brakeStatus", "Brake"),
    ("actualGear", "Gear"),
    ("RPM", "RPM"),
    ("steerAngle", "Steer"),
    ("LastFF", "LastFF"),
    ("LapInvalidated", "LapInvalidated"),
    ("NormalizedSplinePosition", "NormalizedSplinePosition"),
    ("LapCount", "LapCount"),
    ("BestLap", "BestLap"),
    ("cgHeight", "CGHeight"),
)
# key: quantity, three numbers in the game's order, handed on permuted to x, y, z
PERMUTED = (("world_position", "WorldPosition"), ("local_velocity", "LocalVelocity"))
# in the game's own order
UNPERMUTED = (("angular_velocity", "LocalAngularVelocity"), ("velocity", "Velocity"))
# key: quantity, one number a wheel, handed on as a list
LISTS = (
    ("Mz", "Mz"),
    ("dynamic_pressure", "DynamicPressure"),
    ("tyre_loaded_radius", "TyreLoadedRadius"),
    ("tyres_load", "Load"),
    ("NdSlip", "NdSlip"),
    ("SuspensionTravel", "SuspensionTravel"),
    ("CamberRad", "CamberRad"),
)
# pattern of the key: quantity, one number a wheel, handed on one by one
SPREAD = (
    ("tyre_slip_ratio_%s", "SlipRatio"),
    ("Dy_%s", "DY"),
    ("wheel_speed_%s", "WheelAngularSpeed"),
    ("%s_tire_temperature_core", "CurrentTyresCoreTemp"),
    ("%s_damper_linear_potentiometer", "SuspensionTravel"),
    ("%s_wheel_load", "Load"),
    ("%s_tire_pressure", "DynamicPressure"),
)


def _number(value):
    """A finite number, whatever the game says: it answers -1 or 0 where it does not know."""
    try:
        value = value + 0
        return value if math.isfinite(value) else 0.0
    except TypeError:
        return 0.0


def _numbers(quantity, count, *wheel):
    """`count` numbers of a quantity; zeros where the game does not know it."""
    values = ac.getCarState(0, getattr(CS, quantity), *wheel)
    try:
        values = [_number(value) for value in values]
    except TypeError:
        values = []
    return (values + [0.0] * count)[:count]


def state(pages, extra):
    """One state, without the numbers that the server adds."""
    found = {
        "timestamp_ac": time.perf_counter(),
        "packetId": pages["packetId"],
        "currentTime": pages["iCurrentTime"],
        "yaw": _number(-pages["heading"]),
        "pitch": _number(pages["pitch"]),
        "roll": _number(pages["roll"]),
        "iLastTime": pages["iLastTime"],
        "completedLaps": pages["completedLaps"],
        "numberOfTyresOut": pages["numberOfTyresOut"],
        "isInPit": pages["isInPit"],
        "penaltyTime": _number(pages["penaltyTime"]),
    }
    for key, quantity in SCALARS:
        found[key] = _number(ac.getCarState(0, getattr(CS, quantity)))
    for key, quantity in PERMUTED:
        x, y, z = _numbers(quantity, 3)
        found[key + "_x"], found[key + "_y"], found[key + "_z"] = z, x, y
    for key, quantity in UNPERMUTED:
        for axis, value in zip("xyz", _numbers(quantity, 3)):
            found["%s_%s" % (key, axis)] = value
    lateral, _, longitudinal = _numbers("AccG", 3)
    found["accelX"], found["accelY"] = lateral, longitudinal
    for wheel, value in zip(WHEELS, _numbers("SlipAngle", 4)):
        found["SlipAngle_" + wheel] = value
    if extra:
        _add_extra(found, pages)
    return found


def _add_extra(found, pages):
    headings = [_number(value) for value in pages["tyreContactHeading"]]
    for place, wheel in enumerate(WHEELS):
        for axis, value in zip("xyz", headings[3 * place : 3 * place + 3]):
            found["tyreContactHeading_%s_%s" % (wheel.upper(), axis)] = value
    for key, quantity in LISTS:
        found[key] = _numbers(quantity, 4)
    for pattern, quantity in SPREAD:
        for wheel, value in zip(WHEELS, _numbers(quantity, 4)):
            found[pattern % wheel] = value


def _plain(value):
    """What JSON and an old client's eval both read: no true, false, null, NaN."""
    if isinstance(value, bool) or value is None:
        return int(bool(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (int, str)) else str(value)


def track_name():
    """Track and configuration; the configuration is "" where there is none."""
    configuration = ac.getTrackConfiguration(0)
    return str(ac.getTrackName(0)), configuration if isinstance(configuration, str) else ""


def static_info(pages):
    """What does not change in a session."""
    name, configuration = track_name()
    corners = [_numbers("TyreContactPoint", 3, getattr(acsys.WHEELS, wheel.upper())) for wheel in WHEELS]
    front = [(a + b) / 2 for a, b in zip(corners[0], corners[1])]
    rear = [(a + b) / 2 for a, b in zip(corners[2], corners[3])]
    car = ac.getCarName(0)
    found = {
        "TrackName": name,
        "TrackConfiguration": configuration,
        "WindSpeed": ac.getWindSpeed(),
        "WindDirection": ac.getWindDirection(),
        "TrackLength": ac.getTrackLength(0),
        "CarName": car,
        "LastSplits": ac.getLastSplits(0),
        "isCarInPitlane": ac.isCarInPitlane(0),
        "isCarInPit": ac.isCarInPit(0),
        "autoShifterOn": pages["autoShifterOn"],
        "penaltiesEnabled": pages["penaltiesEnabled"],
        "CAR_WHEEL_R": _numbers("TyreRadius", 4),
        "CAR_TRACK": _distance(corners[0], corners[1]),
        "CAR_WHEELBASE": _distance(front, rear),
        "WorldPosition": _numbers("WorldPosition", 3),
        "maxRpm": pages["maxRpm"],
    }
    for wheel, corner in zip(WHEELS, corners):
        found["TyreContactPoint_" + wheel.upper()] = corner
    found.update(_from_ui(car))
    return dict((key, _plain(value)) for key, value in found.items())


def _distance(one, other):
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other)))


def _from_ui(car):
    """Mass of the car from its ui_car.json, which some authors write badly."""
    path = os.path.join("content", "cars", str(car), "ui", "ui_car.json")
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            weight = json.loads(file.read(), strict=False)["specs"]["weight"]
        digits = "".join(character for character in weight if character.isdigit())
        return {"CAR_MASS": int(digits)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
