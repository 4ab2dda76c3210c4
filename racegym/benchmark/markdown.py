"""The report as Markdown, with its figures as SVG files beside it, for a repository or a wiki."""

from __future__ import annotations

from pathlib import Path

from racegym.benchmark.digest import DETAILS, Course, Digest, mean_of, result_text
from racegym.benchmark.leaderboard import NONE
from racegym.benchmark.leaderboard import table as standing
from racegym.benchmark.svg import score_bars, speed_chart, track_map


def write(digest: Digest) -> Path:
    """Write `report.md` and `figures/` into the run's folder."""
    folder = digest.run.folder
    (folder / "figures").mkdir(exist_ok=True)
    about = digest.about
    parts = [f"# {about['title']}", digest.headline(), about["text"]]
    parts += [
        _figure(folder, "scores", score_bars(digest.scores, digest.colours)),
        _table(*standing(digest.scores)),
    ]
    for (event, game), courses in digest.groups().items():
        parts += [
            f"## {game}, {event}: {about['events'][event]}",
            _results(digest, courses),
            _details(digest, courses),
        ]
        parts += [part for course in courses for part in _figures(digest, folder, course)]
    if failures := digest.failures():
        rows = [[", ".join(who), reason.replace("\n", " ")] for reason, who in failures.items()]
        parts += ["## What could not be driven", _table(["what", "why"], rows)]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    seeds = ", ".join(map(str, about["seeds"]))
    parts += [
        "## How it was measured",
        f"Suite {about['suite']}, seeds {seeds}; {versions}; {about['machine']}.",
    ]
    path = folder / "report.md"
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return path


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join(
        lines + [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    )


def _results(digest: Digest, courses: list[Course]) -> str:
    agents = [agent for agent in digest.agents if any(course.of(agent) for course in courses)]
    rows = []
    for course in courses:
        cells = [course.simulator]
        for agent in agents:
            score = course.score(agent)
            cells.append(result_text(course, agent) + (f" · {score:.0f}" if score is not None else ""))
        rows.append(cells)
    return _table(["course", *(f"{agent}, score" for agent in agents)], rows)


def _details(digest: Digest, courses: list[Course]) -> str:
    rows = []
    for course in courses:
        for agent in digest.agents:
            of = course.of(agent)
            if any(row["status"] == "ok" for row in of):
                values = [(mean_of(of, key), form) for _, key, form in DETAILS]
                rows.append(
                    [course.simulator, agent, *(NONE if v is None else form(v) for v, form in values)]
                )
    return _table(["course", "agent", *(name for name, _, _ in DETAILS)], rows)


def _figures(digest: Digest, folder: Path, course: Course) -> list[str]:
    lines = digest.lines(course)
    if not lines:
        return []
    colours = ", ".join(f"{line.label} {line.colour}" + " dashed" * line.reference for line in lines)
    return [
        f"### {course.simulator}",
        colours,
        _figure(folder, f"{course.slug}-line", track_map(digest.run.track(course.simulator), lines)),
        _figure(folder, f"{course.slug}-speed", speed_chart(lines)),
    ]


def _figure(folder: Path, name: str, svg: str) -> str:
    if not svg:
        return ""
    (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    return f"![{name}](figures/{name}.svg)"
