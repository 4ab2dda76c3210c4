"""Tracks as files: NumPy archives (``.npz``) of plain arrays, without pickles."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from racegym.errors import ConfigurationError
from racegym.trackside import Arcs, Ground, Pits, Surface

FORMAT = "racegym-track 2"
REMEDY = "write it with Track.save(path) or `racegym track export`"

_BROKEN = (OSError, EOFError, ValueError, TypeError, AttributeError, KeyError, zipfile.BadZipFile, zlib.error)
_ARRAYS = ("points", "width_left", "width_right", "elevation", "line")


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the arguments that a `Track` is made of."""
    arrays = {name: content[name] for name in ("name", "closed", *_ARRAYS)}
    for part in ("arcs", "ground", "pits"):
        if content[part] is not None:
            arrays |= {f"{part}.{name}": value for name, value in _PARTS[part][0](content[part]).items()}
    np.savez_compressed(path, format=FORMAT, **arrays)


def read(path: Path) -> dict[str, Any]:
    """What `write` was given; `ConfigurationError` when the file is missing, damaged, older or another."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            _check_format(path, archive["format"].item())
            content = {name: archive[name] for name in ("name", "closed", *_ARRAYS)}
            for part, (_, made) in _PARTS.items():
                mark = f"{part}."
                found = {name.removeprefix(mark): archive[name] for name in archive if name.startswith(mark)}
                content[part] = made(found) if found else None
    except _BROKEN as error:
        raise ConfigurationError(f"{path}: not a track file ({error}); {REMEDY}") from error
    return content | {"name": str(content["name"]), "closed": bool(content["closed"])}


def _check_format(path: Path, found: Any) -> None:
    if found == FORMAT:
        return
    if str(found).startswith("racegym-track "):
        raise ConfigurationError(f"{path}: of format {found!r}, not {FORMAT!r}: write it anew; {REMEDY}")
    raise ConfigurationError(f"{path}: not of format {FORMAT!r}; {REMEDY}")


def _ground_arrays(ground: Ground) -> dict[str, Any]:
    return {
        "names": np.array([surface.name for surface in ground.surfaces], dtype=np.str_),
        "numbers": np.array([surface[1:] for surface in ground.surfaces], dtype=float),
        "width": ground.width,
        "surface": ground.surface,
    }


def _ground(arrays: Mapping[str, np.ndarray]) -> Ground:
    named = zip(arrays["names"].tolist(), arrays["numbers"].tolist(), strict=True)
    return Ground(
        tuple(Surface(name, *numbers) for name, numbers in named), arrays["width"], arrays["surface"]
    )


def _pits(arrays: Mapping[str, np.ndarray]) -> Pits:
    return Pits(places=arrays["places"], **{n: v.item() for n, v in arrays.items() if n != "places"})


_PARTS: Mapping[str, tuple[Any, Any]] = {
    "arcs": (lambda arcs: arcs._asdict(), lambda arrays: Arcs(**arrays)),
    "ground": (_ground_arrays, _ground),
    "pits": (lambda pits: pits._asdict(), _pits),
}
"""Optional parts: to arrays by name, and back."""
