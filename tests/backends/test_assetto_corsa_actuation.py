"""Ways to the joystick: layouts, return codes, gears by button."""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path

import pytest

from racegym.errors import BackendUnavailable, SimulatorLost
from racegym_assetto_corsa.actuation import custom_ai, uinput, vjoy
from racegym_assetto_corsa.actuation.shifter import Shifter
from racegym_assetto_corsa.convert import NEUTRAL, Axes
from racegym_assetto_corsa.stand_in.joystick import Driver
from racegym_assetto_corsa.stand_in.world import Stick


@pytest.fixture
def stick(monkeypatch: pytest.MonkeyPatch) -> Stick:
    stick = Stick()
    driver = Driver(stick)
    monkeypatch.setattr(ctypes, "CDLL", lambda path: driver)
    stick.driver = driver
    return stick


def test_vjoys_record_has_96_bytes_and_the_axes_where_the_driver_wants_them() -> None:
    data = vjoy.position(1, Axes(1.0, -1.0, 0.0, shift_up=True), restart=True)
    assert len(data) == 96 and data[0] == 1
    numbers = struct.unpack_from("<19l", data, 4)
    assert numbers[3:6] == (32768, 0, 16384) and numbers[18] == 0b101


def test_vjoy_moves_the_stick_and_lets_go_at_rest(stick: Stick) -> None:
    actuator = vjoy.VjoyActuator(Path("vJoyInterface.dll"))
    with pytest.raises(SimulatorLost):
        actuator.set(NEUTRAL)
    actuator.open()
    actuator.set(Axes(-0.5, 1.0, 0.0, shift_down=True))
    assert (stick.steer, stick.throttle, stick.brake, stick.buttons) == (-0.5, 1.0, 0.5, 2)
    actuator.close()
    actuator.close()
    assert (stick.steer, stick.throttle, stick.brake, stick.buttons) == (0.0, 0.0, 0.0, 0)


def test_vjoy_takes_a_dropped_device_again_and_says_when_it_cannot(stick: Stick, monkeypatch) -> None:
    actuator = vjoy.VjoyActuator(Path("vJoyInterface.dll"))
    actuator.open()
    stick.driver.broken = True
    actuator.set(Axes(throttle=1.0))
    assert stick.throttle == 1.0
    monkeypatch.setattr(stick.driver, "AcquireVJD", lambda device: 0)
    stick.driver.broken = True
    with pytest.raises(SimulatorLost, match="does not give it back"):
        actuator.set(Axes(throttle=0.0))
    with pytest.raises(BackendUnavailable, match="cannot be acquired"):
        vjoy.VjoyActuator(Path("vJoyInterface.dll")).open()


def test_without_vjoys_library_it_says_what_to_install() -> None:
    with pytest.raises(BackendUnavailable, match="install vJoy"):
        vjoy.VjoyActuator(Path("nowhere/vJoyInterface.dll")).open()


def test_the_wheel_reports_full_travel_and_buttons() -> None:
    told = {
        code: value for _, code, value in uinput.events(Axes(1.0, -1.0, 0.0, shift_up=True, shift_down=True))
    }
    assert told == {0: 32767, 1: -32768, 3: 0, uinput.BTN_UP: 1, uinput.BTN_DOWN: 0, uinput.BTN_RESTART: 0}
    assert "X-Box 360" in uinput.NAME


def test_a_real_uinput_wheel_is_read_back() -> None:
    evdev = pytest.importorskip("evdev")
    if not Path("/dev/uinput").exists():
        pytest.skip("no /dev/uinput")
    actuator = uinput.UinputActuator()
    actuator.open()
    try:
        actuator.set(Axes(steer=0.5))
        device = next(one for one in map(evdev.InputDevice, evdev.list_devices()) if one.name == uinput.NAME)
        assert device.absinfo(uinput.ABS_X).value == uinput.axis(0.5)
    finally:
        actuator.close()


def test_the_custom_ai_layout_is_the_documented_one() -> None:
    memory = bytearray(custom_ai.SIZE)
    custom_ai.write(memory, **custom_ai.controls(Axes(0.25, 1.0, -1.0, shift_up=True)))
    gas, brake, clutch, steer = struct.unpack_from("<4f", memory, 0)
    assert (gas, brake, clutch, steer) == (1.0, 0.0, 0.0, 0.25)
    assert memory[20] == 1 and memory[21] == 0 and memory[41] == memory[42] == 1
    custom_ai.write(memory, teleport_to=custom_ai.TO_POSITION, teleport_position=(1.0, 2.0, 3.0))
    assert memory[40] == 2 and struct.unpack_from("<3f", memory, 44) == (1.0, 2.0, 3.0)
    last = max(offset + struct.calcsize(layout) for offset, layout in custom_ai.CONTROLS.values())
    assert last <= custom_ai.SIZE == 72


def presses(by_hand: bool, wanted: int, engaged: int, states: int = 12) -> tuple[int, int]:
    """Gear in the end, and presses, of a gearbox that shifts when a button goes down."""
    shifter, held, count = Shifter(by_hand), (False, False), 0
    for _ in range(states):
        now = shifter.press(wanted, engaged)
        for change, before, is_held in ((1, held[0], now[0]), (-1, held[1], now[1])):
            if is_held and not before:
                engaged, count = engaged + change, count + 1
        held = now
    return engaged, count


def test_gears_are_shifted_one_press_at_a_time() -> None:
    assert presses(True, wanted=4, engaged=0) == (4, 4)
    assert presses(True, wanted=-1, engaged=3) == (-1, 4)
    assert presses(True, wanted=2, engaged=2) == (2, 0)


def test_the_games_gearbox_is_told_reverse_and_forward_alone() -> None:
    assert presses(False, wanted=5, engaged=2) == (2, 0)
    assert presses(False, wanted=-1, engaged=1) == (-1, 2)
    assert presses(False, wanted=1, engaged=-1) == (0, 1)
