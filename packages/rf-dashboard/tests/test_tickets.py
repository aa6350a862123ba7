from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rf_common import FeedState, InstrumentId, Mode, OrderType, Side, SystemState, TimeInForce
from rf_common.commands import PlaceOrder
from rf_common.orders import FeedChanged, StateChanged
from rf_dashboard import (
    Answer,
    DashboardState,
    Judgement,
    Offline,
    Stage,
    Ticket,
    TicketCheck,
    judgements_of,
    views,
)
from rf_dashboard.tickets import MAX_TYPED, TRANSITIONS, Move

CLEAR = TicketCheck(
    blocked=(),
    warnings=(),
    price=None,
    notional=None,
    currency="",
    position_after=None,
    quote_age_ms=None,
)
BLOCKED = msgspec.structs.replace(CLEAR, blocked=("killed: by hand",))


def _ticket(**fields) -> Ticket:
    known = {
        "command_id": "c1",
        "actor": "tui",
        "mode": Mode.PAPER,
        "instrument_id": InstrumentId("binance:BTCUSDT"),
        "tick": Decimal("0.5"),
        "lot": Decimal("0.001"),
        "min_notional": Decimal(5),
        "side": Side.BUY,
        "quantity": "0.1",
        "limit": "100.5",
    }
    return Ticket(**known | fields)


def test_a_ticket_confirmed_twice_is_the_order_that_was_typed():
    sent = _ticket().confirm(CLEAR).confirm(CLEAR)
    assert sent.stage is Stage.SENT
    assert sent.to_command() == PlaceOrder(
        command_id="c1",
        actor="tui",
        instrument_id=InstrumentId("binance:BTCUSDT"),
        side=Side.BUY,
        quantity=Decimal("0.1"),
        order_type=OrderType.LIMIT,
        limit_price=Decimal("100.5"),
        time_in_force=TimeInForce.DAY,
    )


def test_what_is_sent_is_json_that_the_daemon_reads_back():
    sent = _ticket(order_type=OrderType.STOP_LIMIT, stop="99").confirm(CLEAR).confirm(CLEAR)
    args = msgspec.json.decode(msgspec.json.encode(sent.to_args()))
    assert args["command"]["type"] == "place"
    assert msgspec.convert(args["command"], PlaceOrder, strict=False) == sent.to_command()


def test_asking_the_rules_needs_no_confirmation_and_sends_nothing():
    ticket = _ticket()
    assert ticket.check_args()["command"]["quantity"] == "0.1"
    with pytest.raises(ValueError, match="confirmed twice"):
        ticket.to_command()


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.SENT])
def test_only_a_sent_ticket_has_an_order(stage):
    ticket = _ticket(stage=stage)
    with pytest.raises(ValueError, match="expected a ticket confirmed twice"):
        ticket.to_args()


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("move", Move)
def test_a_move_that_is_not_in_the_table_is_refused(stage, move):
    ticket = _ticket(stage=stage)
    moves = {
        Move.EDIT: lambda: ticket.edit(quantity="1"),
        Move.CONFIRM: lambda: ticket.confirm(CLEAR),
        Move.BACK: ticket.back,
        Move.ANSWER: lambda: ticket.answered(Answer.lost("reset")),
    }
    expected = TRANSITIONS.get((stage, move))
    if expected is None:
        with pytest.raises(ValueError, match=f"a ticket that is {stage} cannot take {move}"):
            moves[move]()
    else:
        assert moves[move]().stage is expected


# --- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({}, []),
        ({"quantity": ""}, ["quantity is missing"]),
        ({"quantity": "  "}, ["quantity is missing"]),
        ({"quantity": " 0.1 "}, []),
        ({"quantity": "0"}, ["expected a positive quantity, was 0"]),
        ({"quantity": "-1"}, ["expected a positive quantity, was -1"]),
        ({"quantity": "0.0005"}, ["expected quantity on lot 0.001, was 0.0005"]),
        ({"quantity": "1,5"}, ["expected a decimal number for quantity, was '1,5'"]),
        ({"quantity": "nan"}, ["expected a decimal number for quantity, was 'nan'"]),
        ({"quantity": "١"}, ["expected a decimal number for quantity, was '١'"]),
        ({"limit": "100.3"}, ["expected limit on tick 0.5, was 100.3"]),
        ({"limit": ""}, ["limit is missing"]),
        ({"limit": "", "order_type": OrderType.MARKET}, []),
        ({"order_type": OrderType.STOP_MARKET}, ["stop is missing"]),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop": "1.2"},
            ["expected stop on tick 0.5, was 1.2"],
        ),
        (
            {"quantity": "", "limit": "0"},
            ["quantity is missing", "expected a positive limit, was 0"],
        ),
        ({"quantity": "0.049"}, ["expected a value of at least 5, was 4.9245"]),
        ({"quantity": "0.050"}, []),
    ],
)
def test_fields_are_checked_on_their_grid(fields, problems):
    assert [problem.text for problem in _ticket(**fields).problems()] == problems


