"""The assetto_corsa_gym wire: UDP datagrams of state and control, TCP commands without framing. Pure: no sockets here.

State: one JSON object a datagram, `KEYS`. Control: one JSON object of seven keys, numbers only, because plug-ins before
August 2025 parsed with Python's ``eval`` and every plug-in of that line ends its thread over what it cannot read.
Replies to management commands are JSON or a Python literal; end-of-reply is only "the text parses".
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping
from typing import Any

from racegym.errors import ProtocolError

STATE_PORT, MANAGEMENT_PORT = 2345, 2347
CONNECT, DISCONNECT, IDENTIFIED = b"connect", b"disconnect", b"identified"
#: A control at least this long would end an old plug-in's thread: it reads 1024 bytes at a time.
LONGEST_CONTROL = 1023
#: A reply of more than this is no reply (the longest, a track, is below a tenth of it).
LONGEST_REPLY = 16 * 2**20

WHEELS = ("fl", "fr", "rl", "rr")

#: Without these a state is of no use.
REQUIRED = (
    "steps", "timestamp_ac", "currentTime", "world_position_x", "world_position_y", "world_position_z", "speed",
    "local_velocity_x", "local_velocity_y", "angular_velocity_y", "yaw", "accelX", "accelY", "steerAngle", "accStatus",
    "brakeStatus", "actualGear", "RPM", "NormalizedSplinePosition", "LapCount", "numberOfTyresOut", "iLastTime",
    "BestLap",
)  # fmt: skip

#: What older plug-ins may leave out, and what then stands for it.
OPTIONAL: Mapping[str, float] = {
    "total_errors_out_of_sync": 0, "packetId": 0, "local_velocity_z": 0.0, "pitch": 0.0, "roll": 0.0, "LastFF": 0.0,
    "LapInvalidated": 0, "completedLaps": 0, "isInPit": 0, "penaltyTime": 0.0, "angular_velocity_x": 0.0,
    "angular_velocity_z": 0.0, "velocity_x": 0.0, "velocity_y": 0.0, "velocity_z": 0.0, "cgHeight": 0.0,
    **{f"SlipAngle_{wheel}": 0.0 for wheel in WHEELS},
}  # fmt: skip

#: Sent with ``send_extra_channels``, the default; lists hold one number a wheel.
EXTRA_LISTS = (
    "Mz", "dynamic_pressure", "tyre_loaded_radius", "tyres_load", "NdSlip", "SuspensionTravel", "CamberRad",
)  # fmt: skip
EXTRA = (
    *(f"tyreContactHeading_{wheel.upper()}_{axis}" for wheel in WHEELS for axis in "xyz"),
    *(f"tyre_slip_ratio_{wheel}" for wheel in WHEELS),
    *EXTRA_LISTS,
    *(f"Dy_{wheel}" for wheel in WHEELS),
    *(f"wheel_speed_{wheel}" for wheel in WHEELS),
    *(f"{wheel}_tire_temperature_core" for wheel in WHEELS),
    *(f"{wheel}_damper_linear_potentiometer" for wheel in WHEELS),
    *(f"{wheel}_wheel_load" for wheel in WHEELS),
    *(f"{wheel}_tire_pressure" for wheel in WHEELS),
)
#: All keys of a state.
KEYS = (*REQUIRED, *OPTIONAL, *EXTRA)

#: What our own plug-in adds; others do not send them.
ADDED = ("proto", "reset_count", "session_status", "is_live", "fps", "dropped")

State = dict[str, Any]


def parse_state(data: bytes) -> State:
    """One state datagram; keys that may be missing are filled in. `ProtocolError` says what is wrong with it."""
    try:
        state = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"assetto_corsa: a state is no JSON ({error}): {data[:60]!r}") from None
    if not isinstance(state, dict):
        raise ProtocolError(f"assetto_corsa: a state is no JSON object: {data[:60]!r}")
    if missing := [key for key in REQUIRED if not _is_number(state.get(key))]:
        raise ProtocolError(f"assetto_corsa: a state lacks the number {', '.join(missing)}")
    for key, default in OPTIONAL.items():
        if not _is_number(state.get(key)):
            state[key] = default
    return state


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def control(
    steer: float, throttle: float, brake: float, shift_up: bool, shift_down: bool, steps: int, shifting: bool
) -> bytes:
    """A control datagram: axes in [-1, 1] as the game has them (steer +1 right, pedals -1 released).

    `steps` is that of the last state; `shifting` opens the gate for the two shift buttons.
    """
    axes = [min(max(value, -1.0), 1.0) if math.isfinite(value) else rest
            for value, rest in ((steer, 0.0), (throttle, -1.0), (brake, -1.0))]  # fmt: skip
    message = {
        "steer": round(axes[0], 6), "acc": round(axes[1], 6), "brake": round(axes[2], 6),
        "enable_gear_shift": int(shifting), "shift_up": int(shift_up), "shift_down": int(shift_down),
        "server_steps": int(steps),
    }  # fmt: skip
    return json.dumps(message).encode("ascii")


def parse_reply(data: bytes) -> Any | None:
    """What a management reply says, or None while it is not whole: JSON, or a literal as Python prints it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = text.strip()
    # asked for every piece that comes: the whole is parsed only when it may be whole
    if text[:1] + text[-1:] not in ("{}", "[]"):
        return None
    read = ast.literal_eval if text.startswith("{'") else json.loads
    try:
        return read(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
