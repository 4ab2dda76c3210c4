"""What differs between the games of the series: window titles, keys, ports, the HUD. One table."""

from __future__ import annotations

from dataclasses import dataclass, field

from racegym.errors import ConfigurationError
from racegym.simulator import Gearbox

RPM = 2 * 3.141592653589793 / 60


@dataclass(frozen=True)
class Profile:
    """One game. Keys are named as `keys.KEYS` does."""

    title: str
    """For people."""
    windows: tuple[str, ...]
    """Titles that its window may have."""
    restart: tuple[str, ...] = ("delete",)
    """Keys that restart the race, tried in turn."""
    dismiss: tuple[str, ...] = ("return",)
    """Keys that close what the game shows after the finish."""
    cameras: dict[str, str] = field(default_factory=lambda: {"behind": "1", "near": "2", "cockpit": "3"})
    """Keys that choose a camera."""
    gears: int = 5
    top_rpm: float = 11000.0
    """Where the engine shifts by itself, about; the game ignores gears that we choose."""

    @property
    def gearbox(self) -> Gearbox:
        up = (self.top_rpm * RPM,) * (self.gears - 1)
        return Gearbox(up=(*up, float("inf")), down=(0.0, *(0.5 * self.top_rpm * RPM,) * (self.gears - 1)))


def profile(game: str) -> Profile:
    """The game called `game`; `ConfigurationError` when there is none."""
    if game not in PROFILES:
        raise ConfigurationError(f"game {game!r} is not known; there are {', '.join(PROFILES)}")
    return PROFILES[game]


PROFILES = {
    "tm2020": Profile("Trackmania (2020)", ("Trackmania",), restart=("delete", "backspace")),
    "tmnf": Profile(
        "TrackMania Nations Forever",
        ("TrackMania Nations Forever", "TmForever", "TrackMania Modded", "TrackMania United Forever"),
        restart=("delete", "backspace"),
        gears=5,
    ),
}
