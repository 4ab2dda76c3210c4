"""``racegym benchmark`` and ``racegym leaderboard``: agents compared, and many comparisons put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.benchmark.runs import Run
    from racegym.benchmark.suite import Cell


def command(
    suite: Annotated[
        str, typer.Argument(metavar="SUITE", help="A shipped suite (smoke, scr, cross-game) or a YAML file.")
    ],
    agent: Annotated[
        list[str] | None,
        typer.Option("--agent", help="Who drives, as often as you like; the suite's own by default."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run's folder; racegym-out/benchmark-<suite> by default."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    seeds: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Seeds in place of the suite's.")
    ] = None,
    only: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only simulators that match, as in 'torcs/*'.")
    ] = "*",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Drive cells again that the folder holds already.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Let agents drive the cells of a suite and write results and a report.

    The same command again goes on where an interrupted run stopped. The exit status is 1 when a cell failed for another
    reason than that its simulator is not there.
    """
    from racegym.benchmark import report, runs
    from racegym.benchmark import suite as suites

    name, definition = suites.load(suite)
    agents = agent or definition.agents
    cells = suites.cells(definition, agents, _seeds(seeds), only)
    folder = out or Path("racegym-out") / f"benchmark-{name}"
    try:
        with _progress(cells, quiet=as_json) as (begun, done):
            run = runs.execute(name, definition, cells, agents, folder, jobs, fresh, begun, done)
    except KeyboardInterrupt:
        typer.secho(f"interrupted; the same command goes on where this stopped ({folder})", err=True)
        raise typer.Exit(130) from None
    files = report.write(run)
    if as_json:
        _print_json(run, files)
    else:
        _print(run, files)
    if any(row["status"] != "ok" and row["blame"] != "missing" for row in run.rows):
        raise typer.Exit(1)


def leaderboard(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of `racegym benchmark`.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here too: .md or .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Merge the results of many runs into one table for each suite."""
    import json

    from racegym.benchmark import leaderboard as boards

    merged = boards.merge(folders)
    if out is not None:
        boards.write(merged, out)
    if as_json:
        typer.echo(json.dumps([board.data() for board in merged]))
    else:
        for board in merged:
            _table(f"{board.title} ({board.suite})", board.scores)


def _seeds(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"whole numbers are wanted, as in 1,2,3, not {text!r}", param_hint="--seeds"
        ) from None


@contextmanager
def _progress(cells: Sequence[Cell], quiet: bool) -> Iterator[tuple[Any, Any]]:
    """What to call when a cell begins and when it is done: a bar with the time left, or off a terminal lines."""
    from rich import progress as rich
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda cell: None), ((lambda cell, row: None) if quiet else _line)
        return
    columns = ["{task.description}", rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeRemainingColumn()]
    with rich.Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("starting", total=len(cells))

        def done(cell: Cell, row: dict[str, Any]) -> None:
            display.advance(task)
            if row["status"] != "ok":
                display.console.print(f"[red]failed[/]  {_what(cell)}: {row['failure']}", highlight=False)

        yield (lambda cell: display.update(task, description=_what(cell))), done


def _what(cell: Cell) -> str:
    return f"{cell.simulator}, {cell.agent}, seed {cell.seed}"


def _line(cell: Cell, row: dict[str, Any]) -> None:
    if row["status"] != "ok":
        typer.echo(f"failed  {_what(cell)}: {row['failure']}", err=True)
    else:
        typer.echo(f"done    {_what(cell)}: {'finished' if row['finished'] else row['ended_by']}", err=True)


def _print_json(run: Run, files: dict[str, str]) -> None:
    import json

    from racegym.benchmark.leaderboard import score_data
    from racegym.benchmark.score import scores

    typer.echo(
        json.dumps(
            {"scores": [score_data(score) for score in scores(run.rows)], "rows": run.rows, "files": files}
        )
    )


def _print(run: Run, files: dict[str, str]) -> None:
    from racegym.benchmark.score import scores

    _table(run.about["title"], scores(run.rows))
    for what, path in files.items():
        typer.echo(f"{what:8}  {path}")


def _table(title: str, scores: Sequence[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("agent", "score", "95 %", "finished", "failed", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for score in scores:
        table.add_row(
            score.agent,
            "-" if score.mean is None else f"{score.mean:.1f}",
            "-" if score.interval is None else f"±{score.interval:.1f}",
            f"{score.finished}/{score.episodes}",
            str(score.failed or "-"),
        )
    Console().print(table)
