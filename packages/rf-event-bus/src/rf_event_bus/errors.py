"""Errors of the bus; the type says whose fault it is.

::

    RfError
    ├─ DataError
    │   └─ PostcardError     RF-N-030  what is not in the wire format
    │       ├─ Undecodable   RF-N-030  the peer's bytes do not decode
    │       └─ Unencodable   RF-N-031  our value has no place in the format
    ├─ BusUnreachable        RF-N-013  no daemon answers
    └─ BusRefused                      the daemon said no; carries its code and exit code

Codes that the server sends: RF-N-010 not authenticated, RF-N-011 no greeting in time, RF-N-012
too many clients, RF-N-014 unreadable frame or request, RF-N-015 answer too large, RF-N-032 another
schema or version, RF-N-033 the role does not allow it, RF-N-034 the reader is too slow, RF-N-035
too many questions at work, RF-N-036 nothing heard for too long, RF-N-037 the daemon is stopping,
RF-N-038 events were lost that must not be.
"""

from __future__ import annotations

from rf_common.errors import DataError, RfError

BUS_NOT_AUTHENTICATED = "RF-N-010"
BUS_LATE = "RF-N-011"
BUS_FULL = "RF-N-012"
BUS_UNREADABLE = "RF-N-014"
BUS_ANSWER_TOO_LARGE = "RF-N-015"
BUS_OTHER_SCHEMA = "RF-N-032"
BUS_ROLE = "RF-N-033"
BUS_SLOW = "RF-N-034"
BUS_BUSY = "RF-N-035"
BUS_IDLE = "RF-N-036"
BUS_STOPPING = "RF-N-037"
BUS_LOST = "RF-N-038"


class PostcardError(DataError):
    """Bytes or a value are not in the wire format."""

    default_code = "RF-N-030"


class Undecodable(PostcardError):
    """The peer's bytes are not an encoded value of the expected type."""


class Unencodable(PostcardError):
    """Our value cannot be written down: NaN, a number beyond 64 bits, another type."""

    default_code = "RF-N-031"


class BusUnreachable(RfError):
    """No daemon answers at the bus's address."""

    default_code = "RF-N-013"
    default_exit = 13


class BusRefused(RfError):
    """The daemon answered with a refusal; code, detail, fix and exit code are its own."""

    default_code = "RF-N-001"
