"""Sleeping on a word of shared memory, and waking who sleeps there: Linux's futex through ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Callable
from functools import partial

#: Numbers of the system call; it has no function in the C library.
_NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "ppc64le": 221, "s390x": 238}
_NUMBER = _NUMBERS.get(platform.machine(), -1)
_WAIT, _WAKE, _WAKE_BITS, _EVERYBODY = 0, 1, 10, 2**31 - 1
_GLANCE = 50_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


_libc = ctypes.CDLL(None, use_errno=True)
# Every argument declared once, so that a call converts plain integers and nothing else.
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long, ctypes.c_void_p, ctypes.c_long, ctypes.c_uint32, ctypes.c_void_p)
_prepared, _brief = ctypes.CDLL(None), ctypes.PyDLL(None)
_glance = _Timespec(0, _GLANCE)
_GLANCE_ADDRESS = ctypes.addressof(_glance)


def wait(address: int, value: int) -> None:
    """Sleep while the word at `address` is `value`, for 50 ms at most; other threads run meanwhile."""
    if _syscall(_NUMBER, address, _WAIT, value, _GLANCE_ADDRESS) < 0:
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT):
            raise OSError(code, f"futex: {os.strerror(code)}")


def wake(address: int) -> None:
    """Wake whoever sleeps on the word at `address`. What was written before is seen by the woken."""
    _syscall(_NUMBER, address, _WAKE, _EVERYBODY, None)


def sleeper(address: int, value: int) -> Callable[[], object]:
    """`wait` for this word and value, prepared once: a call converts nothing. Why it returns nobody is told."""
    return partial(_prepared.syscall, *_converted(address, _WAIT, value), ctypes.c_void_p(_GLANCE_ADDRESS))


def waker(address: int, bits: int = 0xFFFFFFFF) -> Callable[[], object]:
    """`wake`, prepared once, of those alone who sleep for one of the `bits`."""
    # Waking takes no time for others to run in, so the interpreter is not let go of.
    rest = (None, None, ctypes.c_uint32(bits))
    return partial(_brief.syscall, *_converted(address, _WAKE_BITS, _EVERYBODY), *rest)


def _converted(address: int, operation: int, value: int) -> tuple[ctypes.c_long, ...]:
    return ctypes.c_long(_NUMBER), ctypes.c_long(address), ctypes.c_long(operation), ctypes.c_long(value)


def available() -> bool:
    """Whether this machine's number of the system call is known."""
    return _NUMBER > 0
