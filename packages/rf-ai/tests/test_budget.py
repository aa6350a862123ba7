"""The budget holds: in parallel, over restarts, against any order of calls."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from rf_ai.budget import Budget, Reservation
from rf_ai.config import AiConfig
from rf_ai.errors import BudgetExhausted, BudgetUnusable
from rf_ai.prices import Usage
from rf_common.clock import NANOS_PER_SECOND, UnixNanos, from_iso

NOON = from_iso("2026-11-25T12:00:00-05:00")
HOUR = 3_600 * NANOS_PER_SECOND
DAY = 24 * HOUR
CENT = Decimal("0.01")


def config(**changes):
    base = {
        "cap_day_usd": Decimal("0.10"),
        "cap_month_usd": Decimal("1.00"),
        "calls_per_hour_per_symbol": 1_000,
    }
    return AiConfig(**base | changes)


def reserve(budget, name, worst=CENT, symbol="AAPL", now=NOON, model="m"):
    return budget.reserve(name, symbol, worst, model=model, now=now)


@pytest.fixture
def budget(tmp_path):
    return Budget(tmp_path / "budget.db", config())


def test_a_call_reserves_its_worst_case_and_is_settled_at_its_cost(budget):
    held = reserve(budget, "a", Decimal("0.06"))
    assert budget.report(NOON).day_usd == Decimal("0.06")
    assert budget.report(NOON).open_usd == Decimal("0.06")

    budget.settle(held, Decimal("0.001234567"), usage=Usage(input_tokens=10, output_tokens=3))

    report = budget.report(NOON)
    assert report.day_usd == report.month_usd == Decimal("0.001234567")
    assert report.open_usd == 0
    assert (report.calls_day, report.calls_month) == (1, 1)


def test_a_cap_is_reached_exactly_and_not_passed(budget):
    for name in "abcdefghij":
        reserve(budget, name)

    with pytest.raises(BudgetExhausted):
        reserve(budget, "k", Decimal("0.000000001"))

    assert budget.report(NOON).day_usd == Decimal("0.10")


def test_the_message_names_the_cap_and_what_was_used(tmp_path):
    budget = Budget(tmp_path / "b.db", AiConfig())
    for number in range(10):
        held = budget.reserve(f"c{number}", f"S{number}", Decimal("0.2"), model="m", now=NOON)
        budget.settle(held, Decimal("0.2"))

    with pytest.raises(BudgetExhausted) as caught:
        budget.reserve("more", "AAPL", CENT, model="m", now=NOON)

    assert caught.value.cap == "day"
    assert (caught.value.code, caught.value.exit_code) == ("RF-A-005", 12)
    assert caught.value.render() == (
        "RF-A-005  AI budget for today is used up: $2.00 of $2.00 (10 calls)\n"
        "          Dexter answers from offline rules until 00:00 ET and says so\n"
        "          fix: rf ai budget --day 3.00        where it went: rf ai cost --by symbol"
    )


def test_what_does_not_fit_is_told_with_its_worst_case(budget):
    reserve(budget, "a", Decimal("0.06"))

    with pytest.raises(BudgetExhausted, match=r"\$0.0600 of \$0.10 \(1 calls\), the next call may"):
        reserve(budget, "b", Decimal("0.05"))


def test_the_month_has_its_own_cap(tmp_path):
    budget = Budget(tmp_path / "b.db", config(cap_month_usd=Decimal("0.15")))
    first = from_iso("2026-11-02T12:00:00-05:00")
    budget.settle(reserve(budget, "a", Decimal("0.10"), now=first), Decimal("0.10"))

    reserve(budget, "b", Decimal("0.05"))
    with pytest.raises(BudgetExhausted) as caught:
        reserve(budget, "c", CENT)

    assert caught.value.cap == "month"
    assert "this month" in caught.value.message


def test_calls_are_limited_per_symbol_in_any_hour(tmp_path):
    budget = Budget(tmp_path / "b.db", config(calls_per_hour_per_symbol=2))
    reserve(budget, "a", now=UnixNanos(NOON - HOUR // 2))
    reserve(budget, "b")

    with pytest.raises(BudgetExhausted) as caught:
        reserve(budget, "c")
    assert caught.value.cap == "hour"
    assert "AI calls for AAPL are used up: 2 of 2" in caught.value.message

    reserve(budget, "d", symbol="TSLA")
    reserve(budget, "e", now=UnixNanos(NOON + HOUR // 2 + 1))


def test_the_day_ends_at_midnight_in_new_york(budget):
    late = from_iso("2026-11-25T23:59:59-05:00")
    early = from_iso("2026-11-26T00:00:00-05:00")
    reserve(budget, "a", Decimal("0.10"), now=late)

    with pytest.raises(BudgetExhausted):
        reserve(budget, "b", now=late)
    reserve(budget, "c", now=early)

    assert budget.report(late).day_ends == early
    assert budget.report(early).calls_day == 1
    assert budget.report(early).calls_month == 2
    assert budget.report(late).zone == "ET"


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08T12:00:00-04:00", 23), ("2026-11-01T12:00:00-05:00", 25)]
)
def test_days_of_23_and_25_hours_are_whole_days(budget, day, hours):
    now = from_iso(day)
    start = budget.report(UnixNanos(now - DAY)).day_ends

    assert (budget.report(now).day_ends - start) / HOUR == hours


def test_a_retry_is_the_same_call(budget):
    first = reserve(budget, "a", Decimal("0.05"))
    again = reserve(budget, "a", Decimal("0.05"))

    assert first == again
    assert budget.report(NOON).calls_day == 1
    assert budget.report(NOON).day_usd == Decimal("0.05")


def test_a_settled_call_is_not_called_again(budget):
    budget.settle(reserve(budget, "a"), CENT)

    with pytest.raises(ValueError, match="'a', which is settled"):
        reserve(budget, "a")


def test_nothing_is_settled_twice(budget):
    held = reserve(budget, "a")
    budget.settle(held, CENT)

    with pytest.raises(ValueError, match="expected an open call"):
        budget.settle(held, CENT)
    assert budget.report(NOON).day_usd == CENT


def test_an_unknown_cost_is_the_worst_case(budget):
    assert budget.settle(reserve(budget, "a", Decimal("0.07")), None) == Decimal("0.07")


def test_a_released_call_costs_nothing_and_may_be_made_again(budget):
    budget.release(reserve(budget, "a", Decimal("0.10")))

    assert budget.report(NOON).calls_day == 0
    reserve(budget, "a", Decimal("0.10"))


def test_a_restart_resets_nothing(tmp_path):
    path = tmp_path / "b.db"
    budget = Budget(path, config())
    budget.settle(reserve(budget, "a", Decimal("0.06")), Decimal("0.06"))
    reserve(budget, "crashed", Decimal("0.04"))
    del budget

    again = Budget(path, config())

    assert again.report(NOON).day_usd == Decimal("0.10")
    with pytest.raises(BudgetExhausted):
        reserve(again, "b", Decimal("0.01"))


def test_a_forgotten_reservation_counts_until_it_is_too_old(tmp_path):
    budget = Budget(tmp_path / "b.db", config(reservation_age_s=7_200))
    reserve(budget, "crashed", Decimal("0.10"))

    with pytest.raises(BudgetExhausted):
        reserve(budget, "b", now=UnixNanos(NOON + 2 * HOUR - 1))
    reserve(budget, "c", now=UnixNanos(NOON + 2 * HOUR))


def test_caps_can_be_changed_for_everybody_and_are_kept(tmp_path):
    path = tmp_path / "b.db"
    one, other = Budget(path, config()), Budget(path, config())
    reserve(one, "a", Decimal("0.10"))

    caps = one.set_caps(now=NOON, day_usd=Decimal("0.50"), calls_per_hour=7)

    assert (caps.day_usd, caps.month_usd, caps.calls_per_hour) == (Decimal("0.5"), Decimal(1), 7)
    reserve(other, "b", Decimal("0.40"))
    assert Budget(path, config()).report(NOON).caps == caps
    assert one.clear_caps().day_usd == Decimal("0.10")


def test_a_cap_can_be_lowered_below_what_was_used(budget):
    reserve(budget, "a", Decimal("0.06"))
    budget.set_caps(now=NOON, day_usd=Decimal("0.02"))

    with pytest.raises(BudgetExhausted, match=r"\$0.0600 of \$0.0200"):
        budget.check("AAPL", now=NOON)


def test_a_cap_of_nothing_lets_nothing_through(budget):
    budget.set_caps(now=NOON, day_usd=Decimal(0))

    with pytest.raises(BudgetExhausted):
        budget.check("AAPL", now=NOON)


def test_a_day_above_the_month_is_no_cap(budget):
    with pytest.raises(ValueError, match="up to the month's"):
        budget.set_caps(now=NOON, day_usd=Decimal(2))

    assert budget.report(NOON).caps.day_usd == Decimal("0.10")


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("inf"), Decimal(-1), 0.05, "0.05", None])
def test_what_is_no_amount_is_refused(budget, bad):
    with pytest.raises(ValueError, match="worst_usd"):
        reserve(budget, "a", bad)


def test_amounts_are_exact_and_rounded_up_below_a_billionth(budget):
    held = reserve(budget, "a", Decimal("0.0000000001"))

    assert held.worst_usd == Decimal("0.000000001")


def test_the_report_tells_where_it_went(budget):
    for number, (symbol, model, cost) in enumerate(
        [("AAPL", "cheap", "0.01"), ("AAPL", "strong", "0.03"), ("TSLA", "cheap", "0.02")]
    ):
        usage = Usage(input_tokens=600, cache_read_tokens=400, output_tokens=100)
        held = reserve(budget, f"c{number}", Decimal("0.03"), symbol=symbol, model=model)
        budget.settle(held, Decimal(cost), usage=usage)

    report = budget.report(NOON)

    assert [(s.name, s.calls, s.cost_usd) for s in report.by_symbol] == [
        ("AAPL", 2, Decimal("0.04")),
        ("TSLA", 1, Decimal("0.02")),
    ]
    assert [s.name for s in report.by_model] == ["cheap", "strong"]
    assert report.by_model[0].input_tokens == 2_000
    assert report.cache_hit == pytest.approx(0.4)


def test_an_empty_budget_has_no_cache_share(budget):
    assert budget.report(NOON).cache_hit is None


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "b.db"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(BudgetUnusable, match=r"b\.db") as caught:
        Budget(path, config())
    assert caught.value.code == "RF-A-014"


def test_a_locked_file_is_an_error_not_a_free_call(budget, tmp_path, monkeypatch):
    monkeypatch.setattr("rf_ai.budget._BUSY_S", 0.05)
    holder = sqlite3.connect(tmp_path / "budget.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(BudgetUnusable, match="locked"):
            reserve(budget, "a")
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def grab(path, who, calls):
    """Reserve and settle until the budget is used up; return what was spent."""
    budget = Budget(Path(path), config())
    spent = Decimal(0)
    for number in range(calls):
        try:
            held = reserve(budget, f"{who}-{number}", Decimal("0.009"), symbol=f"S{who}")
        except BudgetExhausted:
            continue
        spent += budget.settle(held, Decimal("0.007") if number % 2 else None)
    return spent


CHILD = f"""
import sys
from decimal import Decimal
from pathlib import Path
from rf_ai.budget import Budget
from rf_ai.config import AiConfig
from rf_ai.errors import BudgetExhausted
caps = AiConfig(cap_day_usd=Decimal("0.10"), calls_per_hour_per_symbol=1000)
budget, who, spent = Budget(Path(sys.argv[1]), caps), sys.argv[2], Decimal(0)
for number in range(6):
    try:
        held = budget.reserve(f"{{who}}-{{number}}", who, Decimal("0.009"), model="m", now={NOON})
    except BudgetExhausted:
        continue
    spent += budget.settle(held, Decimal("0.007") if number % 2 else None)
