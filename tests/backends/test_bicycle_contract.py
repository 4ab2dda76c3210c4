"""The built-in simulator keeps the contract."""

import pytest

from racegym.simulator import Simulator
from racegym.testing import SimulatorContract
from racegym_bicycle import backend


@pytest.mark.parametrize("course", ["oval", "knot"], scope="class")
class TestBicycle(SimulatorContract):
    @pytest.fixture(autouse=True)
    def _course(self, course: str) -> None:
        self.course = course

    def simulator(self) -> Simulator:
        return backend.build(backend.options(track=self.course))
