"""Files that tell TORCS what to run: the race, its drivers, the engine's modules, a track's starting grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from racegym_torcs.drivers import ROBOT, check
from racegym_torcs.options import TorcsOptions

_ENDLESS = 10_000
_RACE = "racegym"

Node = str
Value = str | int | float | tuple[float, str]


def section(name: str, values: Mapping[str, Value] | None = None, *children: Node) -> Node:
    """One ``<section>`` of a TORCS parameter file; a value ``(number, unit)`` carries its unit."""
    lines = [f"<section name={quoteattr(name)}>"]
    for key, value in (values or {}).items():
        lines.append(_attribute(key, value))
    return "\n".join([*lines, *children, "</section>"])


def _attribute(name: str, value: Value) -> Node:
    if isinstance(value, str):
        return f"<attstr name={quoteattr(name)} val={quoteattr(value)}/>"
    number, unit = value if isinstance(value, tuple) else (value, "")
    return f'<attnum name={quoteattr(name)}{f" unit={quoteattr(unit)}" if unit else ""} val="{number:.9g}"/>'


def document(name: str, *children: Node) -> str:
    """A parameter file of TORCS."""
    opening = f'<params name={quoteattr(name)} type="param" mode="mw">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', opening, *children, "</params>", ""])


def race(options: TorcsOptions, track: str, to_start: float, kind: str | None = None) -> str:
    """The race file for ``torcs -r``: `track` as ``category/name``, first car `to_start` m before the start line.

    `kind` is TORCS's: ``race`` or ``practice``.
    """
    category, _, name = track.partition("/")
    drivers = line_up(options)
    length: dict[str, Value] = {"laps": options.laps or _ENDLESS}
    if options.distance is not None:
        length = {"distance": (options.distance / 1000, "km")}
    rules: dict[str, Value] = {
        "type": kind or ("practice" if _practises(options) else "race"),
        "starting order": "drivers list",
        "restart": "no",
        "display mode": "results only",
        "fuel consumption factor": float(options.fuel),
        "damage factor": 1.0 if options.damage == "shown" else float(options.damage),
        **length,
    }
    return document(
        _RACE,
        section("Header", {"name": _RACE, "description": _RACE, "priority": 1}),
        section("Tracks", {"maximum number": 1}, section("1", {"name": name, "category": category})),
        section("Races", None, section("1", {"name": _RACE})),
        section(_RACE, rules, grid(options, to_start)),
        section(
            "Drivers", {"maximum number": len(drivers), "focused module": ROBOT, "focused idx": 0},
            *(section(str(i), {"module": module, "idx": index}) for i, (module, index) in enumerate(drivers, 1)),
        ),
    )  # fmt: skip


def line_up(options: TorcsOptions) -> list[tuple[str, int]]:
    """Module and index of each driver, the front of the grid first."""
    others = iter([driver(text) for text in options.opponents])
    places = options.grid.places or range(1, options.cars + 1)
    ours = {place: (ROBOT, index) for index, place in enumerate(places)}
    field = range(1, options.cars + len(options.opponents) + 1)
    return [ours[place] if place in ours else next(others) for place in field]


def _practises(options: TorcsOptions) -> bool:
    """Whether an expert is alone on the track: some drive otherwise, or with less fuel, when it is no race."""
    return options.expert is not None and options.cars == 1 and not options.opponents


def driver(text: str) -> tuple[str, int]:
    """Module and index of an opponent given as ``module:index``."""
    module, _, index = text.partition(":")
    return module, int(index)


def grid(options: TorcsOptions, to_start: float) -> Node:
    """The section ``Starting Grid``."""
    values: dict[str, Value] = {
        "rows": options.grid.rows,
        "distance to start": (to_start, "m"),
        "distance between columns": (options.grid.between, "m"),
        "offset within a column": (options.grid.stagger, "m"),
        "initial speed": (options.grid.speed, "m/s"),
        "initial height": (0.2, "m"),
    }
    return section("Starting Grid", values)


_GRID = re.compile(r'<section\s+name="Starting Grid">.*?</section>', re.DOTALL)


def own_grid(description: str) -> bool:
    """Whether a track's description places the cars itself, which the engine prefers to the race's grid."""
    return _GRID.search(description) is not None


def regrid(description: str, options: TorcsOptions, to_start: float) -> str:
    """A track's description with our starting grid instead of its own."""
    return _GRID.sub(lambda _: grid(options, to_start), description)


def robot(options: TorcsOptions) -> str:
    """The robot's own file: ten drivers, each in the chosen car."""
    drivers = [
        section(
            str(i),
            {
                "name": f"{ROBOT} {i + 1}", "team": f"racegym {i + 1}", "author": "racegym", "car name": options.car,
                "race number": i + 1, "red": 1.0, "green": 0.5, "blue": 0.0, "level": "semi-pro",
            },
        )
        for i in range(10)
    ]  # fmt: skip
    return document(ROBOT, section("Robots", None, section("index", None, *drivers)))


def engine() -> str:
    """Which modules the race engine loads."""
    return document("", section("Modules", {"track": "track", "simu": "simuv2", "graphic": "ssggraph"}))


def check_opponents(opponents: Sequence[str], data: Path) -> None:
    """`ConfigurationError` when one of the game's drivers is not installed."""
    for text in opponents:
        check(text, data)
