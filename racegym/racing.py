"""A race among agents: each in a car of its own, with a task of its own, all in one simulator.

`race` seats the agents, drives until every car is done, and returns the order at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from racegym.agents import Agent
from racegym.agents.fit import seat
from racegym.config import RunConfig, load
from racegym.driving import LONGEST, SLOWEST
from racegym.errors import ConfigurationError
from racegym.fleet import Fleet
from racegym.render import watched
from racegym.seat import Seat
from racegym.sensors import Sensors, obtainable
from racegym.signals import COMMON, Controls, Telemetry
from racegym.simulator import Simulator, Standing, Standings

PATIENCE = 1.5
"""Those who need so many times as long as the winner are not waited for."""
LOOK = 50
"""Steps between two looks at who is still on the way."""

Watch = Callable[["Race"], None]
"""What is called at the start and after each step."""
Fitted = tuple[str, Agent, RunConfig]
"""A name, an agent, and the run as that agent needs it."""


@dataclass(frozen=True)
class Place:
    """One line of the classification."""

    name: str
    agent: bool
    laps: int
    time: float
    """s, at the last crossing of the line."""
    best_lap: float
    """s; 0 without a complete lap."""
    gap: float
    """Behind the winner, s; of the same lap."""
    laps_behind: int
    damage: float
    """In the game's own points where it tells the order of the race, else as a share of what wrecks the car."""
    distance: float
    """Raced, m."""
    out: bool


def fit(
    agents: Sequence[tuple[str, Agent]],
    config: Any,
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    laps: int = 2,
    render_mode: str | None = None,
) -> list[Fitted]:
    """Each agent with the run that it needs, all of them in one race of `laps` laps.

    An agent that is in several cars on end drives them together. `ConfigurationError` when two of them need different
    simulators, or the simulator has no room for all.
    """
    overrides = {**(overrides or {}), "simulator.cars": len(agents)}
    try:
        options = load(config, simulator, overrides).simulator.options
    except ConfigurationError as error:
        raise _too_many(len(agents), error) from error
    if "laps" in type(options).model_fields:
        overrides["simulator.laps"] = laps
    fitted = [
        (name, agent, watched(seat(agent, config, simulator, overrides, laps), render_mode))
        for name, agent in agents
    ]
    seats = [id(agent) for agent, _ in groupby(agent for _, agent in agents)]
    if len(set(seats)) < len(seats):
        raise ConfigurationError("an agent in several cars has them on end; else it takes one agent for each")
    first = fitted[0][2].simulator
    for name, _, run in fitted:
        if run.simulator != first:
            raise ConfigurationError(
                f"{name} needs other options of the simulator than {fitted[0][0]}: race them apart, or, if it is a "
                "driver of the game's own, enter it as an opponent"
            )
    return fitted


def _too_many(agents: int, error: ConfigurationError) -> ConfigurationError:
    """`error`, or, where it is about the number of cars, one that says so."""
    about_cars = [line for line in str(error).splitlines() if "simulator.cars:" in line]
    if not about_cars:
        return error
    return ConfigurationError(f"{agents} agents do not fit into one race: {about_cars[0]}")


def _seats(fitted: Sequence[Fitted], simulator: Simulator) -> Iterator[tuple[Seat, RunConfig]]:
    """One for each agent that is in cars on end, and its run."""
    for _, group in groupby(enumerate(fitted), key=lambda entry: id(entry[1][1])):
        entries = list(group)
        row, (name, agent, run) = entries[0]
        yield Seat(name, agent, run, simulator.spec, slice(row, row + len(entries))), run


