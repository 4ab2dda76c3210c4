"""The game's shared memory, as the ``mmap`` module of Windows would show it: three pages by name, filled every
frame."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import ModuleType

SIZES = {"acpmf_physics": 712, "acpmf_graphics": 1580, "acpmf_static": 820}

#: Page, offset and layout of each field that the stand-in fills.
FIELDS: Mapping[str, tuple[str, int, str]] = {
    "physicsPacketId": ("acpmf_physics", 0, "<i"),
    "gas": ("acpmf_physics", 4, "<f"),
    "brake": ("acpmf_physics", 8, "<f"),
    "gear": ("acpmf_physics", 16, "<i"),
    "rpms": ("acpmf_physics", 20, "<i"),
    "steerAngle": ("acpmf_physics", 24, "<f"),
    "speedKmh": ("acpmf_physics", 28, "<f"),
    "heading": ("acpmf_physics", 208, "<f"),
    "pitch": ("acpmf_physics", 212, "<f"),
    "roll": ("acpmf_physics", 216, "<f"),
    "numberOfTyresOut": ("acpmf_physics", 244, "<i"),
    "autoShifterOn": ("acpmf_physics", 264, "<i"),
    "tyreContactHeading": ("acpmf_physics", 516, "<12f"),
    "packetId": ("acpmf_graphics", 0, "<i"),
    "status": ("acpmf_graphics", 4, "<i"),
    "session": ("acpmf_graphics", 8, "<i"),
    "completedLaps": ("acpmf_graphics", 132, "<i"),
    "iCurrentTime": ("acpmf_graphics", 140, "<i"),
    "iLastTime": ("acpmf_graphics", 144, "<i"),
    "iBestTime": ("acpmf_graphics", 148, "<i"),
    "isInPit": ("acpmf_graphics", 160, "<i"),
    "normalizedCarPosition": ("acpmf_graphics", 248, "<f"),
    "penaltyTime": ("acpmf_graphics", 264, "<f"),
    "maxRpm": ("acpmf_static", 412, "<i"),
    "penaltiesEnabled": ("acpmf_static", 464, "<i"),
}


class Pages:
    """The three pages; `module` is what the plug-in gets for ``import mmap``."""

    def __init__(self) -> None:
        self._pages = {name: bytearray(size) for name, size in SIZES.items()}
        self.module = ModuleType("mmap")
        setattr(self.module, "mmap", self._open)  # noqa: B010
        setattr(self.module, "ACCESS_READ", 1)  # noqa: B010

    def _open(self, fileno: int, length: int, tagname: str | None = None, access: int = 0) -> memoryview:
        if fileno not in (-1, 0) or tagname is None:
            raise ValueError("the stand-in's mmap knows named pages alone")
        name = tagname.rpartition("\\")[2]
        page = self._pages.setdefault(name, bytearray(length))
        if length > len(page):
            raise ValueError(f"{name} has {len(page)} bytes, not {length}")
        return memoryview(page)

    def fill(self, values: Mapping[str, float | tuple[float, ...]]) -> None:
        """Write these fields."""
        for name, value in values.items():
            page, offset, layout = FIELDS[name]
            numbers = value if isinstance(value, tuple) else (value,)
            whole = layout.endswith("i")
            struct.pack_into(
                layout, self._pages[page], offset, *(int(n) if whole else float(n) for n in numbers)
            )
