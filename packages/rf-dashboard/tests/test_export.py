from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import OrderStatus, Severity
from rf_common.orders import Notice
from rf_dashboard import DashboardState, Value
from rf_dashboard.export import (
    account_csv,
    alerts_csv,
    cell_text,
    fills_csv,
    orders_csv,
    positions_csv,
    to_csv,
)

ALL = (positions_csv, orders_csv, fills_csv, alerts_csv, account_csv)


def _rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@cmd", "'@cmd"),
        ("  =1", "'  =1"),
        ("\t=1", "' =1"),
        ("\x1b=1", "'=1"),
        ("＝1", "'＝1"),
        ("a\x00b\x1b[31m", "ab[31m"),
        (Decimal("-12.40"), "-12.40"),
        (Decimal("1E+3"), "1000"),
        (-0.5, "-0.5"),
        (7, "7"),
        (None, ""),
        (Value(value=Decimal("-1")), "-1"),
        (Value(reason="no price"), ""),
    ],
)
def test_cells_are_neutralised_and_numbers_stay_numbers(cell, text):
    assert cell_text(cell) == text


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
@settings(deadline=None, max_examples=200)
def test_no_text_becomes_a_formula_or_breaks_its_row(cells):
    text = to_csv(["h"] * len(cells), [cells])
    [_, read] = list(csv.reader(io.StringIO(text)))
    assert len(read) == len(cells)
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in read)
    assert not any(ord(char) < 32 for cell in read for char in cell)


def test_positions_are_exported_exactly(desk, make):
    assert positions_csv(desk, make.at(3)).splitlines() == [
        "instrument,quantity,average_price,mark,unrealised,realised,fees,stale,owners",
        "binance:BTCUSDT,-0.010,102.0,100.5,0.0150,1.25,0.02,,momentum:-0.010",
    ]


def test_orders_are_exported_with_their_reason(desk, make):
    desk.apply(make.order(9, OrderStatus.REJECTED, reason="=HYPERLINK(1)"), make.at(3))
    rows = _rows(orders_csv(desk, make.at(3)))
    assert [row["status"] for row in rows] == ["ACCEPTED", "REJECTED", "REJECTED"]
    assert rows[1]["reason"] == "'=HYPERLINK(1)"
    assert (rows[0]["limit_price"], rows[0]["created"]) == ("99.5", "2023-11-14T22:13:00.000Z")


def test_fills_are_exported_exactly(desk, make):
    [row] = _rows(fills_csv(desk, make.at(3)))
    assert (row["price"], row["quantity"], row["fee"], row["strategy"]) == (
        "99.5", "0.005", "0.0004975", "momentum",
    )  # fmt: skip


def test_alerts_are_exported_without_what_a_terminal_obeys(desk, make):
    desk.apply(Notice(Severity.CRITICAL, "RF-X-001", "@boo\x1b[2J\nnext"), make.at(3))
    [row] = _rows(alerts_csv(desk, make.at(3)))
    assert (row["severity"], row["text"], row["count"]) == ("critical", "'@boo[2J next", "1")


def test_unknown_amounts_are_empty_with_a_reason(make):
    rows = _rows(account_csv(DashboardState(), make.at(0)))
    assert {row["value"] for row in rows} == {""}
    assert {row["reason"] for row in rows} == {"the daemon has not told the account yet"}


def test_the_account_is_exported_in_its_currency(desk, make):
    row = _rows(account_csv(desk, make.at(3)))[0]
    assert (row["name"], row["value"], row["currency"], row["stale"]) == (
        "equity", "10024.50", "USDT", "",
    )  # fmt: skip


@pytest.mark.parametrize("table", ALL)
def test_an_empty_state_exports_a_header(table, make):
    assert table(DashboardState(), make.at(0)).splitlines()[0]


@pytest.mark.parametrize("table", ALL)
def test_every_row_has_as_many_cells_as_the_header(table, desk, make):
    lengths = {len(row) for row in csv.reader(io.StringIO(table(desk, make.at(3))))}
    assert len(lengths) == 1
