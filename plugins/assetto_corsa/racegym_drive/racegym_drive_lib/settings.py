"""Settings from racegym_drive.ini; a file that is missing or holds nonsense leaves the defaults."""

import configparser
import os

DEFAULTS = {
    ("NETWORK", "HOST"): "127.0.0.1",
    ("NETWORK", "STATE_PORT"): 2345,
    ("NETWORK", "MANAGEMENT_PORT"): 2347,
    ("STATES", "RATE"): 25,
    ("STATES", "PACE"): "clock",
    ("STATES", "FRAMES"): 50,
    ("STATES", "EXTRA_CHANNELS"): 1,
    ("CONTROL", "EXECUTE"): 1,
    ("CONTROL", "DEVICE"): 1,
    ("CONTROL", "LIBRARY"): "C:\\Program Files\\vJoy\\x64\\vJoyInterface.dll",
    ("CONTROL", "LINGER"): 0.0,
    ("CONTROL", "FORGET"): 2.0,
    ("CONTROL", "RESTART_BUTTON"): 2,
}


def read(folder, log):
    """All settings by (section, key); what is wrong goes to `log`."""
    settings = dict(DEFAULTS)
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str.upper
    try:
        parser.read(os.path.join(folder, "racegym_drive.ini"), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        log("racegym_drive.ini: %s" % error)
    for section in parser.sections():
        for key, text in parser.items(section):
            default = DEFAULTS.get((section, key))
            if default is None:
                log("racegym_drive.ini: unknown setting %s in [%s]" % (key, section))
                continue
            try:
                settings[section, key] = type(default)(text.strip())
            except ValueError:
                log("racegym_drive.ini: %s = %s is no %s" % (key, text, type(default).__name__))
    if settings["STATES", "RATE"] <= 0:
        settings["STATES", "RATE"] = DEFAULTS["STATES", "RATE"]
    return settings
