"""Questions of clients: who may ask what, carried out side by side, answered once each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from rf_common.errors import RfError
from rf_event_bus.errors import BUS_ANSWER_TOO_LARGE, BUS_BUSY, BUS_ROLE, BUS_UNREADABLE
from rf_event_bus.messages import Ask, Reply, Role
from rf_event_bus.peer import Peer
from rf_net.errors import LocalProtocolError, NetError
from rf_net.text import plain

Handler = Callable[[str, Mapping[str, Any], str, Role], Awaitable[object]]
"""Takes verb, arguments, peer and role; returns what JSON can carry or raises `RfError`."""

_ARGUMENTS = msgspec.json.Decoder(dict[str, Any])
_LONGEST_TEXT = 4_000


class Questions:
    """Carries out what clients ask.

    Parameters
    ----------
    handler : callable
        Carries out one verb.
    verbs : mapping of str to Role
        Least role for each verb; a verb that is not named needs `Role.ADMIN`.
    limit : int
        Questions of one client that are at work at a time.
    send : callable
        Sends a reply; raises `LocalProtocolError` if it is too large.
    refused : callable
        Hears of a client that asked what its role does not allow.
    failed : callable
        Hears of a bug in the handler.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        verbs: Mapping[str, Role],
        limit: int,
        send: Callable[[Peer, Reply], None],
        refused: Callable[[Peer, str], None],
        failed: Callable[[str, Exception], None],
    ) -> None:
        self.asked = 0
        self.at_work: set[asyncio.Task[None]] = set()
        self._handler = handler
        self._verbs = verbs
        self._limit = limit
        self._send = send
        self._refused = refused
        self._failed = failed

    def take(self, peer: Peer, ask: Ask, role: Role) -> None:
        """Begin to carry out a question, or deny it."""
        needed = self._verbs.get(ask.verb, Role.ADMIN)
        if not role.may(needed):
            text = f"verb {plain(ask.verb, 40)!r}: expected the role {needed}, was {role}"
            self._refused(peer, text)
            self._deny(peer, ask, RfError(text, code=BUS_ROLE, exit_code=4))
        elif len(peer.asks) >= self._limit:
            text = f"{len(peer.asks)} questions are at work, expected fewer"
            self._deny(peer, ask, RfError(text, code=BUS_BUSY, fix="wait for an answer"))
        else:
            self.asked += 1
            task = asyncio.get_running_loop().create_task(self._answer(peer, role, ask))
            for owner in (peer.asks, self.at_work):
                owner.add(task)
                task.add_done_callback(owner.discard)

    async def finish(self, grace_s: float) -> None:
        """Wait for the answers at work, then cancel them; not for the one that calls."""
        others = self.at_work - {asyncio.current_task()}
        if not others:
            return
        _, late = await asyncio.wait(others, timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _answer(self, peer: Peer, role: Role, ask: Ask) -> None:
        try:
            answer = await self._handler(ask.verb, _arguments(ask), peer.name, role)
            self._send(peer, Reply(ask.number, True, msgspec.json.encode(answer).decode()))
        except LocalProtocolError as error:
            text = f"the answer is too large: {error.message}"
            self._deny(peer, ask, NetError(text, code=BUS_ANSWER_TOO_LARGE))
        except RfError as error:
            self._deny(peer, ask, error)
        except Exception as error:  # a bug in one verb must not end the link
            self._failed(f"verb {plain(ask.verb, 40)!r} failed", error)
            self._deny(peer, ask, RfError("internal error", fix="see the daemon's log"))

    def _deny(self, peer: Peer, ask: Ask, error: RfError) -> None:
        said = (error.message, error.detail, error.fix)
        message, detail, fix = (
            text[:_LONGEST_TEXT].encode(errors="replace").decode() for text in said
        )
        self._send(
            peer,
            Reply(ask.number, False, "", error.code, message, detail, fix, error.exit_code),
        )


def _arguments(ask: Ask) -> Mapping[str, Any]:
    try:
        return _ARGUMENTS.decode(ask.args or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        reason = plain(f"args: {error}")
        raise RfError(reason, code=BUS_UNREADABLE, exit_code=2) from error
