"""Options of the Assetto Corsa backend: the course, where the plug-in is, how the car is commanded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from racegym.signals import BEAMS, DEFAULT_BEAM_ANGLES
from racegym.simulator import Options

STAND_IN = "stand-in"
LIVE = "live"

Number = Annotated[float, Field(gt=0)]


class Deadlines(Options):
    """Longest waits, s of the clock on the wall."""

    start: float = Field(default=30.0, gt=0)
    reset: float = Field(default=10.0, gt=0)
    step: float = Field(default=2.0, gt=0)


class Gears(Options):
    """Who shifts, and what racegym's own automatic gearbox needs to know of the car."""

    by: Literal["game", "racegym"] = Field(
        default="game",
        description="game: its automatic gearbox, told only reverse or forward; racegym: every shift by button",
    )
    count: int = Field(default=6, ge=1, le=10, description="forward gears")
    up: float = Field(default=7000.0, gt=0, description="shift up above, rpm")
    down: float = Field(default=4000.0, gt=0, description="shift down below, rpm")


class StandIn(Options):
    """The stand-in game: our plug-in in a made-up game over the built-in simulator's physics."""

    frames: float = Field(default=50.0, ge=5, le=1000, description="frames a second")
    jitter: float = Field(default=0.05, ge=0, le=1, description="of a frame's length, as a share of it")
    pace: float = Field(
        default=1.0, ge=0.1, le=20, description="times real time; other than 1: its clock goes by frames"
    )
    shaders_patch: bool = Field(default=True, description="Custom Shaders Patch is there")
    hold_gil: bool = Field(
        default=False, description="an embedding host that holds Python's lock between frames"
    )
    plugin: str | None = Field(default=None, description="folder of another plug-in to load; null: ours")
    settings: Mapping[str, Mapping[str, str]] = Field(
        default_factory=dict, description="of the plug-in's ini file, by section and key, all as text"
    )


class Window(Options):
    """Pictures of the game."""

    source: Literal["window", "plugin"] = Field(
        default="window",
        description="window: the game's window by mss; plugin: assetto_corsa_gym's shared memory (Windows)",
    )
    title: str = Field(default="Assetto Corsa", description="of the window")
    width: int = Field(default=320, ge=8, le=4096)
    height: int = Field(default=240, ge=8, le=4096)
    grey: bool = Field(default=True, description="one channel instead of three")


class AssettoCorsaOptions(Options):
    """One car in one session of the game."""

    track: str = Field(
        default=STAND_IN,
        description="as `racegym list` names it; stand-in: a game of our own; live: what the running game has loaded",
    )
    car: str | None = Field(default=None, description="model that the game must have loaded; null: any")
    host: str = Field(default="127.0.0.1", description="machine that the game runs on")
    state_port: int = Field(default=2345, ge=1, le=65535, description="udp")
    management_port: int = Field(default=2347, ge=1, le=65535, description="tcp")
    rate: float = Field(default=25.0, gt=0, le=333, description="states a second, as the plug-in is set to")
    extra_channels: bool = Field(
        default=True, description="the plug-in sends its extra channels (wheel speeds)"
    )
    actuation: Literal["server", "vjoy", "uinput", "custom_ai"] = Field(
        default="server", description="who moves the joystick: the plug-in, or racegym on the game's machine"
    )
    gears: Gears = Gears()
    reset: Literal["recover", "button"] = Field(
        default="recover",
        description="recover: CSP puts the car back; button: the joystick's button bound to restart",
    )
    brake_gamma: float | None = Field(
        default=None,
        gt=0,
        description="power that the game takes of the brake axis, undone here; 1: send it as it is",
    )
    steering: Annotated[tuple[Number, Number], Field(strict=False)] | None = Field(
        default=None,
        description="steer command (a share) and degrees of the wheel at full lock; null: as known of `car`",
    )
    measure: Literal["racegym", "assetto_corsa_gym"] = Field(
        default="racegym",
        description="range finders, gap, curvature: from the course, or as assetto_corsa_gym works them out",
    )
    assets: str | None = Field(
        default=None, description="assetto_corsa_gym's folder AssettoCorsaConfigs, for its tracks and cars"
    )
    camera: Window | None = Field(default=None, description="pictures of the game; null: none")
    beam_angles: Annotated[tuple[float, ...], Field(strict=False, min_length=BEAMS, max_length=BEAMS)] = (
        Field(default=DEFAULT_BEAM_ANGLES, description="degrees, counter-clockwise, left to right")
    )
    stand_in: StandIn = StandIn()
    deadlines: Deadlines = Deadlines()

    @property
    def is_stand_in(self) -> bool:
        """Whether racegym starts a stand-in instead of joining a game."""
        return self.track.partition("/")[0] == STAND_IN

    @property
    def period(self) -> float:
        """Nominal time between two telemetries, s."""
        return 1 / self.rate
