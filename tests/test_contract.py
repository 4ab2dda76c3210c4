"""The contract tests themselves: a faithful fake simulator passes, and each way to be wrong is told."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from racegym.errors import BackendUnavailable, SimulatorLost
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Gearbox, Simulator, SimulatorSpec
from racegym.testing import SimulatorContract
from racegym.testing.drive import Drive
from racegym.track import Track

PERIOD = 0.05


def oval() -> Track:
    """A circuit that begins with 300 m to the east, 10 m wide."""
    bend = np.linspace(-np.pi / 2, np.pi / 2, 60)[1:-1]
    turn = 100 * np.stack([np.cos(bend), np.sin(bend) + 1], axis=1)
    x = np.arange(0.0, 301.0, 5.0)
    there, back = np.stack([x, 0 * x], axis=1), np.stack([x[::-1], 0 * x + 200], axis=1)
    points = np.concatenate([there, turn + np.array([300, 0]), back, [0, 200] - turn])
    return Track("oval", points, np.full(len(points), 5.0), np.full(len(points), 5.0))


class Faithful(Simulator):
    """A car that goes where it is steered, without tyres: first gear, at most 30 m/s."""

    signals = frozenset(
        {"time", "position", "yaw", "speed", "velocity", "yaw_rate", "heading_error", "track_position"}
        | {"engine_speed", "gear", "steer", "throttle", "brake"}
    )
    spec = SimulatorSpec(
        name="fake/oval",
        period=PERIOD,
        signals=signals,
        controls=frozenset({"steer", "throttle", "brake"}),
        gearbox=Gearbox(up=(np.inf,), down=(0.0,)),
        deterministic=True,
        track=True,
    )
    opened = False
    alive = False

    @property
    def track(self) -> Track | None:
        return oval()

    def open(self) -> None:
        self.opened = self.alive = True

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        self.check()
        self.time, self.speed, self.yaw = 0.0, 0.0, 0.0
        self.x, self.y = 20.0, 0.0
        self.applied = Controls(1)
        return self.telemetry()

    def send(self, controls: Controls) -> Controls:
        self.check()
        self.applied = controls.copy()
        for name in self.spec.controls:
            self.applied[name] = np.clip(controls[name], CONTROLS[name].low, CONTROLS[name].high)
        return self.applied

    def read(self) -> Telemetry:
        self.check()
        self.move(*(float(self.applied[name][0]) for name in ("steer", "throttle", "brake")))
        return self.telemetry()

    def close(self) -> None:
        self.opened = False

    def check(self) -> None:
        if not self.opened:
            raise BackendUnavailable("fake/oval is not open: call open() first")
        if not self.alive:
            raise SimulatorLost("fake/oval: the game died; close() and open() it again")

    def move(self, steer: float, throttle: float, brake: float) -> None:
        self.time += PERIOD
        self.speed = min(max(self.speed + PERIOD * (6 * throttle - 12 * brake), 0), 30)
        self.yaw += PERIOD * 0.1 * steer * self.speed
        self.x += PERIOD * self.speed * np.cos(self.yaw)
        self.y += PERIOD * self.speed * np.sin(self.yaw)

    def telemetry(self) -> Telemetry:
        now = Telemetry(1)
        now["time"] = self.time
        now["position"] = (self.x, self.y, 0)
        now["yaw"] = now["heading_error"] = (self.yaw + np.pi) % (2 * np.pi) - np.pi
        now["speed"] = self.speed
        now["velocity"] = (self.speed, 0, 0)
        now["yaw_rate"] = 0.1 * self.applied["steer"] * self.speed
        now["track_position"] = self.y / 5
        now["engine_speed"] = 100 + 10 * self.speed
        now["gear"] = 1
        for name in ("steer", "throttle", "brake"):
            now[name] = self.applied[name]
        self.measure(now)
        return now

    def measure(self, now: Telemetry) -> None:
        """Where a fault may creep in."""


class TestAFaithfulSimulator(SimulatorContract):
    def simulator(self) -> Simulator:
        return Faithful()

    def kill(self, simulator: Simulator) -> None:
        simulator.alive = False


FAULTS: list[Any] = []


def fault(test: str, said: str, **arguments: object) -> Callable[[type], type]:
    """Put a faulty simulator on the list: which test must tell, and what."""

    def put(simulator: type) -> type:
        FAULTS.append(pytest.param(simulator, test, said, arguments, id=simulator.__name__))
        return simulator

    return put


def altered(**fields: object) -> SimulatorSpec:
    return replace(Faithful.spec, **fields)


# the spec

FREE = "test_constructing_is_free_and_the_spec_is_readable"


@fault(FREE, "constructing it starts")
class OpensWhenConstructed(Faithful):
    def __init__(self) -> None:
        self.file = open(os.devnull)  # noqa: SIM115


@fault(FREE, "is to give one car, not 2")
class TwoCars(Faithful):
    spec = altered(cars=2)


@fault("test_the_spec_speaks_of_declared_names_only", r"no such signals: \['rpm'\]")
class UndeclaredSignal(Faithful):
    spec = altered(signals=Faithful.signals | {"rpm"})


@fault("test_the_spec_speaks_of_declared_names_only", r"no such controls: \['accel'\]")
class UndeclaredControl(Faithful):
    spec = altered(controls=Faithful.spec.controls | {"accel"})


@fault("test_the_gearbox_and_the_beams_are_complete", "its shift point up is infinite")
class NoTopGear(Faithful):
    spec = altered(gearbox=Gearbox(up=(700.0, 700.0), down=(0.0, 300.0)))


@fault("test_the_gearbox_and_the_beams_are_complete", "from left to right")
class BeamsFromTheRight(Faithful):
    spec = altered(beam_angles=Faithful.spec.beam_angles[::-1])


@fault("test_the_common_set_is_provided_or_derivable", "fake/oval does not provide yaw_rate")
class NoYawRate(Faithful):
    spec = altered(signals=Faithful.signals - {"yaw_rate"})


@fault("test_the_track_is_there_when_the_spec_says_so", "spec.track is False")
class UnannouncedTrack(Faithful):
    spec = altered(track=False)


# time


@fault("test_time_is_0_after_reset_twice", r"after reset")
class ClockRunsOn(Faithful):
    total = 0.0

    def measure(self, now: Telemetry) -> None:
        self.total += PERIOD
        now["time"] = self.total - PERIOD


@fault("test_every_read_is_newer_than_the_last", "the same or an older telemetry")
class SameTelemetryTwice(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["time"] = self.time - self.time % (2 * PERIOD)


@fault("test_every_read_is_newer_than_the_last", "but the period is 0.1 s")
class WrongPeriod(Faithful):
    spec = altered(period=0.1)


# what is reported

IN_RANGE = "test_signals_are_finite_and_in_range"


@fault(IN_RANGE, "fuel is promised but .*nan.* after reset")
class PromisedButMissing(Faithful):
    spec = altered(signals=Faithful.signals | {"fuel"})


@fault(IN_RANGE, "throttle is .* its range is 0 to 1")
class ThrottleInPercent(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["throttle"] *= 100


@fault(IN_RANGE, "gear is a count but")
class GearBetweenGears(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["gear"] = 1.5


@fault("test_signals_not_promised_stay_nan", r"not in spec.signals: \['fuel'\]")
class UnpromisedFuel(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["fuel"] = 50


@fault("test_telemetry_has_one_row_per_car", "2 rows for 1 cars")
class RowsTooMany(Faithful):
    def telemetry(self) -> Telemetry:
        return Telemetry(2)


DETERMINISTIC = "test_the_same_seed_and_controls_give_the_same_telemetry"


@fault(DETERMINISTIC, r"after another reset step \d+ differs in \['engine_speed'\]")
class EngineStaysWarm(Faithful):
    heat = 0.0

    def measure(self, now: Telemetry) -> None:
        self.heat += 1e-9
        now["engine_speed"] += self.heat


@fault(DETERMINISTIC, r"in another simulator step \d+ differs in \['engine_speed'\]")
class EngineDiffersByCar(Faithful):
    built: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.number = len(self.built)
        self.built.append(self.number)

    def measure(self, now: Telemetry) -> None:
        now["engine_speed"] += self.number


# signs and units


@fault("test_the_car_starts_on_the_track_and_along_it", "off the track's direction")
class StartsCrosswise(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["heading_error"] += 1.5


@fault("test_full_throttle_moves_forward", "gained along the track")
class DrivesBackwards(Faithful):
    def move(self, steer: float, throttle: float, brake: float) -> None:
        super().move(steer, throttle, brake)
        self.x -= 2 * PERIOD * self.speed


@fault("test_full_throttle_moves_forward", "0.00 m/s after 5.0 s of full throttle")
class NeverMoves(Faithful):
    def move(self, steer: float, throttle: float, brake: float) -> None:
        self.time += PERIOD


@fault("test_full_throttle_moves_forward", "time stands still")
class FrozenClock(Faithful):
    def move(self, steer: float, throttle: float, brake: float) -> None:
        """Nothing."""


@fault("test_full_throttle_moves_forward", "forward velocity")
class SidewaysFrame(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["velocity"] = (0, self.speed, 0)


@fault("test_speeds_are_metres_per_second", "other units or another sign")
class KilometresPerHour(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["speed"] *= 3.6
        now["velocity"] *= 3.6


@fault("test_brake_stops_the_car", "after a second of brake")
class NoBrake(Faithful):
    def move(self, steer: float, throttle: float, brake: float) -> None:
        super().move(steer, throttle, 0)


TURN = "test_steer_plus_one_turns_counter_clockwise"


@fault(TURN, r"steer \+1 turns at -0", steer=1.0)
class SteersTheOtherWay(Faithful):
    def move(self, steer: float, throttle: float, brake: float) -> None:
        super().move(-steer, throttle, brake)

    def measure(self, now: Telemetry) -> None:
        now["yaw_rate"] *= -1


@fault(TURN, "yaw_rate over time", steer=-1.0)
class DegreesPerSecond(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["yaw_rate"] = np.degrees(now["yaw_rate"])


@fault(TURN, "the change of heading_error is -", steer=1.0)
class HeadingErrorClockwise(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["heading_error"] *= -1


@fault(TURN, "steer .1 reported as", steer=1.0)
class SteerReportedClockwise(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["steer"] *= -1


@fault("test_steer_plus_one_raises_track_position", "after steer -1")
class TrackPositionFromTheRight(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["track_position"] *= -1


@fault("test_provided_and_derived_signals_agree", "track_position is .* off what follows")
class TrackPositionFromTheEdge(Faithful):
    def measure(self, now: Telemetry) -> None:
        now["track_position"] += 1


# manners

SEND = "test_send_returns_what_was_applied"


@fault(SEND, "steer is .*2.* its range is -1 to 1|throttle is .*2|brake is .*2")
class NoClipping(Faithful):
    def send(self, controls: Controls) -> Controls:
        super().send(controls)
        return controls


@fault(SEND, "returned None")
class SendReturnsNothing(Faithful):
    def send(self, controls: Controls) -> Controls:
        super().send(controls)
        return None  # type: ignore[return-value]


@fault(SEND, "changed the caller's controls")
class ClipsInPlace(Faithful):
    def send(self, controls: Controls) -> Controls:
        controls.block[:] = super().send(controls).block
        return controls


@fault("test_closing_without_opening_and_twice_does_nothing", "was not open")
class ClosesOnce(Faithful):
    def close(self) -> None:
        if not self.opened:
            raise ValueError("was not open")
        self.opened = False


@fault("test_a_closed_simulator_says_so", r"read\(\) before open\(\): None", verb="read")
class TalksWhileClosed(Faithful):
    def read(self) -> Telemetry:
        return Telemetry(1)


@fault("test_a_closed_simulator_says_so", r"send\(\) after close\(\): OSError", verb="send")
class ForeignError(Faithful):
    def close(self) -> None:
        self.closed = True

    def send(self, controls: Controls) -> Controls:
        if hasattr(self, "closed"):
            raise OSError("bad file descriptor")
        return super().send(controls)


@fault("test_it_opens_again_after_close", "only once")
class OpensOnce(Faithful):
    def open(self) -> None:
        if hasattr(self, "applied") or self.alive:
            raise ValueError("only once")
        super().open()


@fault("test_closing_leaves_nothing_behind", "left after close.*thread")
class LeavesAThread(Faithful):
    end = threading.Event()

    def open(self) -> None:
        super().open()
        threading.Thread(target=self.end.wait, args=(5,), daemon=True).start()


KILLED = "test_a_killed_game_is_lost_in_time_and_opens_again"


@fault(KILLED, "no answer within 0.2 s")
class HangsWhenKilled(Faithful):
    def read(self) -> Telemetry:
        if not self.alive:
            threading.Event().wait(2)
        return super().read()

    def send(self, controls: Controls) -> Controls:
        return controls


@fault(KILLED, "None, not SimulatorLost")
class TalksOnWhenKilled(Faithful):
    def check(self) -> None:
        """All is well."""


@fault(KILLED, "BrokenPipeError.*, not SimulatorLost")
class RaisesItsOwnWhenKilled(Faithful):
    def check(self) -> None:
        if not self.alive:
            raise BrokenPipeError


@pytest.mark.parametrize(("simulator", "test", "said", "arguments"), FAULTS)
def test_a_fault_is_told(simulator: type, test: str, said: str, arguments: dict[str, Any]) -> None:
    contract = TestAFaithfulSimulator()
    contract.simulator = simulator
    contract.patience = 0.2
    told: tuple[type[BaseException], ...] = (AssertionError, pytest.fail.Exception, ValueError)
    method = getattr(contract, test)
    if "drive" in inspect.signature(method).parameters:
        arguments = {"drive": Drive(simulator()).open(), **arguments}
    with pytest.raises(told, match=said):
        method(**arguments)
