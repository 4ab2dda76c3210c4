"""The wire and its one conversion: golden states of 90 keys, strict controls, replies that are never evaluated."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from assetto_corsa_plugin import state

from racegym.errors import ProtocolError
from racegym.signals import SIGNALS, Telemetry
from racegym_assetto_corsa import wire
from racegym_assetto_corsa.cars import CARS, Car
from racegym_assetto_corsa.convert import Axes, Converter

CAR = CARS["dallara_f317"]
G, RPM, DEGREE = 9.80665, math.pi / 30, math.pi / 180

#: Key of the state, value there, signal, place in it, value in racegym.
GOLDEN = [
    ("timestamp_ac", 1012.5, "time", 0, 12.5),
    ("world_position_x", 120.0, "position", 0, 120.0),
    ("world_position_y", -30.0, "position", 1, -30.0),
    ("world_position_z", 4.0, "position", 2, 4.0),
    ("yaw", 1.25, "yaw", 0, 1.25),
    ("yaw", 2 * math.pi + 0.5, "yaw", 0, 0.5),
    ("speed", 55.5, "speed", 0, 55.5),
    ("local_velocity_x", 50.0, "velocity", 0, 50.0),
    ("local_velocity_y", -2.0, "velocity", 1, -2.0),
    ("local_velocity_z", 0.25, "velocity", 2, 0.25),
    ("accelY", -2.0, "acceleration", 0, -2 * G),
    ("accelX", 1.5, "acceleration", 1, 1.5 * G),
    ("angular_velocity_y", 0.75, "yaw_rate", 0, 0.75),
    ("RPM", 6000.0, "engine_speed", 0, 6000 * RPM),
    ("actualGear", 0, "gear", 0, -1.0),
    ("actualGear", 1, "gear", 0, 0.0),
    ("actualGear", 4, "gear", 0, 3.0),
    ("steerAngle", 120.0, "steering_wheel", 0, -120 * DEGREE),
    ("steerAngle", 120.0, "steer", 0, -0.5),
    ("accStatus", 0.8, "throttle", 0, 0.8),
    ("brakeStatus", 0.3, "brake", 0, 0.3),
    ("LastFF", 0.4, "force_feedback", 0, 0.4),
    ("numberOfTyresOut", 3, "wheels_off", 0, 3.0),
    *((f"SlipAngle_{w}", 5.0 + i, "slip_angles", i, (5 + i) * DEGREE) for i, w in enumerate(wire.WHEELS)),
    *((f"wheel_speed_{w}", 90.0 + i, "wheel_speeds", i, 90.0 + i) for i, w in enumerate(wire.WHEELS)),
]


def fill(one: dict) -> np.ndarray:
    row = Telemetry(1)
    Converter(CAR, extra=True).fill(row.block[0], one, began=1000.0)
    return row.block[0]


def plain() -> dict:
    return state(1, np.random.default_rng(0), speed=10.0)


@pytest.mark.parametrize(("key", "value", "signal", "place", "expected"), GOLDEN)
def test_a_key_becomes_its_signal_in_si_and_iso(key, value, signal, place, expected) -> None:
    row = fill(plain() | {key: value})
    assert row[SIGNALS.columns(signal).start + place] == pytest.approx(expected)


@pytest.mark.parametrize("key", wire.KEYS)
def test_a_key_touches_its_own_signals_and_no_other(key: str) -> None:
    base = plain()
    other = base | {
        key: [9.0] * 4
        if isinstance(base[key], list)
        else base[key] + 1e-3
        if isinstance(base[key], float)
        else base[key] + 1
    }
    changed = np.flatnonzero(~np.isclose(fill(other), fill(base), rtol=0, atol=1e-9, equal_nan=True))
    own = {SIGNALS.columns(signal).start + place for of, _, signal, place, _ in GOLDEN if of == key}
    assert set(changed.tolist()) == own


def test_every_key_of_the_protocol_is_known() -> None:
    assert set(wire.KEYS) == set(plain()) and len(wire.KEYS) == len(set(wire.KEYS)) == 90


def test_what_older_plug_ins_leave_out_is_filled_in() -> None:
    told = plain()
    short = {key: told[key] for key in wire.REQUIRED}
    parsed = wire.parse_state(json.dumps(short).encode())
    assert {key: parsed[key] for key in wire.OPTIONAL} == dict(wire.OPTIONAL)
    row = Telemetry(1)
    Converter(CAR, extra=False).fill(row.block[0], parsed, 1000.0)
    assert np.isnan(row["wheel_speeds"]).all() and row["slip_angles"].tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("key", wire.REQUIRED)
@pytest.mark.parametrize("broken", ["missing", "text", "NaN"])
def test_a_state_without_what_is_needed_is_refused(key: str, broken: str) -> None:
    told = plain()
    if broken == "missing":
        del told[key]
    else:
        told[key] = "1" if broken == "text" else math.nan
    with pytest.raises(ProtocolError, match=key):
        wire.parse_state(json.dumps(told).encode())


@pytest.mark.parametrize(
    "data", [b"", b"identified", b"\xff\xfe", b"[1]", b"{", b"[" * 100_000, b"__import__('os')"]
)
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.parse_state(data)


def test_a_control_has_seven_keys_numbers_only_and_is_short() -> None:
    for axes in ((0.123456789, -0.5, 1.0), (math.nan, math.inf, -math.inf), (99.0, -99.0, 99.0)):
        data = wire.control(*axes, shift_up=True, shift_down=False, steps=10**9, shifting=True)
        message = json.loads(data)
        assert list(message) == [
            "steer",
            "acc",
            "brake",
            "enable_gear_shift",
            "shift_up",
            "shift_down",
            "server_steps",
        ]
        assert all(type(value) in (int, float) and value >= -1 for value in message.values())
        assert all(abs(message[name]) <= 1 for name in ("steer", "acc", "brake"))
        assert not any(word in data for word in (b"true", b"false", b"null", b"NaN", b"Infinity"))
        assert len(data) < 1024


def test_a_reply_is_json_or_a_literal_and_is_never_evaluated() -> None:
    told = {"ego_sampling_freq": 25, "track": None, "on": True, "list": [1, 2]}
    assert wire.parse_reply(json.dumps(told).encode()) == told
    assert wire.parse_reply(repr(told).encode()) == told
    assert wire.parse_reply(b"{'a': __import__('os').getpid()}") is None


def test_a_reply_is_whole_when_it_parses_and_not_before() -> None:
    whole = json.dumps({"left_lane": [[1.5, 2.5], [3.5, 4.5]], "x": {"y": 1}}).encode()
    assert [wire.parse_reply(whole[:end]) for end in range(len(whole))] == [None] * len(whole)
    assert wire.parse_reply(whole) is not None


def test_controls_become_axes_with_the_cars_lock_and_the_pedals_gamma() -> None:
    converter = Converter(CAR, extra=True)
    assert converter.axes(1.0, 0.0, 0.0) == Axes(-0.5341796875, -1.0, -1.0)
    assert converter.axes(-0.5, 1.0, 1.0) == Axes(0.5 * 0.5341796875, 1.0, 1.0)
    for brake in (0.1, 0.5, 0.9):
        assert ((converter.axes(0, 0, brake).brake + 1) / 2) ** 2.4 == pytest.approx(brake)
    assert Converter(Car(brake_gamma=1.0), extra=True).axes(0, 0, 0.25).brake == -0.5
