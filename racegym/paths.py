"""Where racegym's own files lie: what ships with it, and what it keeps for the user."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The shipped directory ``configs`` or ``plugins``: beside the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def data_dir() -> Path:
    """The user's racegym data: ``$RACEGYM_HOME``, else ``$XDG_DATA_HOME/racegym``, else ``~/.local/share/racegym``."""
    if home := os.environ.get("RACEGYM_HOME"):
        return Path(home)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "racegym"
