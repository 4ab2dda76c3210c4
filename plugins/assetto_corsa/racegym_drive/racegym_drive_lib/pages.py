"""The game's shared memory pages, by mmap and struct alone: no ctypes is needed."""

import mmap
import struct

# name: size, fields as (offset, format); offsets for 2-byte wide characters, packing 4
PAGES = {
    "acpmf_physics": (
        564,
        {
            "heading": (208, "<f"),
            "pitch": (212, "<f"),
            "roll": (216, "<f"),
            "numberOfTyresOut": (244, "<i"),
            "autoShifterOn": (264, "<i"),
            "tyreContactHeading": (516, "<12f"),
        },
    ),
    "acpmf_graphics": (
        276,
        {
            "packetId": (0, "<i"),
            "status": (4, "<i"),
            "session": (8, "<i"),
            "completedLaps": (132, "<i"),
            "iCurrentTime": (140, "<i"),
            "iLastTime": (144, "<i"),
            "iBestTime": (148, "<i"),
            "isInPit": (160, "<i"),
            "penaltyTime": (264, "<f"),
        },
    ),
    "acpmf_static": (592, {"maxRpm": (412, "<i"), "penaltiesEnabled": (464, "<i")}),
}


class Pages:
    """Reads fields by name; a page that cannot be opened reads as zeros and is named in `missing`."""

    def __init__(self):
        self.missing = []
        self._where = {}
        for name, (size, fields) in sorted(PAGES.items()):
            try:
                page = mmap.mmap(-1, size, name)
            except (OSError, ValueError, TypeError) as error:
                self.missing.append("%s (%s)" % (name, error))
                page = bytes(size)
            for field, (offset, layout) in fields.items():
                self._where[field] = (page, offset, struct.Struct(layout))

    def __getitem__(self, field):
        page, offset, layout = self._where[field]
        values = layout.unpack(page[offset : offset + layout.size])
        return values[0] if len(values) == 1 else values
