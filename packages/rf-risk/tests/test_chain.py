from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rf_common import FeedState, InstrumentId, Side, SystemState, UnixNanos
from rf_common.orders import OrderIntent
from rf_risk import (
    Approved,
    Judgement,
    OpenOrder,
    Outcome,
    Refused,
    RiskChain,
    RiskSnapshot,
    SelfMatch,
    standard_checks,
)

Make = Callable[..., Any]
D = Decimal
A, B = InstrumentId("sim:A"), InstrumentId("sim:B")


class Rule:
    """A check that answers as told and counts how often it was asked."""

    def __init__(self, rule: str, answer: Callable[[RiskSnapshot, OrderIntent], Any]) -> None:
        self.rule = rule
        self.answer = answer
        self.asked: list[OrderIntent] = []

    def review(self, snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
        self.asked.append(intent)
        return self.answer(snapshot, intent)  # type: ignore[no-any-return]


def _passing(rule: str, *cancels: str) -> Rule:
    return Rule(rule, lambda _, __: Judgement(rule, Outcome.PASS, cancels=cancels))  # type: ignore[arg-type]


def _refusing(rule: str, *cancels: str) -> Rule:
    judged = Judgement(rule, Outcome.REFUSE, "5", "4", "too much", cancels=cancels)  # type: ignore[arg-type]
    return Rule(rule, lambda _, __: judged)


def _halving(rule: str) -> Rule:
    def answer(_: RiskSnapshot, intent: OrderIntent) -> Judgement:
        half = msgspec.structs.replace(intent, quantity=intent.quantity / 2)
        return Judgement(rule, Outcome.MODIFY, intent=half)

    return Rule(rule, answer)


def test_an_empty_chain_refuses(snapshot: Make, intent: Make) -> None:
    assert RiskChain([]).review(snapshot(), intent()) == Refused(
        "empty_chain", "0 checks", "at least 1", "the risk chain is empty"
    )


def test_the_first_refusal_wins_and_the_rest_is_not_asked(snapshot: Make, intent: Make) -> None:
    last = _passing("last")
    chain = RiskChain([_passing("first", "c-1"), _refusing("second", "c-2"), last])

    verdict = chain.review(snapshot(), intent())

    assert verdict == Refused("second", "5", "4", "too much", ("c-2",))  # type: ignore[arg-type]
    assert last.asked == []


def test_cancels_of_all_checks_come_with_the_approval(snapshot: Make, intent: Make) -> None:
    chain = RiskChain([_passing("a", "c-1"), _passing("b"), _passing("c", "c-2")])

    assert chain.review(snapshot(), intent()) == Approved(intent(), ("c-1", "c-2"))  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [ValueError("bad"), ZeroDivisionError(), KeyError("mark")])
def test_an_exception_in_a_check_refuses(snapshot: Make, intent: Make, error: Exception) -> None:
    def answer(_: RiskSnapshot, __: OrderIntent) -> Judgement:
        raise error

    verdict = RiskChain([_passing("a"), Rule("broken", answer)]).review(snapshot(), intent())

    assert isinstance(verdict, Refused)
    assert (verdict.rule, verdict.value, verdict.limit) == (
        "broken", type(error).__name__, "no error")  # fmt: skip
    assert "the check failed" in verdict.reason


@pytest.mark.parametrize("answer", [None, True, "pass"])
def test_an_answer_that_is_no_judgement_refuses(
    snapshot: Make, intent: Make, answer: object
) -> None:
    verdict = RiskChain([Rule("strange", lambda _, __: answer)]).review(snapshot(), intent())

    assert isinstance(verdict, Refused)
    assert (verdict.rule, verdict.value) == ("strange", "TypeError")


def test_a_change_without_a_new_order_refuses(snapshot: Make, intent: Make) -> None:
    vague = Rule("vague", lambda _, __: Judgement("vague", Outcome.MODIFY))

    assert isinstance(RiskChain([vague]).review(snapshot(), intent()), Refused)


def test_a_changed_order_passes_the_whole_chain_again(snapshot: Make, intent: Make) -> None:
    first, half, last = _passing("first", "c-1"), _halving("half"), _passing("last")

    verdict = RiskChain([first, half, last]).review(snapshot(), intent())

    assert verdict == Approved(intent(quantity=5), ("c-1",))  # type: ignore[arg-type]
    assert [order.quantity for order in first.asked] == [10, 5]
    assert [order.quantity for order in last.asked] == [5]


def test_a_changed_order_is_refused_by_an_earlier_check(snapshot: Make, intent: Make) -> None:
    def at_least_six(_: RiskSnapshot, order: OrderIntent) -> Judgement:
        good = order.quantity >= 6
        return Judgement("six", Outcome.PASS if good else Outcome.REFUSE, str(order.quantity))

    chain = RiskChain([Rule("six", at_least_six), _halving("half")])

    verdict = chain.review(snapshot(), intent())

    assert isinstance(verdict, Refused)
    assert (verdict.rule, verdict.value) == ("six", "5")


