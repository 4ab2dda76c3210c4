"""Options of the TrackMania backend."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from racegym.simulator import Options

STAND_IN, LOADED = "stand-in", "loaded"
PORT, TMRL_PORT, TMINTERFACE_PORT = 9011, 9000, 8478


class Deadlines(Options):
    """Longest waits, s of wall-clock time."""

    start: float = Field(default=20.0, gt=0, description="window and first telemetry")
    restart: float = Field(
        default=2.0, gt=0, description="from the restart key to a race that has begun anew, each try"
    )
    countdown: float = Field(default=10.0, gt=0, description="from there to the green light")
    step: float = Field(
        default=0.35,
        gt=0,
        description="telemetry may be so old, or a picture stand still; then the episode ends",
    )


class TrackmaniaOptions(Options):
    """One running game. The defaults drive the stand-in."""

    map: str = Field(
        default=STAND_IN,
        pattern=r"^[A-Za-z0-9_. -]+$",
        description="stand-in, the name of a recorded line of the map that the game has loaded, or loaded: any map",
    )
    game: Literal["tm2020", "tmnf"] = Field(
        default="tm2020", description="TrackMania 2020, or Nations Forever"
    )
    source: Literal["telemetry", "tmrl", "pixels", "tminterface"] = Field(
        default="telemetry",
        description="racegym's plug-in; tmrl's plug-in; the speed on the screen alone; TMInterface 2, in lockstep",
    )
    actuator: Literal["keys", "gamepad"] = Field(default="keys", description="how controls get into the game")
    display: str | None = Field(
        default=None,
        description="X display; own: one without a screen; null: $DISPLAY, else own (stand-in only)",
    )
    host: str = Field(default="127.0.0.1", description="where the plug-in listens")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="null: 9011, of tmrl 9000, of TMInterface 8478"
    )
    width: int = Field(default=256, ge=64, le=3840, description="width of the game's picture, pixels")
    height: int = Field(default=128, ge=48, le=2160, description="height of the game's picture, pixels")
    camera: Literal["behind", "near", "cockpit"] | None = Field(
        default=None, description="chosen at each start"
    )
    hud: str | None = Field(
        default=None,
        description="file of the HUD's digits, for source pixels (racegym trackmania digits); null: the stand-in's",
    )
    line: str | None = Field(default=None, description="file of a recorded line, instead of that of the map")
    circuit: str = Field(default="oval", description="of the stand-in: a circuit of the built-in simulator")
    laps: int = Field(default=1, ge=1, le=1000, description="of the stand-in: laps to the finish")
    dot: int = Field(
        default=2, ge=1, le=8, description="of the stand-in: size of a dot of its digits, pixels"
    )
    rate: int = Field(default=60, ge=10, le=240, description="frames and telemetries a second")
    step: float = Field(
        default=0.05, ge=0.01, le=1, multiple_of=0.01, description="of source tminterface: time of a step, s"
    )
    speed: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="of source tminterface: times real time; 0: as fast as it goes",
    )
    deadlines: Deadlines = Deadlines()

    @model_validator(mode="after")
    def _digits_are_known(self) -> TrackmaniaOptions:
        if self.source == "pixels" and self.map != STAND_IN and self.hud is None:
            raise ValueError(
                "source pixels reads the speed off the HUD, and hud names no file of this game's digits; make one: "
                "racegym trackmania digits"
            )
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the plug-in of the real game."""
        usual = {"tmrl": TMRL_PORT, "tminterface": TMINTERFACE_PORT}.get(self.source, PORT)
        return self.host, self.port or usual
