"""racegym's Assetto Corsa backend. Importing it does no work.

The game runs on by itself; a plug-in inside it (ours, ``plugins/assetto_corsa``, or assetto_corsa_gym's) sends the
car's state 25 times a second by UDP, and answers commands by TCP. Who calls whom::

    AssettoCorsa (simulator.py)
      ├─ session.join ── starts a StandIn (stand_in/launch.py) for courses called stand-in, asks Management
      (management.py, TCP), │                  finds the course (tracks/), opens the StateStream (stream.py, UDP)
      ├─ read: StateStream.read ─► wire.parse_state ─► RateMeter.note ─► Converter.fill (convert.py) ─► Measures.fill
      ├─ send: Shifter.press ─► Converter.axes ─► Actuator.set (actuation/: server, vjoy, uinput, custom_ai)
      └─ reset: Actuator.renew, reset.bring_back

Shapes: one car, so a telemetry block is ``(1, width)``; `Converter.fill` writes one row. Units and axes change in
convert.py and nowhere else: the wire has degrees, g, rpm, gears from 0 = reverse, steer positive to the right; its
plane is x = the game's Z, y = the game's X, in metres. Joystick axes (`Axes`) are in [-1, 1], pedals -1 released.

Beside the simulator: cars.py (steer and brake maps), dataset.py (recorded laps), pictures.py (window and shared
memory), install.py, doctor.py, cli.py, latency.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from racegym.simulator import Backend, Requirement, Simulator
from racegym_assetto_corsa.options import LIVE, STAND_IN, AssettoCorsaOptions


def _build(options: AssettoCorsaOptions) -> Simulator:
    from racegym_assetto_corsa.simulator import AssettoCorsa

    return AssettoCorsa(options)


def _courses() -> Sequence[str]:
    from racegym_assetto_corsa.tracks import store

    return (STAND_IN, *(f"{STAND_IN}/{name}" for name in _circuits()), LIVE, *store.names())


def _circuits() -> Sequence[str]:
    from racegym_assetto_corsa.stand_in import circuits

    return circuits.names()


def _requirements() -> Sequence[Requirement]:
    from racegym_assetto_corsa import doctor

    return doctor.requirements()


backend = Backend(
    name="assetto_corsa",
    title="Assetto Corsa in real time through a plug-in; with a stand-in to try it without the game",
    options=AssettoCorsaOptions,
    build=_build,
    courses=_courses,
    requirements=_requirements,
    commands="racegym_assetto_corsa.cli:app",
    laps="racegym_assetto_corsa.dataset:laps",
)