def test_a_second_change_refuses(snapshot: Make, intent: Make) -> None:
    verdict = RiskChain([_halving("one"), _halving("two")]).review(snapshot(), intent())

    assert isinstance(verdict, Refused)
    assert (verdict.value, verdict.limit) == ("changed twice", "changed once")


def test_an_explanation_asks_every_check(snapshot: Make, intent: Make) -> None:
    chain = RiskChain([_refusing("a"), _passing("b"), Rule("c", lambda _, __: None)])

    outcomes = [judged.outcome for judged in chain.explain(snapshot(), intent())]

    assert outcomes == [Outcome.REFUSE, Outcome.PASS, Outcome.REFUSE]
    assert len(RiskChain(standard_checks()).explain(snapshot(), intent())) == 27


def test_an_explanation_never_raises_however_little_is_known(snapshot: Make, intent: Make) -> None:
    blind = snapshot(instrument=None, quote=None, positions={"sim:A": 1}, vol=None)

    judged = RiskChain(standard_checks()).explain(blind, intent(quantity="NaN"))

    assert len(judged) == 27
    assert any(one.outcome is Outcome.REFUSE for one in judged)


# --- random snapshots against predicates written on their own ------------------------------------

UNITS = st.integers(-12, 12)
PRICES = st.sampled_from([94, 95, 97, 98, 99, 100, 100, 101, 102, 103, 105, 106])
OPEN = st.lists(
    st.tuples(st.sampled_from([A, B]), st.sampled_from(Side), st.integers(1, 8), PRICES), max_size=4
)
QUANTITIES = st.sampled_from(
    ["1", "2", "4", "5", "7.5", "10", "12", "0.1"] * 2 + ["-1", "0", "0.05"]
)
STATES = st.sampled_from([SystemState.ACTIVE] * 24 + list(SystemState))
FEEDS = st.sampled_from([FeedState.LIVE] * 24 + list(FeedState))
AGES_MS = st.sampled_from([0, 1, 10, 100, 1_000, 3_000, 4_000, 4_999, 5_000, 5_001])


def _mostly_wide(*tight: object) -> st.SearchStrategy[object]:
    return st.sampled_from([10**9] * 2 * len(tight) + list(tight))


LIMITS = st.fixed_dictionaries(
    {
        "max_order_notional": _mostly_wide(500, 1_000),
        "max_order_quantity": _mostly_wide(5),
        "max_position_notional": _mostly_wide(900, 1_500),
        "max_gross_notional": _mostly_wide(1_500, 3_000),
        "max_net_notional": _mostly_wide(1_000, 2_000),
        "max_daily_loss": _mostly_wide(100),
        "max_drawdown": st.sampled_from([1.0, 1.0, 0.05]),
        "max_concentration": st.sampled_from([1.0, 1.0, 0.1]),
        "max_open_orders": st.sampled_from([20, 20, 3]),
        "self_match": st.sampled_from(SelfMatch),
    }
)


def _subsets(orders: Sequence[OpenOrder]) -> list[tuple[OpenOrder, ...]]:
    return [some for size in range(len(orders) + 1) for some in combinations(orders, size)]


def _after(
    seen: RiskSnapshot, intent: OrderIntent, some: Sequence[OpenOrder]
) -> dict[str, Decimal]:
    """Return the quantities after the order and these open orders have filled."""
    held = {name: seen.positions.get(name, D(0)) for name in (A, B)}
    held[intent.instrument_id] += intent.quantity * intent.side.sign
    for order in some:
        held[order.instrument_id] += order.remaining * order.side.sign
    return held  # type: ignore[return-value]


def _only_reduces(seen: RiskSnapshot, intent: OrderIntent) -> bool:
    held = seen.positions.get(intent.instrument_id, D(0))
    same = [o for o in seen.open_orders
            if o.instrument_id == intent.instrument_id and o.side is intent.side]  # fmt: skip
    ends = [_after(seen, intent, some)[intent.instrument_id] for some in _subsets(same)]
    return all(abs(end) < abs(held) and end * held >= 0 for end in ends)


def _paid(intent: OrderIntent) -> Decimal:
    assert intent.limit_price is not None
    return intent.limit_price if intent.side is Side.BUY else max(intent.limit_price, D("99.99"))


def _gate_violations(seen: RiskSnapshot, intent: OrderIntent) -> list[str]:
    """Return what forbids any order, exits included."""
    state, price = seen.system_state, intent.limit_price
    may_exit = state is SystemState.REDUCING and _only_reduces(seen, intent)
    broken = {
        "state": state is not SystemState.ACTIVE and not may_exit,
        "feed": seen.feed_state is not FeedState.LIVE,
        "age": seen.now - seen.quote_ts > 5_000 * 10**6,
        "collar": price is None or not D(95) <= price <= D(105),
        "numbers": intent.quantity <= 0 or intent.quantity % D("0.1") != 0,
    }
    return [name for name, is_broken in broken.items() if is_broken]