def test_a_ticket_with_problems_stays_and_shows_them():
    ticket = _ticket(quantity="0.0005").confirm(CLEAR)
    assert (ticket.stage, ticket.tried) == (Stage.EDITING, True)
    assert ticket.messages == ("expected quantity on lot 0.001, was 0.0005",)
    assert ticket.edit(quantity="0.1").messages == ()


@pytest.mark.parametrize("field", ["mode", "command_id", "tick", "stage", "price"])
def test_what_is_not_typed_cannot_be_edited(field):
    with pytest.raises(ValueError, match="expected fields of"):
        _ticket().edit(**{field: "x"})


def test_fields_are_short():
    with pytest.raises(ValueError, match="expected quantity of at most 32 characters, was 33"):
        _ticket().edit(quantity="1" * (MAX_TYPED + 1))


# --- confirmations --------------------------------------------------------------------------------


def test_a_block_keeps_the_ticket_where_it_is_and_says_why():
    assert _ticket().confirm(BLOCKED).stage is Stage.EDITING
    review = _ticket().confirm(CLEAR)
    blocked = review.confirm(BLOCKED)
    assert (blocked.stage, blocked.messages) == (Stage.REVIEW, ("killed: by hand",))


def test_going_back_from_the_review_keeps_what_was_typed():
    back = _ticket().confirm(CLEAR).back()
    assert (back.stage, back.quantity, back.limit) == (Stage.EDITING, "0.1", "100.5")
    assert back.back().stage is Stage.CLOSED


def test_live_wants_the_symbol_typed_in_the_review():
    review = _ticket(mode=Mode.LIVE).confirm(CLEAR)
    refused = review.confirm(CLEAR)
    assert (refused.stage, refused.messages) == (
        Stage.REVIEW, ("type BTCUSDT to send a LIVE order",),
    )  # fmt: skip
    assert refused.type_symbol("btcusdt").confirm(CLEAR).stage is Stage.REVIEW
    assert refused.type_symbol("BTCUSDT").confirm(CLEAR).stage is Stage.SENT


def test_a_typed_symbol_is_forgotten_on_the_way_back():
    review = _ticket(mode=Mode.LIVE).confirm(CLEAR).type_symbol("BTCUSDT")
    again = review.back().confirm(CLEAR)
    assert again.confirm(CLEAR).stage is Stage.REVIEW


def test_the_symbol_is_typed_only_in_the_review():
    with pytest.raises(ValueError, match="expected a ticket under review"):
        _ticket(mode=Mode.LIVE).type_symbol("BTCUSDT")


def test_an_answer_ends_the_ticket_and_a_lost_one_is_not_called_a_failure():
    sent = _ticket().confirm(CLEAR).confirm(CLEAR)
    done = sent.answered(
        Answer.of_reply({"ok": True, "code": "SENT", "text": "sent", "client_order_id": "RF-1"})
    )
    assert (done.stage, done.answer.client_order_id) == (Stage.ANSWERED, "RF-1")
    assert done.back().stage is Stage.CLOSED
    lost = sent.answered(Answer.lost("connection reset")).answer
    assert lost.ok is None
    assert "may have been done" in lost.text


def test_the_daemons_judgements_are_read_from_its_reply():
    row = {"rule": "price_band", "outcome": "pass", "value": "0", "limit": "3", "reason": ""}
    assert judgements_of({"judgements": [row | {"fix": "", "more": 1}]}) == (
        Judgement("price_band", "pass", "0", "3", ""),
    )
    assert judgements_of({}) == ()


