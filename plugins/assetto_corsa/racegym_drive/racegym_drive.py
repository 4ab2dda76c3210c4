"""racegym_drive: the app that Assetto Corsa loads. Python 3.3, no threads; everything happens in acUpdate.

It answers the protocol of assetto_corsa_gym (state and control by UDP, management by TCP), and a little more. The game
calls the three functions below; whatever goes wrong inside is counted and logged, never raised.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
# A stock game brings neither _socket.pyd nor _ctypes.pyd; the installer puts the user's own here.
for _folder in (os.path.join(_HERE, "dll64"), _HERE):
    if os.path.isdir(_folder) and _folder not in sys.path:
        sys.path.insert(0, _folder)

NAME = "racegym_drive"
_app = None


def acMain(ac_version):
    """Called once while the session loads."""
    global _app
    import ac

    try:
        window = ac.newApp(NAME)
        ac.setSize(window, 260, 70)
        label = ac.addLabel(window, "")
        ac.setPosition(label, 10, 32) if hasattr(ac, "setPosition") else None
    except Exception as error:
        label = None
        ac.log("%s: no window: %r" % (NAME, error))
    try:
        from racegym_drive_lib.app import App

        _app = App(_HERE, label)
    except ImportError as error:
        text = "%s: %s; run racegym assetto_corsa install, which finds _socket.pyd" % (NAME, error)
        ac.log(text)
        if label is not None:
            ac.setText(label, text)
    except Exception as error:
        ac.log("%s: cannot start: %r" % (NAME, error))
    return NAME


def acUpdate(deltaT):
    """Called every rendered frame."""
    if _app is not None:
        _app.update(deltaT)


def acShutdown():
    """Called at the end of the session."""
    if _app is not None:
        _app.stop()
