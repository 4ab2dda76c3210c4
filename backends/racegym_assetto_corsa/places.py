"""Where the game keeps things: its own folder, and the player's documents, on Windows and inside a Proton prefix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from racegym.errors import ConfigurationError

APP = "racegym_drive"
STEAM_ID = "244210"
VJOY = Path(r"C:\Program Files\vJoy\x64\vJoyInterface.dll")
_PROGRAMS = ("acs.exe", "AssettoCorsa.exe")
_DOCUMENTS = ("Documents", "My Documents")


@dataclass(frozen=True)
class Places:
    """An installed game."""

    game: Path
    documents: Path
    """``Documents/Assetto Corsa`` of the player."""

    @property
    def app(self) -> Path:
        return self.game / "apps" / "python" / APP

    @property
    def cfg(self) -> Path:
        return self.documents / "cfg"

    @property
    def is_proton(self) -> bool:
        """Whether the game runs inside a Proton prefix."""
        return STEAM_ID in self.documents.parts

    @property
    def has_shaders_patch(self) -> bool:
        """CSP is a dwrite.dll beside the game and a folder of its own."""
        return (self.game / "dwrite.dll").is_file() and (self.game / "extension").is_dir()


def find(game: Path, documents: Path | None = None) -> Places:
    """The places of the game in `game`; `ConfigurationError` when it is not there or has no documents."""
    game = game.expanduser().resolve()
    if not any((game / program).is_file() for program in _PROGRAMS):
        raise ConfigurationError(
            f"{game}: no {' or '.join(_PROGRAMS)} here; wanted is the game's folder, as steamapps/common/assettocorsa"
        )
    if documents is not None:
        return Places(game, documents.expanduser().resolve())
    for place in _documents(game):
        if place.is_dir():
            return Places(game, place)
    tried = ", ".join(map(str, _documents(game)))
    raise ConfigurationError(
        f"no folder of the player's documents: tried {tried}; start the game once, or name it with --documents"
    )


def _documents(game: Path) -> Iterator[Path]:
    """Where ``Documents/Assetto Corsa`` may be: a Proton prefix beside the game first."""
    for parent in game.parents:
        if parent.name == "steamapps":
            users = parent / "compatdata" / STEAM_ID / "pfx" / "drive_c" / "users"
            yield from (users / "steamuser" / name / "Assetto Corsa" for name in _DOCUMENTS)
    yield Path.home() / "Documents" / "Assetto Corsa"
