"""What the core lends to the commands of backends, which may not import it: they find it as the context's `obj`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Toolbox:
    """Agents and environments by name."""

    def agent(self, name: str) -> Any:
        """The agent that `name` refers to, as for ``racegym drive --agent``."""
        from racegym import agents

        return agents.load(name)

    def environment(self, agent: Any, backend: str, overrides: Mapping[str, Any]) -> Any:
        """A race of `backend` as `agent` needs it; `overrides` by dotted path have the last word."""
        import racegym
        from racegym.agents.fit import seat

        return racegym.make(seat(agent, {"simulator": {"backend": backend}}, None, overrides))
