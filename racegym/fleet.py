"""Many simulators driven as one: rows of one record, all sent to first, then all waited for.

A member that is lost or silent touches its own rows only: they keep their last telemetry and `faults` names the error;
the next reset of those rows starts the member anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from racegym.errors import ConfigurationError, ProtocolError, RacegymError, SimulatorLost, SimulatorTimeout
from racegym.signals import Controls, Telemetry
from racegym.simulator import Exposing, Filmed, Newest, Simulator
from racegym.track import Track

logger = logging.getLogger(__name__)

FAULTS = (SimulatorLost, SimulatorTimeout, ProtocolError)


@dataclass
class _Member:
    simulator: Simulator
    rows: slice
    controls: Controls
    """Its rows of the fleet's, as is `now`."""
    now: np.ndarray
    is_open: bool = False
    frames: dict[str, np.ndarray] = field(default_factory=dict)
    """Its newest, by camera: a simulator that is lost has no other."""


class Fleet:
    """Simulators that share a spec (but for name and course), stacked along the cars axis."""

    def __init__(self, simulators: Sequence[Simulator], faults_in_a_row: int = 3) -> None:
        if not simulators:
            raise ConfigurationError("a fleet needs at least one simulator")
        self.spec = simulators[0].spec
        self.cars = sum(simulator.spec.cars for simulator in simulators)
        self._controls, self._now = Controls(self.cars), Telemetry(self.cars)
        self.faults: dict[int, RacegymError] = {}
        """What befell each row in the last `read`; empty when all went well."""
        self._limit = faults_in_a_row
        self._reads = 0
        self._last_fault = np.full(self.cars, -np.inf)
        self._streak = np.zeros(self.cars, int)
        self._members: list[_Member] = []
        start = 0
        for simulator in simulators:
            self._check(simulator)
            rows = slice(start, start + simulator.spec.cars)
            controls, block = self._controls.rows(rows), self._now.block[rows]
            self._members.append(_Member(simulator, rows, controls, block))
            start = rows.stop

    def _check(self, simulator: Simulator) -> None:
        for name in ("period", "signals", "controls", "beam_angles", "track", "lockstep", "cameras"):
            mine, other = getattr(self.spec, name), getattr(simulator.spec, name)
            if mine != other:
                raise ConfigurationError(
                    f"{simulator.spec.name} and {self.spec.name} cannot be driven together: their {name} differs"
                )

    @property
    def members(self) -> list[tuple[Simulator, slice]]:
        """Each simulator and its rows."""
        return [(member.simulator, member.rows) for member in self._members]

    @property
    def tracks(self) -> list[Track | None]:
        """The geometry under each row, once open."""
        return [track for member in self._members for track in member.simulator.tracks]

    def open(self) -> None:
        """Start every member; if one cannot start, the others are closed again."""
        try:
            for member in self._members:
                member.simulator.open()
                member.is_open = True
        except BaseException:
            self.close()
            raise

    def reset(
        self,
        now: Telemetry,
        rows: np.ndarray | None,
        seeds: Sequence[int | None],
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Start an episode for `rows` (all when None) and write their telemetry into `now`; one seed for each of them.

        Members whose cars race each other can only be reset together, with the seed of their first row.
        """
        wanted = np.arange(self.cars) if rows is None else np.asarray(rows)
        seed_of = dict(zip(wanted.tolist(), seeds, strict=True))
        for member in self._members:
            mine = [row for row in range(member.rows.start, member.rows.stop) if row in seed_of]
            if not mine:
                continue
            spec = member.simulator.spec
            if spec.independent:
                cars = np.array(mine) - member.rows.start
                self._reset(member, now, cars, [seed_of[row] for row in mine], options)
            elif len(mine) == spec.cars:
                self._reset(member, now, np.arange(spec.cars), seed_of[mine[0]], options)
            else:
                raise ConfigurationError(
                    f"{spec.name}: its {spec.cars} cars share a race and are reset together"
                )

    def _reset(
        self,
        member: _Member,
        now: Telemetry,
        cars: np.ndarray,
        seed: int | Sequence[int | None] | None,
        options: Mapping[str, Any] | None,
    ) -> None:
        fault: RacegymError | None = None
        for _ in range(self._limit):
            try:
                if not member.is_open:
                    member.simulator.open()
                    member.is_open = True
                telemetry = member.simulator.reset(seed, options, cars)
                now.block[member.rows.start + cars] = telemetry.block[cars]
                return
            except FAULTS as error:
                fault = error
                self._lost(member, error)
        assert fault is not None
        raise fault

    def send(self, controls: Controls, resting: np.ndarray | None = None) -> None:
        """Hand every member its rows; those whose rows are all `resting` (bool ``(cars,)``) stand still."""
        self.faults.clear()
        if controls is not self._controls:
            self._controls = controls
            for member in self._members:
                member.controls = controls.rows(member.rows)
        for member in self._members:
            if resting is not None and resting[member.rows].all():
                continue
            try:
                member.simulator.send(member.controls)
            except FAULTS as error:
                self._fault(member, error)

    def read(self, now: Telemetry, resting: np.ndarray | None = None, newest: bool = False) -> None:
        """Wait for every member's next telemetry and write it into `now`; only the `newest` where simulators allow it."""
        self._reads += 1
        if now is not self._now:
            self._now = now
            for member in self._members:
                member.now = now.block[member.rows]
        for member in self._members:
            if self.faults and member.rows.start in self.faults:
                continue
            if resting is not None and resting[member.rows].all():
                continue
            simulator = member.simulator
            read = simulator.newest if newest and isinstance(simulator, Newest) else simulator.read
            try:
                member.now[...] = read().block
            except FAULTS as error:
                self._fault(member, error)
            if simulator.faults:
                self._note(member)

    def _note(self, member: _Member) -> None:
        """Count the rows that a member lost by itself."""
        for row, error in member.simulator.faults.items():
            logger.warning("%s: row %d: %s", member.simulator.spec.name, row, error)
            self._count(member.rows.start + row, error)

    def frame(self, camera: str) -> np.ndarray:
        """Every row's newest frame of `camera`, uint8 ``(cars, height, width, channels)``; a lost row's last one."""
        for member in self._members:
            if isinstance(member.simulator, Exposing):
                self._film(member, member.simulator.expose, camera)
        for member in self._members:
            if isinstance(member.simulator, Filmed):
                frame = self._film(member, member.simulator.frame, camera)
                if frame is not None:
                    member.frames[camera] = frame
        frames = [self._last_frame(member, camera) for member in self._members]
        return frames[0] if len(frames) == 1 else np.concatenate(frames)

    def _film(self, member: _Member, do: Callable[[str], Any], camera: str) -> Any:
        if not member.is_open:
            return None
        try:
            return do(camera)
        except FAULTS as error:
            self._fault(member, error)
            return None

    def _last_frame(self, member: _Member, camera: str) -> np.ndarray:
        if camera not in member.frames:
            (of,) = (each for each in member.simulator.spec.cameras if each.name == camera)
            shape = (member.simulator.spec.cars, of.height, of.width, of.channels)
            member.frames[camera] = np.zeros(shape, np.uint8)
        return member.frames[camera]

    def fail(self, rows: np.ndarray, why: str) -> None:
        """Treat `rows` (numbers) as lost in the last step; all of a member's, where its cars share a race."""
        for member in self._members:
            hit = rows[(rows >= member.rows.start) & (rows < member.rows.stop)].tolist()
            fresh = [row for row in hit if row not in self.faults]
            if not fresh:
                continue
            spec = member.simulator.spec
            error = SimulatorLost(f"{spec.name}: {why}")
            if not spec.independent or len(hit) == spec.cars:
                self._fault(member, error)
                continue
            for row in fresh:
                logger.warning("%s: row %d: %s", spec.name, row - member.rows.start, why)
                self._count(row, error)

    def _fault(self, member: _Member, error: RacegymError) -> None:
        self._lost(member, error)
        for row in range(member.rows.start, member.rows.stop):
            self._count(row, error)

    def _count(self, row: int, error: RacegymError) -> None:
        """Note a lost row; raise when it is lost again and again without a second of driving between."""
        self.faults[row] = error
        driven = (self._reads - self._last_fault[row]) * self.spec.period
        self._streak[row] = self._streak[row] + 1 if driven < 1.0 else 1
        self._last_fault[row] = self._reads
        if self._streak[row] >= self._limit:
            raise type(error)(f"{error} ({self._limit} lost episodes in a row)") from error

    def _lost(self, member: _Member, error: RacegymError) -> None:
        logger.warning("%s: %s", member.simulator.spec.name, error)
        member.simulator.close()
        member.is_open = False

    def close(self) -> None:
        """Close every member, whatever befalls the others."""
        failures: list[BaseException] = []
        for member in self._members:
            try:
                member.simulator.close()
            except RacegymError as error:
                failures.append(error)
            member.is_open = False
        if failures:
            raise failures[0]
