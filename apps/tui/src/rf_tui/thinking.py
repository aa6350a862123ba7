"""Asking the slow thinkers: what is told first, what is sent, and when the answer has come.

An opinion is asked for with the verb ``think``, which is answered at once; the opinion itself
comes later, as an event. Where it costs money that is said first, and Enter does not spend it.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

from rf_common.ids import InstrumentId, symbol_of
from rf_dashboard import IntelligenceView, views
from rf_tui.dialogs.asking import Asking
from rf_tui.dialogs.sheet import Question
from rf_tui.figures import number, usd
from rf_tui.glyphs import clean
from rf_tui.outcome import Outcome
from rf_tui.widgets.ask import Exchange

if TYPE_CHECKING:
    from rf_tui.app import App

RULES = "rules"
ANALYST, SWARM = "analyst", "swarm"
_NAMES = {ANALYST: "Dexter", SWARM: "MiroFish"}
_SENT = "sent: numbered rows of features, swarm, graph, news and history; no keys, no account"
MAX_EXCHANGES = 20


class Thinking:
    """Asks, remembers what was asked, and tells when its answer is there.

    Parameters
    ----------
    app : App
        Whose line and message line are used.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.exchanges: deque[Exchange] = deque(maxlen=MAX_EXCHANGES)
        self._number = 0
        self._waiting: dict[tuple[InstrumentId, str], str] = {}

    # --- opinions -------------------------------------------------------------------------

    def dexter(self) -> None:
        """Ask for an opinion on the chosen instrument; first show what it costs, if it does."""
        view = self._ready(ANALYST)
        if view is None:
            return
        if is_free(view):
            self._think(ANALYST)
            return
        name = clean(symbol_of(self._app.dashboard.chosen))
        text = [("text", line) for line in self.cost_lines()]
        self._app.show(
            lambda close: Question(
                f"Ask Dexter about {name}?", text, close, lambda: self._think(ANALYST)
            )
        )

    def swarm(self) -> None:
        """Ask for a run of the swarm on the chosen instrument; it costs nothing."""
        if self._ready(SWARM) is not None:
            self._think(SWARM)

    def _ready(self, what: str) -> IntelligenceView | None:
        """Return the thinkers, or say why nothing can be asked of them."""
        app, name = self._app, _NAMES[what]
        view, chosen = app.daemon.state.minds.view, app.dashboard.chosen
        if not app.daemon.line.live:
            why = f"not connected to the daemon ({app.daemon.line.reason})"
        elif not chosen:
            why = "no instrument is chosen"
        elif view is None:
            why = "the daemon told nothing of an analyst"
        elif view.worker in {"DOWN", "OFF"}:
            why = f"the worker is {view.worker}: {view.worker_reason or 'no reason was told'}"
        elif chosen in view.running:
            why = f"a cycle for {symbol_of(chosen)} is running"
        else:
            return view
        app.say("warn", f"{name}: nothing was asked: {why}")
        return None

    def cost_lines(self) -> list[str]:
        """Return who answers, what is sent, and the money."""
        state = self._app.daemon.state
        minds = views.thinkers(state, self._app.clock.now())
        who = " ".join(part for part in (minds.analyst.value or "n/a", minds.model) if part)
        if state.minds.view is not None and is_free(state.minds.view):
            why = f" ({minds.why_rules})" if minds.why_rules else ""
            return [clean(f"{who}{why}: $0.00, nothing leaves this machine")]
        estimate = usd(minds.estimate)
        reason = f" ({minds.estimate.reason})" if minds.estimate.value is None else ""
        lines = [
            clean(f"{who}   estimated cost {estimate}{reason}"),
            f"today {usd(minds.spent_day)} of {usd(minds.cap_day)}, month "
            f"{usd(minds.spent_month)} of {usd(minds.cap_month)}, cache hit "
            f"{number(minds.cache_share, '.0%')}",
            _SENT,
        ]
        return [*lines, *self._over()]

    def cost_hint(self) -> str:
        """Return what an opinion costs, for the footer; empty while nobody knows."""
        view = self._app.daemon.state.minds.view
        if view is None:
            return ""
        if view.analyst == RULES:
            return "$0.00"
        minds = views.thinkers(self._app.daemon.state, self._app.clock.now())
        return f"est {usd(minds.estimate)}"

    def _over(self) -> list[str]:
        view = self._app.daemon.state.minds.view
        if view is None or view.estimate_usd is None:
            return []
        if view.spent_day + view.estimate_usd > view.cap_day:
            return ["That is above today's cap: the daemon will not call the model."]
        return []

    def _think(self, what: str) -> None:
        chosen = self._app.dashboard.chosen
        self._app.start(self._thought(what, chosen))

    async def _thought(self, what: str, chosen: InstrumentId) -> None:
        app, name = self._app, f"{_NAMES[what]} {symbol_of(chosen)}"
        view = app.daemon.state.minds.view
        busy = view is not None and view.worker == "BUSY"
        self._waiting[chosen, what] = self._newest(chosen, what)
        app.say("info", f"{name}: sent, waiting{'; the worker is busy' if busy else ''}")
        args = {"instrument_id": chosen, "what": what}
        outcome = await app.daemon.ask("think", args)
        if not outcome.ok:
            self._waiting.pop((chosen, what), None)
        app.say(*_told(name, outcome))

    def _newest(self, chosen: InstrumentId, what: str) -> str:
        latest = self._app.daemon.state.minds.latest.get(chosen)
        signal = None if latest is None else latest.analyst if what == ANALYST else latest.swarm
        return "" if signal is None else f"{signal.cycle_id} {signal.ts_event}"

    def follow(self) -> None:
        """Tell of every answer that came since it was asked for."""
        for (chosen, what), before in list(self._waiting.items()):
            newest = self._newest(chosen, what)
            if newest and newest != before:
                del self._waiting[chosen, what]
                self._app.say(*self._came(chosen, what))

    def _came(self, chosen: InstrumentId, what: str) -> tuple[str, str]:
        state, now = self._app.daemon.state, self._app.clock.now()
        name = f"{_NAMES[what]} {symbol_of(chosen)}"
        if what == SWARM:
            card = views.mirofish_card(state, chosen, now)
            parts = ", ".join(f"{row.name} {row.percent.value}%" for row in card.shares)
            return (
                ("good", f"{name}: {parts}") if card.known else ("warn", f"{name}: {card.reason}")
            )
        opinion = views.dexter_card(state, chosen, now)
        if not opinion.known:
            return "warn", f"{name}: {opinion.reason}"
        confidence = number(opinion.confidence, ".2f")
        text = f"{opinion.recommendation} {opinion.direction}, confidence {confidence}"
        return "good", f"{name}: {text}, cost {usd(opinion.cost)}"

    # --- questions ------------------------------------------------------------------------

    def ask(self) -> None:
        """Open the box for a question; its cost stands in it, Enter sends."""
        if self._ready_to_talk():
            chosen = self._app.dashboard.chosen
            self._app.show(
                lambda close: Asking(
                    close, symbol_of(chosen), self.cost_lines(),
                    lambda question: self._app.start(self._asked(chosen, question)),
                )
            )  # fmt: skip

    def _ready_to_talk(self) -> bool:
        app = self._app
        if not app.daemon.line.live:
            app.say("bad", f"not connected to the daemon ({app.daemon.line.reason})")
        elif not app.dashboard.chosen or app.daemon.state.minds.view is None:
            app.say("warn", "nothing was asked: the daemon told nothing of an analyst")
        else:
            return True
        return False

    async def _asked(self, chosen: InstrumentId, question: str) -> None:
        self._number += 1
        exchange = Exchange(self._number, symbol_of(chosen), question)
        self.exchanges.append(exchange)
        self._app.say("info", "question: sent, waiting")
        args = {"instrument_id": chosen, "question": question}
        outcome = await self._app.daemon.ask("ask", args)
        answered = _answered(exchange, outcome)
        for at, other in enumerate(self.exchanges):
            if other.number == exchange.number:
                self.exchanges[at] = answered
        self._app.say(*_told("question", outcome, brief=True))


def is_free(view: IntelligenceView) -> bool:
    """Return whether an opinion costs nothing: the rules, or a model that is told to be free."""
    return view.analyst == RULES or view.estimate_usd == Decimal(0)


def _told(name: str, outcome: Outcome, *, brief: bool = False) -> tuple[str, str]:
    if outcome.ok:
        return "good", f"{name}: {'answered' if brief else outcome.text or 'asked'}"
    word = "refused" if outcome.reached else "no answer, it may have been asked"
    return ("bad" if outcome.reached else "warn"), f"{name}: {word}  {outcome.line}"


def _answered(exchange: Exchange, outcome: Outcome) -> Exchange:
    data = outcome.data if isinstance(outcome.data, dict) else {}
    if not outcome.ok:
        text = outcome.line or "refused without a reason"
        return exchange._replace(text=text if outcome.reached else f"no answer came: {text}")
    cited = data.get("cited") or ()
    cost = data.get("cost_usd")
    return exchange._replace(
        text=outcome.text or "the answer is empty",
        ok=True,
        cited=tuple(str(row) for row in cited) if isinstance(cited, (list, tuple)) else (),
        cost="cost n/a" if cost is None else f"${cost}",
    )
