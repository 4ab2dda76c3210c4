"""``racegym timing``: how well real time is kept."""

from __future__ import annotations

from typing import Annotated

import typer

COLUMNS = (
    ("interval mean", "interval_mean"),
    ("median deviation", "interval_median_deviation"),
    ("99th", "interval_99"),
    ("send", "send_median"),
    ("capture", "capture_median"),
    ("age", "age_median"),
)


def command(
    configs: Annotated[list[str], typer.Argument(help="Shipped configurations or YAML files.")],
    step: Annotated[list[float] | None, typer.Option(help="Length of a step, s; may be given again.")] = None,
    steps: Annotated[int, typer.Option(min=10, help="Steps to measure.")] = 400,
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="DOTTED=VALUE", help="Change the configuration.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row instead.")] = False,
) -> None:
    """Drive in real time and print, in milliseconds: the interval between controls (mean, median deviation
    from the step,
    99th percentile), medians of what sending and capturing cost, the telemetry's median age, and the machine's load.
    """
    import json

    from racegym.benchmark.realtime import timing
    from racegym.cli.settings import parse

    overrides = parse(override or [])
    if not as_json:
        typer.echo("| simulator | step | " + " | ".join(name for name, _ in COLUMNS) + " | late | load |")
        typer.echo("| --- |" + " ---: |" * (len(COLUMNS) + 3))
    for config in configs:
        for length in step or [0.05, 0.02]:
            row = timing(config, length, steps, overrides)
            if as_json:
                typer.echo(json.dumps(row))
                continue
            cells = [f"{row[key] * 1000:.3f}" for _, key in COLUMNS]
            ending = f"{row['late']} of {row['steps']} | {row['load']:.1f}"
            typer.echo(f"| {row['simulator']} | {length * 1000:g} | {' | '.join(cells)} | {ending} |")
