"""Errors of the transports; the type says whose fault it is.

::

    RfError
    └─ VenueError
        └─ NetError                 RF-N-001  a transport failed
            ├─ Unreachable          RF-N-002  no connection, or it broke
            ├─ TimedOut             RF-N-004  a deadline passed; the outcome is not known
            ├─ HttpError                      the server answered with a failure
            │   ├─ RateLimited      RF-N-005  429 or 418: we asked too often
            │   ├─ HttpRejected     RF-N-006  3xx and 4xx: our request is wrong for this server
            │   └─ HttpFailed       RF-N-007  5xx: the server's own fault
            ├─ ResponseTooLarge     RF-N-008  more bytes than we accept
            ├─ RemoteProtocolError  RF-N-009  the peer broke the protocol
            └─ LocalProtocolError   RF-N-016  we tried to send what the protocol forbids
"""

from __future__ import annotations

from rf_common.errors import VenueError


class NetError(VenueError):
    """A transport failed."""

    default_code = "RF-N-001"


class Unreachable(NetError):
    """No connection could be made, or it broke before the answer was complete."""

    default_code = "RF-N-002"


class TimedOut(NetError):
    """A deadline passed; whether the server acted is not known."""

    default_code = "RF-N-004"


class HttpError(NetError):
    """The server answered with a failure.

    Parameters
    ----------
    message : str
        What was asked and what came back.
    status : int
        HTTP status code.
    detail : str
        Start of the body, cleaned.
    retry_after_s : float, optional
        How long the server told us to wait.
    """

    def __init__(
        self, message: str, *, status: int, detail: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, detail=detail)
        self.status = status
        self.retry_after_s = retry_after_s


class RateLimited(HttpError):
    """429 or 418: we asked too often; 418 is a ban and must not be retried."""

    default_code = "RF-N-005"


class HttpRejected(HttpError):
    """3xx or 4xx: the request is wrong for this server, repeating it changes nothing."""

    default_code = "RF-N-006"


class HttpFailed(HttpError):
    """5xx: the server's own fault; whether it acted is not known."""

    default_code = "RF-N-007"


class ResponseTooLarge(NetError):
    """The answer has more bytes than we accept."""

    default_code = "RF-N-008"


class RemoteProtocolError(NetError):
    """The peer broke the protocol."""

    default_code = "RF-N-009"


class LocalProtocolError(NetError):
    """We tried to send what the protocol forbids."""

    default_code = "RF-N-016"
