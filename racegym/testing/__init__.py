"""The contract that every simulator keeps, as a pytest class for backend authors to inherit.

    class TestMyGame(SimulatorContract):
        def simulator(self):
            return MyGame(Options(track="oval"))

        def kill(self, simulator):
            simulator.process.kill()

It encodes signs, units and manners: where bugs between games live. It asks for pytest and a simulator,
no more (``pip install racegym[test]``).
"""

from racegym.testing.contract import SimulatorContract

__all__ = ["SimulatorContract"]
