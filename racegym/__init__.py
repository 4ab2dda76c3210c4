"""racegym: one driving interface for learning agents over interchangeable racing simulators.

``import racegym`` registers the gymnasium environments and loads nothing else; the rest is imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import gymnasium

if TYPE_CHECKING:
    from racegym.env import RaceEnv, make
    from racegym.vector import RaceVectorEnv, make_vec

__version__ = "0.1.0"
__all__ = ["RaceEnv", "RaceVectorEnv", "make", "make_vec"]

_HOMES = {
    "RaceEnv": "racegym.env",
    "make": "racegym.env",
    "RaceVectorEnv": "racegym.vector",
    "make_vec": "racegym.vector",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if "racegym/Race-v0" not in gymnasium.registry:
    gymnasium.register(
        id="racegym/Race-v0",
        entry_point="racegym.env:RaceEnv",
        vector_entry_point="racegym.vector:RaceVectorEnv",
    )
    gymnasium.register(id="racegym/RealTimeRace-v0", entry_point="racegym.env:RaceEnv", nondeterministic=True)
