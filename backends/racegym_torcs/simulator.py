"""TORCS as a simulator: one race, one to ten cars, in lockstep."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from racegym.errors import (
    BackendUnavailable,
    ConfigurationError,
    InvalidAction,
    SimulatorLost,
    SimulatorTimeout,
)
from racegym.signals import Controls, Telemetry
from racegym.simulator import Camera, Simulator, SimulatorSpec, Standing
from racegym.track import Track
from racegym_torcs import catalogue, classic, limits, standings, wire
from racegym_torcs.camera import Pictures
from racegym_torcs.game import Game
from racegym_torcs.options import TorcsOptions
from racegym_torcs.shared import Shared
from racegym_torcs.transport import Transport

T = TypeVar("T")

_log = logging.getLogger(__name__)
_OBEYED = frozenset({"steer", "throttle", "brake", "clutch", "gear", "focus"})


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A moment that the game keeps."""

    slot: int


class Torcs(Simulator):
    """One TORCS race, started by us or, with ``connect``, found running on an SCR server.

    A reset takes the cars back to the start within a millisecond or two, by a fork inside the game. When the
    race is over (all laps done) the rows keep reporting, with ``finished`` 1.
    """

    def __init__(self, options: TorcsOptions) -> None:
        self._options = options
        track = catalogue.track(options.track) if options.connect is None else options.track
        own = options.connect is None
        expert = options.expert is not None
        self._wanted = 0 if expert else limits.FOCUS
        decoder = wire.Decoder(extended=own, expert=expert)
        self.spec = SimulatorSpec(
            name=f"torcs/{track}",
            period=options.period,
            signals=decoder.signals if own else decoder.signals | frozenset(classic.SIGNALS_WORKED_OUT),
            controls=_OBEYED,
            gearbox=limits.gearbox_of(options.car),
            cars=options.cars,
            traffic=options.cars > 1 or bool(options.opponents) or not own,
            deterministic=own,
            snapshots=own and options.transport == "shared",
            track=own,
            beam_angles=options.beam_angles,
            cameras=_cameras(options),
        )
        self._low, self._high = limits.bounds([len(self.spec.gearbox.up)] * options.cars)
        self._patience, self._ticks = options.deadlines.step, options.ticks_per_step
        self._use(Controls(options.cars), Telemetry(options.cars), Telemetry(options.cars))
        self._began = np.zeros(options.cars)
        self._game = Game(options, self.spec, (self._low, self._high), self._wanted)
        self._held: set[Snapshot] = set()
        self._unseen = math.inf
        """Telemetries since the one that the last picture shows; 0: it shows this one, infinite: it is of another past."""
        self._lost = False
        self._begun = False
        """We have introduced ourselves to the cars of the present race."""
        self._fresh = False
        """Nobody has read the first state of the present race."""

    @property
    def track(self) -> Track | None:
        return self._game.track

    @property
    def pid(self) -> int | None:
        """Process id of the game while it runs and is ours."""
        return self._game.pid

    @property
    def statistics(self) -> Mapping[str, int]:
        """Datagrams dropped since the game was started, by reason: ``stale`` or ``garbage``."""
        transport = self._game.transport
        return {} if transport is None else dict(transport.statistics)

    def open(self) -> None:
        if self._game.transport is None:
            self._start_game()

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Start the race anew for all cars; one race has one start.

        `seed` decides everything that is drawn at random: the starts of this episode and of those after it until the
        next seed, and the sensor noise of this episode. The physics draws nothing. `options` may hold ``start``, of
        the form of the simulator's option and instead of what that says, for this episode.
        `ConfigurationError` for a part of the cars, for other options and for a start that cannot be.
        """
        if self._game.transport is None:
            raise BackendUnavailable("torcs: the simulator is not open; open() starts the game")
        if cars is not None and len(set(np.atleast_1d(cars).tolist())) != self.spec.cars:
            raise ConfigurationError("torcs: the cars of one race start together; reset all of them")
        self._to_start(seed, self._game.line_up.draw(seed, options or {}))
        deadline = time.monotonic() + self._options.deadlines.reset
        self._read_tick(deadline)
        self._unseen = math.inf
        self._began[:] = self._raw["time"]
        return self._relative()

    def send(self, controls: Controls) -> Controls:
        """Clip `controls` and send them; a control that is NaN is the expert's choice, as focus it is none.

        The game rounds gears. `InvalidAction` for NaN when there is no expert.
        """
        transport, applied = self._talk(), self._applied
        if not transport.send(
            controls if transport.clips else self._clipped(controls),
            self._ticks if transport.carries_ticks else 1,
        ):
            raise InvalidAction(limits.NOT_A_NUMBER)
        return applied

    def _clipped(self, controls: Controls) -> Controls:
        block = self._applied.block
        np.maximum(controls.block, self._low, out=block)
        np.minimum(block, self._high, out=block)
        if np.isnan(block[:, : self._wanted]).any():
            raise InvalidAction(limits.NOT_A_NUMBER)
        return self._applied

    def read(self) -> Telemetry:
        deadline = time.monotonic() + self._patience
        self._read_tick(deadline)
        again = self._ticks - 1
        if again > 0 and not self._talk().carries_ticks:
            collision = self._raw["collision"].copy()
            for _ in range(again):
                self._talk().send(self._applied)
                self._read_tick(deadline)
                np.maximum(collision, self._raw["collision"], out=collision)
            self._raw["collision"] = collision
        return self._relative()

    def save(self) -> Snapshot:
        """A snapshot of this moment: a copy of the game's process, asleep.

        `ConfigurationError` without shared memory, or when a thousand are held.
        """
        snapshot = Snapshot(self._share("save", lambda shared, until: shared.save(until)))
        self._held.add(snapshot)
        return snapshot

    def restore(self, snapshot: Snapshot) -> Telemetry:
        """Go on from `snapshot`, within a millisecond or two, to the last bit as it went on then.

        `ConfigurationError` when it was released or its game is gone.
        """
        if snapshot not in self._held:
            raise ConfigurationError("torcs: this snapshot has been released, or its game is gone")
        self._share("restore", lambda shared, until: shared.restore(snapshot.slot, until))
        self._read_tick(time.monotonic() + self._options.deadlines.step)
        self._unseen = math.inf
        return self._relative()

    def release(self, snapshot: Snapshot) -> None:
        """Let go of `snapshot`; again, or after its game has gone, is no error."""
        if snapshot in self._held:
            self._held.discard(snapshot)
            if self._lost or self._game.transport is None:
                return
            self._share("release", lambda shared, until: shared.release(snapshot.slot, until))

    def expose(self, camera: str) -> None:
        """Have the picture of this moment made, unless there is one already or, by `every`, none is due."""
        pictures, transport, deadlines = self._filming(camera), self._talk(), self._options.deadlines
        if self._options.camera is None or self._unseen < self._options.camera.every:
            return
        assert isinstance(transport, Shared)
        try:
            pictures.settle(time.monotonic() + deadlines.picture)
            transport.film(time.monotonic() + deadlines.step)
        except (SimulatorLost, SimulatorTimeout):
            self._lost = True
            raise
        pictures.exposed()
        self._unseen = 0

    def frame(self, camera: str) -> np.ndarray:
        """The picture of the telemetry read last, or by `every` of one before, as `Filmed.frame`.

        `SimulatorLost` when somebody has closed its window.
        """
        self.expose(camera)
        pictures, deadlines = self._filming(camera), self._options.deadlines
        patience = deadlines.start if pictures.first else deadlines.picture
        try:
            return pictures.take(time.monotonic() + patience)
        except (SimulatorLost, SimulatorTimeout):
            self._lost = True
            raise

    def render_rate(self, camera: str, pictures: int) -> float:
        """As `Rendering.render_rate`."""
        frames = self._filming(camera)
        self.frame(camera)
        self._unseen = math.inf
        began = time.perf_counter()
        with frames.repeated(pictures):
            self.expose(camera)
            frames.take(time.monotonic() + self._options.deadlines.picture * pictures)
        return pictures / (time.perf_counter() - began)

    @property
    def keys(self) -> frozenset[str]:
        """Keys held down in the window, by `Keyed`'s names; none without one."""
        pictures = self._game.pictures
        return frozenset() if pictures is None else pictures.keys

    def standings(self) -> list[Standing]:
        """The order of the race now, the game's own drivers included; needs shared memory."""
        self._share("standings", lambda shared, until: shared.standings(until))
        return standings.read(self._game.directory / standings.FILE)

    def _filming(self, camera: str) -> Pictures:
        self._talk()
        pictures = self._game.pictures
        if pictures is None or camera not in {each.name for each in self.spec.cameras}:
            raise ConfigurationError(f"torcs: no camera {camera!r}; the option camera sets one up")
        return pictures

    def _share(self, what: str, do: Callable[[Shared, float], T]) -> T:
        transport = self._talk()
        if not isinstance(transport, Shared) or not self._begun:
            raise ConfigurationError(f"torcs: {what} needs transport: shared, and a race (reset starts one)")
        try:
            return do(transport, time.monotonic() + self._options.deadlines.reset)
        except (SimulatorLost, SimulatorTimeout):
            self._lost = True
            raise

    def close(self) -> None:
        self._game.close()
        cars = self.spec.cars  # our records may lie in memory that has just been let go of
        self._use(Controls(cars), Telemetry(cars), Telemetry(cars))

    def _use(self, applied: Controls, raw: Telemetry, telemetry: Telemetry) -> None:
        """Keep controls, the game's telemetry and that which we hand out in these records."""
        self._applied, self._raw, self._telemetry = applied, raw, telemetry

    def _talk(self) -> Transport:
        transport = self._game.transport
        if transport is None or self._lost:
            raise SimulatorLost("torcs: there is no race; reset starts one")
        return transport

    def _read_tick(self, deadline: float) -> None:
        try:
            self._talk().read(self._raw, deadline)
            self._unseen += 1
        except (SimulatorLost, SimulatorTimeout):
            self._lost = True
            raise

    def _relative(self) -> Telemetry:
        """The telemetry with times from the first state on, as over shared memory the game itself tells them."""
        if self._telemetry is self._raw:
            return self._raw
        np.copyto(self._telemetry.block, self._raw.block)
        time_ = self._telemetry["time"]
        np.subtract(time_, self._began, out=time_)
        return self._telemetry

    def _to_start(self, seed: int | None, starts: np.ndarray | None) -> None:
        """Leave the next state to be the first of a race, by the quickest way there is."""
        deadline = time.monotonic() + self._options.deadlines.reset
        seed = seed if self._options.noise is not None else None
        try:
            self._again(seed, starts, deadline)
        except (SimulatorLost, SimulatorTimeout) as error:
            _log.warning("torcs: starting the game again, because a restart failed: %s", error)
            self._lost = True
            self._again(seed, starts, time.monotonic() + self._options.deadlines.reset)

    def _again(self, seed: int | None, starts: np.ndarray | None, deadline: float) -> None:
        if self._lost or self._talk().over:
            self._start_game()
        elif self._begun and (seed is not None or not self._fresh):
            self._begun = False
            self._talk().restart(deadline)
        if not self._begun:
            self._talk().begin(seed, deadline, starts)
        self._begun, self._fresh = True, False

    def _start_game(self) -> None:
        """Start the game, or find the one that runs, whose race has begun."""
        self.close()
        self._game.start()
        transport = self._game.transport
        if isinstance(transport, Shared):
            self._use(transport.controls, transport.telemetry, transport.telemetry)
        self._held.clear()
        self._lost, self._begun = False, self._options.connect is not None
        self._fresh = self._begun


def _cameras(options: TorcsOptions) -> tuple[Camera, ...]:
    camera = options.camera
    return () if camera is None else (Camera(camera.view, camera.width, camera.height),)
