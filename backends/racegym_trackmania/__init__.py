"""racegym's TrackMania backend: the game in real time, by its screen, its keys and its telemetry. Importing
does no work.

Who calls whom: `simulator.Trackmania` puts the parts together; each part knows only its own edge.

| module | does | knows |
| --- | --- | --- |
| `options`, `profiles` | what can be chosen; what differs between the games | nothing else |
| `wire` | bytes to records, ours and tmrl's; pure | struct |
| `telemetry` | a reader thread: newest `State` in SI units and ISO axes, its age | sockets |
| `keys`, `gamepad`, `actuate` | held keys, a virtual gamepad, levels from axes | pynput, vgamepad |
| `hud` | speed read off the picture | NumPy |
| `line` | recorded drives as racegym tracks | `racegym.track` |
| `connection` | window, screen, keys and telemetry of one game, together | the parts above |
| `race` | restart with verification | `telemetry`, `keys` |
| `launch` | Xvfb and the stand-in as processes of ours | subprocess |
| `tminterface`, `lockstep` | TMInterface 2: its protocol, and a simulator that steps by it | sockets |
| `install`, `cli` | Openplanet plug-in, doctor, record-line, latency | |
| `stand_in/` | the game's double; the only place that knows `racegym_bicycle` | |

Window and pixels come from `racegym.capture`. Inside the game the axes are x left, y up, z forward (for a
car that faces z);
here x is its z, y its x, z its y.
"""

from __future__ import annotations

from collections.abc import Sequence

from racegym.simulator import Backend, Requirement, Simulator
from racegym_trackmania.options import LOADED, STAND_IN, TrackmaniaOptions


def _build(options: TrackmaniaOptions) -> Simulator:
    if options.source == "tminterface":
        from racegym_trackmania.lockstep import Lockstep

        return Lockstep(options)
    from racegym_trackmania.simulator import Trackmania

    return Trackmania(options)


def _courses() -> Sequence[str]:
    from racegym_trackmania import line

    return (STAND_IN, LOADED, *line.names())


def _requirements() -> Sequence[Requirement]:
    from racegym_trackmania import install

    return install.requirements()


backend = Backend(
    name="trackmania",
    title="TrackMania 2020 and Nations Forever in real time, by screen, keys and telemetry; with a stand-in",
    options=TrackmaniaOptions,
    build=_build,
    courses=_courses,
    course_option="map",
    requirements=_requirements,
    commands="racegym_trackmania.cli:app",
)