_TEXTS = st.sampled_from(["1", "0.1", "100.5", "0.0005", "", "x"])


class TicketOrders(RuleBasedStateMachine):
    """Keys pressed in any order: an order exists only after two clear confirmations in a row."""

    @initialize(mode=st.sampled_from(Mode), kind=st.sampled_from(OrderType))
    def open(self, mode, kind):
        self.ticket = _ticket(mode=mode, order_type=kind, stop="101")
        self.confirmed = []  # what each confirmation since the last edit saw
        self.typed = ""

    @precondition(lambda self: self.ticket.stage in {Stage.CLOSED, Stage.ANSWERED})
    @rule(mode=st.sampled_from(Mode), kind=st.sampled_from(OrderType))
    def open_another(self, mode, kind):
        self.open(mode, kind)

    @rule(field=st.sampled_from(["quantity", "limit", "stop"]), text=_TEXTS)
    def edit(self, field, text):
        if self.ticket.stage is Stage.EDITING:
            self.ticket = self.ticket.edit(**{field: text})
            self.confirmed = []
        else:
            with pytest.raises(ValueError, match="cannot take edit"):
                self.ticket.edit(**{field: text})

    @precondition(lambda self: self.ticket.stage is Stage.REVIEW)
    @rule(text=st.sampled_from(["BTCUSDT", "btcusdt", "ETHUSDT"]))
    def type_symbol(self, text):
        self.ticket = self.ticket.type_symbol(text)
        self.typed = text

    @precondition(lambda self: self.ticket.stage in {Stage.EDITING, Stage.REVIEW})
    @rule(check=st.sampled_from([CLEAR, CLEAR, BLOCKED]))
    def confirm(self, check):
        before = self.ticket
        self.ticket = before.confirm(check)
        if self.ticket.stage is not before.stage:
            assert check is CLEAR
            assert before.problems() == ()
            self.confirmed.append(before)

    @precondition(lambda self: self.ticket.stage in {Stage.EDITING, Stage.REVIEW, Stage.ANSWERED})
    @rule()
    def back(self):
        self.ticket = self.ticket.back()
        self.confirmed = []
        self.typed = ""

    @precondition(lambda self: self.ticket.stage is Stage.SENT)
    @rule()
    def answer(self):
        self.ticket = self.ticket.answered(Answer.lost("reset"))

    @invariant()
    def an_order_exists_only_after_two_confirmations_of_the_same_fields(self):
        try:
            command = self.ticket.to_command()
        except ValueError:
            return
        assert [ticket.stage for ticket in self.confirmed] == [Stage.EDITING, Stage.REVIEW]
        first = self.confirmed[0]
        assert command.quantity == Decimal(first.quantity)
        assert command.limit_price == (Decimal(first.limit) if first.has_limit else None)
        assert command.stop_price == (Decimal(first.stop) if first.has_stop else None)
        assert self.ticket.mode is not Mode.LIVE or self.typed == "BTCUSDT"


TestTicketOrders = TicketOrders.TestCase
TestTicketOrders.settings = settings(deadline=None, max_examples=100, stateful_step_count=25)


# --- what the screen knows ------------------------------------------------------------------------


def _opened(desk, make, side=Side.BUY, **fields):
    return views.open_ticket(desk, make.BTC, side, command_id="c1", actor="tui", **fields)


def test_a_new_ticket_stands_on_its_own_side_of_the_book(desk, make):
    assert _opened(desk, make).limit == "100.5"
    assert _opened(desk, make, Side.SELL).limit == "101.5"
    assert _opened(desk, make, price=Decimal("99.5")).limit == "99.5"
    assert (_opened(desk, make).tick, _opened(desk, make).mode) == (Decimal("0.5"), Mode.PAPER)


def test_without_mode_or_grid_no_ticket_is_opened(desk, make):
    with pytest.raises(ValueError, match="has not told its mode"):
        views.open_ticket(DashboardState(), make.BTC, Side.BUY, command_id="c", actor="tui")
    with pytest.raises(ValueError, match="has not told the grid of binance:XRPUSDT"):
        views.open_ticket(desk, "binance:XRPUSDT", Side.BUY, command_id="c", actor="tui")


