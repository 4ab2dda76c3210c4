"""The SCR wire: recorded states become telemetry in SI units, anything else an error; controls become actions."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from racegym.errors import ProtocolError
from racegym.signals import COMMON, SIGNALS, Controls, Telemetry
from racegym_torcs import wire

BEAMS = (
    "4.12758 4.08081 4.16008 4.37815 4.7734 5.42841 6.52145 8.48857 12.7079 26.8919 189.841 30.2824 16.3169 11.4041"
    " 8.97463 7.58858 6.75107 6.2511 5.98953"
)

#: Recorded from TORCS 1.3.7 on road/aalborg: in a left bend, with an opponent behind on the left.
CLASSIC = (
    b"(angle -0.152299)(curLapTime 2.398)(damage 40)(distFromStart 4.86124)(distRaced 14.8742)(fuel 93.9684)(gear 1)"
    b"(lastLapTime 0)(opponents " + b"200 " * 34 + b"10.8148 200)(racePos 1)(rpm 9213.46)(speedX 63.3559)"
    b"(speedY -1.40088)(speedZ -0.242498)(track " + BEAMS.encode() + b")(trackPos 0.184039)"
    b"(wheelSpinVel 53.9336 52.2647 68.2422 68.2421)(z 0.343706)(focus -1 -1 -1 -1 -1)"
)
EXTENSION = (
    b"(tick 119)(totalTime 2.4)(laps 0)(bestLapTime 0)(x 390.536316)(y 485.465668)(posZ 11.8505478)"
    b"(roll 0.00177659257)(pitch 0.0015482764)(yaw 6.13088622)(yawRate 0.32658872)(accelX 13.6023941)"
    b"(accelY 5.00729275)(accelZ 0.157897338)(steerApplied 0.0500000007)(throttleApplied 1)(brakeApplied 0)"
    b"(clutchApplied 0)(collision 0)(wheelsOff 0)(finished 0)"
)
STATE = CLASSIC + EXTENSION + b"\0"


def decoded(data: bytes, extended: bool = True) -> Telemetry:
    telemetry = Telemetry(1)
    wire.Decoder(extended).decode(data, telemetry.block[0])
    return telemetry


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time", 2.4),
        ("lap_time", 2.398),
        ("heading_error", 0.152299),
        ("track_position", 0.184039),
        ("speed", math.hypot(63.3559, 1.40088) / 3.6),
        ("velocity", [63.3559 / 3.6, -1.40088 / 3.6, -0.242498 / 3.6]),
        ("engine_speed", 921.346),
        ("wheel_speeds", [52.2647, 53.9336, 68.2421, 68.2422]),
        ("damage", 0.004),
        ("distance", 14.8742),
        ("lap_distance", 4.86124),
        ("rangefinders", [float(word) for word in BEAMS.split()]),
        ("yaw", 6.13088622 - math.tau),
        ("position", [390.536316, 485.465668, 11.8505478]),
        ("acceleration", [13.6023941, 5.00729275, 0.157897338]),
        ("steer", 0.05),
        ("off_track", 0),
        ("focus", [-1] * 5),
    ],
)
def test_a_recorded_state_reads_in_si_units_and_iso_axes(name: str, value: float | list[float]) -> None:
    np.testing.assert_allclose(decoded(STATE)[name][0], value, rtol=1e-6)


def test_an_extended_state_fills_the_signals_promised_and_gives_its_tick() -> None:
    telemetry = Telemetry(1)
    decoder = wire.Decoder(extended=True)
    assert decoder.decode(STATE, telemetry.block[0]) == 119
    assert {name for name in SIGNALS if np.isfinite(telemetry[name]).all()} == decoder.signals
    assert decoder.signals >= set(COMMON)


def test_a_classic_state_fills_only_what_it_holds() -> None:
    telemetry = decoded(CLASSIC + b"\0", extended=False)
    given = {name for name in SIGNALS if np.isfinite(telemetry[name]).all()}
    assert given == wire.Decoder(extended=False).signals
    assert "yaw_rate" not in given


def test_beams_are_0_and_the_car_is_off_the_track_beyond_its_edge() -> None:
    beside = CLASSIC.replace(BEAMS.encode(), b" ".join([b"-1"] * 19)).replace(
        b"trackPos 0.18", b"trackPos -1.18"
    )
    telemetry = decoded(beside, extended=False)
    assert telemetry["rangefinders"].tolist() == [[0.0] * 19]
    assert telemetry["off_track"] == 1


def test_groups_in_another_order_and_unknown_groups_are_read_all_the_same() -> None:
    groups = [b"(" + group for group in (CLASSIC + EXTENSION).split(b"(")[1:]]
    random.Random(1).shuffle(groups)
    np.testing.assert_array_equal(decoded(b"(lap 3)" + b"".join(groups)).block, decoded(STATE).block)


def test_a_missing_group_is_named() -> None:
    with pytest.raises(ProtocolError, match="'speedX' is missing"):
        decoded(STATE.replace(b"(speedX 63.3559)", b""))


def test_a_missing_focus_of_old_servers_reads_as_no_reading() -> None:
    old = CLASSIC.replace(b"(focus -1 -1 -1 -1 -1)", b"")
    assert decoded(old, extended=False)["focus"].tolist() == [[-1.0] * 5]


@pytest.mark.parametrize("bad", [b"nan", b"inf", b"-inf", b"x", b"1e999"])
def test_a_number_that_is_none_is_an_error_and_leaves_the_row(bad: bytes) -> None:
    telemetry = Telemetry(1)
    with pytest.raises(ProtocolError):
        wire.Decoder(True).decode(STATE.replace(b"63.3559", bad), telemetry.block[0])
    assert np.isnan(telemetry.block).all()


def test_any_bytes_give_telemetry_or_a_protocol_error() -> None:
    chance = random.Random(20)
    decoder, telemetry = wire.Decoder(True), Telemetry(1)
    for _ in range(5000):
        data = bytearray(STATE)
        for _ in range(chance.randrange(1, 6)):
            at, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
            data[at : chance.choice((at, at + 1, end))] = chance.randbytes(chance.randrange(3))
        try:
            decoder.decode(bytes(data), telemetry.block[0])
        except ProtocolError:
            continue
        assert all(np.isfinite(telemetry[name]).all() for name in decoder.signals)


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"(", b")", b"()", b"(angle", b"***shutdown***\0", b"(angle 1 2)", b"\xff" * 99]
)
def test_bytes_that_are_no_state_are_a_protocol_error(data: bytes) -> None:
    for extended in (True, False):
        with pytest.raises(ProtocolError):
            decoded(data, extended)


def test_controls_become_an_action_with_the_focus_clockwise_in_degrees() -> None:
    controls = Controls(1)
    for name, value in {
        "steer": -0.25,
        "throttle": 1,
        "brake": 0.125,
        "gear": -1,
        "focus": math.pi / 4,
    }.items():
        controls[name] = value
    assert wire.action(controls.block[0].tolist(), tick=7) == (
        b"(accel 1)(brake 0.125)(gear -1)(steer -0.25)(clutch 0)(focus -45)(meta 0)(tick 7)"
    )


def test_no_focus_wanted_is_outside_what_the_robot_reads() -> None:
    assert b"(focus 360)(meta 1)" in wire.action(Controls(1).block[0].tolist(), restart=True)


def test_beams_are_asked_for_clockwise() -> None:
    angles = [90.0, 0.0, -12.5]
    assert wire.identification(angles, extended=False) == b"SCR(init -90 0 12.5)"
    assert wire.identification(angles, extended=True, seed=5) == b"SCR(init -90 0 12.5)(racegym 1)(seed 5)"


def test_an_expert_adds_what_it_would_do() -> None:
    choice = b"(expertSteer -0.25)(expertThrottle 1)(expertBrake 0)(expertClutch 0.5)(expertGear 3)"
    decoder, telemetry = wire.Decoder(extended=True, expert=True), Telemetry(1)
    decoder.decode(CLASSIC + EXTENSION + choice + b"\0", telemetry.block[0])
    names = ("expert_steer", "expert_throttle", "expert_brake", "expert_clutch", "expert_gear")
    assert [telemetry[name][0] for name in names] == [-0.25, 1, 0, 0.5, 3]
    assert decoder.signals - wire.Decoder(extended=True).signals == set(names)


def test_controls_that_are_left_to_the_expert_are_nan_on_the_wire() -> None:
    controls = Controls(1)
    controls["steer"] = controls["gear"] = math.nan
    assert b"(gear nan)(steer nan)(clutch 0)" in wire.action(controls.block[0].tolist())
