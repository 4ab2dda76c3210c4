"""The game's own drivers: as opponents, and as experts beside an agent in its car."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from racegym.errors import ConfigurationError, NotFound

ROBOT = "scr_server"

#: Experts of TORCS 1.3.7 by module, and one line each.
EXPERTS: Mapping[str, str] = {
    "bt": "plans its speed by the bends' radii and learns from its mistakes",
    "berniw": "follows an optimised line",
    "berniw2": "the same as berniw, in other cars",
    "damned": "the same as bt, in other cars",
    "inferno": "follows an optimised line, the quickest of all",
    "lliaw": "the same as inferno",
    "olethros": "follows an optimised line and learns where it is slow",
    "sparkle": "drives baja-bug alone",
    "tita": "the same as inferno",
}

_ROBOT = re.compile(r'<section\s+name="([0-9]+)"(.*?)(?=<section|\Z)', re.DOTALL)
_CAR = re.compile(r'name="car name"\s+val="([^"]*)"')


def cars(module: str, data: Path) -> Mapping[int, str]:
    """The car that each driver of `module` has as its own, by index; `NotFound` when it is not installed."""
    description = data / "drivers" / module / f"{module}.xml"
    if not description.is_file() or module in ("human", ROBOT):
        raise NotFound(f"torcs: no driver module is called {module!r}{_hint(module, modules(data))}")
    robots = description.read_text("latin-1").partition('name="index"')[2]
    found = {int(index): _CAR.search(body) for index, body in _ROBOT.findall(robots)}
    return {index: car[1] if car else "" for index, car in found.items()}


def modules(data: Path) -> list[str]:
    """Names of the modules of drivers that are installed."""
    found = (path.name for path in (data / "drivers").glob("*") if (path / f"{path.name}.xml").is_file())
    return sorted(name for name in found if name not in ("human", ROBOT))


def check(name: str, data: Path) -> tuple[str, int]:
    """Module and index of a driver given as ``module:index``; `ConfigurationError` when there is none."""
    module, _, number = name.partition(":")
    if int(number) not in (own := cars(module, data)):
        raise NotFound(f"torcs: driver {name!r}: {module} has the indices {', '.join(map(str, own))}")
    return module, int(number)


def expert(name: str, car: str, data: Path) -> str:
    """``module:index`` of an expert given so, or by its module alone: then the driver whose own car is `car`.

    `ConfigurationError` when there is none, or when its car is another: it would drive with a strange set-up.
    """
    module, colon, _ = name.partition(":")
    own = cars(module, data)
    if not colon:
        if car not in own.values():
            offered = sorted({f"{c} ({module}:{i})" for i, c in own.items() if _installed(c, data)})
            raise ConfigurationError(
                f"torcs: expert {module!r} has no driver for {car}; set car to one of {', '.join(offered) or 'none'}"
            )
        return f"{module}:{next(index for index, theirs in own.items() if theirs == car)}"
    _, index = check(name, data)
    if own[index] != car:
        missing = "" if _installed(own[index], data) else ", which is not installed"
        raise ConfigurationError(
            f"torcs: expert {name!r} is set up for {own[index]}{missing}; set car to it, or name an expert for {car}"
        )
    return name


def _installed(car: str, data: Path) -> bool:
    return (data / "cars" / car / f"{car}.xml").is_file()


def _hint(name: str, offered: Collection[str]) -> str:
    near = difflib.get_close_matches(name, offered, n=1, cutoff=0.5)
    guess = f". Did you mean {near[0]!r}?" if near else ";"
    return f"{guess} there are {', '.join(offered)}"
