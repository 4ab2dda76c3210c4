"""Joining a session: what runs there, whether it is what was asked for, who moves the joystick."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racegym.errors import (
    BackendUnavailable,
    ConfigurationError,
    RacegymError,
    SimulatorLost,
    SimulatorTimeout,
)
from racegym.track import Track
from racegym_assetto_corsa import cars
from racegym_assetto_corsa.actuation import Actuator
from racegym_assetto_corsa.management import Management
from racegym_assetto_corsa.options import LIVE, AssettoCorsaOptions
from racegym_assetto_corsa.stream import PAUSED, StateStream
from racegym_assetto_corsa.tracks import gym_files, store
from racegym_assetto_corsa.tracks.course import from_reply

#: How long a game has to show that it is alive, s.
PROBE = 0.5

INSTALL = "`racegym assetto_corsa install GAME_DIR` installs our plug-in"


@dataclass(eq=False)
class Session:
    """A session that was joined."""

    stream: StateStream
    management: Management
    config: dict[str, Any]
    """The plug-in's, as get_config gave it."""
    info: dict[str, Any]
    """What get_static_info told."""
    track: Track
    stand_in: Any = None

    @property
    def abilities(self) -> frozenset[str] | None:
        """What our plug-in says it can do; None for plug-ins that do not say."""
        told = self.config.get("caps")
        return frozenset(map(str, told)) if isinstance(told, list) else None

    def explain(self, silence: SimulatorTimeout) -> RacegymError:
        """What a silence means: a game that is gone, or one that is paused."""
        if self.stand_in is not None and not self.stand_in.is_alive():
            return SimulatorLost(f"assetto_corsa: the stand-in has ended{self.stand_in.last_words()}")
        if not self.management.is_alive(time.monotonic() + PROBE):
            return SimulatorLost(
                f"assetto_corsa: the game is gone: nothing listens on tcp {self.management.address} any "
                "more; start it again"
            )
        return silence

    def close(self) -> None:
        """Leave the session; end the stand-in."""
        self.stream.close()
        if self.stand_in is not None:
            self.stand_in.close()
            self.stand_in = None


def car(options: AssettoCorsaOptions) -> cars.Car:
    """Steering and brakes of the car that the options name."""
    found = cars.CARS.get(options.car or "", cars.Car())
    if options.assets is not None and options.car is not None:
        found = gym_files.car(Path(options.assets), options.car)
    if options.steering is not None:
        command, degrees = options.steering
        if command > 1:
            raise ConfigurationError("simulator.steering: the command is a share of the axis, at most 1")
        found = cars.Car(command, degrees * cars.DEGREE, found.brake_gamma)
    if options.brake_gamma is not None:
        found = cars.Car(found.full_command, found.lock, options.brake_gamma)
    return found


def join(options: AssettoCorsaOptions, deadline: float) -> Session:
    """Join the session on the options' machine, or in a stand-in of our own; `BackendUnavailable` says why not."""
    stand_in: Any = None
    host, state_port, management_port = options.host, options.state_port, options.management_port
    if options.is_stand_in:
        from racegym_assetto_corsa.stand_in.launch import StandIn

        stand_in = StandIn(options, deadline)
        host, state_port, management_port = "127.0.0.1", stand_in.state_port, stand_in.management_port
    stream, management = StateStream(host, state_port), Management(host, management_port)
    try:
        config, info = (
            _mapping(management, command, deadline) for command in ("get_config", "get_static_info")
        )
        _check(options, config, info)
        track = _track(options, management, info, deadline)
        stream.open(deadline)
        return Session(stream, management, config, info, track, stand_in)
    except BaseException as error:
        stream.close()
        if stand_in is not None:
            stand_in.close()
        if isinstance(error, SimulatorLost | SimulatorTimeout):
            raise BackendUnavailable(str(error)) from error
        raise


def _mapping(management: Management, command: str, deadline: float) -> dict[str, Any]:
    reply = management.ask(command, deadline)
    if not isinstance(reply, dict):
        raise BackendUnavailable(
            f"assetto_corsa: the answer to {command} is no mapping; is another program on that port?"
        )
    return reply


