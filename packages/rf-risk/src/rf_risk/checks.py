"""The checks, in the order in which they run (`standard_checks`).

Each says what it limits, with its number and its limit. Orders that can only reduce a position
are exempt from limits on size and loss, also where those cannot be computed: a limit must never
lock somebody in.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import inf

import msgspec

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI
from rf_common.enums import FeedState, OrderType, Side, SystemState
from rf_common.orders import OrderIntent
from rf_risk import exposure
from rf_risk.chain import Check, Judgement, Outcome, RiskSnapshot
from rf_risk.config import SelfMatch

Review = Callable[[RiskSnapshot, OrderIntent], Judgement]
HUMAN = "human"
"""Strategy id of orders that a person placed."""


class Rule(msgspec.Struct, frozen=True):
    """A check made of a code and a function."""

    rule: str
    judge: Review

    def review(self, snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
        """Judge one order."""
        return self.judge(snapshot, intent)


def _pass(rule: str, value: object = "", limit: object = "", reason: str = "") -> Judgement:
    return Judgement(rule, Outcome.PASS, str(value), str(limit), reason)


def _refuse(rule: str, value: object, limit: object, reason: str, fix: str = "") -> Judgement:
    return Judgement(rule, Outcome.REFUSE, str(value), str(limit), reason, fix)


def _limit(
    rule: str, value: Decimal, limit: Decimal, what: str, *, exempt: bool = False
) -> Judgement:
    shown, bound = _amount(value), _amount(limit)
    if value <= limit:
        return _pass(rule, shown, bound)
    if shown == bound:  # two decimals hide the difference
        shown, bound = f"{value.normalize():,f}", f"{limit.normalize():,f}"
    if exempt:
        return _pass(rule, shown, bound, "exempt: the order only reduces the position")
    return _refuse(rule, shown, bound, f"{what} {shown} is above your limit {bound}")


def _unknown(
    rule: str, snapshot: RiskSnapshot, intent: OrderIntent, wanted: str, reason: str
) -> Judgement:
    """Refuse what cannot be computed, but for exits: they do not depend on it."""
    if snapshot.reduces(intent):
        return Judgement(rule, Outcome.UNAVAILABLE, "unknown", wanted, reason)
    return _refuse(rule, "unknown", wanted, reason)


def _amount(value: Decimal) -> str:
    return f"{value:,.2f}"


def system_state(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """New orders need ACTIVE; in REDUCING only those that lower exposure pass."""
    state = snapshot.system_state
    if state is SystemState.ACTIVE:
        return _pass("system_state", state)
    if state is SystemState.REDUCING and snapshot.reduces(intent):
        return _pass("system_state", state, reason="the order only reduces the position")
    wanted = "ACTIVE, or reducing" if state is SystemState.REDUCING else "ACTIVE"
    reason = f"the system is {state}: {snapshot.state_reason}"
    return _refuse("system_state", state, wanted, reason, "rf status, then rf resume")


def strategy_enabled(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """A strategy that was switched off sends nothing."""
    if intent.strategy_id in snapshot.disabled_strategies:
        return _refuse("strategy_enabled", "disabled", "enabled", "the strategy is switched off")
    return _pass("strategy_enabled", "enabled", "enabled")


def instrument_tradable(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """The instrument must be known and not halted."""
    if snapshot.instrument is None:
        reason = f"{intent.instrument_id} is not an instrument of this session"
        return _refuse("instrument", "unknown", "known", reason)
    if not snapshot.instrument.tradable:
        reason = f"the venue has halted {intent.instrument_id}"
        return _refuse("instrument", "halted", "tradable", reason)
    return _pass("instrument", "tradable")


def market_orders(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Orders without a limit price are refused unless they are allowed."""
    unbounded = intent.order_type in {OrderType.MARKET, OrderType.STOP_MARKET}
    if unbounded and not snapshot.limits.allow_market_orders:
        return _refuse(
            "market_orders",
            intent.order_type,
            "LIMIT",
            "orders without a limit price are switched off",
            "give a limit price, or set risk.allow_market_orders",
        )
    return _pass("market_orders", intent.order_type)