class Race:
    """A race under way: `run` it to the end."""

    def __init__(self, fitted: Sequence[Fitted], laps: int, record: Path | None = None) -> None:
        """It is recorded into folders of `record` (racegym[record]), one for each agent, with an episode a car."""
        self._simulator = simulator = fitted[0][2].simulator.build()
        spec = simulator.spec
        if spec.cars != len(fitted):
            raise ConfigurationError(f"{spec.name}: {len(fitted)} agents for {spec.cars} cars")
        self.laps = laps
        self._fleet = Fleet([simulator])
        self._names = [name for name, _, _ in fitted]
        seats = list(_seats(fitted, simulator))
        self._seats = [each for each, _ in seats]
        wanted = frozenset[str]().union(*(each.task.signals for each in self._seats))
        wanted |= obtainable(spec) & frozenset(COMMON) - {"rangefinders"}
        self._sensors = Sensors(spec, sorted(wanted), laps)
        self.now, self._before = Telemetry(spec.cars), Telemetry(spec.cars)
        self._controls = Controls(spec.cars)
        self._now_of = [self.now.rows(each.rows) for each in self._seats]
        if record is not None:
            for each, run in seats:
                each.record(record / each.folder, run, self._sensors.derived, laps)
        self._finished = np.full(spec.cars, np.nan)
        self._waited = 0

    def run(self, seed: int | None = None, watch: Watch | None = None) -> list[Place]:
        """Race until all agents are done or too slow, or Ctrl-C; the classification. The simulator is closed at the end.

        `SimulatorLost` when the game dies.
        """
        try:
            self._begin(seed)
            limit = self.laps * self._longest()
            while not self._done(limit):
                if watch:
                    watch(self)
                self._step()
            if watch:
                watch(self)
            for each in self._seats:
                each.end()
            return self.order()
        except KeyboardInterrupt:
            if self._waited:
                return self.order()
            raise
        finally:
            self._fleet.close()
            for each in self._seats:
                each.close()

    def _begin(self, seed: int | None) -> None:
        self._fleet.open()
        self._sensors.open(self._simulator.track)
        for each in self._seats:
            each.task.cameras.film = partial(self._film, each.rows)
        self._fleet.reset(self.now, None, [seed] * self.now.cars)
        self._sensors.reset(self.now, None)
        for each, now in zip(self._seats, self._now_of, strict=True):
            each.begin(now, self._controls.rows(each.rows), self._fleet.tracks[each.rows], seed)

    def _film(self, rows: slice, camera: str) -> np.ndarray:
        return self._fleet.frame(camera)[rows]

    @property
    def names(self) -> list[str]:
        """Of the agents' cars, in the order of the rows of `now`."""
        return self._names

    @property
    def simulator(self) -> Simulator:
        """Where it takes place."""
        return self._simulator

    def frame(self, row: int) -> np.ndarray:
        """What the first camera of that agent's car sees now, uint8 ``(height, width, 3)``."""
        return self._fleet.frame(self._simulator.spec.cameras[0].name)[row]

    def _step(self) -> None:
        for each in self._seats:
            each.drive()
        self._before.block[:] = self.now.block
        self._fleet.send(self._controls)
        self._fleet.read(self.now)
        if self._fleet.faults:
            raise next(iter(self._fleet.faults.values()))
        self._sensors.derive(self._before, self.now)
        arrived = (self.now["laps"] >= self.laps) & np.isnan(self._finished)
        self._finished[arrived] = self.now["time"][arrived]

    def _longest(self) -> float:
        track = self._simulator.track
        return track.length / SLOWEST if track else LONGEST

    def _done(self, limit: float) -> bool:
        over = (self.now["finished"] > 0) | np.isfinite(self._finished) | (self.now["damage"] >= 1)
        time, before = self.now["time"][0], self._before["time"][0]
        if np.isfinite(self._finished).any():
            limit = min(limit, PATIENCE * np.nanmin(self._finished))
        if time > limit or (time == before and over.all()):
            return True
        return bool(over.all()) and (self._looks() or not isinstance(self._simulator, Standings))

    def _looks(self) -> bool:
        """Whether the game's own drivers are done too; asked now and then, for the order takes long to tell."""
        self._waited += 1
        if not isinstance(self._simulator, Standings) or self._waited % LOOK:
            return False
        return all(one.out or one.laps >= self.laps for one in self._simulator.standings())

    def order(self) -> list[Place]:
        """The order of the race now; at its end, the classification."""
        if isinstance(self._simulator, Standings):
            return [self._of_game(each) for each in self._simulator.standings()]
        return self._of_telemetry()

    def _of_game(self, it: Standing) -> Place:
        name = it.name if it.row is None else self._names[it.row]
        return Place(
            name,
            it.row is not None,
            it.laps,
            it.time,
            it.best_lap,
            it.gap,
            it.laps_behind,
            it.damage,
            it.distance,
            it.out,
        )

    def _of_telemetry(self) -> list[Place]:
        now = self.now
        order = sorted(
            range(now.cars), key=lambda i: (np.nan_to_num(self._finished[i], nan=np.inf), -now["distance"][i])
        )
        first = order[0]
        return [
            Place(
                name=self._names[i], agent=True, laps=min(int(now["laps"][i]), self.laps), time=float(self._finished[i]),
                best_lap=float(now["best_lap_time"][i]), gap=float(self._finished[i] - self._finished[first]),
                laps_behind=int(now["laps"][first] - now["laps"][i]), damage=float(np.nan_to_num(now["damage"][i])),
                distance=float(now["distance"][i]),
                out=bool(np.isnan(self._finished[i])),
            )
            for i in order
        ]  # fmt: skip