def full_name(info: dict[str, Any]) -> str:
    """Name of the course, with its layout where it has one: as assetto_corsa_gym has it."""
    name, layout = str(info.get("TrackName")), info.get("TrackConfiguration")
    return f"{name}-{layout}" if isinstance(layout, str) and layout else name


def _check(options: AssettoCorsaOptions, config: dict[str, Any], info: dict[str, Any]) -> None:
    """`BackendUnavailable` naming everything in which the session differs from what was asked for."""
    faults = []
    rate = config.get("ego_sampling_freq")
    if rate != options.rate:
        faults.append(
            f"its plug-in sends {rate} states a second, not {options.rate:g}: set simulator.rate, or change it there"
        )
    executes = bool(config.get("vjoy_executed_by_server"))
    if executes != (options.actuation == "server"):
        who = "moves the joystick itself" if executes else "leaves the joystick to the client"
        faults.append(
            f"its plug-in {who}, but simulator.actuation is {options.actuation}: change one of them, "
            "and if the plug-in should move "
            "it, see that vJoy is installed and its device 1 enabled"
        )
    if not (options.is_stand_in or options.track == LIVE) and full_name(info) != options.track:
        faults.append(
            f"the track is {full_name(info)}, not {options.track}: load it in the game, or name {LIVE}"
        )
    if options.car is not None and info.get("CarName") != options.car:
        faults.append(f"the car is {info.get('CarName')}, not {options.car}: load it in the game")
    automatic = bool(info.get("autoShifterOn"))
    if automatic != (options.gears.by == "game"):
        state = "on" if automatic else "off"
        faults.append(
            f"the game's automatic gearbox is {state}, but simulator.gears.by is {options.gears.by}: "
            "change one of them "
            "(Options > Assists in the game)"
        )
    abilities = config.get("caps")
    if options.reset == "recover" and isinstance(abilities, list) and "recover" not in abilities:
        faults.append(
            "Custom Shaders Patch is not active, and reset: recover needs it: install it and start the "
            "game through Content Manager "
            "with extended physics, or set simulator.reset: button"
        )
    if faults:
        raise BackendUnavailable(
            "assetto_corsa: the session is not what was asked for:\n  " + "\n  ".join(faults)
        )


def _track(
    options: AssettoCorsaOptions, management: Management, info: dict[str, Any], deadline: float
) -> Track:
    name = full_name(info)
    found = None if options.is_stand_in else store.load(name, options.assets)
    return found or from_reply(name, management.ask("get_track_info", deadline))


def files(options: AssettoCorsaOptions, joined: Session, deadline: float) -> gym_files.Files:
    """The borders and the line of the course as they were given: by `assets`, else by the plug-in."""
    name = full_name(joined.info)
    if options.assets is not None and name in gym_files.names(Path(options.assets)):
        return gym_files.read(Path(options.assets), name)
    reply = joined.management.ask("get_track_info", deadline)
    return gym_files.from_reply(name, joined.info.get("TrackLength"), reply)


def actuator(options: AssettoCorsaOptions, joined: Session) -> Actuator:
    """Who moves the joystick."""
    if options.actuation == "server":
        from racegym_assetto_corsa.actuation.server import ServerActuator

        return ServerActuator(joined.stream)
    if options.actuation == "vjoy":
        from racegym_assetto_corsa.actuation.vjoy import VjoyActuator

        return VjoyActuator()
    if options.actuation == "uinput":
        from racegym_assetto_corsa.actuation.uinput import UinputActuator

        return UinputActuator()
    from racegym_assetto_corsa.actuation.custom_ai import CustomAiActuator

    return CustomAiActuator()


def no_states(joined: Session | None) -> str:
    """What to do about a plug-in that greets but sends nothing."""
    known = joined is not None and joined.abilities is not None
    return f"The plug-in answered, but sends no states: {PAUSED}" + (
        ""
        if known
        else f". assetto_corsa_gym's plug-in sends none without Custom Shaders Patch; ours does: {INSTALL}"
    )