def order_sanity(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Numbers must be positive, on tick and lot, and fit the order's type."""
    problem = (
        _shape_problem(intent) or _grid_problem(snapshot, intent) or _aim_problem(snapshot, intent)
    )
    if problem:
        value, limit, reason = problem
        return _refuse("order_sanity", value, limit, reason)
    return _pass("order_sanity")


def _shape_problem(intent: OrderIntent) -> tuple[object, object, str] | None:
    if not (intent.quantity.is_finite() and intent.quantity > 0):
        return intent.quantity, "above 0", "the quantity must be positive"
    wants_limit = intent.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    wants_stop = intent.order_type in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
    for name, price, wanted in (
        ("limit price", intent.limit_price, wants_limit),
        ("stop price", intent.stop_price, wants_stop),
    ):
        if wanted and (price is None or not price.is_finite() or price <= 0):
            return price, "above 0", f"a {intent.order_type} order needs a positive {name}"
        if not wanted and price is not None:
            return price, "none", f"a {intent.order_type} order takes no {name}"
    return None


def _grid_problem(snapshot: RiskSnapshot, intent: OrderIntent) -> tuple[object, object, str] | None:
    instrument = snapshot.instrument
    if instrument is None:
        return "unknown", "known", "the instrument is not known"
    if not money.on_step(intent.quantity, instrument.lot):
        return intent.quantity, instrument.lot, f"expected a quantity on lot {instrument.lot}"
    for price in (intent.limit_price, intent.stop_price):
        if price is not None and not money.on_step(price, instrument.tick):
            return price, instrument.tick, f"expected a price on tick {instrument.tick}"
    if intent.quantity > instrument.max_quantity:
        return intent.quantity, instrument.max_quantity, "more than the venue takes in one order"
    price = snapshot.price_of(intent)
    if price is not None and not snapshot.reduces(intent):
        value = money.notional(price, intent.quantity)
        if value < instrument.min_notional:
            return value, instrument.min_notional, "below the venue's smallest order value"
    return None


def _aim_problem(snapshot: RiskSnapshot, intent: OrderIntent) -> tuple[object, object, str] | None:
    # A strategy closes its own share of the net position, which may well widen the rest.
    if intent.reduce_only and intent.strategy_id == HUMAN and not snapshot.reduces(intent):
        reason = "a reduce-only order must not open, widen or flip a position"
        return "not reducing", "reducing", reason
    return None


def fresh_price(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """The instrument needs a live, recent, two-sided quote; heartbeats do not count."""
    limit = snapshot.limits.stale_after_ms
    quote = snapshot.quote
    if quote is None:
        return _refuse("fresh_price", "none", f"{limit} ms", "no price has been seen yet")
    if snapshot.feed_state is not FeedState.LIVE:
        reason = f"the data of {intent.instrument_id} is {snapshot.feed_state}"
        return _refuse("fresh_price", snapshot.feed_state, FeedState.LIVE, reason)
    age = snapshot.quote_age_ms
    if age > limit:
        return _refuse("fresh_price", f"{age} ms", f"{limit} ms", f"the last price is {age} ms old")
    if not (0 < quote.bid_px < inf and 0 < quote.ask_px < inf):  # NaN is in no range
        value = f"{quote.bid_px} / {quote.ask_px}"
        return _refuse("fresh_price", value, "bid and ask", "the market has no two sides")
    if quote.bid_px > quote.ask_px:
        return _refuse("fresh_price", "crossed", "bid <= ask", "the market is crossed")
    return _pass("fresh_price", f"{age} ms", f"{limit} ms")


def price_collar(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """A price far from the market is a typing error until proven otherwise."""
    mid = snapshot.mid
    if mid is None or mid <= 0:
        return _refuse("price_collar", "none", "a price", "no price to compare with")
    collar = snapshot.limits.price_collar
    for price in (intent.limit_price, intent.stop_price):
        if price is None:
            continue
        distance = abs(price / mid - 1)
        if distance > Decimal(str(collar)):
            shown = f"{distance:.2%}"
            reason = f"{price} is {shown} away from the market at {mid}"
            return _refuse("price_collar", shown, f"{collar:.2%}", reason)
    return _pass("price_collar", limit=f"{collar:.2%}")


def max_order_quantity(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Units in one order."""
    limit, exempt = snapshot.limits.max_order_quantity, snapshot.reduces(intent)
    return _limit("max_order_quantity", intent.quantity, limit, "quantity", exempt=exempt)


def max_order_notional(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Value of one order."""
    price = snapshot.price_of(intent)
    if price is None:
        return _refuse("max_order_notional", "unknown", "a price", "the value cannot be computed")
    limit, exempt = snapshot.limits.max_order_notional, snapshot.reduces(intent)
    value = money.notional(price, intent.quantity)
    return _limit("max_order_notional", value, limit, "order value", exempt=exempt)


def max_position(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Value of the position that the order can lead to."""
    value = exposure.position_value(snapshot, intent)
    if value is None:
        return _unknown("max_position", snapshot, intent, "a price", "the value cannot be computed")
    limit, exempt = snapshot.limits.max_position_notional, snapshot.reduces(intent)
    return _limit("max_position", value, limit, "resulting position", exempt=exempt)


def max_gross(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Sum of absolute values over the whole account."""
    gross = exposure.gross_value(snapshot, intent)
    if gross is None:
        return _unknown("max_gross", snapshot, intent, "marks", "a position has no price")
    limit, exempt = snapshot.limits.max_gross_notional, snapshot.reduces(intent)
    return _limit("max_gross", gross, limit, "gross exposure", exempt=exempt)


def max_net(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Absolute sum of signed values over the whole account."""
    net = exposure.net_value(snapshot, intent)
    if net is None:
        return _unknown("max_net", snapshot, intent, "marks", "a position has no price")
    limit, exempt = snapshot.limits.max_net_notional, snapshot.reduces(intent)
    return _limit("max_net", net, limit, "net exposure", exempt=exempt)


def buying_power(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Gross exposure against equity times leverage."""
    gross, equity = exposure.gross_value(snapshot, intent), snapshot.risk.equity
    if gross is None or equity is None:
        return _unknown("buying_power", snapshot, intent, "equity", "equity cannot be computed")
    limit = max(equity, money.ZERO) * snapshot.limits.max_leverage
    exempt = snapshot.reduces(intent)
    return _limit("buying_power", gross, limit, "exposure", exempt=exempt)


def duplicate_order(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """The same order again within the window is a stuck key, not a wish."""
    window = snapshot.limits.duplicate_window_ms
    for recent in snapshot.risk.recent:
        age = (snapshot.now - recent.ts) // NANOS_PER_MILLI
        same = (
            recent.instrument_id == intent.instrument_id
            and recent.side is intent.side
            and recent.quantity == intent.quantity
            and recent.price == intent.limit_price
        )
        if same and age < window:
            reason = f"an identical order was sent {age} ms ago"
            return _refuse("duplicate_order", f"{age} ms", f"{window} ms", reason)
    return _pass("duplicate_order", limit=f"{window} ms")


def order_rate(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Orders, changes and cancels a second, one bucket for all."""
    left = snapshot.risk.bucket.available(snapshot.now)
    rate = snapshot.limits.orders_per_second
    if left < 1.0:
        reason = f"more than {rate:g} orders a second"
        return _refuse("order_rate", f"{left:.2f} left", f"{rate:g}/s", reason)
    return _pass("order_rate", f"{left:.2f} left", f"{rate:g}/s")


def max_open_orders(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Orders open at one time."""
    count, limit = len(snapshot.open_orders), snapshot.limits.max_open_orders
    if count >= limit and not snapshot.reduces(intent):
        reason = f"{count} orders are open already"
        return _refuse("max_open_orders", count, limit, reason, "rf order list, rf order cancel")
    return _pass("max_open_orders", count, limit)


def daily_loss(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Loss since the start of the trading day, unrealised included."""
    pnl = snapshot.risk.daily_pnl
    if pnl is None:
        return _unknown(
            "daily_loss", snapshot, intent, "equity", "the day's P&L cannot be computed"
        )
    limit, exempt = snapshot.limits.max_daily_loss, snapshot.reduces(intent)
    return _limit("daily_loss", -pnl, limit, "the day's loss", exempt=exempt)


def max_drawdown(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Fall from the running peak of equity."""
    drawdown, limit = snapshot.risk.drawdown, snapshot.limits.max_drawdown
    if drawdown is None:
        return _unknown(
            "max_drawdown", snapshot, intent, "equity", "the drawdown cannot be computed"
        )
    if drawdown > limit and not snapshot.reduces(intent):
        reason = f"drawdown {drawdown:.2%} is above your limit {limit:.2%}"
        return _refuse("max_drawdown", f"{drawdown:.2%}", f"{limit:.2%}", reason)
    return _pass("max_drawdown", f"{drawdown:.2%}", f"{limit:.2%}")


def daily_notional(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Value sent in one trading day."""
    price = snapshot.price_of(intent)
    if price is None:
        return _refuse("daily_notional", "unknown", "a price", "the value cannot be computed")
    value = snapshot.risk.notional_today + money.notional(price, intent.quantity)
    limit, exempt = snapshot.limits.max_daily_notional, snapshot.reduces(intent)
    return _limit("daily_notional", value, limit, "value sent today", exempt=exempt)


def self_match(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """An order must not trade against one of our own."""
    crossed = tuple(
        order.client_order_id
        for order in snapshot.open_orders
        if order.instrument_id == intent.instrument_id
        and order.side is intent.side.opposite
        and _crosses(intent, order.price)
    )
    if not crossed:
        return _pass("self_match")
    mode = snapshot.limits.self_match
    if mode is SelfMatch.CANCEL_RESTING:
        return Judgement("self_match", Outcome.PASS, reason="resting order", cancels=crossed)
    cancels = crossed if mode is SelfMatch.CANCEL_BOTH else ()
    return Judgement(
        "self_match",
        Outcome.REFUSE,
        value=crossed[0],
        limit="no own order across",
        reason=f"it would trade against your own order {crossed[0]}",
        cancels=cancels,
    )


def _crosses(intent: OrderIntent, resting: Decimal | None) -> bool:
    if resting is None or intent.limit_price is None:
        return True
    if intent.side is Side.BUY:
        return intent.limit_price >= resting
    return intent.limit_price <= resting


def unattended_orders(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Orders of one strategy since a person last looked after it."""
    count = snapshot.risk.unattended.get(intent.strategy_id, 0)
    limit = snapshot.limits.max_unattended_orders
    if intent.strategy_id != HUMAN and count >= limit:
        reason = f"{intent.strategy_id} has sent {count} orders without a person"
        fix = f"rf strategy enable {intent.strategy_id}"
        return _refuse("unattended_orders", count, limit, reason, fix)
    return _pass("unattended_orders", count, limit)


def concentration(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Safety gate: share of equity in one instrument."""
    value, equity = exposure.position_value(snapshot, intent), snapshot.risk.equity
    limit = snapshot.limits.max_concentration
    if value is None or equity is None or equity <= 0:
        return _unknown(
            "concentration", snapshot, intent, f"{limit:.0%}", "there is no equity to compare with"
        )
    share = float(value / equity)
    if share > limit and not snapshot.reduces(intent):
        reason = f"{share:.1%} of equity would be in {intent.instrument_id}"
        return _refuse("concentration", f"{share:.1%}", f"{limit:.0%}", reason)
    return _pass("concentration", f"{share:.1%}", f"{limit:.0%}")


def volatility_surge(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Safety gate: present volatility against the instrument's own average."""
    limit = snapshot.limits.max_vol_ratio
    vol, average = snapshot.vol, snapshot.average_vol
    if vol is None or average is None or not (0 < vol < inf and 0 < average < inf):
        if intent.strategy_id == HUMAN or snapshot.reduces(intent):
            reason = "too few observations; a person decides"
            return Judgement("volatility", Outcome.PASS, "unavailable", f"{limit:g}x", reason)
        reason = "volatility is unavailable: too few observations"
        return _refuse("volatility", "unavailable", f"{limit:g}x", reason)
    ratio = vol / average
    if ratio > limit and not snapshot.reduces(intent):
        reason = f"volatility is {ratio:.2f} times its average"
        return _refuse("volatility", f"{ratio:.2f}x", f"{limit:g}x", reason)
    return _pass("volatility", f"{ratio:.2f}x", f"{limit:g}x")


def correlation(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Safety gate: how much the largest holdings move together, the order counted."""
    limit = snapshot.limits.max_correlation
    values = exposure.signed_values(snapshot, intent)
    if values is not None and sum(value != 0.0 for value in values.values()) < 2:
        return _pass("correlation", "one holding", f"{limit:.2f}")
    found = None if values is None else snapshot.measures.correlation(values)
    if found is None:
        return _unmeasured("correlation", snapshot, intent, f"{limit:.2f}")
    if found > limit and not snapshot.reduces(intent):
        reason = f"the largest holdings would have a mean correlation of {found:.2f}"
        return _refuse("correlation", f"{found:.2f}", f"{limit:.2f}", reason)
    return _pass("correlation", f"{found:.2f}", f"{limit:.2f}")


def value_at_risk(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Safety gate: one-day 95 % value at risk of everything held, the order counted."""
    limit, equity = snapshot.limits.max_daily_var, snapshot.risk.equity
    values = exposure.signed_values(snapshot, intent)
    found = None if values is None else snapshot.measures.value_at_risk(values)
    if found is None or equity is None or equity <= 0:
        return _unmeasured("value_at_risk", snapshot, intent, f"{limit:.2%}")
    share = found / float(equity)
    if share > limit and not snapshot.reduces(intent):
        reason = f"the VaR would be {share:.2%} of equity"
        return _refuse("value_at_risk", f"{share:.2%}", f"{limit:.2%}", reason)
    return _pass("value_at_risk", f"{share:.2%}", f"{limit:.2%}")


def _unmeasured(rule: str, snapshot: RiskSnapshot, intent: OrderIntent, limit: str) -> Judgement:
    """Refuse strategies what the session has not seen enough of to measure."""
    if intent.strategy_id == HUMAN or snapshot.reduces(intent):
        reason = "too few samples of this session's prices; a person decides"
        return _pass(rule, "unavailable", limit, reason)
    reason = "unavailable: too few samples of this session's prices"
    return _refuse(rule, "unavailable", limit, reason)


def trade_count(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Safety gate: after many trades in a day, new orders become smaller."""
    count, limit = snapshot.risk.fills_today, snapshot.limits.attenuate_after_trades
    if count < limit or intent.strategy_id == HUMAN or snapshot.reduces(intent):
        return _pass("trade_count", count, limit)
    lot = snapshot.instrument.lot if snapshot.instrument is not None else Decimal(1)
    share = Decimal(str(snapshot.limits.attenuation))
    smaller = money.to_quantity(intent.quantity * share, lot)
    if smaller <= 0:
        reason = f"{count} trades today, and the order is too small to be made smaller"
        return _refuse("trade_count", count, limit, reason)
    return Judgement(
        "trade_count",
        Outcome.MODIFY,
        value=str(count),
        limit=str(limit),
        reason=f"{count} trades today: quantity times {share}",
        intent=msgspec.structs.replace(intent, quantity=smaller),
    )


def agreement(snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    """Safety gate: a swarm of which nearly all stand on one side is a herd, not a proof."""
    share, limit = snapshot.agreement, snapshot.limits.max_agreement
    if share is None:
        reason = f"no swarm has spoken about {intent.instrument_id} of late"
        return Judgement("agreement", Outcome.UNAVAILABLE, "unavailable", f"{limit:.0%}", reason)
    if share > limit and not snapshot.reduces(intent):
        reason = f"{share:.0%} of the swarm's agents stand on one side"
        return _refuse("agreement", f"{share:.1%}", f"{limit:.0%}", reason)
    return _pass("agreement", f"{share:.1%}", f"{limit:.0%}")


_RULES: tuple[tuple[str, Review], ...] = (
    ("system_state", system_state),
    ("strategy_enabled", strategy_enabled),
    ("instrument", instrument_tradable),
    ("market_orders", market_orders),
    ("order_sanity", order_sanity),
    ("fresh_price", fresh_price),
    ("price_collar", price_collar),
    ("max_order_quantity", max_order_quantity),
    ("max_order_notional", max_order_notional),
    ("max_position", max_position),
    ("max_gross", max_gross),
    ("max_net", max_net),
    ("buying_power", buying_power),
    ("duplicate_order", duplicate_order),
    ("order_rate", order_rate),
    ("max_open_orders", max_open_orders),
    ("daily_loss", daily_loss),
    ("max_drawdown", max_drawdown),
    ("daily_notional", daily_notional),
    ("self_match", self_match),
    ("unattended_orders", unattended_orders),
    ("agreement", agreement),
    ("concentration", concentration),
    ("volatility", volatility_surge),
    ("correlation", correlation),
    ("value_at_risk", value_at_risk),
    ("trade_count", trade_count),
)


def standard_checks() -> tuple[Check, ...]:
    """Return the checks of the house in their fixed order."""
    return tuple(Rule(rule, judge) for rule, judge in _RULES)


def safety_gate(snapshot: RiskSnapshot, intent: OrderIntent) -> tuple[Judgement, ...]:
    """Return what the deterministic safety gate says of an order: no model takes part in it.

    Agreement, drawdown, concentration, volatility, number of trades, correlation; the same rules
    stand in the chain that the order passes later.
    """
    return tuple(judge(snapshot, intent) for judge in _SAFETY_GATE)


_SAFETY_GATE: tuple[Review, ...] = (
    agreement,
    max_drawdown,
    concentration,
    volatility_surge,
    trade_count,
    correlation,
)
