"""assetto_corsa_gym's recorded laps as drives of ours: states and controls through the same conversion as live ones.

A folder ``laps`` holds ``*_states.parquet``, one file an episode, and ``static_info.json``; older ones pickle both
together.
Steering is worked back by the degrees that belong to a whole command (theirs divided by the degrees of full lock, which
makes steps up to 1.9 times too long), brakes by the inverse of the game's power.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from racegym.errors import BackendUnavailable, ConfigurationError
from racegym.signals import Controls, Telemetry
from racegym.simulator import Lap
from racegym.track import Track
from racegym_assetto_corsa import cars, session
from racegym_assetto_corsa.convert import Converter
from racegym_assetto_corsa.measure import Measures
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.simulator import AssettoCorsa
from racegym_assetto_corsa.tracks import gym_files, store
from racegym_assetto_corsa.wire import OPTIONAL, REQUIRED

STATES, INFO = "*_states.parquet", "static_info.json"
States = list[dict[str, Any]]


def laps(options: AssettoCorsaOptions, source: Path, trust: bool) -> Iterator[Lap]:
    """Every drive at or below `source`; pickles, which can run code when read, only when we are to `trust` them."""
    files = [source] if source.is_file() else [*sorted(source.rglob(STATES)), *sorted(source.rglob("*.pkl"))]
    if not files:
        raise ConfigurationError(f"{source}: no {STATES} and no *.pkl below it")
    for path in files:
        if path.suffix == ".pkl":
            states, info = _unpickled(path, trust)
        else:
            states, info = _parquet(path), _info(path)
        if len(states) > 1:
            yield _lap(options, path, states, info)


def _parquet(path: Path) -> States:
    try:
        import pyarrow.parquet  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise BackendUnavailable(
            f"assetto_corsa: recorded laps need PyArrow: pip install 'racegym[assetto_corsa]' ({error})"
        ) from error
    try:
        return pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise ConfigurationError(f"{path}: not a Parquet file of states ({error})") from error


def _info(path: Path) -> Mapping[str, Any]:
    for folder in (path.parent, path.parent.parent):
        if (folder / INFO).is_file():
            try:
                return json.loads((folder / INFO).read_text(encoding="utf-8"))
            except ValueError as error:
                raise ConfigurationError(f"{folder / INFO}: not JSON ({error})") from error
    raise ConfigurationError(f"{path}: no {INFO} beside it or above: it says which track and car were driven")


def _unpickled(path: Path, trust: bool) -> tuple[States, Mapping[str, Any]]:
    if not trust:
        raise ConfigurationError(
            f"{path}: a pickle, which can run any code when it is read; if you trust where it comes from, add --trust"
        )
    try:
        data = pickle.loads(path.read_bytes())
        return list(data["states"]), data["static_info"]
    except Exception as error:  # a pickle may fail in any way
        raise ConfigurationError(f"{path}: not a pickle of states and static_info ({error!r})") from error


def _lap(options: AssettoCorsaOptions, path: Path, states: States, info: Mapping[str, Any]) -> Lap:
    name = session.full_name(dict(info))
    mine = options.model_copy(update={"track": name, "car": options.car or _known_car(options, info)})
    spec = AssettoCorsa(mine).spec
    car, track = session.car(mine), _track(mine, name)
    converter, measures = Converter(car, mine.extra_channels), Measures(mine)
    if measures.needs_files:
        measures.open(gym_files.read(Path(mine.assets or ""), name))
    telemetry, controls = Telemetry(len(states)), Controls(len(states))
    for row, (state, before) in enumerate(zip(states, [None, *states], strict=False)):
        whole = _whole(path, state)
        try:
            converter.fill(telemetry.block[row], whole, states[0]["timestamp_ac"])
        except (KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{path}: state {row}: no channel {error}; try --set simulator.extra_channels=false"
            ) from error
        measures.fill(telemetry.block[row], whole)
        if before is not None:
            _controls(controls, row, telemetry, car)
    ended = bool(states[-1].get("terminated"))
    return Lap(path.stem, spec, telemetry, controls, track, ended)


def _known_car(options: AssettoCorsaOptions, info: Mapping[str, Any]) -> str | None:
    """The recorded car, where its maps are known."""
    name = info.get("CarName")
    there = options.assets is not None and (Path(options.assets) / "cars" / str(name)).is_dir()
    return str(name) if there or name in cars.CARS else None


def _track(options: AssettoCorsaOptions, name: str) -> Track:
    if (track := store.load(name, options.assets)) is not None:
        return track
    raise ConfigurationError(
        f"no course {name!r}: name assetto_corsa_gym's folder AssettoCorsaConfigs as simulator.assets, "
        "or import it from the game: "
        f"racegym assetto_corsa track GAME_DIR {name}"
    )


def _whole(path: Path, state: Mapping[str, Any]) -> dict[str, Any]:
    """A state with what older plug-ins left out; numbers that Parquet made NaN or null count as left out."""
    if missing := [key for key in REQUIRED if not _is_number(state.get(key))]:
        raise ConfigurationError(
            f"{path}: a state lacks {', '.join(missing)}; was it written by assetto_corsa_gym?"
        )
    absent = {key: value for key, value in OPTIONAL.items() if not _is_number(state.get(key))}
    return {**state, **absent}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and bool(np.isfinite(value))


def _controls(controls: Controls, row: int, telemetry: Telemetry, car: cars.Car) -> None:
    """What led to a row: the controls as the game measured them then."""
    controls["steer"][row] = telemetry["steer"][row]
    controls["throttle"][row] = telemetry["throttle"][row]
    # the game took its own power of the pedal's way; the configured one is what a control of ours would have been
    controls["brake"][row] = telemetry["brake"][row] ** (car.brake_gamma / cars.BRAKE_GAMMA)
    controls["gear"][row] = max(telemetry["gear"][row], -1.0)
