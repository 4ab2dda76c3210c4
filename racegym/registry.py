"""What there is to choose from: backends by entry point, and the YAML that ships under configs/.

A third party's backend is found exactly as ours are: an entry point in group ``racegym.backends`` that refers to a
`racegym.simulator.Backend`.
"""

from __future__ import annotations

import functools
import logging
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

from racegym.errors import NotFound
from racegym.paths import shipped
from racegym.simulator import Backend
from racegym.terms import did_you_mean

logger = logging.getLogger(__name__)

GROUP = "racegym.backends"


@functools.cache
def backends() -> dict[str, Backend]:
    """Every installed backend by name; one that cannot be imported is left out with a warning."""
    found: dict[str, Backend] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        try:
            found[point.name] = point.load()
        except Exception as error:  # a stranger's package may fail in any way, and must not take ours along
            logger.warning("backend %s (%s) cannot be imported: %r", point.name, point.value, error)
    return found


def backend(name: str) -> Backend:
    """The backend called `name`; `NotFound` otherwise."""
    known = backends()
    if name not in known:
        raise NotFound(
            f"simulator {name!r} is not installed{did_you_mean(name, known)} A backend that was just installed or "
            f"edited enters by an entry point in group {GROUP!r}: reinstall its package (pip install -e .)"
        )
    return known[name]


def resolve_course(of: Backend, name: str) -> str:
    """The full name of a course: ``aalborg`` is ``road/aalborg`` where only one course ends so."""
    courses = of.courses()
    if name in courses:
        return name
    ending = [course for course in courses if course.rsplit("/", 1)[-1] == name]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise NotFound(f"{of.name}: {of.course_option} {name!r} could be any of {', '.join(ending)}")
    short = {course.rsplit("/", 1)[-1]: course for course in courses}
    raise NotFound(f"{of.name}: no {of.course_option} {name!r}{did_you_mean(name, [*courses, *short])}")


def matching(name: str) -> list[str]:
    """Full names of all courses behind ``backend/pattern``; a name without ``*`` stands for itself."""
    game, _, pattern = name.partition("/")
    if "*" not in pattern:
        return [name]
    found = [f"{game}/{course}" for course in backend(game).courses() if fnmatch(course, pattern)]
    if not found:
        raise NotFound(f"{game}: no course matches {pattern!r}")
    return found


def tasks() -> list[str]:
    """Names of the shipped tasks."""
    return sorted(path.stem for path in (shipped("configs") / "tasks").glob("*.yaml"))


def configs() -> list[str]:
    """Names of the shipped run files; ``torcs/{track}`` is a pattern that stands for every track."""
    root = shipped("configs")
    paths = (path.relative_to(root).with_suffix("") for path in root.glob("*/*.yaml"))
    return sorted(str(path) for path in paths if path.parts[0] in backends())


def shipped_file(name: str) -> tuple[Path, str] | None:
    """The shipped YAML behind `name`, and what stands for the braces in its pattern ("" if it has none)."""
    root = shipped("configs")
    path = root / f"{name}.yaml"
    if path.is_file():
        return path, ""
    folder, _, course = name.partition("/")
    patterns = sorted((root / folder).glob("{*}.yaml")) if course and folder in backends() else []
    return (patterns[0], course) if patterns else None
