"""Answers to the JSON requests of a WebSocket client: pure, one function."""

from __future__ import annotations

import re

import msgspec

MAX_STREAMS = 1024
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID_TEXT = re.compile(r"[A-Za-z0-9]{1,36}")


class Session:
    """What one connection asked for: its streams in order, and whether frames are wrapped."""

    def __init__(self, streams: list[str], combined: bool, micros: bool = False) -> None:
        self.streams = dict.fromkeys(streams)
        self.combined = combined
        self.micros = micros


class _Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def answer(session: Session, text: str | bytes, max_streams: int = MAX_STREAMS) -> bytes:
    """Carry out one request on `session` and return the answer, which is never wrapped."""
    identity: dict[str, object] = {}
    try:
        request = _decode(text)
        identity = {"id": _checked_id(request.get("id"))}
        result = _result(session, request, max_streams)
    except _Refused as refused:
        body = {"code": refused.code, "msg": str(refused)}
        return msgspec.json.encode(body | identity)
    return msgspec.json.encode({"result": result} | identity)


def _decode(text: str | bytes) -> dict[str, object]:
    try:
        request = msgspec.json.decode(text)
    except ValueError:
        raise _Refused(3, "Invalid JSON: expected value at line 1 column 1") from None
    if not isinstance(request, dict) or "method" not in request:
        raise _Refused(2, "Invalid request: missing field `method` at line 1 column 1")
    return request


def _checked_id(value: object) -> object:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        if value is None or -(2**63) <= value < 2**64:
            return value
    elif isinstance(value, str) and _ID_TEXT.fullmatch(value):
        return value
    raise _Refused(2, "Invalid request: request ID must be an unsigned integer")


def _result(session: Session, request: dict[str, object], max_streams: int) -> object:
    method, params = request["method"], request.get("params", [])
    if method not in _METHODS:
        known = ", ".join(f"`{name}`" for name in _METHODS)
        raise _Refused(2, f"Invalid request: unknown variant {method}, expected one of {known}")
    if not isinstance(params, list):
        raise _Refused(2, "Invalid request: invalid type, expected a sequence")
    if method == "LIST_SUBSCRIPTIONS":
        return list(session.streams)
    if method in {"SUBSCRIBE", "UNSUBSCRIBE"}:
        _change_streams(session, params, method == "SUBSCRIBE", max_streams)
        return None
    return _property(session, params, method == "SET_PROPERTY")


def _change_streams(session: Session, params: list[object], add: bool, max_streams: int) -> None:
    names = [name for name in params if isinstance(name, str)]
    if not names or len(names) != len(params):
        raise _Refused(2, "Invalid request: invalid type, expected a string")
    if add:
        wanted = session.streams | dict.fromkeys(names)
        if len(wanted) > max_streams:
            raise _Refused(2, "Invalid request: too many parameters")
        session.streams = wanted
    else:
        for name in names:
            session.streams.pop(name, None)


def _property(session: Session, params: list[object], write: bool) -> bool | None:
    if len(params) > (2 if write else 1):
        raise _Refused(2, "Invalid request: too many parameters")
    name = params[0] if params else None
    if not isinstance(name, str):
        raise _Refused(2, "Invalid request: property name must be a string")
    if name != "combined":
        raise _Refused(0, "Unknown property")
    if not write:
        return session.combined
    if len(params) < 2 or not isinstance(params[1], bool):
        raise _Refused(1, "Invalid value type: expected Boolean")
    session.combined = params[1]
    return None
