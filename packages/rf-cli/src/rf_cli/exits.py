"""What the exit code of ``rf`` tells a script."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; the published table."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    KEY = 4
    UNREACHABLE = 5
    REFUSED = 6
    DATA = 7
    FOUND = 8
    NOT_CONFIRMED = 9
    KILLED = 10
    BUDGET = 12
    NO_DAEMON = 13
    INTERRUPTED = 130
