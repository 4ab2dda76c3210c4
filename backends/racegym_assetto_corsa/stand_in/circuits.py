"""The circuits of the stand-in: the built-in simulator's, under their own names."""

from __future__ import annotations

from collections.abc import Sequence

from racegym_bicycle.circuits import CIRCUITS


def names() -> Sequence[str]:
    return tuple(CIRCUITS)
