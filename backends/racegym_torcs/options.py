"""Options of the TORCS backend: the course, the race, the car, and how to talk to the game."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from racegym.signals import BEAMS, DEFAULT_BEAM_ANGLES
from racegym.simulator import Options
from racegym_torcs.starts import CarStart

_MODULE = r"^[A-Za-z0-9_-]+:[0-9]+$"
_EXPERT = r"^[A-Za-z0-9_-]+(:[0-9]+)?$"
_NAME = r"^[A-Za-z0-9_.-]+$"
_FACTOR = Field(ge=0, le=5)


class Grid(Options):
    """Where the cars stand before the start."""

    rows: int = Field(default=1, ge=1, le=10, description="cars side by side; one stands on the centre line")
    to_start: float = Field(
        default=10.0, ge=0, description="from the first car to the start line ahead of it, m"
    )
    between: float = Field(
        default=20.0, ge=0, description="along the track from one file of `rows` cars to the next, m"
    )
    stagger: float = Field(
        default=10.0, ge=0, description="along the track from a car to its neighbour in the file, m"
    )
    places: Annotated[tuple[Annotated[int, Field(ge=1, le=30)], ...], Field(strict=False)] | None = Field(
        default=None,
        description="places of the agents' cars, 1 is the front; the opponents take the others. null: the agents in front",
    )
    speed: float = Field(
        default=0.0, ge=0, le=100,
        description="speed given to the cars, m/s, before the engine brakes them for the second in which they settle",
    )  # fmt: skip


class Noise(Options):
    """Sensor noise: each reading is multiplied by a normal deviate of mean 1 and this standard deviation."""

    track: float = Field(default=0.10, ge=0, le=1, description="range finders")
    opponents: float = Field(default=0.02, ge=0, le=1, description="opponent sectors")
    focus: float = Field(default=0.01, ge=0, le=1, description="focus beams")


class CameraOptions(Options):
    """Pictures of the race as each agent's car sees it, one for each telemetry that is looked at."""

    width: int = Field(default=160, ge=16, le=2048, description="pixels")
    height: int = Field(default=120, ge=16, le=2048, description="pixels")
    view: Literal["driver", "bonnet", "chase", "top"] = Field(
        default="bonnet",
        description="from the driver's seat; from the bonnet, the road alone; from 10 m behind; from 200 m above",
    )
    fov: float | None = Field(
        default=None, ge=1, le=120, description="vertical field of view, degrees; null: the view's own"
    )
    hud: bool = Field(default=False, description="the game's instruments, map and standings in the picture")
    every: int = Field(default=1, ge=1, le=1000, description="telemetries for each new picture")
    window: bool = Field(
        default=False, description="drawn in a window on your display, for people, instead of out of sight"
    )


class ScreenOptions(Options):
    """A camera over the window of a race that somebody else runs, as the screen shows it."""

    width: int = Field(
        default=160, ge=16, le=2048, description="pixels that the window's picture is resized to"
    )
    height: int = Field(default=120, ge=16, le=2048, description="pixels")
    window: str | None = Field(default=None, description="title of the window; null: TORCS's own")
    display: str | None = Field(
        default=None,
        pattern=r"^[^:]*:[0-9]+(\.[0-9]+)?$",
        description="X display that it is on; null: $DISPLAY",
    )


class Deadlines(Options):
    """Longest waits, s."""

    start: float = Field(default=30.0, gt=0)
    reset: float = Field(default=30.0, gt=0)
    step: float = Field(default=2.0, gt=0)
    picture: float = Field(default=10.0, gt=0)
    close: float = Field(default=3.0, gt=0)


