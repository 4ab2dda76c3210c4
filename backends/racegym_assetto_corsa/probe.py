"""A look at the running session: does the plug-in answer, what can it do, how often do states really come."""

from __future__ import annotations

import time

from racegym.errors import RacegymError
from racegym.simulator import Requirement
from racegym_assetto_corsa.management import Management
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.rate import RateMeter
from racegym_assetto_corsa.session import full_name
from racegym_assetto_corsa.stream import StateStream

PATIENCE = 5.0


def listen(options: AssettoCorsaOptions | None = None) -> list[Requirement]:
    """Lines about the session at the options' address; the agreed rate is the plug-in's own."""
    options = options or AssettoCorsaOptions()
    management = Management(options.host, options.management_port)
    stream = StateStream(options.host, options.state_port)
    deadline = time.monotonic() + PATIENCE
    lines: list[Requirement] = []
    try:
        config = management.ask("get_config", deadline)
        info = management.ask("get_static_info", deadline)
        abilities = config.get("caps", "an assetto_corsa_gym plug-in, which does not say")
        lines.append(Requirement("plug-in", True, f"{management.address}, can do: {abilities}"))
        lines.append(Requirement("session", True, f"{full_name(info)}, {info.get('CarName')}"))
        stream.open(deadline)
        meter = RateMeter(1 / config["ego_sampling_freq"])
        while not meter.is_known:
            state = stream.read(deadline)
            meter.note(state["steps"], state["timestamp_ac"])
        found = f"{1 / meter.period:.2f} states a second"
        lines.append(Requirement("rate", meter.is_right, found, "" if meter.is_right else meter.complaint()))
    except (RacegymError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        lines.append(Requirement("plug-in", False, str(error), "start a session in the game"))
    finally:
        stream.close()
    return lines
