"""The paper venue under any mixture of orders, changes, market moves and time."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rf_common import Side
from rf_common.enums import Liquidity
from rf_common.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderUpdated,
)

LOT = Decimal("0.001")
LEVELS = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from([500, 1_000, 1_500, 3_000])),
    max_size=4,
    unique_by=lambda level: level[0],
).map(sorted)


class Venue(RuleBasedStateMachine):
    make_desk = None

    @initialize(seed=st.integers(0, 1_000), jitter=st.sampled_from([0.0, 15.0]))
    def open(self, seed, jitter):
        self.desk = self.make_desk(seed=seed, jitter_ms=jitter)
        self.mid = 10_000
        self.sent = {}
        self.limits = {}
        self.quantities = {}
        self.answers = []
        self.shown = {}
        self.used = {}
        self.halted = set()
        self.seen = set()
        self.display([(1, 1_000), (3, 3_000)], [(1, 1_000), (3, 3_000)])

    def display(self, bids, asks):
        """Show levels around the mid; our own memory of what was taken moves with them."""
        bids = [((self.mid - c) / 100, q / 1_000) for c, q in bids]
        asks = [((self.mid + c) / 100, q / 1_000) for c, q in asks]
        sides = ((Side.BUY, asks), (Side.SELL, bids))
        shown = {(side, px): qty for side, levels in sides for px, qty in levels}
        self.used = {k: q for k, q in self.used.items() if shown.get(k) == self.shown.get(k)}
        self.shown = shown
        self.desk.show(bids, asks)
        for side, quantity in self.collect().items():
            displayed = [Decimal(str(qty)) for (s, _), qty in shown.items() if s is side]
            assert quantity <= sum(displayed)

    def collect(self):
        """Look at the fills that are new at the venue, whoever has heard of them."""
        crossed = {}
        for fill in self.desk.report(*self.sent).executions:
            if fill.execution_id in self.seen:
                continue
            self.seen.add(fill.execution_id)
            side, px = fill.side, float(fill.price)
            if fill.liquidity is Liquidity.TAKER:
                assert (side, px) in self.shown
                self.used[side, px] = self.used.get((side, px), 0) + fill.quantity
                assert self.used[side, px] <= Decimal(str(self.shown[side, px]))
            else:
                assert fill.price in self.limits[fill.client_order_id]
                crossed[side] = crossed.get(side, Decimal(0)) + fill.quantity
            best = max(p * side.sign for p in self.limits[fill.client_order_id] or [fill.price])
            assert fill.price * side.sign <= best
            assert fill.quantity % LOT == 0
        return crossed

    @rule(
        side=st.sampled_from(["BUY", "SELL"]),
        lots=st.integers(1, 5_000),
        cents=st.none() | st.integers(-6, 6),
        stop=st.none() | st.integers(-6, 6),
        tif=st.sampled_from(["GTC", "DAY", "IOC", "FOK"]),
    )
    def send(self, side, lots, cents, stop, tif):
        prices = [None if c is None else str(Decimal(self.mid + c) / 100) for c in (cents, stop)]
        quantity = lots * LOT
        key = self.desk.send(side, str(quantity), prices[0], stop=prices[1], tif=tif)
        self.sent[key] = self.desk.order(
            side, str(quantity), prices[0], stop=prices[1], tif=tif, key=key
        )
        self.limits[key] = {Decimal(prices[0])} if cents is not None else set()
        self.quantities[key] = quantity

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 1_000))
    def send_again(self, pick):
        key = list(self.sent)[pick % len(self.sent)]
        self.desk.venue.send(self.sent[key], self.desk.now)

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 1_000))
    def cancel(self, pick):
        self.desk.cancel(list(self.sent)[pick % len(self.sent)])

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 1_000), lots=st.integers(1, 6_000), cents=st.integers(-6, 6))
    def change(self, pick, lots, cents):
        key = list(self.sent)[pick % len(self.sent)]
        price = Decimal(self.mid + cents) / 100
        self.desk.replace(key, str(lots * LOT), str(price))
        if self.limits[key]:
            self.limits[key].add(price)
            self.quantities[key] = max(self.quantities[key], lots * LOT)

    @rule(bids=LEVELS, asks=LEVELS, move=st.integers(-3, 3))
    def market(self, bids, asks, move):
        self.mid += move
        self.display(bids, asks)

    @rule(cents=st.integers(-8, 8), lots=st.integers(1, 4_000))
    def trade(self, cents, lots):
        self.desk.trade((self.mid + cents) / 100, lots / 1_000)
        made = self.collect()
        assert sum(made.values(), Decimal(0)) <= lots * LOT

    @rule(ms=st.floats(0.0, 60.0))
    def wait(self, ms):
        self.answers += self.desk.wait(ms)
        self.collect()

    @rule()
    def overnight(self):
        self.answers += self.desk.wait(86_400_000)
        self.collect()
        days = {k for k, r in self.sent.items() if r.time_in_force == "DAY"}
        today = self.desk.now - self.desk.now % 86_400_000_000_000
        travelling = self.desk.venue.next_due is not None and self.desk.venue.next_due >= today
        late = {o.client_order_id for o in self.desk.report().orders}
        assert travelling or not days & late

    @rule()
    def halt(self):
        gone = self.desk.venue.halt(self.desk.now)
        assert len(set(gone)) == len(gone)
        assert self.desk.report().orders == ()
        assert not self.halted & set(gone)
        self.halted |= set(gone)

    @invariant()
    def ledger_adds_up(self):
        report = self.desk.report(*self.sent)
        fills = report.executions
        total = sum((fill.quantity * fill.side.sign for fill in fills), Decimal(0))
        assert dict(report.positions).get("binance:BTCUSDT", Decimal(0)) == total
        assert len({fill.execution_id for fill in fills}) == len(fills)
        for order in report.orders:
            mine = [f for f in fills if f.client_order_id == order.client_order_id]
            assert order.filled == sum((f.quantity for f in mine), Decimal(0))
            assert order.filled <= order.quantity <= self.quantities[order.client_order_id]
            assert (order.filled == order.quantity) is (order.status == "FILLED")

    def teardown(self):
        if not hasattr(self, "desk"):
            return
        while self.desk.venue.next_due is not None:
            self.answers += self.desk.wait(100)
        fills = [event for event in self.answers if isinstance(event, OrderFilled)]
        assert sorted(f.execution_id for f in fills) == sorted(
            f.execution_id for f in self.desk.report(*self.sent).executions
        )
        for key in self.sent:
            if key not in self.halted:
                self.check_story([e for e in self.answers if e.client_order_id == key])

    def check_story(self, story):
        """An order is accepted first; after its end only refusals and repeats are told."""
        kinds = [type(event) for event in story if not isinstance(event, CancelRejected)]
        assert kinds[0] is OrderAccepted
        ends = [i for i, k in enumerate(kinds) if k in {OrderCanceled, OrderExpired}]
        assert len(ends) <= 1
        if ends:
            assert set(kinds[ends[0] + 1 :]) <= {OrderAccepted}
        assert set(kinds) <= {
            OrderAccepted,
            OrderFilled,
            OrderUpdated,
            OrderCanceled,
            OrderExpired,
        }


def test_the_venue_keeps_its_promises_whatever_comes(make_desk):
    bound = type("Bound", (Venue,), {"make_desk": staticmethod(make_desk)})
    run_state_machine_as_test(
        bound,
        settings=settings(deadline=None, max_examples=150, stateful_step_count=30),
    )
