"""The tests of `SimulatorContract`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from racegym.errors import RacegymError, SimulatorLost
from racegym.sensors import RULES, Sensors, plan
from racegym.signals import BEAMS, COMMON, CONTROLS, SIGNALS, Controls, Telemetry, unknown
from racegym.simulator import Simulator
from racegym.testing.checks import belongings, expect_close, expect_in_range, expect_same, series
from racegym.testing.drive import Drive
from racegym.track import Track

#: How far a provided signal may lie from the same one derived from pose and track: the median over a drive.
AGREEMENT = {
    "speed": 0.2,
    "heading_error": 0.05,
    "track_position": 0.05,
    "distance": 1.5,
    "rangefinders": 1.5,
}
#: Speed at which steering is tried, m/s: slow enough for any tyre to follow, fast enough to be seen.
TURNING_SPEED = 8.0


class SimulatorContract:
    """Inherit it in a class ``Test...`` and give it `simulator`; `kill` too, where the game can be killed.

    Controls are finite but for `focus`, NaN when none is wanted. The core sends no other NaN, so what a
    simulator makes of one is its own affair. A real-time game should lower `steps`: each takes a period.
    """

    seconds_to_move: float = 5.0
    """Simulated time in which full throttle from standstill must bring the car to `TURNING_SPEED`, s."""
    steps: int = 300
    """Length of a random drive, control periods."""
    period_slack: float = 0.15
    """How far one step of a lockstep simulator may be from its spec's period, as a share of it."""
    patience: float = 10.0
    """Deadline for answers that must not take long (an error, a lost game), s of wall-clock time."""

    def simulator(self) -> Simulator:
        """A new simulator of one car, not yet open; asked for several times, and two may be open at once."""
        raise NotImplementedError("give your contract class a method simulator(self)")

    def kill(self, simulator: Simulator) -> None:
        """End the game of an open simulator behind its back, as a crash would."""
        pytest.skip("no kill(simulator) in this contract class")

    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        drive = Drive(self.simulator())
        try:
            yield drive.open()
        finally:
            drive.simulator.close()

    # the spec

    def test_constructing_is_free_and_the_spec_is_readable(self) -> None:
        before = belongings()
        simulator = self.simulator()
        assert not belongings() - before, f"constructing it starts {sorted(belongings() - before)}"
        spec = simulator.spec
        assert spec.name, "a simulator has a name: backend and course"
        assert spec.period > 0, f"a period of {spec.period} s"
        assert spec.cars == 1, f"simulator() is to give one car, not {spec.cars}"

    def test_the_spec_speaks_of_declared_names_only(self) -> None:
        spec = self.simulator().spec
        assert not unknown(spec.signals), f"no such signals: {unknown(spec.signals)}"
        assert not unknown(spec.controls, CONTROLS), f"no such controls: {unknown(spec.controls, CONTROLS)}"
        assert {"steer", "throttle", "brake"} <= spec.controls

    def test_the_gearbox_and_the_beams_are_complete(self) -> None:
        spec = self.simulator().spec
        up, down = spec.gearbox.up, spec.gearbox.down
        assert len(up) == len(down) >= 1, f"{len(up)} shift points up, {len(down)} down"
        assert up[-1] == np.inf, "nothing is above the last gear: its shift point up is infinite"
        assert down[0] == 0, "nothing is below first gear: its shift point down is 0"
        assert all(low < high for low, high in zip(down, up, strict=True)), (
            "a gear would shift up and down at once"
        )
        assert len(spec.beam_angles) == BEAMS
        assert list(spec.beam_angles) == sorted(spec.beam_angles, reverse=True), "beams go from left to right"

    def test_the_common_set_is_provided_or_derivable(self) -> None:
        Sensors(self.simulator().spec, COMMON)

    def test_the_track_is_there_when_the_spec_says_so(self, drive: Drive) -> None:
        track = drive.simulator.track
        if not drive.spec.track:
            assert track is None, "there is a track, but spec.track is False"
            return
        assert isinstance(track, Track), f"spec.track is True, but the track is {track!r}"
        assert drive.simulator.spec == drive.spec, "open() changed the spec"

    # time

    def test_time_is_0_after_reset_twice(self, drive: Drive) -> None:
        for _ in range(2):
            now = drive.reset()
            assert now["time"].tolist() == [0.0], f"time {now['time']} after reset"
            for _ in range(5):
                drive.step(throttle=1)
        now = drive.simulator.reset(cars=np.array([0]))
        assert now["time"].tolist() == [0.0], f"time {now['time']} after reset(cars=[0])"

    def test_every_read_is_newer_than_the_last(self, drive: Drive) -> None:
        times = [float(drive.reset()["time"][0])]
        times += [float(drive.step(throttle=0.5)["time"][0]) for _ in range(30)]
        steps, period = np.diff(times), drive.spec.period
        assert (steps > 0).all(), f"read() gave the same or an older telemetry: steps of {steps.min()} s"
        if drive.spec.lockstep:
            slack = period * self.period_slack + 1e-9
            off = np.abs(steps - period).max()
            assert off <= slack, (
                f"steps of {steps.min():g} to {steps.max():g} s, but the period is {period:g} s"
            )

    # what is reported

    def test_signals_are_finite_and_in_range(self, drive: Drive) -> None:
        promised = [name for name in SIGNALS if name in drive.spec.signals or name in drive.sensors.derived]
        expect_in_range(drive.reset(), promised, SIGNALS, "after reset")
        for step, (_, now) in enumerate(drive.wander(self.steps)):
            expect_in_range(now, promised, SIGNALS, f"after step {step}")

    def test_signals_not_promised_stay_nan(self, drive: Drive) -> None:
        drive.reset()
        for raw, _ in [(drive.raw, drive.now), *drive.wander(20)]:
            given = [n for n in SIGNALS if n not in drive.spec.signals and not np.isnan(raw[n]).all()]
            assert not given, f"reported, but not in spec.signals: {given}"

    def test_telemetry_has_one_row_per_car(self, drive: Drive) -> None:
        telemetry = drive.simulator.reset()
        assert isinstance(telemetry, Telemetry), f"reset() returned {telemetry!r}"
        assert telemetry.cars == drive.spec.cars, f"{telemetry.cars} rows for {drive.spec.cars} cars"

    def test_the_same_seed_and_controls_give_the_same_telemetry(self, drive: Drive) -> None:
        if not drive.spec.deterministic:
            pytest.skip("spec.deterministic is False")
        first, again = drive.record(self.steps), drive.record(self.steps)
        expect_same(first, again, "after another reset")
        other = Drive(self.simulator())
        try:
            expect_same(first, other.open().record(self.steps), "in another simulator")
        finally:
            other.simulator.close()

    # signs and units

    def test_the_car_starts_on_the_track_and_along_it(self, drive: Drive) -> None:
        now = drive.reset()
        assert abs(now["track_position"][0]) <= 1, f"starts at track position {now['track_position'][0]:.2f}"
        assert abs(now["heading_error"][0]) < 0.5, (
            f"starts {now['heading_error'][0]:.2f} rad off the track's direction"
        )
        assert now["speed"][0] < 1, f"starts at {now['speed'][0]:.1f} m/s"

    def test_full_throttle_moves_forward(self, drive: Drive) -> None:
        history = self._launch(drive)
        start, end = history[0], history[-1]
        assert end["velocity"][0, 0] > 1, f"forward velocity {end['velocity'][0, 0]:.2f} m/s"
        gained = (end["distance"] - start["distance"])[0]
        assert gained > 1, f"{gained:.2f} m gained along the track"
        assert end["throttle"][0] > 0, "throttle reported as 0"
        assert end["gear"][0] >= 1, f"gear {end['gear'][0]:.0f}"
        if "wheel_speeds" in drive.spec.signals:
            assert end["wheel_speeds"][0].mean() > 0, "wheels turn backwards"

    def test_speeds_are_metres_per_second(self, drive: Drive) -> None:
        history = self._launch(drive)
        time_, speed = series(history, "time"), series(history, "speed")
        driven = np.sum((speed[1:] + speed[:-1]) / 2 * np.diff(time_))
        expect_close(series(history, "distance")[-1], driven, "distance gained", "its speed over time")
        velocity = series(history, "velocity")
        expect_close(np.hypot(*velocity[-1, :2]), speed[-1], "the velocity's length", "the speed")
        if "position" in drive.spec.signals:
            moved = np.hypot(*np.diff(series(history, "position")[:, :2], axis=0).T).sum()
            expect_close(moved, driven, "the way of the position", "its speed over time")

    def test_brake_stops_the_car(self, drive: Drive) -> None:
        fast = self._launch(drive)[-1]["speed"][0]
        slow = drive.roll(1.0, lambda now: now["speed"][0] < fast / 2, brake=1)[-1]
        assert slow["speed"][0] < 0.8 * fast, (
            f"{fast:.1f} m/s before, {slow['speed'][0]:.1f} m/s after a second of brake"
        )
        assert slow["brake"][0] > 0, "brake reported as 0"

    @pytest.mark.parametrize("steer", [1.0, -1.0])
    def test_steer_plus_one_turns_counter_clockwise(self, drive: Drive, steer: float) -> None:
        history = self._turn(drive, steer)
        rates = series(history, "yaw_rate")
        assert rates.mean() * steer > 0, f"steer {steer:+.0f} turns at {rates.mean():.3f} rad/s"
        assert history[-1]["steer"][0] * steer > 0, (
            f"steer {steer:+.0f} reported as {history[-1]['steer'][0]:.2f}"
        )
        turned = np.sum((rates[1:] + rates[:-1]) / 2 * np.diff(series(history, "time")))
        for name in {"yaw", "heading_error"} & (drive.spec.signals | set(drive.sensors.derived)):
            angles = np.unwrap(series(history, name))
            expect_close(
                angles[-1] - angles[0], turned, f"the change of {name}", "yaw_rate over time", 0.25, 0.15
            )

    def test_steer_plus_one_raises_track_position(self, drive: Drive) -> None:
        left, right = (self._turn(drive, steer)[-1]["track_position"][0] for steer in (1.0, -1.0))
        assert left > right, f"track position {left:.3f} after steer +1, {right:.3f} after steer -1"

    def test_provided_and_derived_signals_agree(self, drive: Drive) -> None:
        base = drive.spec.signals - set(RULES)
        track = {"track"} if drive.spec.track else set()
        both = [n for n in AGREEMENT if n in drive.spec.signals and not plan((n,), base | track)[1]]
        if not both:
            pytest.skip("nothing is both provided and derivable")
        sensors = Sensors(replace(drive.spec, signals=base), both)
        sensors.open(drive.simulator.track)
        drive.reset()
        derived = [drive.raw.copy()]
        sensors.reset(derived[0])
        history = drive.roll(self.seconds_to_move, throttle=0.5)
        for now in history[1:]:
            derived.append(now.copy())
            sensors.derive(derived[-2], derived[-1])
        for name in both:
            off = np.median(np.abs(series(history, name) - series(derived, name)))
            assert off <= AGREEMENT[name], f"{name} is {off:.3g} off what follows from pose and track"

    # manners

    def test_send_returns_what_was_applied(self, drive: Drive) -> None:
        drive.reset()
        for sign, steer in ((2.0, 1.0), (-2.0, -1.0)):
            controls = Controls(1)
            controls["steer"] = controls["throttle"] = controls["brake"] = sign
            asked = controls.copy()
            applied = drive.simulator.send(controls)
            drive.simulator.read()
            assert isinstance(applied, Controls), (
                f"send() returned {applied!r}, not the controls that were applied"
            )
            expect_in_range(
                applied, drive.spec.controls - {"focus"}, CONTROLS, f"applied after sending {sign}"
            )
            assert applied["steer"][0] == steer, (
                f"steer {sign} applied as {applied['steer'][0]}, not clipped to {steer}"
            )
            assert np.array_equal(controls.block, asked.block, equal_nan=True), (
                "send() changed the caller's controls"
            )

    def test_closing_without_opening_and_twice_does_nothing(self, drive: Drive) -> None:
        self.simulator().close()
        drive.simulator.close()
        drive.simulator.close()

    @pytest.mark.parametrize("verb", ["reset", "send", "read"])
    def test_a_closed_simulator_says_so(self, drive: Drive, verb: str) -> None:
        never = self.simulator()
        drive.reset()
        drive.simulator.close()
        for simulator, state in ((never, "before open()"), (drive.simulator, "after close()")):
            call = getattr(simulator, verb)
            error = self._in_time(lambda call=call: call(Controls(1)) if verb == "send" else call())
            assert isinstance(error, RacegymError), (
                f"{verb}() {state}: {error!r}, not an error of racegym.errors"
            )

    def test_it_opens_again_after_close(self, drive: Drive) -> None:
        drive.simulator.close()
        drive.open()
        assert drive.reset()["time"][0] == 0
        drive.step()

    def test_closing_leaves_nothing_behind(self, drive: Drive) -> None:
        drive.reset()
        drive.simulator.close()
        before = belongings()
        drive.open()
        drive.reset()
        drive.simulator.close()
        assert not belongings() - before, f"left after close(): {sorted(belongings() - before)}"

    def test_a_killed_game_is_lost_in_time_and_opens_again(self, drive: Drive) -> None:
        drive.reset()
        drive.step()
        self.kill(drive.simulator)
        end = time.monotonic() + self.patience / 2

        def drive_on() -> None:
            while time.monotonic() < end:
                drive.step()

        error = self._in_time(drive_on)
        assert isinstance(error, SimulatorLost), (
            f"send() and read() of a killed game: {error!r}, not SimulatorLost"
        )
        drive.simulator.close()
        drive.open()
        assert drive.reset()["time"][0] == 0

    # how it is done

    def _launch(self, drive: Drive) -> list[Telemetry]:
        drive.reset()
        history = drive.roll(self.seconds_to_move, lambda now: now["speed"][0] >= TURNING_SPEED, throttle=1)
        speed = history[-1]["speed"][0]
        assert speed >= TURNING_SPEED, f"{speed:.2f} m/s after {self.seconds_to_move} s of full throttle"
        return history

    def _turn(self, drive: Drive, steer: float) -> list[Telemetry]:
        self._launch(drive)
        return drive.roll(0.8, steer=steer, throttle=0.2)

    def _in_time(self, act: Callable[[], object]) -> BaseException | None:
        """The exception that `act` raises; fails when it takes longer than `patience`, without waiting on."""
        raised: list[BaseException] = []

        def run() -> None:
            try:
                act()
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.patience)
        if thread.is_alive():
            pytest.fail(f"no answer within {self.patience} s")
        return raised[0] if raised else None
