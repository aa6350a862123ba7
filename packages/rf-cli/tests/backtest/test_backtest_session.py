"""A run beside a recorded session: equal fills are equal, each other one has its reason."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest

from rf_cli.exits import Exit
from rf_common.events import Envelope, OrderFilled, Timer
from rf_common.orders import OrderRequest, Refusal, SubmitOrder
from rf_engine import EngineConfig
from rf_persistence import Journal, JournalConfig, session_header


def fills_of(data_dir):
    with (data_dir / "backtests/bt-0001/fills.csv").open() as file:
        return list(csv.DictReader(file))


def filled(row, *, price=None):
    """Return the event of a fill, as a session has it."""
    return OrderFilled(
        row["order"],
        row["instrument"],
        int(row["ts"]),
        f"V-{row['fill']}",
        f"X-{row['fill']}",
        row["side"],
        Decimal(price or row["price"]),
        Decimal(row["quantity"]),
        Decimal(row["fee"].lstrip("'")),
        row["liquidity"],
    )


def submitted(row):
    request = OrderRequest(
        row["order"], row["strategy"], row["instrument"], row["side"], Decimal(row["quantity"]),
        "LIMIT", Decimal(row["price"]), None, "GTC", False, "strategy", "",
    )  # fmt: skip
    return SubmitOrder(request, float(row["price"]))


def write_session(data_dir, steps):
    """Write a session of payloads and outputs; return its name."""
    now = steps[0][0].ts_event
    fields = {"started": now, "source": "recording", "seed": 7, "version": "0.1.0"}
    header = session_header(EngineConfig(), "K7QW3ZPA", (), **fields)
    journal = Journal.create(data_dir / "paper", header, JournalConfig())
    for seq, (payload, outputs) in enumerate(steps, start=1):
        journal.append(Envelope(seq, payload.ts_event, payload), outputs)
    journal.commit()
    journal.close(True, "0" * 64)
    return header.session_id


@pytest.fixture
def rows(rf, momentum, data_dir):
    assert rf("backtest", "run", *momentum).code == Exit.OK
    return fills_of(data_dir)


def steps_of(rows):
    return [(filled(row), (submitted(row),)) for row in rows]


def test_a_session_with_the_same_fills_is_equal(rf, rows, data_dir):
    orders = [(Timer("start", int(rows[0]["ts"])), tuple(map(submitted, rows)))]
    write_session(data_dir, orders + [(filled(row), ()) for row in rows])
    ran = rf("backtest", "compare", "bt-0001", "--session", "latest")
    assert (ran.code, "EQUAL" in ran.out) == (Exit.OK, True), ran.out + ran.err


def test_each_difference_from_a_session_has_its_reason(rf, rows, data_dir):
    assert len(rows) > 8
    refused = rows[4]
    refusal = Refusal(
        refused["strategy"], refused["instrument"], refused["side"], Decimal(refused["quantity"]),
        None, "price_collar", "6 %", "5 %", "too far", "strategy",
    )  # fmt: skip
    steps = [(Timer("start", int(rows[0]["ts"])), tuple(map(submitted, rows)))]
    for number, row in enumerate(rows):
        if number == 4:
            steps.append((Timer("beat", int(row["ts"])), (refusal,)))
        elif number == 2:
            dearer = str(Decimal(row["price"]) * Decimal("1.001"))
            steps.append((filled(row, price=dearer), ()))
        elif number != 6:
            steps.append((filled(row), ()))
    name = write_session(data_dir, steps)
    data = rf("--json", "backtest", "compare", "bt-0001", "--session", name).json["data"]
    reasons = [row["reason"] for row in data["rows"]]
    assert data["equal"] == len(rows) - 3
    assert reasons == [
        "price +10.00 bp",
        f"refused by price_collar in {name}",
        f"no such order in {name}",
    ]


def test_fills_of_other_strategies_do_not_count(rf, rows, data_dir):
    orders = [(Timer("start", int(rows[0]["ts"])), tuple(map(submitted, rows)))]
    stranger = dict(rows[0]) | {"order": "RF-P-OTHER", "fill": "999"}
    steps = orders + [(filled(row), ()) for row in rows] + [(filled(stranger), ())]
    write_session(data_dir, [*steps[:-1], steps[-1]])
    assert rf("backtest", "compare", "bt-0001", "--session", "latest").code == Exit.OK
