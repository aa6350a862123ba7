"""What is asked of the thinkers over the bus: a cycle now, the newest one, a question.

Runs in the operator's thread; the engine's thread is asked between two steps and never waits.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from rf_ai.context import NewsItem
from rf_cli.journal_rows import named
from rf_common.errors import RfError
from rf_common.ids import InstrumentId
from rf_daemon.asking import Asking
from rf_daemon.status import chain
from rf_daemon.thinking import Thinking
from rf_engine.minds import Mind

_WAIT_S = 120.0
_WHATS = ("analyst", "swarm")
_LONGEST_QUESTION = 500
_LONGEST_HEADLINE = 1_000
_LONGEST_BODY = 20_000


class Thoughts:
    """Verbs about the hybrid pipeline.

    Parameters
    ----------
    loop : Asking
        The loop that runs the engine.
    thinking : Thinking, optional
        The thinkers; a replay has none.
    """

    def __init__(self, loop: Asking, thinking: Thinking | None) -> None:
        self._loop = loop
        self._thinking = thinking

    async def think(self, args: Mapping[str, Any]) -> object:
        """Start a cycle; with `wait` answer when it is over, with all that was told."""
        thinking, name = self._thinkers(), self._instrument(args)
        what = args.get("what", "analyst")
        if what not in _WHATS:
            raise RfError(
                f"what = {what!r}: expected one of {', '.join(_WHATS)}",
                code="RF-N-021",
                exit_code=2,
            )
        cycle = await self._engine(lambda: thinking.ask(name, what))
        if not args.get("wait"):
            text = f"asked: a cycle for {name} runs beside the market; its answer comes by itself"
            return {"ok": True, "text": text}
        try:
            await asyncio.wait_for(asyncio.wrap_future(cycle.done), timeout=_WAIT_S)
        except TimeoutError as error:
            raise RfError(f"the cycle has not ended within {_WAIT_S:g} s", exit_code=5) from error
        return {"ok": True, "text": "done", **await self._show(name, cycle.cycle_id)}

    async def show(self, args: Mapping[str, Any]) -> object:
        """Return the newest stages, verdicts and money."""
        thinking = self._thinkers()
        view = await self._engine(thinking.view)
        shown = {"ok": True, "thinkers": msgspec.to_builtins(named(view))}
        if args.get("instrument_id"):
            shown |= await self._show(self._instrument(args))
        return shown

    async def ask(self, args: Mapping[str, Any]) -> object:
        """Answer a person's question from the rows of the newest cycle."""
        thinking, name = self._thinkers(), self._instrument(args)
        question = str(args.get("question", "")).strip()
        if not 0 < len(question) <= _LONGEST_QUESTION:
            limit = f"expected 1 to {_LONGEST_QUESTION} characters, was {len(question)}"
            raise RfError(f"question: {limit}", code="RF-N-021", exit_code=2)
        return await self._beside(lambda: thinking.question(name, question))

    async def news(self, args: Mapping[str, Any]) -> object:
        """Take one news item; answer what became of it."""
        thinking = self._thinkers()
        headline = str(args.get("headline", "")).strip()
        if not 0 < len(headline) <= _LONGEST_HEADLINE:
            limit = f"expected 1 to {_LONGEST_HEADLINE} characters, was {len(headline)}"
            raise RfError(f"headline: {limit}", code="RF-N-021", exit_code=2)
        now = self._loop.corridor.clock.now()
        source, body = str(args.get("source", "door"))[:60], str(args.get("body", ""))
        digest = hashlib.sha256(f"{headline}\n{body}".encode()).hexdigest()[:12]
        item = NewsItem(
            news_id=f"news-{digest}",
            ts_event=now,
            source=source,
            headline=headline,
            body=body[:_LONGEST_BODY],
        )
        return await self._beside(lambda: thinking.take_news(item))

    async def _beside(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run something in the engine's loop, beside its steps, and return its result."""
        begun = await self._engine(lambda: asyncio.ensure_future(work()))
        here = asyncio.get_running_loop()
        done: asyncio.Future[Any] = here.create_future()

        def finish(task: asyncio.Task[Any]) -> None:
            error = None if task.cancelled() else task.exception()
            result = None if task.cancelled() or error else task.result()
            here.call_soon_threadsafe(_settle, done, result, error)

        await self._engine(lambda: begun.add_done_callback(finish))
        return await asyncio.wait_for(done, timeout=_WAIT_S)

    async def _show(self, name: InstrumentId, cycle_id: str = "") -> dict[str, Any]:
        engine = self._loop.corridor.engine

        def look() -> dict[str, Any]:
            mind = engine.core.minds.get(name)
            return _plain(mind, cycle_id) if mind is not None else {}

        found: dict[str, Any] = await self._engine(look)
        return found

    def _thinkers(self) -> Thinking:
        if self._thinking is None:
            raise RfError(
                "no thinkers run here: a recording is replayed",
                code="RF-A-022",
                detail="a journal's replay takes their recorded answers",
                exit_code=5,
            )
        return self._thinking

    def _instrument(self, args: Mapping[str, Any]) -> InstrumentId:
        name = InstrumentId(str(args.get("instrument_id", "")))
        known = self._loop.corridor.engine.state.markets
        if name not in known:
            raise RfError(
                f"instrument_id = {name!r}: expected one of {', '.join(sorted(known))}",
                code="RF-N-021",
                exit_code=2,
            )
        return name

    async def _engine(self, question: Callable[[], Any]) -> Any:
        return await asyncio.wait_for(asyncio.wrap_future(self._loop.ask(question)), timeout=5.0)


def _settle(done: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if done.done():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result or {"ok": False, "text": "the question was dropped"})


def _plain(mind: Mind, cycle_id: str) -> dict[str, Any]:
    """Return the stages of a mind and its verdicts as plain data, newest verdict last."""
    stages = {
        "quant": mind.quant,
        "swarm": mind.swarm,
        "graph": mind.graph,
        "analyst": mind.analyst,
    }
    shown: dict[str, Any] = {
        name: msgspec.to_builtins(named(stage))
        for name, stage in stages.items()
        if stage is not None and cycle_id in {"", stage.cycle_id}
    }
    shown["decisions"] = [
        msgspec.to_builtins(named(decided)) | {"chain": chain(cycle)}
        for decided, cycle in mind.decisions
        if cycle_id in {"", decided.cycle_id}
    ]
    return shown
