"""``racegym doctor``: what each simulator needs, whether it is there, and the command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from racegym.simulator import Backend, Requirement

MARKS = {"ok": ("ok", "green"), "optional": ("optional", "yellow"), "missing": ("missing", "red")}


def command(
    simulators: Annotated[
        list[str] | None, typer.Argument(help="Simulators to look at; all that are installed by default.")
    ] = None,
) -> None:
    """Say what is installed, what is missing and how to mend it.

    The exit status is 1 when something is missing that a simulator looked at cannot do without.
    """
    from racegym import registry

    backends = [registry.backend(name) for name in simulators] if simulators else registry.backends().values()
    _environment()
    ready = [_examine(backend) for backend in backends]
    if not all(ready):
        raise typer.Exit(1)


def _environment() -> None:
    import platform
    from importlib.metadata import version

    typer.echo(
        f"racegym {version('racegym')}, gymnasium {version('gymnasium')}, numpy {version('numpy')}, "
        f"Python {platform.python_version()}, {platform.platform(terse=True)}"
    )


def _examine(backend: Backend) -> bool:
    """Print the requirements of `backend`; whether it can be driven."""
    requirements = backend.requirements()
    ready = all(one.met or one.optional for one in requirements)
    verdict = typer.style("ready", fg="green") if ready else typer.style("not ready", fg="red")
    typer.echo(f"\n{typer.style(backend.name, bold=True)}: {verdict}  ({backend.title})")
    width = max((len(one.name) for one in requirements), default=0)
    for one in requirements:
        _line(one, width)
    return ready


def _line(one: Requirement, width: int) -> None:
    state = "ok" if one.met else "optional" if one.optional else "missing"
    word, colour = MARKS[state]
    typer.echo(f"  {typer.style(f'{word:8}', fg=colour)}  {one.name:{width}}  {one.found}".rstrip())
    if not one.met and one.remedy:
        typer.echo(f"  {'':8}  {'':{width}}  {typer.style('mend it with', dim=True)}: {one.remedy}")