def test_a_check_reckons_value_and_position(desk, make):
    ticket = _opened(desk, make).edit(quantity="0.2")
    check = views.ticket_check(desk, ticket, make.at(3))
    assert (check.blocked, check.warnings) == ((), ())
    assert (check.price, check.notional, check.currency) == (
        Decimal("100.5"), Decimal("20.1"), "USDT",
    )  # fmt: skip
    assert (check.position_after, check.quote_age_ms) == (Decimal("0.190"), 2_000)


def test_an_order_at_the_market_is_reckoned_at_the_other_side(desk, make):
    ticket = _opened(desk, make, Side.SELL).edit(quantity="1", order_type=OrderType.MARKET)
    check = views.ticket_check(desk, ticket, make.at(3))
    assert (check.price, check.position_after) == (Decimal("100.5"), Decimal("-1.010"))


@pytest.mark.parametrize("quantity", ["", "x"])
def test_what_cannot_be_reckoned_is_unknown(desk, make, quantity):
    ticket = _opened(desk, make).edit(quantity=quantity, limit="")
    check = views.ticket_check(desk, ticket, make.at(3))
    assert (check.price, check.notional, check.position_after) == (None, None, None)


def test_a_limit_that_crosses_the_book_is_warned_of(desk, make):
    ticket = _opened(desk, make).edit(quantity="1", limit="101.5")
    [warning] = views.ticket_check(desk, ticket, make.at(3)).warnings
    assert "crosses the best price 101.5" in warning


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda d, m: d.connection(Offline(m.at(3), "refused")), "the daemon is offline: refused"),
        (
            lambda d, m: d.apply(FeedChanged(m.BTC, FeedState.STALE, "silent"), m.at(3)),
            "feed stale: silent",
        ),
        (
            lambda d, m: d.apply(m.system(3, killed=True, kill_reason="by hand"), m.at(3)),
            "killed: by hand",
        ),
        (
            lambda d, m: d.apply(
                StateChanged(SystemState.ACTIVE, SystemState.HALTED, "disk is full", "engine"),
                m.at(3),
            ),
            "the daemon is HALTED: disk is full",
        ),
        (
            lambda d, m: d.apply(
                m.system(3, state=SystemState.RECONCILING, state_reason="asking"), m.at(3)
            ),
            "the daemon is RECONCILING: asking",
        ),
        (
            lambda d, m: d.apply(m.system(3, mode=Mode.LIVE), m.at(3)),
            "the ticket is for PAPER, the daemon runs LIVE",
        ),
        (
            lambda d, m: d.apply(m.instrument(tick="0.1"), m.at(3)),
            "tick or lot changed: open a new ticket",
        ),
    ],
    ids=["offline", "stale", "killed", "halted", "reconciling", "other mode", "other grid"],
)
def test_whatever_is_wrong_blocks_the_ticket_with_its_reason(desk, make, spoil, said):
    ticket = _opened(desk, make).edit(quantity="1")
    spoil(desk, make)
    assert views.ticket_check(desk, ticket, make.at(3.5)).blocked == (said,)


def test_an_old_price_blocks_the_ticket(desk, make):
    ticket = _opened(desk, make).edit(quantity="1")
    desk.heard(make.at(8))
    assert views.ticket_check(desk, ticket, make.at(6)).blocked == ()
    assert views.ticket_check(desk, ticket, make.at(8)).blocked == (
        "the price is 7 s old; the limit is 5 s",
    )


def test_an_instrument_without_a_price_blocks_the_ticket(desk, make):
    ticket = views.open_ticket(desk, make.ETH, Side.BUY, command_id="c1", actor="tui")
    assert ticket.limit == ""
    assert views.ticket_check(desk, ticket, make.at(3)).blocked == ("there is no price",)


def test_reducing_is_a_warning_only(desk, make):
    desk.apply(make.system(3, state=SystemState.REDUCING), make.at(3))
    ticket = _opened(desk, make).edit(quantity="1")
    check = views.ticket_check(desk, ticket, make.at(3))
    assert (check.blocked, check.warnings) == (
        (), ("the daemon takes only orders that lower exposure",),
    )  # fmt: skip


def test_a_ticket_is_blocked_while_nothing_is_known_of_the_daemon():
    check = views.ticket_check(DashboardState(), _ticket(), 10**18)
    assert len(check.blocked) == 3
