import polars as pl
import pytest


def bars(path, days):
    px = [100.0 + i for i in range(len(days))]
    frame = {
        "date": days,
        "open": px,
        "high": px,
        "low": px,
        "close": px,
        "volume": [1.0] * len(px),
    }
    pl.DataFrame(frame).write_csv(path)


def test_a_file_with_every_session_of_the_exchange_is_whole(rf, workspace):
    # Good Friday, 10 April 2020, and the weekends are no sessions of New York
    bars("aapl.csv", ["2020-04-08", "2020-04-09", "2020-04-13", "2020-04-14"])
    ran = rf("backtest", "check", "--data", "aapl.csv", "--calendar", "XNYS", "--json")
    assert ran.code == 0
    (row,) = ran.json["data"]
    assert (row["sessions"], row["missing_sessions"], row["extra_days"]) == (4, 0, 0)
    assert row["gaps"] == 1


def test_missing_sessions_and_days_that_are_none_are_named(rf, workspace):
    bars("aapl.csv", ["2020-04-08", "2020-04-10", "2020-04-13", "2020-04-15"])
    ran = rf("backtest", "check", "--data", "aapl.csv", "--calendar", "XNYS")
    assert ran.code == 8
    assert "2 missing 2020-04-09 2020-04-14, 1 days that are none 2020-04-10" in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "aapl.csv", "--calendar", "MARS"), "--calendar MARS"),
        ((), "no data is named"),
    ],
)
def test_a_bad_call_is_told(rf, workspace, words, said):
    bars("aapl.csv", ["2020-04-08", "2020-04-09", "2020-04-13"])
    ran = rf("backtest", "check", *words)
    assert ran.code in {2, 7}
    assert said in ran.err
