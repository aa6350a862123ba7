"""The order ticket: typed, checked, reviewed, sent, answered; every step can be taken back but one.

The steps and what may be sent are `rf_dashboard.Ticket`'s; this box only lets a person walk them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from rf_common.enums import Mode, OrderType, Side, TimeInForce
from rf_dashboard import Judgement, Stage, Ticket, TicketCheck, judgements_of
from rf_dashboard import format as fmt
from rf_dashboard.tickets import MAX_TYPED
from rf_tui.dialogs.box import Box, Close
from rf_tui.dialogs.field import Field
from rf_tui.dialogs.verdicts import counted, verdicts
from rf_tui.glyphs import clean
from rf_tui.outcome import Ask, Outcome
from rf_tui.paint import Line, wrapped

REPEAT_NS = 250_000_000
"""An Enter that follows another one sooner is a key held down, not a decision; ns."""

_NUMBERS = "0123456789."
_LABEL = 12
_CHOICES: dict[str, tuple[Any, ...]] = {
    "side": (Side.BUY, Side.SELL),
    "order_type": tuple(OrderType),
    "time_in_force": tuple(TimeInForce),
    "reduce_only": (False, True),
}
_LABELS = {"side": "side", "order_type": "type", "time_in_force": "in force",
           "reduce_only": "reduce only"}  # fmt: skip


class Service(NamedTuple):
    """What a ticket needs of the application.

    Parameters
    ----------
    check : callable
        What the screen knows of a ticket at this moment.
    quote : callable
        Bid and ask of its instrument, as text.
    ask : callable
        The way to the daemon.
    start : callable
        Runs a coroutine beside the screen.
    say : callable
        The message line.
    monotonic_ns : callable
        A clock for durations.
    """

    check: Callable[[Ticket], TicketCheck]
    quote: Callable[[Ticket], str]
    ask: Ask
    start: Callable[[Coroutine[Any, Any, None]], None]
    say: Callable[[str, str], None]
    monotonic_ns: Callable[[], int]


class TicketBox(Box):
    """One order being typed and sent.

    Parameters
    ----------
    close : callable
        Takes the ticket off the screen.
    ticket : Ticket
        What is known when it opens.
    service : Service
        What it needs of the application.
    """

    wanted = (100, 24)

    def __init__(self, close: Close, ticket: Ticket, service: Service) -> None:
        super().__init__(close)
        self.ticket = ticket
        self._service = service
        self._fields = {
            name: Field(name, getattr(ticket, name), _NUMBERS, limit=MAX_TYPED)
            for name in ("quantity", "limit", "stop")
        }
        self._symbol = Field(f"Type {clean(ticket.symbol)} to send: ", width=16, limit=MAX_TYPED)
        self._focus = "quantity"
        self._judged: tuple[Judgement, ...] | None = None
        self._failed: Outcome | None = None
        self._review = 0
        self._entered_ns = -REPEAT_NS
        self._note = ""
        self._row: tuple[int, int] | None = None

    @property
    def hint(self) -> str:  # type: ignore[override]  # it follows the stage
        """What the keys do at this stage."""
        return {
            Stage.EDITING: "Tab next field   arrows choose   Enter review   Esc close",
            Stage.REVIEW: "Enter SEND   Esc back to the fields   arrows scroll",
            Stage.SENT: "sent, waiting for the daemon",
        }.get(self.ticket.stage, "Enter or Esc closes")

    # --- keys -----------------------------------------------------------------------------

    def escaped(self) -> None:
        """Go one step back; what was sent cannot be taken back."""
        if self.ticket.stage is Stage.SENT:
            self._note = "sent: waiting for the answer"
            return
        self.ticket = self.ticket.back()
        self._review += 1
        self._note = ""
        if self.ticket.stage is Stage.CLOSED:
            self.close()

    def pressed(self, key: str) -> None:
        """Take one key, as the stage wants it."""
        stage = self.ticket.stage
        if key == "enter":
            self._entered()
        elif stage is Stage.EDITING:
            self._edited(key)
        elif stage is Stage.REVIEW and key in {"up", "down"}:
            self.top = max(0, self.top + (1 if key == "down" else -1))
        elif stage is Stage.REVIEW and self.ticket.mode is Mode.LIVE and self._symbol.pressed(key):
            self.ticket = self.ticket.type_symbol(self._symbol.text)

    def _entered(self) -> None:
        now, before = self._service.monotonic_ns(), self._entered_ns
        self._entered_ns = now
        stage = self.ticket.stage
        if stage is Stage.ANSWERED:
            self.escaped()
        elif now - before < REPEAT_NS:
            self._note = "Enter came too soon after Enter: read the checks, then press it again"
        elif stage is Stage.EDITING:
            self._confirm()
        elif stage is Stage.REVIEW:
            self._confirm_review()

    def _confirm(self) -> None:
        self.ticket = self.ticket.confirm(self._service.check(self.ticket))
        if self.ticket.stage is Stage.REVIEW:
            self._symbol.text = ""
            self._ask_checks()
        elif self.ticket.stage is Stage.SENT:
            self._service.start(self._send(self.ticket.to_args()))

    def _confirm_review(self) -> None:
        refusals = [row.rule for row in self._judged or () if row.outcome == "refuse"]
        if self._failed is not None:
            self._ask_checks()
        elif self._judged is None:
            self._note = "waiting for the daemon's checks: nothing was sent"
        elif refusals:
            self._note = (
                f"refused by {', '.join(refusals)}: nothing was sent. Esc changes the order"
            )
        else:
            self._confirm()

    def _edited(self, key: str) -> None:
        names = self._names()
        at = names.index(self._focus) if self._focus in names else 0
        if key in {"tab", "down", "shift tab", "up"}:
            step = 1 if key in {"tab", "down"} else -1
            self._focus = names[(at + step) % len(names)]
        elif self._focus in _CHOICES:
            if key in {"left", "right", " "}:
                self._cycle(self._focus, -1 if key == "left" else 1)
        elif self._fields[self._focus].pressed(key):
            self.ticket = self.ticket.edit(**{self._focus: self._fields[self._focus].text})

    def _cycle(self, name: str, step: int) -> None:
        choices = _CHOICES[name]
        at = choices.index(getattr(self.ticket, name))
        self.ticket = self.ticket.edit(**{name: choices[(at + step) % len(choices)]})

    def _names(self) -> list[str]:
        names = ["side", "order_type", "quantity"]
        names += ["limit"] if self.ticket.has_limit else []
        names += ["stop"] if self.ticket.has_stop else []
        return [*names, "time_in_force", "reduce_only"]

    # --- the daemon -----------------------------------------------------------------------

    def _ask_checks(self) -> None:
        self._review += 1
        self._judged, self._failed, self._note, self.top = None, None, "", 0
        self._service.start(self._checks(self._review, self.ticket.check_args()))

    async def _checks(self, review: int, args: dict[str, Any]) -> None:
        outcome = await self._service.ask("check", args)
        if review != self._review:
            return
        try:
            if outcome.ok:
                self._judged = judgements_of(outcome.data)
        except (ValueError, AttributeError) as error:
            outcome = Outcome(ok=False, text=f"the answer to check cannot be read: {error}")
        if not outcome.ok or not self._judged:
            self._judged = None
            self._failed = outcome if not outcome.ok else Outcome(
                ok=False, text="no rule answered: an empty chain refuses"
            )  # fmt: skip
        self.touched()

    async def _send(self, args: dict[str, Any]) -> None:
        what = self._summary()
        self._service.say("info", f"{what}: sent, waiting")
        outcome = await self._service.ask("order", args)
        self.ticket = self.ticket.answered(outcome.answer)
        role = "good" if outcome.ok else "bad" if outcome.reached else "warn"
        word = "accepted" if outcome.ok else "REFUSED" if outcome.reached else "UNKNOWN"
        number = f"order {fmt.short_id(str(self.ticket.answer.client_order_id))} " if (
            self.ticket.answer and self.ticket.answer.client_order_id
        ) else ""  # fmt: skip
        self._service.say(role, f"{number}{what}: {word}  {outcome.line}")
        if outcome.ok:
            self.close()
        self.touched()

    # --- picture --------------------------------------------------------------------------

    def title(self) -> Line:
        """Return what is asked, and of which money."""
        ticket = self.ticket
        step = {Stage.EDITING: "1 of 2", Stage.REVIEW: "2 of 2"}.get(ticket.stage, ticket.stage)
        word = {Stage.EDITING: "Order ticket", Stage.REVIEW: f"Send {ticket.mode} order?"}
        role = "mode live" if ticket.mode is Mode.LIVE else "title"
        return [(role, f"{word.get(ticket.stage, f'{ticket.mode} order')}  ({step})")]

    def cursor(self) -> tuple[int, int] | None:
        """Return where typing goes."""
        return self._row

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the fields, the review, or what became of it."""
        self._row = None
        stage = self.ticket.stage
        if stage is Stage.EDITING:
            lines = self._form()
        elif stage is Stage.REVIEW:
            lines = self._reviewed(width, height)
        else:
            lines = self._answered(width)
        said = [*self.ticket.messages, self._note] if self._note else [*self.ticket.messages]
        notes = [[("bad", part)] for text in said for part in wrapped(clean(text), width)]
        room = max(0, height - len(notes))
        return [*lines[:room], *notes]

    def _form(self) -> list[Line]:
        lines: list[Line] = [[("strong", clean(self.ticket.instrument_id))], ()]
        for name in self._names():
            focus = name == self._focus
            if name in _CHOICES:
                lines.append(_choice(name, getattr(self.ticket, name), focus=focus))
                continue
            if focus:
                self._row = (self._fields[name].cursor_column(_LABEL), len(lines))
            step = self.ticket.lot if name == "quantity" else self.ticket.tick
            field = self._fields[name].line(_LABEL, focus=focus)
            lines.append([*field, ("dim", f"step {step.normalize():f}")])
        return [*lines, (), *self._worth()]

    def _worth(self) -> list[Line]:
        check = self._service.check(self.ticket)
        after = check.position_after
        cost = fmt.money(check.notional, check.currency)
        lines: list[Line] = [
            [("dim", "value "), ("text", cost), ("dim", "   position after "),
             ("text", fmt.quantity(after, self.ticket.lot) if after is not None else fmt.NA),
             ("dim", "   quote "), ("text", f"{fmt.age(check.quote_age_ms)} old")],
            [("text", self._service.quote(self.ticket))],
        ]  # fmt: skip
        lines += [[("warn", f"WARN  {clean(text)}")] for text in check.warnings]
        if not self.ticket.messages:
            lines += [[("bad", f"blocked: {clean(text)}")] for text in check.blocked]
        return lines

    def _summary(self) -> str:
        ticket = self.ticket
        prices = [(name, price) for name, price in (("", ticket.limit_price),
                  ("stop ", ticket.stop_price)) if price is not None]  # fmt: skip
        priced = " ".join(f"{name}{_plain(price)}" for name, price in prices)
        words = [ticket.side, _plain(ticket.exact_quantity), clean(ticket.symbol),
                 fmt.order_type(ticket.order_type), priced, ticket.time_in_force,
                 "reduce only" if ticket.reduce_only else ""]  # fmt: skip
        return " ".join(word for word in words if word)

    def _reviewed(self, width: int, height: int) -> list[Line]:
        lines: list[Line] = [[("strong", self._summary())], *self._worth(), ()]
        below = 3 if self.ticket.mode is Mode.LIVE else 1
        lines += self._verdicts(width, max(2, height - len(lines) - below))
        lines.append([("dim", f"command {self.ticket.command_id}: it counts once")])
        if self.ticket.mode is Mode.LIVE:
            lines.append(())
            self._row = (self._symbol.cursor_column(len(self._symbol.label)), len(lines))
            lines.append(self._symbol.line(len(self._symbol.label), focus=True))
        return lines

    def _verdicts(self, width: int, room: int) -> list[Line]:
        if self._failed is not None:
            text = f"the checks failed: {clean(self._failed.line)}. Enter asks again"
            return [[("bad", part)] for part in wrapped(text, width)]
        if self._judged is None:
            return [[("warn", "asking the daemon's risk checks …")]]
        lines = verdicts(self._judged, width)
        self.top = max(0, min(self.top, len(lines) - room + 1))
        return [counted(self._judged, len(lines), self.top, room), *lines[self.top :][: room - 1]]

    def _answered(self, width: int) -> list[Line]:
        lines: list[Line] = [[("strong", self._summary())], ()]
        answer = self.ticket.answer
        if answer is None:
            return [*lines, [("warn", "sent, waiting for the daemon")]]
        role = "good" if answer.ok else "warn" if answer.ok is None else "bad"
        word = "accepted" if answer.ok else "UNKNOWN" if answer.ok is None else "refused"
        text = f"{word}: {answer.code}  {answer.text}"
        lines += [[(role, part)] for part in wrapped(clean(text), width)]
        if answer.fix:
            lines += [(), *([("dim", p)] for p in wrapped(f"fix: {clean(answer.fix)}", width))]
        return lines


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _choice(name: str, value: Any, *, focus: bool) -> Line:
    shown = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    role = "field focus" if focus else "field"
    return [("dim", _LABELS[name].ljust(_LABEL)), (role, f" {shown:<12} "),
            ("key", " ← →") if focus else ("text", "")]  # fmt: skip
