"""The group of all commands: ours, then each backend's own, imported when used; and how errors are shown."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command as command_of

from racegym.errors import ConfigurationError, RacegymError

FAILED = 2
"""Exit status after an error of ours, as after a wrong option."""


class Commands(TyperGroup):
    """Commands of racegym itself and, mounted under its name, those of every installed backend that has any."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_backend_commands()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in (paths := _backend_commands()):
            return own
        return _load(cmd_name, paths[cmd_name])

    def invoke(self, ctx: Any) -> Any:
        from racegym.cli.toolbox import Toolbox

        ctx.obj = Toolbox()
        try:
            return super().invoke(ctx)
        except RacegymError as error:
            if ctx.params.get("debug"):
                raise
            typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
            raise typer.Exit(FAILED) from error


def _backend_commands() -> dict[str, str]:
    from racegym import registry

    return {name: backend.commands for name, backend in registry.backends().items() if backend.commands}


def _load(name: str, path: str) -> Any:
    import importlib

    module, _, attribute = path.partition(":")
    try:
        app = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"{name}: its commands cannot be imported from {path} ({error}); reinstall the backend"
        ) from error
    command: Any = command_of(app)
    command.name = name
    return command
