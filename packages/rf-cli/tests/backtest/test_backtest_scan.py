import math

import polars as pl
import pytest


@pytest.fixture
def closes(workspace):
    px = [100.0 + 8 * math.sin(0.07 * i) + 3 * math.sin(0.011 * i * i) for i in range(600)]
    dates = pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 8, 22), eager=True)
    pl.DataFrame(
        {"date": dates, "open": px, "high": [p + 1 for p in px], "low": [p - 1 for p in px],
         "close": px, "volume": [1_000.0] * 600}
    ).write_csv("aapl.csv")  # fmt: skip


GRID = ("--grid", "fast=5:20:5", "--grid", "slow=30:60:10")


def test_every_set_is_tried_and_the_best_are_shown(rf, closes):
    told = rf("backtest", "scan", "sma_cross", "--data", "aapl.csv", *GRID, "--json").json["data"]
    assert (told["sets"], told["bars"]) == (16, 600)
    sharpes = [row["sharpe"] for row in told["best"]]
    assert sharpes == sorted(sharpes, reverse=True)
    assert len(sharpes) == 10
    assert 0.0 <= told["deflated_sharpe"] <= 1.0


def test_the_table_does_not_depend_on_the_threads(rf, closes):
    one, two = (
        rf("backtest", "scan", "sma_cross", "--data", "aapl.csv", *GRID, *more, "--json")
        for more in ((), ("--threads", "2"))
    )
    assert one.json["data"]["best"] == two.json["data"]["best"]


def test_people_see_a_verdict(rf, closes):
    ran = rf("backtest", "scan", "sma_cross", "--data", "aapl.csv", *GRID)
    assert ran.code == 0
    assert "ns a bar and set" in ran.out
    assert "verdict   the best is" in ran.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nonsense",), 2, "expected one of sma_cross"),
        (("sma_cross", "--data", "aapl.csv"), 2, "an axis for each of fast, slow"),
        (("sma_cross", *GRID), 7, "no data"),
        (("sma_cross", "--data", "aapl.csv", "--grid", "fast=0:2:1", "--grid", "slow=5:6:1"), 2,
         "sma_cross"),
    ],
)  # fmt: skip
def test_a_bad_call_is_told(rf, closes, words, code, said):
    ran = rf("backtest", "scan", *words)
    assert ran.code == code
    assert said in ran.err
