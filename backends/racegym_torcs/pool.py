"""Many races of one car each, driven as the rows of one simulator: one block of memory, one bell, one wait.

A step clips all controls into the shared block, numbers the commands, and rings: one system call wakes every process.
The last row to be answered wakes us. Rows that are alike take turns in one process a core, or have one each, if they
are `isolated`. A process that is lost or silent costs its own rows alone.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from racegym.errors import BackendUnavailable, InvalidAction, RacegymError, SimulatorLost, SimulatorTimeout
from racegym.signals import Controls, Telemetry
from racegym.simulator import Simulator, SimulatorSpec
from racegym.track import Track
from racegym_torcs import futex, geometry, limits, mapping, placement
from racegym_torcs.exchange import Command
from racegym_torcs.launch import Instance
from racegym_torcs.mapping import Answer, Bell
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs
from racegym_torcs.start import Start
from racegym_torcs.starts import LineUp

_log = logging.getLogger(__name__)
_ALL = 0xFFFFFFFF
_GIVEN, _SLEPT_ON = int(Answer.GIVEN), int(Answer.SLEPT_ON)
_SAME = ("expert", "ticks_per_step", "deadlines", "spin", "placement", "beam_angles")


def pool(each: Sequence[TorcsOptions]) -> TorcsPool | None:
    """The games of these options as one simulator; None when they cannot be put together, or need not."""
    alone = any(
        options.connect is not None or options.transport != "shared" or options.cars != 1 for options in each
    )
    first = each[0]
    differ = any(getattr(options, name) != getattr(first, name) for name in _SAME for options in each)
    if len(each) == 1 or alone or differ or not futex.available():
        return None
    made = TorcsPool(each)
    return None if made.spec.cameras else made


@dataclass(eq=False)
class _Game:
    """A process, while there is one, and the rows that take turns in it."""

    options: TorcsOptions
    rows: list[int]
    instance: Instance | None = None


@dataclass
class _Row:
    """One race of the pool."""

    game: _Game
    line_up: LineUp
    track: Track | None = None


class TorcsPool(Simulator):
    """A TORCS race for each of `options`, one car in each; tracks, cars and starts may differ from row to row."""

    def __init__(self, options: Sequence[TorcsOptions]) -> None:
        specs = {one: Torcs(one).spec for one in dict.fromkeys(options)}
        first = specs[options[0]]
        self.spec: SimulatorSpec = replace(
            first,
            name=first.name if len({spec.name for spec in specs.values()}) == 1 else "torcs",
            cars=len(options), independent=True, snapshots=False,
        )  # fmt: skip
        self._low, self._high = limits.bounds([len(specs[one].gearbox.up) for one in options])
        self._games = [_Game(options[rows[0]], rows) for rows in placement.shares(options)]
        game_of = {row: game for game in self._games for row in game.rows}
        self._rows = [_Row(game_of[row], LineUp(one)) for row, one in enumerate(options)]
        self._common = options[0]
        self._starts: dict[TorcsOptions, Start] = {}
        self._geometry = cache(geometry.load)
        self._faults: dict[int, RacegymError] = {}
        self._mapping: mapping.Mapping | None = None
        self._live = np.zeros(0, int)
        """Rows in a race."""
        self._new: set[int] = set()
        """Rows whose game runs but whose first race nobody has begun."""

    @property
    def tracks(self) -> Sequence[Track | None]:
        return [row.track for row in self._rows]

    @property
    def faults(self) -> Mapping[int, RacegymError]:
        return self._faults

    @property
    def pids(self) -> list[int | None]:
        """Process id of each row's game while it runs."""
        return [None if row.game.instance is None else row.game.instance.pid for row in self._rows]

    def open(self) -> None:
        """Start all games at once; `BackendUnavailable` when one of them cannot be."""
        if self._mapping is not None:
            return
        self._share()
        try:
            self._launch(self._games)
        except BaseException:
            self.close()
            raise

    def _share(self) -> None:
        options = self._common
        self._mapping = made = mapping.Mapping(1, options.beam_angles, options.spin, len(self._rows))
        self._words, self._telemetry, self._applied = made.words, made.telemetry, made.controls
        self._numbers = self._applied.block[:, : limits.FOCUS]
        self._answers, self._numbered, self._orders = map(made.field, ("state_seq", "command_seq", "command"))
        made.field("argument")[:] = options.ticks_per_step
        self._orders[:] = Command.DRIVE
        self._unanswered = np.zeros(len(self._rows), bool)
        self._rings, self._pending, self._answered = (
            (made.bell + field.offset) // 4 for field in (Bell.rings, Bell.pending, Bell.answered)
        )
        self._ring = futex.waker(made.address + 4 * self._rings)
        self._sleep = futex.sleeper(made.address + 4 * self._answered, Answer.SLEPT_ON)
        self._words[self._answered], self._number, self._live = Answer.GIVEN, 0, np.zeros(0, int)

    def _launch(self, games: Sequence[_Game]) -> None:
        """Start `games`, then wait for all of them to stand on their start lines."""
        assert self._mapping is not None
        auto = self._common.placement == "auto"
        cores = placement.spread([len(game.rows) for game in games]) if auto else [None] * len(games)
        deadline = time.monotonic() + self._common.deadlines.start
        for game, core in zip(games, cores, strict=True):
            if game.options not in self._starts:
                self._starts[game.options] = Start(game.options)
            self._numbered[game.rows] = self._answers[game.rows]
            start = self._starts[game.options]
            game.instance = start.instance(self._mapping.descriptor, games=game.rows, core=core)
        for game in games:
            assert game.instance is not None
            try:
                game.instance.ready(deadline)
            except RacegymError:
                self._leave(game)
                raise
            self._starts[game.options].started(game.instance)
            self._new.update(game.rows)
            for row in game.rows:
                self._learn_track(self._rows[row])

    def _learn_track(self, row: _Row) -> None:
        if row.track is None:
            start = self._starts[row.game.options]
            row.track = self._geometry(start.geometry, f"torcs/{start.track}")
            row.line_up.open(start.track, geometry.length(start.geometry))

    def reset(
        self,
        seed: int | Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Start the races of `cars` anew, all at once; `seed` and `options` decide what they do in `Torcs.reset`.

        One `seed` for several rows is counted up from row to row.
        """
        if self._mapping is None:
            raise BackendUnavailable("torcs: the pool is not open; open() starts its games")
        rows = np.arange(len(self._rows)) if cars is None else np.atleast_1d(cars)
        seeds = seed if isinstance(seed, Sequence) else _counted(seed, len(rows))
        self._faults = {}
        self._collect(self._common.deadlines.step)
        for row, one in zip(rows.tolist(), seeds, strict=True):
            self._line(row, one, options or {})
        self._launch_for(rows)
        self._begin(rows)
        if failed := [row for row in rows.tolist() if row in self._faults]:
            _log.warning("torcs: starting the games of %d rows again, because a restart failed", len(failed))
            self._faults = {}
            self._launch_for(np.array(failed))
            self._begin(np.array(failed))
        for error in self._faults.values():
            raise error
        return self._telemetry

    def _launch_for(self, rows: np.ndarray) -> None:
        """Start the games that these rows have not got."""
        games = dict.fromkeys(self._rows[row].game for row in rows.tolist())
        if missing := [game for game in games if game.instance is None]:
            self._launch(missing)

    def _line(self, number: int, seed: int | None, options: Mapping[str, Any]) -> None:
        """Say where and with which noise the next race of a row begins."""
        assert self._mapping is not None
        row, header = self._rows[number], self._mapping.headers[number]
        starts = row.line_up.draw(seed, options)
        self._mapping.starts[number] = math.nan if starts is None else starts[0]
        noisy = seed is not None and row.game.options.noise is not None
        header.seeded, header.seed = noisy, seed or 0

    def _begin(self, rows: np.ndarray) -> None:
        """Have the games of `rows` go to their first states; those that cannot become faults."""
        self._orders[rows] = Command.RESTART
        self._give(rows)
        self._collect(self._common.deadlines.reset)
        self._orders[rows] = Command.DRIVE
        begun = [row for row in rows.tolist() if row not in self._faults]
        self._new.difference_update(begun)
        self._live = np.union1d(self._live, begun).astype(int)

    def send(self, controls: Controls) -> Controls:
        """As `Torcs.send`, for every row that is in a race."""
        if self._mapping is None:
            raise SimulatorLost("torcs: the pool is not open; open() starts its games")
        applied, block = self._applied, self._applied.block
        np.maximum(controls.block, self._low, out=block)
        np.minimum(block, self._high, out=block)
        if self._common.expert is None and math.isnan(np.add.reduce(self._numbers, axis=None)):
            raise InvalidAction(limits.NOT_A_NUMBER)
        self._faults = {}
        if self._new:
            self._faults = {row: SimulatorLost("torcs: the game was started again") for row in self._new}
            self._new = set()
        self._give(self._live)
        return applied

    def _give(self, rows: np.ndarray) -> None:
        """Number the commands of `rows` and ring."""
        words = self._words
        self._number = number = (self._number + 1) & _ALL
        if len(rows) == 0:
            return
        words[self._answered] = _SLEPT_ON
        words[self._pending] = len(rows)
        if len(rows) == len(self._rows):
            self._numbered[...] = number
            words[self._rings] = number
            self._ring()
            return
        self._numbered[rows] = number
        words[self._rings] = number
        assert self._mapping is not None
        bits = int(np.bitwise_or.reduce(1 << rows % 32))
        futex.waker(self._mapping.address + 4 * self._rings, bits)()

    def read(self) -> Telemetry:
        if self._mapping is None:
            raise SimulatorLost("torcs: the pool is not open; open() starts its games")
        self._collect(self._common.deadlines.step)
        return self._telemetry

    def _collect(self, patience: float) -> None:
        """Wait until every row has answered, or is a fault."""
        words, answered = self._words, self._answered
        for _ in range(self._common.spin):
            if words[answered] == _GIVEN:
                break
        deadline = 0.0
        while True:
            # Whoever was given up may have counted himself among the others: the last word is that of the numbers.
            if words[answered] == _GIVEN or deadline:
                np.not_equal(self._answers, self._numbered, out=self._unanswered)
                if not np.count_nonzero(self._unanswered):
                    words[answered] = _GIVEN  # also when the last of them was given up
                    return
                words[answered] = _SLEPT_ON
            self._sleep()
            if words[answered] == _GIVEN:
                continue
            now = time.monotonic()
            deadline = deadline or now + patience - 0.05
            self._look(late=now > deadline)

    def _look(self, late: bool) -> None:
        """Give up games that have gone, and all that have not answered when it is `late`."""
        silent = np.flatnonzero(self._answers != self._numbered).tolist()
        for game in dict.fromkeys(self._rows[number].game for number in silent):
            assert game.instance is not None
            try:
                game.instance.check()
                if late:
                    raise SimulatorTimeout("torcs: no state within the deadline (option deadlines)")
            except (SimulatorLost, SimulatorTimeout) as error:
                self._faults.update(dict.fromkeys(game.rows, error))
                self._leave(game)

    def _leave(self, game: _Game) -> None:
        """End a game, until a reset of one of its rows starts it again."""
        if game.instance is not None:
            game.instance.close(game.options.deadlines.close)
            game.instance = None
        self._numbered[game.rows] = self._answers[game.rows]
        self._live = self._live[~np.isin(self._live, game.rows)]
        self._new.difference_update(game.rows)

    def close(self) -> None:
        if self._mapping is None:
            return
        for game in self._games:
            self._leave(game)
        self._mapping.seal()
        # the memory stays mapped as long as anybody has a view of it
        del self._words, self._telemetry, self._applied, self._numbers
        del self._answers, self._numbered, self._orders
        self._mapping = None


def _counted(seed: int | None, rows: int) -> list[int | None]:
    return [None if seed is None else seed + place for place in range(rows)]
