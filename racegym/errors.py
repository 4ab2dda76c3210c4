"""Every error that racegym raises on purpose, in one tree.

Each message says what happened, where, and what to do next.
"""


class RacegymError(Exception):
    """The root of the tree: catch this to catch all of ours."""


class ConfigurationError(RacegymError, ValueError):
    """A configuration cannot be used; the message names every wrong field by its dotted path."""


class NotFound(ConfigurationError, LookupError):
    """A name is unknown: a simulator, track, car, task, term or agent."""


class InvalidAction(RacegymError, ValueError):
    """An action has the wrong shape or is not finite."""


class BackendUnavailable(RacegymError, RuntimeError):
    """The game is not installed, not running or of a wrong version; the message says how to mend it."""


class SimulatorTimeout(RacegymError, TimeoutError):
    """The simulator lives but gave no telemetry before the deadline."""


class SimulatorLost(RacegymError, ConnectionError):
    """The simulator died, or its connection broke, after it had been open."""


class ProtocolError(RacegymError):
    """The other side spoke, but not the agreed protocol (for instance a wrong version)."""
