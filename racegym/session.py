"""A session: one fleet, one task, and the step that wires them; the environments give it an agent's API.

One step::

    action (cars, a) -> actuator.decode -> fleet.send, fleet.read -> sensors.derive -> reward, terminated, observation

Every array keeps the cars axis. Nothing else happens in a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from racegym import native
from racegym.compiled import Judge, decoder
from racegym.errors import ConfigurationError
from racegym.fleet import Fleet
from racegym.sensors import Sensors, obtainable
from racegym.signals import COMMON, SIGNALS, Controls, Telemetry
from racegym.simulator import Simulator, Snapshots
from racegym.task import Task, TaskConfig
from racegym.terminations import Laps
from racegym.track import Track
from racegym.truncation import REASONS

FAULT = "fault"
EVENTS = [SIGNALS.columns(name).start for name, signal in SIGNALS.items() if signal.kind == "event"]


@dataclass(slots=True)
class Outcome:
    """What a step came to: arrays over cars; `observation` is freshly allocated."""

    observation: Any
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray


@dataclass(frozen=True)
class Snapshot:
    """A moment of a session: what `Session.save` returns. Its fields are of no use to others."""

    simulators: list[object]
    now: np.ndarray
    before: np.ndarray
    sensors: list[dict[str, Any]]
    task: list[dict[str, Any]]


class Session:
    """Simulators driven for a task. `now` and `before` are the telemetries around the last step, ``(cars, ...)``."""

    def __init__(
        self,
        simulators: Sequence[Simulator],
        task: TaskConfig,
        on_fault: Literal["truncate", "raise"] = "truncate",
        faults_in_a_row: int = 3,
        period: float | None = None,
        compiled: bool = True,
    ) -> None:
        """`period` is the time of an agent's step, s, where a clock sets it; else it follows from the simulator's.

        Not `compiled`, NumPy does what C would.
        """
        self.fleet = Fleet(simulators, faults_in_a_row)
        self.cars = self.fleet.cars
        self.spec = self.fleet.spec
        self.task = Task(task, self.spec, self.cars, period)
        self.now = Telemetry(self.cars)
        self.before = Telemetry(self.cars)
        self.compiled: frozenset[str] = frozenset()
        """What of the task runs in C: ``action``, ``reward.progress``, ..., ``observation``."""
        self._decode, self._judged = self._decoded, partial(self.task.judge, self.before, self.now)
        if compiled and (library := native.library()):
            self._compile(library)
        self._raise = on_fault == "raise"
        laps = max((term.count for term in task.termination.values() if isinstance(term, Laps)), default=None)
        wanted = self.task.signals | (obtainable(self.spec) & frozenset(COMMON) - {"rangefinders"})
        self._sensors: list[tuple[Sensors, Simulator, slice, Telemetry, Telemetry]] = []
        self.derived: tuple[str, ...] = ()
        for simulator, rows in self.fleet.members:
            sensors = Sensors(simulator.spec, sorted(wanted), laps)
            self.derived = sensors.derived
            if sensors.derived:
                self._sensors.append((sensors, simulator, rows, self.before.rows(rows), self.now.rows(rows)))
        self._read = np.concatenate([np.r_[SIGNALS.columns(name)] for name in sorted(self.task.signals)])
        self._repeat = task.action.repeat
        self._share_of = [self.task.shares[:, row] for row in range(self.cars)]
        self._is_open = False

    def _compile(self, library: Any) -> None:
        decode = decoder(library, self.task.actuator, self.now, self.before)
        judge = Judge(library, self.task, self.before, self.now)
        self._decode, self._judged = decode or self._decode, judge
        self.compiled = frozenset([*judge.compiled, *(["action"] if decode else [])])

    @property
    def observation_space(self) -> Any:
        """The space of one car's observation."""
        return self.task.observer.space

    @property
    def tracks(self) -> list[Track | None]:
        """The geometry under each row, once the first episode has begun."""
        return self.task.courses.tracks

    @property
    def controls(self) -> Controls:
        """The controls that the last action became."""
        return self.task.actuator.controls

    def _open(self) -> None:
        self.fleet.open()
        self.task.courses.tracks = self.fleet.tracks
        self.task.cameras.film = self.fleet.frame
        for sensors, simulator, *_ in self._sensors:
            sensors.open(simulator.track)
        self._is_open = True

    def reset(
        self,
        rows: np.ndarray | None = None,
        seeds: Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Begin an episode for `rows` (all when None), one seed each; the observation of every car."""
        if not self._is_open:
            self._open()
        count = self.cars if rows is None else len(rows)
        self.fleet.reset(self.now, rows, seeds or [None] * count, options)
        for sensors, _, place, _, now in self._sensors:
            mine = None if rows is None else rows[(rows >= place.start) & (rows < place.stop)] - place.start
            if mine is None or len(mine):
                sensors.reset(now, mine)
        which = slice(None) if rows is None else rows
        self.before.block[which] = self.now.block[which]
        self.task.reset(self.now, rows)
        return self.task.observer.current()

    def step(self, action: Any, resting: np.ndarray | None = None) -> Outcome:
        """Drive every car by `action` ``(cars, ...)`` for one agent step, but for `resting` ones (bool ``(cars,)``)."""
        self._decode(action)
        self._drive(self.task.actuator.controls, resting)
        return self._judge()

    def _decoded(self, action: Any) -> None:
        """Make `action` controls, and `now` the past."""
        self.task.actuator.decode(action, self.now)
        self.before.block[...] = self.now.block

    def act(self, action: Any) -> None:
        """The first half of a step in real time: `action` ``(cars, ...)`` acts from now on."""
        self.fleet.send(self.task.actuator.decode(action, self.now))

    def observe(self) -> Outcome:
        """The second half: what the newest telemetry shows, without waiting for one."""
        self.before.block[...] = self.now.block
        self.fleet.read(self.now, newest=True)
        return self._judge()

    def _judge(self) -> Outcome:
        for sensors, _, _, past, present in self._sensors:
            sensors.derive(past, present)
        observation, reward, terminated, truncated, sound = self._judged()
        if self.fleet.faults or not sound:
            return self._faulty(reward, terminated, truncated)
        return Outcome(observation, reward, terminated, truncated)

    def _drive(self, controls: Controls, resting: np.ndarray | None) -> None:
        """Send `controls` and read telemetry, as often as the action is repeated; events of any time count."""
        now, fleet = self.now, self.fleet
        fleet.send(controls, resting)
        fleet.read(now, resting)
        for _ in range(self._repeat - 1):
            if fleet.faults:
                break
            events = now.block[:, EVENTS]
            fleet.send(controls, resting)
            fleet.read(now, resting)
            now.block[:, EVENTS] = np.maximum(now.block[:, EVENTS], events)

    def _faulty(self, reward: np.ndarray, terminated: np.ndarray, truncated: np.ndarray) -> Outcome:
        """End the episodes of the rows that were lost: the last valid telemetry once more, reward 0, truncated."""
        sound = np.isfinite(self.now.block[:, self._read]).all(axis=1)
        self.fleet.fail(np.flatnonzero(sound == 0), "its telemetry is not finite")
        if self._raise and self.fleet.faults:
            raise next(iter(self.fleet.faults.values()))
        rows = np.array(sorted(self.fleet.faults), int)
        self.now.block[rows] = self.before.block[rows]
        reward[rows], terminated[rows], truncated[rows] = 0.0, False, True
        self.task.shares[:, rows] = 0.0
        self.task.observer.begin(self.now, self.controls, rows)
        return Outcome(self.task.observer.current(), reward, terminated, truncated)

    def save(self) -> Snapshot:
        """This moment of every row, to `restore` any number of times; hold few, and `release` them."""
        simulators = [_with_snapshots(simulator) for simulator, _ in self.fleet.members]
        return Snapshot(
            [simulator.save() for simulator in simulators],
            self.now.block.copy(),
            self.before.block.copy(),
            [sensors.save() for sensors, *_ in self._sensors],
            self.task.save(),
        )

    def restore(self, snapshot: Snapshot) -> Any:
        """Go back to that moment: simulators, observation stacks and accounts; the observation of every car."""
        for (simulator, _), inner in zip(self.fleet.members, snapshot.simulators, strict=True):
            _with_snapshots(simulator).restore(inner)
        self.now.block[...] = snapshot.now
        self.before.block[...] = snapshot.before
        for (sensors, *_), remembered in zip(self._sensors, snapshot.sensors, strict=True):
            sensors.restore(remembered)
        self.task.restore(snapshot.task)
        return self.task.observer.current()

    def release(self, snapshot: Snapshot) -> None:
        """Let go of a snapshot; closing releases all."""
        for (simulator, _), inner in zip(self.fleet.members, snapshot.simulators, strict=True):
            _with_snapshots(simulator).release(inner)

    def ended_by(self, row: int) -> str:
        """What ended the episode of `row` in the last step: a termination term, ``time``, ``steps``,
        ``laps`` or ``fault``.
        """
        if row in self.fleet.faults:
            return FAULT
        task = self.task
        names = (*task.termination_names, *REASONS)
        causes = np.concatenate([task.terminator.causes[:, row], task.truncator.causes[:, row]])
        return names[int(causes.argmax())]

    def info(self, row: int, ended: bool) -> dict[str, Any]:
        """What gymnasium's info holds for `row` after the last step."""
        shares = zip(self.task.reward_names, self._share_of[row].tolist(), strict=True)
        info: dict[str, Any] = {"reward": dict(shares)}
        if ended:
            info["ended_by"] = self.ended_by(row)
            if row in self.fleet.faults:
                info["fault"] = str(self.fleet.faults[row])
        return info

    @property
    def age(self) -> float:
        """Seconds since the oldest row's telemetry was made, where the simulators tell; else NaN."""
        ages = [getattr(simulator, "age", math.nan) for simulator, _ in self.fleet.members]
        return max(ages)

    def close(self) -> None:
        """Close every simulator; may be called again."""
        self.fleet.close()
        self._is_open = False


def _with_snapshots(simulator: Simulator) -> Snapshots:
    if simulator.spec.snapshots and isinstance(simulator, Snapshots):
        return simulator
    raise ConfigurationError(
        f"{simulator.spec.name} cannot keep snapshots; `racegym list` tells which simulators can"
    )
