"""The game behind a `Torcs`, started by us or found running on an SCR server, and the conversation with it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from racegym.errors import BackendUnavailable, SimulatorTimeout
from racegym.simulator import SimulatorSpec
from racegym.track import Track
from racegym_torcs import futex, geometry
from racegym_torcs.camera import Pictures
from racegym_torcs.foreign import Foreign
from racegym_torcs.launch import Instance
from racegym_torcs.options import TorcsOptions
from racegym_torcs.shared import Shared
from racegym_torcs.start import Start
from racegym_torcs.starts import LineUp
from racegym_torcs.transport import Transport
from racegym_torcs.udp import Udp


class Game:
    """One TORCS at a time: `transport` talks to it, `pictures` are what its camera sees; None while there is none."""

    def __init__(
        self,
        options: TorcsOptions,
        spec: SimulatorSpec,
        bounds: tuple[np.ndarray, np.ndarray],
        wanted: int,
    ) -> None:
        """`bounds` and `wanted` are those of `Exchange`."""
        self._options, self._spec = options, spec
        self._bounds, self._wanted = bounds, wanted
        self.transport: Transport | None = None
        self.pictures: Pictures | None = None
        self.track: Track | None = None
        """Known once a game of ours has been started."""
        self.line_up = LineUp(options)
        self._start: Start | None = None
        self._instance: Instance | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the game while it runs and is ours."""
        return None if self._instance is None else self._instance.pid

    @property
    def directory(self) -> Path:
        """Of a game of ours that runs: where it writes."""
        assert self._instance is not None and self._instance.directory is not None
        return self._instance.directory

    def start(self) -> None:
        """Start the game, or find the one that runs; `BackendUnavailable` when that cannot be."""
        self.close()
        try:
            (self._join if self._options.connect is not None else self._launch)()
        except SimulatorTimeout as error:
            self.close()
            raise BackendUnavailable(str(error)) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the conversation, and the game if it is ours; may be called again."""
        if self.transport is not None:
            self.transport.close()
            self.transport = None
        if self._instance is not None:
            self._instance.close(self._options.deadlines.close)
            self._instance = None
        if self.pictures is not None:
            self.pictures.seal()
            self.pictures = None

    def _launch(self) -> None:
        deadline = time.monotonic() + self._options.deadlines.start
        start = self._start = self._start or Start(self._options)
        shared = self._options.transport == "shared"
        instance = self._launch_shared(start, deadline) if shared else self._launch_udp(start, deadline)
        start.started(instance)
        if self.track is None:
            self.track = geometry.load(start.geometry, self._spec.name)
            self.line_up.open(start.track, geometry.length(start.geometry))

    def _launch_shared(self, start: Start, deadline: float) -> Instance:
        if not futex.available():
            raise BackendUnavailable("torcs: no shared memory on this kind of machine; set transport: udp")
        options, spec = self._options, self._spec
        transport = self.transport = Shared(
            spec.cars, spec.beam_angles, self._check, self._bounds, self._wanted, options.spin
        )
        film = None
        if options.camera is not None:
            self.pictures = Pictures(options.camera, options.cars, self._check)
            film = self.pictures.descriptor
        instance = self._instance = start.instance(transport.descriptor, camera=film)
        transport.launched(instance.cpu)
        if self.pictures is not None:
            self.pictures.seal()
        instance.ready(deadline)
        return instance

    def _launch_udp(self, start: Start, deadline: float) -> Instance:
        instance = self._instance = start.instance()
        expert = self._options.expert is not None
        transport = self.transport = Udp(self._spec.beam_angles, self._check, expert=expert)
        for index in range(self._spec.cars):
            transport.connect("127.0.0.1", instance.port(index, deadline))
        return instance

    def _check(self) -> None:
        if self._instance is not None:
            self._instance.check()

    def _join(self) -> None:
        assert self._options.connect is not None
        host, _, port = self._options.connect.rpartition(":")
        transport = self.transport = Udp(self._spec.beam_angles, self._check, extended=False, car=Foreign)
        transport.identity = self._options.client_id
        for index in range(self._spec.cars):
            transport.connect(host, int(port) + index)
        transport.begin(None, time.monotonic() + self._options.deadlines.start)
