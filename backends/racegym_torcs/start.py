"""From options to a TORCS that stands on the start line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from racegym_torcs import catalogue, drivers, geometry, graphics, locate, placement, race
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
        wanted = options.expert
        self.expert = drivers.expert(wanted, options.car, self.installation.data) if wanted else ""
        self.geometry = geometry.kept(self.installation, self.track)

    def instance(
        self,
        shared: int | None = None,
        drive_itself: int = 0,
        camera: int | None = None,
        games: Sequence[int] = (0,),
        core: int | None = None,
    ) -> Instance:
        """A game that was just started; its cars do not wait for anybody yet.

        `shared` is the descriptor of our mapping, `games` the places in it, `camera` the descriptor of our pictures.
        The game keeps to `core`, or to one that is chosen here. With `drive_itself` it asks nobody for so many ticks.
        """
        instance = Instance(self.installation, self.robot)
        own = {**environment(self.options), "RACEGYM_EXPERT": self.expert}
        if shared is not None:
            own["RACEGYM_SHARED"] = f"{shared}:{','.join(map(str, games))}"
        if camera is not None and self.options.camera is not None:
            own |= graphics.environment(self.options.camera, camera)
        if drive_itself:
            own["RACEGYM_SELF_DRIVE"] = str(drive_itself)
        try:
            directory = instance.prepare(self._files())
            own["RACEGYM_TRACK_FILE"] = "" if self.geometry.exists() else str(directory / _TRACK_FILE)
            instance.start(own, [descriptor for descriptor in (shared, camera) if descriptor is not None])
        except BaseException:
            instance.close(self.options.deadlines.close)
            raise
        if self.options.placement == "auto" and instance.pid is not None:
            instance.cpu = placement.place(instance.pid, self.options.spin > 0, core)
        return instance

    def started(self, instance: Instance) -> None:
        """Keep what `instance` wrote about the track; to be called once its first car waits."""
        assert instance.directory is not None
        written = instance.directory / _TRACK_FILE
        if not self.geometry.exists() and written.exists():
            geometry.keep(written, self.geometry)

    def _files(self) -> dict[str, str]:
        files = {
            "race.xml": race.race(self.options, self.track, self.options.grid.to_start),
            "config/raceengine.xml": race.engine(),
            f"drivers/{race.ROBOT}/{race.ROBOT}.xml": race.robot(self.options),
        }
        if self.options.camera is not None:
            files |= graphics.files(self.options.camera)
        name = f"tracks/{self.track}/{self.track.rpartition('/')[2]}.xml"
        description = (self.installation.data / name).read_text("latin-1")
        if race.own_grid(description):
            files[f"data/{name}"] = race.regrid(description, self.options, self.options.grid.to_start)
        return files


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
        "RACEGYM_DAMAGE": "shown" if options.damage == "shown" else "real",
        "RACEGYM_BEAMS": options.beams,
        "RACEGYM_NOISE": "" if noise is None else f"{noise.track:g},{noise.opponents:g},{noise.focus:g}",
    }
