"""The course from the game's fast_lane.ai, as get_track_info hands it out: the AI's line and both borders."""

import math
import os
import struct

_POINT = struct.Struct("<4fi")
_DETAIL = struct.Struct("<18f")
_SLOWEST = 15.0


def path_of(track, configuration):
    """Where the file lies, from the game's folder, which is the working directory."""
    parts = ["content", "tracks", track]
    if configuration:
        parts.append(configuration)
    return os.path.join(*(parts + ["ai", "fast_lane.ai"]))


def read(path):
    """The reply to get_track_info; {} when there is no such file or it cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        return _lanes(data)
    except (OSError, struct.error, ValueError):
        return {}


def _lanes(data):
    version, count = struct.unpack_from("<2i", data, 0)
    if version != 7 or count < 3:
        raise ValueError("version %d of %d points" % (version, count))
    points = [_POINT.unpack_from(data, 16 + _POINT.size * i) for i in range(count)]
    start = 16 + _POINT.size * count
    (details_count,) = struct.unpack_from("<i", data, start)
    if details_count != count:
        raise ValueError("%d details for %d points" % (details_count, count))
    details = [_DETAIL.unpack_from(data, start + 4 + _DETAIL.size * i) for i in range(count)]
    line = [[point[2], point[0]] for point in points]
    found = {"fast_lane": line, "left_lane": [], "right_lane": [], "angle_array": []}
    for i in range(count):
        (x, y), (before_x, before_y) = line[i], line[i - 1]
        after_x, after_y = line[(i + 1) % count]
        angle = math.atan2(after_y - before_y, after_x - before_x)
        left, right = details[i][5], details[i][6]
        across_x, across_y = -math.sin(angle), math.cos(angle)
        found["left_lane"].append([x + left * across_x, y + left * across_y])
        found["right_lane"].append([x - right * across_x, y - right * across_y])
        found["angle_array"].append(math.degrees(angle))
    found["speed_arr"] = [max(detail[0], _SLOWEST) for detail in details]
    found["throttle_arr"] = [detail[1] for detail in details]
    found["brake_arr"] = [detail[2] for detail in details]
    return found
