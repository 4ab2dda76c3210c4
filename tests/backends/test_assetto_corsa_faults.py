"""What goes wrong in the game becomes the right error, with its remedy, in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from racegym.errors import BackendUnavailable, ConfigurationError, SimulatorLost, SimulatorTimeout
from racegym.signals import Controls
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.simulator import AssettoCorsa

#: Starting the stand-in takes seconds on a busy machine; what is tested here is how soon faults are noticed.
DEADLINES = {"start": 60.0, "step": 0.8, "reset": 2.0}
COUNTING = {"STATES": {"PACE": "frames"}}


def build(stand_in: dict | None = None, **options: object) -> AssettoCorsa:
    return AssettoCorsa(
        AssettoCorsaOptions.model_validate(
            {"deadlines": DEADLINES, "stand_in": {"pace": 8.0, **(stand_in or {})}, **options}
        )
    )


@contextmanager
def driven(stand_in: dict | None = None, **options: object) -> Iterator[AssettoCorsa]:
    simulator = build(stand_in, **options)
    simulator.open()
    try:
        simulator.reset()
        yield simulator
    finally:
        simulator.close()


def drive_on(simulator: AssettoCorsa, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        simulator.send(Controls(1))
        simulator.read()


def test_a_paused_game_is_a_timeout_and_goes_on_when_it_goes_on() -> None:
    with driven() as simulator:
        simulator.stand_in.order("pause")
        began = time.monotonic()
        with pytest.raises(SimulatorTimeout, match="paused, in a menu"):
            drive_on(simulator)
        assert time.monotonic() - began < DEADLINES["step"] + 10
        with pytest.raises(SimulatorTimeout, match="not brought back in time"):
            simulator.reset()
        simulator.stand_in.order("pause off")
        assert simulator.reset()["time"][0] == 0


def test_a_vanished_game_is_lost() -> None:
    with driven() as simulator:
        simulator.stand_in.order("vanish")
        with pytest.raises(SimulatorLost, match="gone|has ended"):
            drive_on(simulator)


@pytest.mark.parametrize("frames", [180.0, 30.0])
def test_a_wrong_frame_rate_is_refused_with_the_remedy(frames: float) -> None:
    simulator = build({"frames": frames, "settings": COUNTING})
    with pytest.raises(BackendUnavailable, match=r"states come at .* instead of 25; cap the game"):
        simulator.open()


def test_a_frame_rate_that_changes_while_driving_is_noticed() -> None:
    with driven({"settings": COUNTING}) as simulator:
        simulator.stand_in.order("frames 90")
        with pytest.raises(SimulatorLost, match="instead of 25; cap the game"):
            drive_on(simulator)


@pytest.mark.parametrize("frames", [33.0, 60.0, 180.0])
def test_our_plug_in_keeps_its_rate_at_any_frame_rate(frames: float) -> None:
    with driven({"frames": frames}) as simulator:
        first = simulator.state
        drive_on(simulator, 1.0)
        passed, states = (simulator.state[key] - first[key] for key in ("timestamp_ac", "steps"))
        assert passed / states == pytest.approx(0.04, rel=0.02)


def test_without_shaders_patch_the_reset_that_needs_it_is_refused() -> None:
    with pytest.raises(BackendUnavailable, match=r"Custom Shaders Patch is not active.*reset: button"):
        build({"shaders_patch": False}).open()


def test_without_shaders_patch_the_button_is_pressed_instead() -> None:
    simulator = build({"shaders_patch": False}, reset="button")
    simulator.open()
    try:
        simulator.reset()
        controls = Controls(1)
        controls["throttle"] = 1.0
        for _ in range(60):
            simulator.send(controls)
            away = float(simulator.read()["position"][0, 0])
        back = simulator.reset()
        assert away > 5 and back["position"][0, 0] == pytest.approx(0, abs=0.5) and back["time"][0] == 0
    finally:
        simulator.close()


def test_patch_that_goes_away_while_driving_makes_the_reset_time_out() -> None:
    with driven() as simulator:
        drive_on(simulator, 0.2)
        simulator.stand_in.order("patch off")
        simulator.stand_in.order("pause")
        with pytest.raises(SimulatorTimeout, match="doctor"):
            simulator.reset()


def test_a_joystick_that_was_lost_is_acquired_anew() -> None:
    with driven() as simulator:
        simulator.stand_in.order("joystick")
        controls = Controls(1)
        controls["throttle"] = 1.0
        for _ in range(50):
            simulator.send(controls)
            now = simulator.read()
        assert now["throttle"][0] == 1 and now["speed"][0] > 5


def test_everything_that_is_not_as_asked_for_is_named_at_once() -> None:
    simulator = build(track="stand-in/longbow", car="bmw_z4_gt3", rate=25.0, actuation="uinput")
    with pytest.raises(BackendUnavailable) as caught:
        simulator.open()
    assert all(word in str(caught.value) for word in ("moves the joystick itself", "the car is stand_in_gt"))


def test_nobody_there_says_what_to_do(unused_ports: tuple[int, int]) -> None:
    udp, tcp = unused_ports
    simulator = build(track="live", state_port=udp, management_port=tcp)
    with pytest.raises(BackendUnavailable, match=r"nothing listens on tcp .*racegym assetto_corsa doctor"):
        simulator.open()


@pytest.fixture
def unused_ports() -> tuple[int, int]:
    import socket

    ports = []
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as one:
            one.bind(("127.0.0.1", 0))
            ports.append(one.getsockname()[1])
    return ports[0], ports[1]


def test_reset_takes_no_options() -> None:
    with driven() as simulator, pytest.raises(ConfigurationError, match="no reset options"):
        simulator.reset(options={"distance": 5})


OWNER = """
import sys
from racegym_assetto_corsa import backend
simulator = backend.build(backend.options())
simulator.open()
print(simulator.stand_in.pid, simulator.stand_in._folder, flush=True)
sys.stdin.read()
"""


def test_the_stand_in_dies_with_its_owner_and_leaves_nothing() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pid, folder = owner.stdout.readline().split()
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait(5)
    end = time.monotonic() + 5
    while (os.path.exists(f"/proc/{pid}") or os.path.exists(folder)) and time.monotonic() < end:
        pass
    owner.stdin.close()
    owner.stdout.close()
    assert not os.path.exists(f"/proc/{pid}") and not os.path.exists(folder)