def _size_violations(seen: RiskSnapshot, intent: OrderIntent, equity: Decimal) -> list[str]:
    """Return what forbids an order that is no exit, but for exposure."""
    limits, peak = seen.limits, max(equity, D(10_000))
    broken = {
        "quantity": intent.quantity > limits.max_order_quantity,
        "notional": intent.quantity * _paid(intent) > limits.max_order_notional,
        "count": len(seen.open_orders) >= limits.max_open_orders,
        "loss": D(10_000) - equity > limits.max_daily_loss,
        "drawdown": (peak - equity) / peak > D(str(limits.max_drawdown)),
    }
    return [name for name, is_broken in broken.items() if is_broken]


def _exposure_violations(seen: RiskSnapshot, intent: OrderIntent, equity: Decimal) -> list[str]:
    """Return what forbids it when the order and any of the open orders fill."""
    limits, marks = seen.limits, {A: D(100), B: D(50)}
    found = []
    start = sum((seen.positions[name] * mark for name, mark in marks.items()), D(0))
    start += intent.quantity * _paid(intent) * intent.side.sign
    for some in _subsets(seen.open_orders):
        values = {n: abs(q) * marks[InstrumentId(n)] for n, q in _after(seen, intent, some).items()}
        own, gross = values[intent.instrument_id], sum(values.values(), D(0))
        net = start + sum((order.notional * order.side.sign for order in some), D(0))
        if own > min(limits.max_position_notional, equity * D(str(limits.max_concentration))):
            found.append("position")
        if gross > min(limits.max_gross_notional, equity * limits.max_leverage):
            found.append("gross")
        if abs(net) > limits.max_net_notional:
            found.append("net")
    return found


def _violations(seen: RiskSnapshot, intent: OrderIntent, equity: Decimal) -> list[str]:
    """Return what forbids the order, worked out the long way."""
    found = _gate_violations(seen, intent)
    if not _only_reduces(seen, intent):
        found += _size_violations(seen, intent, equity)
        found += _exposure_violations(seen, intent, equity)
    return found


@settings(
    deadline=None,
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    limits=LIMITS,
    held=st.tuples(UNITS, UNITS),
    resting=OPEN,
    side=st.sampled_from(Side),
    quantity=QUANTITIES,
    price=PRICES,
    state=STATES,
    feed=FEEDS,
    age_ms=AGES_MS,
    equity=st.sampled_from([9_400, 9_501, 9_950, 10_000, 12_000]),
    leverage=st.sampled_from([1, 10**6]),
)
def test_an_order_that_breaks_any_limit_is_never_approved(
    snapshot: Make, intent: Make, open_order: Make, risk_state: Make, limits: dict[str, Any],
    held: tuple[int, int], resting: list[Any], side: Side, quantity: str, price: int,
    state: SystemState, feed: FeedState, age_ms: int, equity: int, leverage: int,
) -> None:  # fmt: skip
    now = snapshot().now
    seen = snapshot(
        limits=limits | {"max_leverage": leverage},
        positions={A: held[0], B: held[1]},
        marks={A: 100, B: 50},
        open_orders=tuple(
            open_order(s, q, p if n == A else p / 2, f"c-{i}", n)
            for i, (n, s, q, p) in enumerate(resting)
        ),
        system_state=state,
        feed_state=feed,
        quote_ts=UnixNanos(now - age_ms * 10**6),
        risk=risk_state(10_000, equity),
    )
    order = intent(side=side, quantity=quantity, limit_price=price)

    verdict = RiskChain(standard_checks()).review(seen, order)

    violations = _violations(seen, order, D(equity))
    if isinstance(verdict, Approved):
        assert violations == []
        crossed = [
            o.client_order_id
            for o in seen.open_orders
            if o.instrument_id == A and o.side is not side
            and o.price is not None and (D(price) - o.price) * side.sign >= 0
        ]  # fmt: skip
        assert list(verdict.cancels) == crossed
        assert verdict.intent == order
    else:
        assert verdict.rule in RiskChain(standard_checks()).rules


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    held=UNITS.filter(bool),
    quantity=st.integers(1, 15),
    resting=OPEN,
    equity=st.integers(-(10**5), 10**5),
)
def test_no_limit_on_size_or_loss_locks_anybody_in(
    snapshot: Make, intent: Make, open_order: Make, risk_state: Make, held: int, quantity: int,
    resting: list[Any], equity: int,
) -> None:  # fmt: skip
    tight = dict.fromkeys(
        ("max_order_notional", "max_order_quantity", "max_position_notional", "max_gross_notional"),
        1,
    ) | dict.fromkeys(("max_net_notional", "max_daily_notional", "max_daily_loss"), 1)
    fractions = {"max_drawdown": 0.0001, "max_concentration": 0.0001, "max_open_orders": 1}
    seen = snapshot(
        limits=tight | fractions | {"self_match": SelfMatch.CANCEL_RESTING},
        positions={A: held},
        marks={A: 100},
        open_orders=tuple(
            open_order(s, q, p, f"c-{i}", n) for i, (n, s, q, p) in enumerate(resting)
        ),
        risk=risk_state(10**6, equity),
    )
    order = intent(side=Side.SELL if held > 0 else Side.BUY, quantity=quantity)

    verdict = RiskChain(standard_checks()).review(seen, order)

    assert isinstance(verdict, Approved) == _only_reduces(seen, order)
