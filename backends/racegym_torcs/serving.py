"""``racegym torcs serve``: races for SCR clients, and how they go."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from racegym.errors import ConfigurationError
from racegym_torcs.options import Grid, Noise, TorcsOptions
from racegym_torcs.serve import Event, Listening, Service, microseconds

_out, _err = Console(highlight=False, soft_wrap=True), Console(stderr=True)
#: As in the quick race that TORCS ships.
_GRID = Grid(rows=2, to_start=25.0, between=20.0, stagger=10.0)


def command(
    track: Annotated[str, typer.Argument(help="Name, as racegym list tracks has it.")] = "road/forza",
    race: Annotated[
        Path | None, typer.Option(metavar="FILE.xml", help="A race file of TORCS, taken as it is.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65526, help="UDP port of the first car.")] = 3001,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines.")
    ] = "127.0.0.1",
    cars: Annotated[int, typer.Option(min=1, max=10, help="Cars for clients.")] = 1,
    opponents: Annotated[
        str, typer.Option(metavar="bt:3,...", help="Drivers of the game, module:index.")
    ] = "",
    car: Annotated[str, typer.Option(help="Model of the clients' cars.")] = "car1-trb1",
    laps: Annotated[
        int | None, typer.Option(min=1, help="Length of the race; without end by default.")
    ] = None,
    distance: Annotated[
        float | None, typer.Option(metavar="KM", min=0, help="Length of the race, km.")
    ] = None,
    practice: Annotated[bool, typer.Option(help="TORCS's practice instead of a race.")] = False,
    ticks: Annotated[str, typer.Option(help="original (20 or 22 ms) or exact (20 ms).")] = "original",
    timeout: Annotated[
        str, typer.Option("--timeout", "-t", help="Wait for an answer: 10ms, 2s; 0: always.")
    ] = "10ms",
    countdown: Annotated[bool, typer.Option(help="Show clients the ticks before the green light.")] = True,
    noisy: Annotated[bool, typer.Option(help="Noise on range finders, opponents and focus.")] = False,
    beams: Annotated[str, typer.Option(help="classic, or clean: true geometry.")] = "classic",
    fuel: Annotated[bool, typer.Option(help="Fuel is used up.")] = True,
    damage: Annotated[bool, typer.Option(help="Damage has effects; it is counted in any case.")] = True,
    laptime: Annotated[bool, typer.Option(help="Slow laps take a car out of the race.")] = True,
    display: Annotated[
        bool, typer.Option(help="In TORCS's window: choose Race, Quick Race, New Race.")
    ] = False,
    races: Annotated[int, typer.Option(min=0, help="Races one after the other; 0: without end.")] = 1,
) -> None:
    """Run TORCS for SCR clients in place of the patched TORCS; Ctrl-C ends the race."""
    values: dict[str, Any] = {
        "track": track, "cars": cars, "opponents": [name for name in opponents.split(",") if name], "car": car,
        "laps": laps, "distance": None if not distance else distance * 1000, "grid": _GRID, "ticks": ticks,
        "countdown": countdown, "noise": Noise() if noisy else None, "beams": beams, "fuel": fuel,
        "damage": True if damage else "shown", "lap_time_limit": laptime, "transport": "udp",
    }  # fmt: skip
    options = _options(values)
    listening = Listening(
        host, port, microseconds(timeout), "practice" if practice else "quick race", display
    )
    done = 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    while not races or done < races:
        if not _serve(Service(options, listening, race)):
            break
        done += 1


def _options(values: dict[str, Any]) -> TorcsOptions:
    try:
        return TorcsOptions.model_validate(values)
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigurationError("; ".join(lines)) from None


def _serve(service: Service) -> bool:
    """Serve one race; False when it was interrupted."""
    report = _Report()
    try:
        service.start()
        with _err.status("starting TORCS") as status:
            for event in service.events():
                report.take(event)
                status.update(report.line)
    except KeyboardInterrupt:
        _out.print("interrupted: the clients are told that the race is over")
        return False
    finally:
        service.close()
    report.close()
    return True


class _Report:
    """Turns events into lines and a table of results."""

    def __init__(self) -> None:
        self.line = "starting TORCS"
        self._results = Table("car", "position", "laps", "best lap, s", "distance raced, m", "damage")
        self._waiting: set[int] = set()
        self._tick, self._since = 0, time.monotonic()

    def take(self, event: Event) -> None:
        if event.kind == "port":
            self._waiting.add(event.index)
            _out.print(f"scr_server {event.index + 1} listens on port {event.port}")
        elif event.kind == "client":
            self._waiting.discard(event.index)
            _out.print(f"scr_server {event.index + 1}: a client has identified itself")
        elif event.kind == "result":
            (car,) = event.standings
            self._results.add_row(
                f"scr_server {car.index + 1}", f"{car.position}", f"{car.laps}",
                f"{car.best_lap:.3f}" if car.best_lap else "", f"{car.distance:.2f}", f"{car.damage}",
            )  # fmt: skip
        elif event.kind == "now":
            self.line = self._progress(event)
        if self._waiting and event.kind != "now":
            names = ", ".join(str(index + 1) for index in sorted(self._waiting))
            self.line = f"waiting for the clients of scr_server {names}"

    def _progress(self, event: Event) -> str:
        now = time.monotonic()
        rate = max(event.tick - self._tick, 0) / max(now - self._since, 1e-3)
        self._tick, self._since = event.tick, now
        cars = "; ".join(
            f"{car.index + 1}: P{car.position}, lap {car.laps + 1}, {car.distance:.0f} m, damage {car.damage}"
            for car in event.standings
        )
        return f"{event.time:.0f} s at {rate:.0f} ticks/s   {cars}"

    def close(self) -> None:
        """Say how the race ended."""
        _out.print("the race is over")
        if self._results.row_count:
            _out.print(self._results)
