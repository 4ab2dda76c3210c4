"""From options to a TORCS that stands on the start line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from racegym.errors import ConfigurationError
from racegym_torcs import catalogue, geometry, locate, race
from racegym_torcs.launch import Instance
from racegym_torcs.locate import Installation
from racegym_torcs.options import TorcsOptions

_TRACK_FILE = "track.txt"


class Start:
    """What is settled before a game of these options starts; `BackendUnavailable` if something is missing."""

    def __init__(self, options: TorcsOptions) -> None:
        self.options = options
        self.installation: Installation = locate.require()
        self.robot: Path = locate.require_robot()
        self.track = catalogue.track(options.track)
        catalogue.car(options.car)
        race.check_opponents(options.opponents, self.installation.data)
        self.geometry = geometry.kept(self.installation, self.track)

    def instance(self) -> Instance:
        """A game that was just started; its cars do not wait for anybody yet."""
        if self.options.start is not None and not self.geometry.exists():
            self._survey()
        return self._launch(self._files(self._to_start()), environment(self.options))

    def started(self, instance: Instance) -> None:
        """Keep what `instance` wrote about the track; to be called once its first car waits."""
        assert instance.directory is not None
        written = instance.directory / _TRACK_FILE
        if not self.geometry.exists() and written.exists():
            geometry.keep(written, self.geometry)

    def _survey(self) -> None:
        """Run the game just far enough to learn the track's length."""
        instance = self._launch(self._files(self.options.grid.to_start), environment(self.options))
        try:
            instance.port(0, time.monotonic() + self.options.deadlines.start)
            self.started(instance)
        finally:
            instance.close(self.options.deadlines.close)

    def _to_start(self) -> float:
        if self.options.start is None:
            return self.options.grid.to_start
        length = geometry.length(self.geometry)
        if self.options.start >= length:
            raise ConfigurationError(
                f"torcs: start: {self.options.start:g} m is beyond {self.track}, {length:.1f} m long"
            )
        return length - self.options.start

    def _files(self, to_start: float) -> dict[str, str]:
        files = {
            "race.xml": race.race(self.options, self.track, to_start),
            "config/raceengine.xml": race.engine(),
            f"drivers/{race.ROBOT}/{race.ROBOT}.xml": race.robot(self.options),
        }
        name = f"tracks/{self.track}/{self.track.rpartition('/')[2]}.xml"
        description = (self.installation.data / name).read_text("latin-1")
        if race.own_grid(description):
            files[f"data/{name}"] = race.regrid(description, self.options, to_start)
        return files

    def _launch(self, files: Mapping[str, str], own: Mapping[str, str]) -> Instance:
        instance = Instance(self.installation, self.robot)
        try:
            directory = instance.prepare(files)
            instance.start(
                {**own, "RACEGYM_TRACK_FILE": "" if self.geometry.exists() else str(directory / _TRACK_FILE)}
            )
        except BaseException:
            instance.close(self.options.deadlines.close)
            raise
        return instance


def environment(options: TorcsOptions) -> dict[str, str]:
    """The robot's settings. It waits for us without limit: we hold its lifeline."""
    noise = options.noise
    return {
        "RACEGYM_HOST": "127.0.0.1",
        "RACEGYM_PORT": "0",
        "RACEGYM_TIMEOUT_US": "0",
        "RACEGYM_TICKS": options.ticks,
        "RACEGYM_COUNTDOWN": f"{options.countdown:d}",
        "RACEGYM_LAPTIME_LIMIT": f"{options.lap_time_limit:d}",
        "RACEGYM_NOISE": "" if noise is None else f"{noise.track:g},{noise.opponents:g},{noise.focus:g}",
    }
