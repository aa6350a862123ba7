"""What is said at the control door; server and client share these structs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from rf_common.errors import RfError


class Hello(msgspec.Struct, forbid_unknown_fields=True):
    """First frame of a client: ``{"hello":1,"token":"…"}``; the number is the version."""

    hello: Literal[1]
    token: str


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """``{"id":7,"verb":"status","args":{}}``; the id comes back with the answer."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    verb: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    args: dict[str, Any] = {}


class Reply(msgspec.Struct, kw_only=True):
    """Any answer: the fields of a success or those of an `rf_common.errors.RfError`."""

    ok: bool
    id: int | None = None
    data: Any = None
    code: str = ""
    message: str = ""
    detail: str = ""
    fix: str = ""
    exit: int = 1


def success(number: int, data: object) -> bytes:
    """Return the answer to request `number`; the greeting is number 0."""
    return msgspec.json.encode({"id": number, "ok": True, "data": data})


def failure(error: RfError, number: int | None = None) -> bytes:
    """Return the answer that carries `error`; without a number the link ends after it."""
    fields = {
        "ok": False,
        "code": error.code,
        "message": error.message,
        "detail": error.detail,
        "fix": error.fix,
        "exit": error.exit_code,
    }
    return msgspec.json.encode(fields if number is None else {"id": number} | fields)
