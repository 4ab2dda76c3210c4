"""Circuits, each described by a few straights and corners; their straights are fitted so that the ends meet."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache

import numpy as np

from racegym.errors import NotFound
from racegym.track import Track

#: Between points of the centre line, m, at most.
STEP = 2.0


@dataclass(frozen=True)
class Section:
    """A piece of constant curvature, over which the width changes evenly."""

    length: float
    """m"""
    angle: float = 0.0
    """By which it turns, degrees, + left."""
    width: float | None = None
    """At its end, m; None: as before."""


@dataclass(frozen=True)
class Layout:
    """A circuit from the start line on, which lies within a straight."""

    title: str
    width: float
    """At the start line, m."""
    sections: tuple[Section, ...]


def straight(length: float, width: float | None = None) -> Section:
    return Section(length, 0.0, width)


def turn(radius: float, angle: float, width: float | None = None) -> Section:
    """A corner of `radius` in metres through `angle` in degrees, + left."""
    return Section(radius * abs(np.radians(angle)), angle, width)


CIRCUITS = {
    "oval": Layout(
        "two straights, two wide left turns",
        15.0,
        (straight(250), turn(100, 180), straight(500), turn(100, 180), straight(250)),
    ),
    "longbow": Layout(
        "fast sweeps, hardly any braking",
        13.0,
        (
            *(straight(350), turn(180, 70), straight(120), turn(220, -40), straight(200), turn(140, 110)),
            *(straight(300), turn(200, 60), straight(100), turn(150, -50), straight(120), turn(130, 130)),
            *(straight(300), turn(160, 80), straight(350)),
        ),
    ),
    "switchback": Layout(
        "hairpins between neighbouring legs",
        10.0,
        (
            *(straight(220), turn(17, 180), straight(180), turn(19, -180), straight(180), turn(15, 180)),
            *(straight(300), turn(30, 90), straight(40), turn(25, 90), straight(100)),
        ),
    ),
    "harbour": Layout(
        "narrow, right angles, clockwise",
        9.0,
        (
            *(straight(150), turn(18, -90), straight(180), turn(14, -90), straight(90), turn(12, 90)),
            *(straight(120), turn(20, -90), straight(160), turn(16, -90), straight(110), turn(40, 40)),
            *(straight(30), turn(40, -40), straight(110), turn(15, -90), straight(100)),
        ),
    ),
    "meadow": Layout(
        "a bit of everything, with a chicane, clockwise",
        12.0,
        (
            *(straight(250), turn(60, -100), straight(80), turn(45, 60), straight(60), turn(35, -120)),
            *(straight(250), turn(120, -50), straight(150), turn(25, 45), turn(25, -90), turn(25, 45)),
            *(straight(120), turn(40, -150), straight(200)),
        ),
    ),
    "knot": Layout(
        "a figure-eight that crosses itself, between 8 and 16 m wide",
        12.0,
        (
            *(straight(60), turn(60, 130, width=8), straight(100), turn(80, 140, width=14), straight(260)),
            *(turn(95, -150, width=16), straight(60), turn(45, -120, width=9), straight(200, width=12)),
        ),
    ),
    "kart": Layout(
        "a short oval, a lap in twenty seconds",
        10.0,
        (straight(40), turn(25, 180), straight(80), turn(25, 180), straight(40)),
    ),
}


def check(name: str) -> None:
    """`NotFound` when there is no circuit of that `name`."""
    if name in CIRCUITS:
        return
    near = difflib.get_close_matches(name, CIRCUITS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise NotFound(f"bicycle: no circuit named {name!r}; {hint}There are {', '.join(CIRCUITS)}.")


@cache
def circuit(name: str) -> Track:
    """The track of that `name`; `NotFound` when there is none."""
    check(name)
    layout = CIRCUITS[name]
    points, widths = _draw(layout, _closed(layout.sections))
    return Track(name, points, widths / 2, widths / 2)


def _turned(sections: tuple[Section, ...]) -> np.ndarray:
    """Headings at the start of each section and at the end, rad."""
    return np.radians(np.cumsum([0.0, *(section.angle for section in sections)]))


def _closed(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """The same sections with straights lengthened or shortened, in proportion as little as possible, to close it."""
    headings = _turned(sections)
    gap = sum(_along(s, h)[-1] for s, h in zip(sections, headings[:-1], strict=True))
    lengths = np.array([0.0 if section.angle else section.length for section in sections])
    effects = lengths * np.stack([np.cos(headings[:-1]), np.sin(headings[:-1])])
    shares = np.linalg.lstsq(effects, -gap, rcond=None)[0]
    return tuple(
        Section(section.length * (1 + share), section.angle, section.width)
        for section, share in zip(sections, shares, strict=True)
    )


def _along(section: Section, heading: float) -> np.ndarray:
    """Points at most `STEP` apart on a section that starts at the origin, which is left out, ``(n, 2)``."""
    distance = np.linspace(0, section.length, int(np.ceil(section.length / STEP)) + 1)[1:]
    half_turns = np.radians(section.angle) * distance / section.length / 2
    chord = distance * np.sinc(half_turns / np.pi)
    return np.stack([chord * np.cos(heading + half_turns), chord * np.sin(heading + half_turns)], axis=1)


def _draw(layout: Layout, sections: tuple[Section, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Centre line ``(n, 2)`` and width ``(n,)``, from the start line on."""
    points, widths = [np.zeros((1, 2))], [np.array([layout.width])]
    for section, heading in zip(sections, _turned(sections)[:-1], strict=True):
        points.append(points[-1][-1] + _along(section, heading))
        before = widths[-1][-1]
        after = before if section.width is None else section.width
        widths.append(np.linspace(before, after, len(points[-1]) + 1)[1:])
    return np.concatenate(points)[:-1], np.concatenate(widths)[:-1]