class TorcsOptions(Options):
    """One TORCS race. The defaults are the game's own physics with the driver aids of the SCR competition off."""

    track: str = Field(
        default="road/aalborg",
        pattern=r"^([a-z]+/)?[A-Za-z0-9_-]+$",
        description="as `racegym list tracks` names it",
    )
    car: str = Field(default="car1-trb1", pattern=_NAME, description="model of the agents' cars")
    cars: int = Field(default=1, ge=1, le=10, description="agents in one race")
    opponents: Annotated[
        tuple[Annotated[str, Field(pattern=_MODULE)], ...], Field(strict=False, max_length=20)
    ] = Field(default=(), description="the game's own drivers, each as module:index, for instance bt:3")
    expert: str | None = Field(
        default=None, pattern=_EXPERT,
        description="one of the game's own drivers beside each agent, as module:index, or module alone for the one"
        " that has the car; it drives whatever controls are NaN, and the signals expert_* say what it would do",
    )  # fmt: skip
    laps: int | None = Field(default=None, ge=1, le=10_000, description="laps of the race; null: without end")
    distance: float | None = Field(
        default=None, gt=0, description="length of the race instead of laps, m, rounded up to laps"
    )
    grid: Grid = Grid()
    start: CarStart = Field(default=CarStart(), description="where the cars begin, instead of the grid")
    fuel: bool | Annotated[float, _FACTOR] = Field(
        default=True, description="fuel is used up; a number is a factor"
    )
    damage: bool | Literal["shown"] | Annotated[float, _FACTOR] = Field(
        default=True,
        description="collisions do damage; a number is a factor; shown: it is counted and has no effect, as with SCR's"
        " -nodamage",
    )
    lap_time_limit: bool = Field(
        default=False, description="cars are taken out after 84.5 s + length / (10 m/s) in a lap"
    )
    noise: Noise | None = Field(default=None, description="noisy range sensors; null: exact")
    ticks: Literal["exact", "original"] = Field(
        default="exact", description="20 ms each, or the 20 or 22 ms of other SCR servers"
    )
    ticks_per_step: int = Field(default=1, ge=1, le=50, description="ticks that one set of controls acts for")
    countdown: bool = Field(
        default=False, description="keep the second before the green light, with the car held"
    )
    beams: Literal["classic", "clean"] = Field(
        default="classic",
        description="range finders as in the SCR server, or true geometry: a few of SCR's miss the road's edge in turns",
    )
    beam_angles: Annotated[tuple[float, ...], Field(strict=False, min_length=BEAMS, max_length=BEAMS)] = (
        Field(default=DEFAULT_BEAM_ANGLES, description="degrees, counter-clockwise, left to right")
    )
    transport: Literal["shared", "udp"] = Field(
        default="shared",
        description="how controls and telemetry travel: in shared memory, or as SCR's datagrams",
    )
    spin: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="looks for an answer before sleeping; pays only where each side has a core to itself",
    )
    placement: Literal["auto", "none"] = Field(
        default="auto",
        description="auto: the game keeps to the core with the fewest games, and who has one game alone"
        " sleeps there; none: the system decides",
    )
    isolated: bool = Field(
        default=False,
        description="in a vector, a process for each row, so that one that dies ends its own episode alone; else rows that"
        " are alike take turns in one process a core, which is 1.5 times as fast with 32 rows",
    )
    camera: CameraOptions | None = Field(default=None, description="pictures, in lockstep; null: none")
    screen: ScreenOptions | None = Field(
        default=None, description="with connect: pictures of the game's window, grabbed from the screen"
    )
    connect: str | None = Field(
        default=None, pattern=r"^[^:\s]+:[0-9]{1,5}$",
        description="host:port of a running SCR server (car i at port + i); null: start TORCS",
    )  # fmt: skip
    client_id: str = Field(
        default="SCR",
        pattern=r"^SCR[A-Za-z0-9_.-]{0,28}$",
        description="with connect: what we call ourselves",
    )
    deadlines: Deadlines = Deadlines()

    @model_validator(mode="after")
    def _one_length(self) -> TorcsOptions:
        if self.laps is not None and self.distance is not None:
            raise ValueError("give laps or distance, not both")
        return self

    @model_validator(mode="after")
    def _places_of_all_agents(self) -> TorcsOptions:
        places, field = self.grid.places, self.cars + len(self.opponents)
        if places is not None and (
            len(places) != self.cars or len(set(places)) < self.cars or max(places) > field
        ):
            raise ValueError(f"grid.places: one place, of {field}, is wanted for each of {self.cars} cars")
        return self

    @model_validator(mode="after")
    def _start_in_our_game(self) -> TorcsOptions:
        if self.start.wanted and self.connect is not None:
            raise ValueError("a start is for a game that we start; leave out connect")
        if self.start.rolling and self.countdown:
            raise ValueError(
                "cars are held during the countdown: no start with a speed and a countdown together"
            )
        return self

    @model_validator(mode="after")
    def _expert_in_our_game(self) -> TorcsOptions:
        if self.expert is not None and self.connect is not None:
            raise ValueError("an expert sits in a game that we start; leave out connect")
        return self

    @model_validator(mode="after")
    def _camera_in_shared_memory(self) -> TorcsOptions:
        if self.camera is not None and (self.connect is not None or self.transport != "shared"):
            raise ValueError(
                "a camera needs a game that we start, and transport: shared; with connect there is screen"
            )
        return self

    @model_validator(mode="after")
    def _screen_of_another_s_game(self) -> TorcsOptions:
        if self.screen is not None and (self.connect is None or self.cars != 1):
            raise ValueError(
                "screen looks at the window of a race that runs already, of one car: give connect, or use camera"
            )
        return self

    @property
    def period(self) -> float:
        """Nominal time between two telemetries, s."""
        return 0.02 * self.ticks_per_step
