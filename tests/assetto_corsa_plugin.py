"""A plug-in of assetto_corsa_gym's line as the client meets it: recorded states, one for each control, on real
sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

WHEELS = ("fl", "fr", "rl", "rr")
LISTS = (
    "Mz",
    "dynamic_pressure",
    "tyre_loaded_radius",
    "tyres_load",
    "NdSlip",
    "SuspensionTravel",
    "CamberRad",
)
CONFIG = {
    "ego_sampling_freq": 25, "sampling_freq": 50, "vjoy_executed_by_server": True, "ego_server_host_name": "0.0.0.0",
    "screen_capture_enable": False, "track": None, "ego_server_port": 2345, "simulation_management_server_port": 2347,
}  # fmt: skip
TRACK, LENGTH, CAR = "made_up-ring", 700.0, "dallara_f317"


def state(steps: int, random: np.random.Generator, **values: Any) -> dict[str, Any]:
    """All 90 keys as the plug-in sends them, at 25 a second, with numbers that are told apart; `values` take
    precedence."""
    found: dict[str, Any] = {
        "steps": steps, "timestamp_ac": 1000.0 + 0.04 * steps, "total_errors_out_of_sync": 0, "packetId": 7 * steps,
        "currentTime": 40 * steps, "LapInvalidated": 0, "LapCount": 1, "BestLap": 0, "iLastTime": 0, "completedLaps": 1,
        "numberOfTyresOut": 0, "isInPit": 0, "penaltyTime": 0.0,
    }  # fmt: skip
    for name, low, high in (
        ("speed", 0, 80), ("accelX", -3, 3), ("accelY", -3, 3), ("accStatus", 0, 1), ("brakeStatus", 0, 1),
        ("RPM", 1000, 9000), ("steerAngle", -240, 240), ("yaw", -3.1, 3.1), ("pitch", -0.1, 0.1), ("roll", -0.1, 0.1),
        ("LastFF", 0, 5), ("NormalizedSplinePosition", 0, 1), ("cgHeight", 0.2, 0.4),
    ):  # fmt: skip
        found[name] = float(random.uniform(low, high))
    for name in ("world_position", "local_velocity", "angular_velocity", "velocity"):
        found |= {f"{name}_{axis}": float(random.uniform(-1, 1)) for axis in "xyz"}
    found["actualGear"] = int(random.integers(0, 8))
    found |= {f"SlipAngle_{wheel}": float(random.uniform(-20, 20)) for wheel in WHEELS}
    for wheel in WHEELS:
        found |= {
            f"tyreContactHeading_{wheel.upper()}_{axis}": float(random.uniform(-1, 1)) for axis in "xyz"
        }
        found |= {
            f"tyre_slip_ratio_{wheel}": 0.1,
            f"Dy_{wheel}": 1.5,
            f"wheel_speed_{wheel}": float(random.uniform(0, 200)),
        }
        found |= {f"{wheel}_tire_temperature_core": 80.0, f"{wheel}_damper_linear_potentiometer": 0.05}
        found |= {f"{wheel}_wheel_load": 3000.0, f"{wheel}_tire_pressure": 26.0}
    found |= {name: [1.0, 2.0, 3.0, 4.0] for name in LISTS}
    return found | values


class Recorded:
    """A plug-in that sends `states` in turn: freely until the first control, then one for each control."""

    def __init__(
        self, states: Iterator[dict[str, Any]], config: dict[str, Any] = CONFIG, **info: Any
    ) -> None:
        self.sent: dict[int, dict[str, Any]] = {}
        self.controls: list[dict[str, Any]] = []
        self.commands: list[str] = []
        self.replies: dict[str, bytes | Callable[[socket.socket], None]] = {
            "get_config": repr(config).encode(),
            "get_static_info": json.dumps(
                {"TrackName": "made_up", "TrackConfiguration": "ring", "TrackLength": LENGTH, "CarName": CAR,
                 "autoShifterOn": 1, **info}
            ).encode(),
        }  # fmt: skip
        self.was_reset = False
        self._states = states
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.state_port, self.management_port = (s.getsockname()[1] for s in (self._udp, self._tcp))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._stream, self._manage)]

    def __enter__(self) -> Recorded:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    @property
    def options(self) -> dict[str, Any]:
        return {"state_port": self.state_port, "management_port": self.management_port, "track": "live"}

    def _stream(self) -> None:
        client = None
        self._udp.settimeout(0.005)
        while not self._stop.is_set():
            try:
                data, sender = self._udp.recvfrom(65535)
            except TimeoutError:
                if client is None or self.controls:
                    continue
                data, sender = b"", client
            if data == b"connect":
                client = sender
                self._udp.sendto(b"identified", client)
                continue
            if data == b"disconnect":
                client = None
                continue
            if data:
                assert client == sender, "a control before the handshake"
                self.controls.append(json.loads(data))
            try:
                one = next(self._states)
            except StopIteration:
                return
            if self.was_reset:
                one["currentTime"] = 0
            self.sent[one["steps"]] = one
            self._udp.sendto(json.dumps(one).encode(), client)

    def _manage(self) -> None:
        self._tcp.settimeout(0.05)
        while not self._stop.is_set():
            try:
                connection, _ = self._tcp.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                command = connection.recv(1024).decode()
                self.commands.append(command)
                self.was_reset = self.was_reset or command == "reset"
                reply = self.replies.get(command, b"")
                if callable(reply):
                    reply(connection)
                elif reply:
                    connection.sendall(reply)


def ring() -> dict[str, np.ndarray]:
    """A circuit of about 700 m, driven clockwise, with a wavy racing line whose curvature is known."""
    angle = -np.linspace(0, 2 * np.pi, 468, endpoint=False)
    way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    radius = 111.0 + 8 * np.cos(3 * angle)
    line = way * (radius + 2.0 * np.sin(5 * angle))[:, None]
    return {
        "left": way * (radius + 6)[:, None],
        "right": way * (radius - 5)[:, None],
        "line": line,
        "curvature": -1 / radius + 0.002 * np.sin(7 * angle),
        "target_speed": 40 + 10 * np.cos(angle),
    }


def write_assets(folder: Path) -> dict[str, np.ndarray]:
    """assetto_corsa_gym's folder AssettoCorsaConfigs with the ring and a car."""
    course = ring()
    tracks, car = folder / "tracks", folder / "cars" / CAR
    tracks.mkdir(parents=True)
    car.mkdir(parents=True)
    middle = (course["left"] + course["right"]) / 2
    _csv(tracks / f"{TRACK}.csv", "left_border_x,left_border_y,right_border_x,right_border_y,pos_x,pos_y",
         np.hstack([course["left"], course["right"], middle]))  # fmt: skip
    _csv(tracks / f"{TRACK}-racing_line.csv", "pos_x,pos_y,curvature,target_speed",
         np.column_stack([course["line"], course["curvature"], course["target_speed"]]))  # fmt: skip
    (tracks / "config.yaml").write_text(
        f"{TRACK}:\n  track_name: made_up\n  track_configuration: ring\n  track_file: {TRACK}.csv\n"
        f"  track_grid_file: {TRACK}_0.1m.pkl\n  ref_lap_file: {TRACK}-racing_line.csv\n  TrackLength: {LENGTH}\n"
    )
    (car / "steer_map.csv").write_text(
        "action_steerAngle,steerAngle\n-0.5341796875,-240.0\n0.5341796875,240.0\n"
    )
    axis = np.linspace(-1, 1, 21)
    _csv(car / "brake_map.csv", "x,y", np.column_stack([axis, ((axis + 1) / 2) ** 2.4]))
    return course


def _csv(path: Path, header: str, rows: np.ndarray) -> None:
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.17g")