print(spent)
"""


def test_eight_threads_together_do_not_pass_the_cap(tmp_path):
    path = str(tmp_path / "b.db")
    Budget(Path(path), config())
    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(lambda who: grab(path, who, 6), range(8)))

    report = Budget(Path(path), config()).report(NOON)
    assert report.day_usd == spent
    assert Decimal("0.091") < spent <= Decimal("0.10")


def test_eight_processes_together_do_not_pass_the_cap(tmp_path):
    path = str(tmp_path / "b.db")
    Budget(Path(path), config())
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, path, str(who)], stdout=subprocess.PIPE, text=True
        )
        for who in range(8)
    ]
    spent = sum(Decimal(child.communicate(timeout=60)[0]) for child in running)
    assert [child.returncode for child in running] == [0] * 8

    report = Budget(Path(path), config()).report(NOON)
    assert report.day_usd == spent
    assert Decimal("0.091") < spent <= Decimal("0.10")


AMOUNTS = st.integers(0, 60_000_000).map(lambda nano: Decimal(nano) / 10**9)


class BudgetMachine(RuleBasedStateMachine):
    """Any order of reserving, settling, releasing, restarting: never above a cap."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "b.db"
        self.now = NOON
        self.open: list[Reservation] = []
        self.number = 0

    @initialize()
    def start(self):
        self.budget = Budget(self.path, config(reservation_age_s=31 * 86_400))

    @rule(worst=AMOUNTS, symbol=st.sampled_from(["AAPL", "TSLA"]))
    def reserve(self, worst, symbol):
        self.number += 1
        before = self.budget.report(self.now)
        try:
            held = reserve(self.budget, f"c{self.number}", worst, symbol=symbol, now=self.now)
        except BudgetExhausted as error:
            used = {"day": before.day_usd, "month": before.month_usd}[error.cap]
            cap = {"day": before.caps.day_usd, "month": before.caps.month_usd}[error.cap]
            assert used + worst > cap or (worst == 0 and used >= cap)
        else:
            self.open.append(held)

    @precondition(lambda self: self.open)
    @rule(at=st.integers(0, 50), share=st.integers(0, 100), known=st.booleans())
    def settle(self, at, share, known):
        held = self.open.pop(at % len(self.open))
        self.budget.settle(held, held.worst_usd * share / 100 if known else None)

    @precondition(lambda self: self.open)
    @rule(at=st.integers(0, 50))
    def release(self, at):
        self.budget.release(self.open.pop(at % len(self.open)))

    @precondition(lambda self: self.open)
    @rule(at=st.integers(0, 50))
    def retry(self, at):
        held = self.open[at % len(self.open)]
        before = self.budget.report(self.now)
        assert reserve(self.budget, held.call_id, held.worst_usd, now=self.now) == held
        assert self.budget.report(self.now) == before

    @rule()
    def restart(self):
        self.budget = Budget(self.path, config(reservation_age_s=31 * 86_400))

    @rule(hours=st.integers(1, 40))
    def wait(self, hours):
        self.now = UnixNanos(self.now + hours * HOUR)

    @invariant()
    def never_above_a_cap(self):
        if self.number:
            report = self.budget.report(self.now)
            assert report.day_usd <= report.caps.day_usd
            assert report.month_usd <= report.caps.month_usd
            assert report.day_usd <= report.month_usd

    def teardown(self):
        self.folder.cleanup()


BudgetMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestBudgetMachine = BudgetMachine.TestCase
