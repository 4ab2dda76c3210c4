"""The report of a run: `report.html`, one file that needs nothing else, and `report.md` with its figures beside it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from racegym.benchmark.digest import DETAILS, Course, Digest, mean_of, result_text
from racegym.benchmark.leaderboard import NONE
from racegym.benchmark.leaderboard import table as standing
from racegym.benchmark.markdown import write as write_markdown
from racegym.benchmark.page import page, table
from racegym.benchmark.runs import Run
from racegym.benchmark.svg import score_bars, speed_chart, track_map

MEASURED = """
<p>100 is the pace of the reference driver of the same course, car and event. A finished course scores
100 t<sub>ref</sub> / t; an unfinished one 100 t<sub>ref</sub> / T &times; the share driven, with T the time limit
(8 m/s on average); an event over time 100 d / d<sub>ref</sub>. An agent's score is the mean over seeds, then over the
courses of a game, then over games, so that each game weighs the same. The 95 % interval is Student's t over the seeds'
scores. All of it comes from telemetry, none from rewards.</p>
""".strip()


def write(run: Run) -> dict[str, str]:
    """Write both reports into the run's folder; their paths, and the results', by what they are."""
    digest = Digest(run)
    html = run.folder / "report.html"
    html.write_text(_html(digest), encoding="utf-8")
    markdown: Path = write_markdown(digest)
    return {"report": str(html), "markdown": str(markdown), "results": str(run.folder / "results.jsonl")}


def _html(digest: Digest) -> str:
    about = digest.about
    body = f"<h1>{escape(about['title'])}</h1><p class=lead>{escape(digest.headline())}</p>"
    body += f"<p class=faint>{escape(about['text'])}</p>"
    body += _standing(digest)
    for (event, game), courses in digest.groups().items():
        body += f"<h2>{escape(game)} <small>{escape(event)}: {escape(about['events'][event])}</small></h2>"
        body += _results(digest, courses) + _figures(digest, courses) + _details(digest, courses)
    return page(about["title"], body + _failures(digest) + _measured(digest))


def _agent(digest: Digest, agent: str) -> str:
    return f'<span class=dot style="background:{digest.colours[agent]}"></span>{escape(agent)}'


def _standing(digest: Digest) -> str:
    head, rows = standing(digest.scores)
    colours = [[_agent(digest, row[0]), *map(escape, row[1:])] for row in rows]
    bars = score_bars(digest.scores, digest.colours)
    return f"<h2>Standing</h2><div class=card>{bars}</div>" + table([escape(cell) for cell in head], colours)


def _results(digest: Digest, courses: list[Course]) -> str:
    """A row a course, a column an agent: its result and score, the best in bold."""
    agents = [agent for agent in digest.agents if any(course.of(agent) for course in courses)]
    rows, marks = [], {}
    for r, course in enumerate(courses):
        scores = [course.score(agent) for agent in agents]
        best = max((score for score in scores if score is not None), default=None)
        cells = [escape(course.simulator.partition("/")[2] or course.simulator)]
        for c, (agent, score) in enumerate(zip(agents, scores, strict=True), start=1):
            text = escape(result_text(course, agent))
            cells.append(text if score is None else f"{text} &nbsp;<small>{score:.0f}</small>")
            unfinished = course.of(agent) and not any(row.get("finished") for row in course.of(agent))
            if unfinished:
                marks[r, c] = "out"
            elif score is not None and score == best and len(agents) > 1:
                marks[r, c] = "best"
        rows.append(cells)
    return table(["course", *(_agent(digest, agent) for agent in agents)], rows, marks)


def _figures(digest: Digest, courses: list[Course]) -> str:
    cards = []
    for course in courses:
        lines = digest.lines(course)
        if not lines:
            continue
        key = "".join(
            f"<span>{_agent(digest, line.label)}{' (reference)' * line.reference}</span>" for line in lines
        )
        drawn = track_map(digest.run.track(course.simulator), lines) + speed_chart(lines)
        cards.append(
            f"<figure class=card><h3>{escape(course.simulator)}</h3><div class=key>{key}</div>"
            f"<div class=drawn>{drawn}</div></figure>"
        )
    return f"<div class='cards{' one' * (len(cards) == 1)}'>{''.join(cards)}</div>"


def _details(digest: Digest, courses: list[Course]) -> str:
    rows = []
    for course in courses:
        for agent in digest.agents:
            of = course.of(agent)
            if not any(row["status"] == "ok" for row in of):
                continue
            values = [mean_of(of, key) for _, key, _ in DETAILS]
            texts = [
                NONE if value is None else form(value)
                for value, (_, _, form) in zip(values, DETAILS, strict=True)
            ]
            rows.append([escape(course.simulator), _agent(digest, agent), *texts])
    head = ["course", "agent", *(name for name, _, _ in DETAILS)]
    return f"<details><summary>All measures (means over seeds)</summary>{table(head, rows)}</details>"


def _failures(digest: Digest) -> str:
    failures = digest.failures()
    if not failures:
        return ""
    rows = [[escape(", ".join(who)), escape(reason)] for reason, who in failures.items()]
    return f"<h2>What could not be driven</h2><div class=prose>{table(['what', 'why'], rows)}</div>"


def _measured(digest: Digest) -> str:
    about = digest.about
    facts = {
        "suite": f"{about['suite']}; seeds {', '.join(map(str, about['seeds']))}",
        "references": ", ".join(sorted({row["reference"] for row in digest.run.rows})),
        "versions": ", ".join(f"{name} {version}" for name, version in about["versions"].items()),
        "machine": about["machine"],
        "speed": ", ".join(f"{game} {rate:,.0f} steps/s" for game, rate in digest.speeds().items()),
        "command": f"racegym {about['command']}",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    return f"<h2>How it was measured</h2>{MEASURED}<dl>{listed}</dl>"
