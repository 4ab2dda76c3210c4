"""Results of many runs put together: one table a suite, scored over all of their rows at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from racegym.benchmark.runs import Row, read
from racegym.benchmark.score import Score, scores
from racegym.errors import ConfigurationError

NONE = "-"
"""Where there is no number."""


@dataclass(frozen=True)
class Board:
    """The standing in one suite."""

    suite: str
    title: str
    scores: list[Score]
    rows: list[Row]

    def data(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "suite": self.suite,
            "title": self.title,
            "scores": [score_data(score) for score in self.scores],
        }


def score_data(score: Score) -> dict[str, Any]:
    """A score as plain data."""
    return {
        "agent": score.agent,
        "score": score.mean,
        "interval": score.interval,
        "games": dict(score.games),
        "finished": score.finished,
        "episodes": score.episodes,
        "failed": score.failed,
    }


def merge(folders: Sequence[Path]) -> list[Board]:
    """One board for each suite among these runs. Runs of a suite count together when its definition is the same.

    A cell that several runs drove counts once, the last folder's.
    """
    groups: dict[str, tuple[dict[str, Any], dict[str, Row]]] = {}
    for folder in folders:
        run = read(folder)
        definition = {
            key: value for key, value in run.about["definition"].items() if key not in ("agents", "seeds")
        }
        _, rows = groups.setdefault(json.dumps(definition, sort_keys=True), (dict(run.about), {}))
        rows |= {row["key"]: row for row in run.rows}
    return [
        Board(about["suite"], about["title"], scores(list(rows.values())), list(rows.values()))
        for about, rows in groups.values()
    ]


def write(boards: Sequence[Board], path: Path) -> None:
    """Write the boards as Markdown or HTML, by the suffix of `path`."""
    makers = {".md": markdown, ".html": html}
    if path.suffix not in makers:
        raise ConfigurationError(f"{path}: a leaderboard is written as .md or .html")
    path.write_text(makers[path.suffix](boards), encoding="utf-8")


def table(scored: Sequence[Score]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a standing, as text: one column a game behind the sums."""
    games = list(dict.fromkeys(name for score in scored for name in score.games))
    rows = [
        [
            score.agent,
            NONE if score.mean is None else f"{score.mean:.1f}",
            NONE if score.interval is None else f"± {score.interval:.1f}",
            f"{score.finished}/{score.episodes}",
            *(f"{score.games[name]:.1f}" if name in score.games else NONE for name in games),
        ]
        for score in scored
    ]
    return ["agent", "score", "95 %", "finished", *games], rows


def markdown(boards: Sequence[Board]) -> str:
    """A heading and a table a suite."""
    parts = []
    for board in boards:
        head, rows = table(board.scores)
        lines = [f"## {board.title}", "", f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        parts.append("\n".join(lines))
    return "# Leaderboard\n\n" + "\n\n".join(parts) + "\n"


def html(boards: Sequence[Board]) -> str:
    """The same as a page of its own."""
    from racegym.benchmark.page import page

    parts = []
    for board in boards:
        head, rows = table(board.scores)
        top = "".join(f"<th>{escape(name)}</th>" for name in head)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        parts.append(
            f"<h2>{escape(board.title)}</h2><div class=wide><table><thead><tr>{top}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )
    return page("Leaderboard", "".join(parts))
