"""The gamepad against a module that takes vgamepad's place and keeps what it is told: /dev/uinput is rarely there."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from racegym.errors import BackendUnavailable
from racegym_trackmania.gamepad import Gamepad


class Pad:
    """An Xbox 360 pad as vgamepad has it: what is set takes effect by `update`."""

    def __init__(self) -> None:
        self.set: dict[str, float] = {}
        self.shown: dict[str, float] = {}

    def left_joystick_float(self, x_value_float: float, y_value_float: float) -> None:
        self.set |= {"x": x_value_float, "y": y_value_float}

    def right_trigger_float(self, value_float: float) -> None:
        self.set["right"] = value_float

    def left_trigger_float(self, value_float: float) -> None:
        self.set["left"] = value_float

    def reset(self) -> None:
        self.set = dict.fromkeys(self.set, 0.0)

    def update(self) -> None:
        self.shown = dict(self.set)


def test_left_is_left_and_all_is_let_go(monkeypatch):
    made = Pad()
    monkeypatch.setitem(sys.modules, "vgamepad", SimpleNamespace(VX360Gamepad=lambda: made))
    pad = Gamepad()
    pad.set(0.5, 1.0, 0.25)
    assert made.shown == {"x": -0.5, "y": 0.0, "right": 1.0, "left": 0.25}
    pad.release()
    assert set(made.shown.values()) == {0.0}
    pad.set(1.0, 1.0, 0.0)
    pad.close()
    assert set(made.shown.values()) == {0.0}


def refused() -> None:
    raise PermissionError("/dev/uinput")


@pytest.mark.parametrize(
    ("module", "message"),
    [(None, "pip install vgamepad"), (SimpleNamespace(VX360Gamepad=refused), "ViGEmBus")],
)
def test_without_a_pad_the_error_says_what_to_install(monkeypatch, module, message):
    monkeypatch.setitem(sys.modules, "vgamepad", module)
    with pytest.raises(BackendUnavailable, match=message):
        Gamepad()
