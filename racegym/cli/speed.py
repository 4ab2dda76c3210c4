"""``racegym speed``: how many steps a second, and where the time goes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

#: What each figure is, in the order of the table.
ROWS = {
    "limit_steps_per_s": "the game on its own",
    "limit_all_cores_steps_per_s": "a game on each core, on their own",
    "udp_raw_steps_per_s": "UDP text, minimal client",
    "shm_raw_steps_per_s": "shared memory, minimal client",
    "env_steps_per_s": "env.step",
    "env_udp_steps_per_s": "env.step over UDP",
    "env_shm_steps_per_s": "env.step over shared memory",
}


def command(
    simulators: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SIMULATOR]...", help="As in torcs/aalborg; bicycle/oval too."),
    ] = None,
    num_envs: Annotated[
        str, typer.Option("--num-envs", metavar="N,N,...", help="Sizes of vector environments.")
    ] = "1,8,32",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Measure simulators, transports, environments and racegym's own layer side by side, with ratios.

    The JSON object holds the first simulator's figures, and all of them by name under `simulators`.
    """
    import json

    from rich.console import Console

    from racegym.benchmark.speed import measure

    counts = _counts(num_envs)
    console = Console(stderr=True)
    results: dict[str, dict[str, Any]] = {}
    for name in simulators or ["torcs/aalborg"]:
        with console.status(f"{name}") as status:
            results[name] = measure(
                name, counts, lambda what, status=status, name=name: status.update(f"{name}: {what}")
            )
        if not as_json:
            _print(results[name])
    if as_json:
        typer.echo(json.dumps({**next(iter(results.values())), "simulators": results}))


def _counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = [0]
    if min(counts) < 1:
        raise typer.BadParameter(
            f"whole numbers from 1 are wanted, as in 1,8,32, not {text!r}", param_hint="--num-envs"
        )
    return counts


def _print(figures: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "steps/s", "of the game on its own", title=figures["simulator"], title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    ratios = figures["of_limit"]
    rates = {key: (text, figures[key]) for key, text in ROWS.items() if key in figures}
    for count, rate in figures["vector_steps_per_s"].items():
        rates[f"vector_{count}"] = (f"vector of {count}", rate)
    for key, (text, rate) in rates.items():
        ratio = ratios.get(key.removesuffix("_steps_per_s"))
        table.add_row(text, f"{rate:,.0f}", "" if ratio is None else f"{ratio:.2f}")
    console = Console()
    console.print(table)
    if "frames_per_s" in figures:
        console.print(
            f"with a picture each step {figures['frames_per_s']:.0f} steps/s, {figures['frames_of_renderer']:.2f} of what"
            f" the renderer makes on its own, {figures['renderer_per_s']:.0f}/s"
        )
    console.print(f"reset {figures['reset_ms_median']} ms, cold start {figures['cold_start_ms']} ms")
    for key, text in (
        ("layer_us", "racegym's own layer"),
        ("layer_derived_us", "the same, all signals derived"),
    ):
        shares = ", ".join(f"{us:.1f} us a step with {cars} cars" for cars, us in figures[key].items())
        console.print(f"{text}: {shares.replace('1 cars', '1 car')}")
