"""Who may come in: a greeting judged against the tokens, without I/O."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from rf_common.errors import ConfigError
from rf_common.secret import Secret
from rf_event_bus.errors import BUS_NOT_AUTHENTICATED, BUS_OTHER_SCHEMA, BUS_ROLE
from rf_event_bus.messages import TOPICS, VERSION, Hello, Role, Turned

UPDATE = "use programs of the daemon's version"


class Admission:
    """Judges greetings.

    Parameters
    ----------
    tokens : mapping of Role to Secret
        One for each role that may come in; a token is good for its role and for lesser ones.
    schema : str
        `Wire.schema` of the server.

    Raises
    ------
    ConfigError
        If there is no token, an empty one, or one for two roles.
    """

    def __init__(self, tokens: Mapping[Role, Secret], schema: str) -> None:
        if not tokens or not all(tokens.values()):
            raise ConfigError("bus tokens: expected one that is not empty for each role")
        if len(set(tokens.values())) < len(tokens):
            raise ConfigError("bus tokens: expected another one for each role")
        self._tokens = {Role(role): token.reveal().encode() for role, token in tokens.items()}
        self._schema = schema.encode()

    def judge(self, hello: Hello) -> Turned | None:
        """Return why the greeting is refused, None if it is accepted."""
        granted = self._granted(hello.token)
        if granted is None:
            return Turned(BUS_NOT_AUTHENTICATED, "the token is wrong", "")
        if hello.version != VERSION:
            text = f"version = {hello.version}: expected {VERSION}"
            return Turned(BUS_OTHER_SCHEMA, text, UPDATE)
        if (hello.topics or hello.schema) and hello.schema.encode() != self._schema:
            text = f"schema = {hello.schema[:16]}…: expected {self._schema[:16].decode()}…"
            return Turned(BUS_OTHER_SCHEMA, text, UPDATE)
        unknown = [topic for topic in hello.topics if topic not in TOPICS]
        if unknown:
            text = f"topics: expected some of {', '.join(TOPICS)}, was {unknown[0][:40]!r}"
            return Turned(BUS_OTHER_SCHEMA, text, UPDATE)
        if not granted.may(hello.role):
            text = f"role = {hello.role}: the token is good for {granted}"
            return Turned(BUS_ROLE, text, f"use the {hello.role} token")
        return None

    def _granted(self, token: str) -> Role | None:
        """Return the role of a token; all of them are compared, in constant time."""
        given, granted = token.encode(), None
        for role, known in self._tokens.items():
            if hmac.compare_digest(given, known):
                granted = role
        return granted
