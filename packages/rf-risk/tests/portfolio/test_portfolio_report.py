import math

import numpy as np
import pytest

from rf_risk.portfolio import (
    Holding,
    align_by_date,
    component_var,
    historical_var,
    ledoit_wolf,
    sample_covariance,
    student_t_var,
    var_report,
)

SYMBOLS = ("AAA", "BBB", "CCC")
HELD = [Holding("AAA", 100.0, 50.0), Holding("BBB", -30.0, 80.0), Holding("CCC", 10.0, 20.0)]


def series(n=400):
    rng = np.random.default_rng(1)
    returns = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.5, 0.2], [0, 1, 0.3], [0, 0, 1]]) * 0.01
    dates = np.datetime64("2024-01-01") + np.arange(n)
    px = 100.0 * np.cumprod(1.0 + returns, axis=0)
    return {symbol: (dates, px[:, i]) for i, symbol in enumerate(SYMBOLS)}


EXPOSURES = np.array([5_000.0, -2_400.0, 200.0])


@pytest.mark.parametrize("method", ["historical", "parametric", "student_t", "shrinkage"])
def test_report_lists_everything_and_its_parts_add_up(method):
    found = var_report(HELD, series(), method=method)
    assert found.gross_exposure == 7_600.0
    assert found.net_exposure == 2_800.0
    assert 0.0 < found.var_95_1d < found.var_99_1d < found.var_99_10d
    assert found.var_99_10d == pytest.approx(found.var_99_1d * math.sqrt(10))
    assert found.es_95_1d > found.var_95_1d
    assert found.var_95_1d_share == found.var_95_1d / 7_600.0
    assert found.observations == 252
    assert sum(found.components.values()) == pytest.approx(found.var_95_1d, rel=1e-9)
    assert found.last_date - found.first_date == np.timedelta64(252, "D")
    assert list(found.components) == list(SYMBOLS)


def test_each_method_is_its_own_formula():
    table = series()
    returns = align_by_date(table).returns[-252:]
    sample, shrunk = sample_covariance(returns), ledoit_wolf(returns)
    assert var_report(HELD, table).var_95_1d == pytest.approx(
        historical_var(returns @ EXPOSURES, 0.95).var
    )
    parametric = component_var(EXPOSURES, sample, 0.99)
    assert var_report(HELD, table, method="parametric").var_99_1d == pytest.approx(parametric.var)
    student = student_t_var(1.0, parametric.sigma, 5.0, 0.99).var
    assert var_report(HELD, table, method="student_t").var_99_1d == pytest.approx(student)
    found = var_report(HELD, table, method="shrinkage")
    assert found.shrinkage == shrunk.shrinkage
    assert found.var_95_1d == pytest.approx(component_var(EXPOSURES, shrunk.covariance, 0.95).var)


def test_prices_are_aligned_by_date_and_not_by_row():
    table = series()
    dates, px = table["BBB"]
    kept = np.delete(np.arange(400), [5, 380, 390])
    gappy = table | {"BBB": (dates[kept][::-1], px[kept][::-1])}
    found = var_report(HELD, gappy)
    everywhere = {symbol: (d[kept], p[kept]) for symbol, (d, p) in table.items()}
    assert found.dropped_dates == 3
    assert found[1:10] == var_report(HELD, everywhere)[1:10]
    assert found.var_99_1d != var_report(HELD, table).var_99_1d


def test_texts_and_numbers_are_dates_too():
    days = ["2024-01-02", "2024-01-01", "2024-01-04"]
    found = align_by_date({"A": (days, [2.0, 1.0, 4.0]), "B": (days[:2], [20.0, 10.0])})
    assert found.dates.tolist() == ["2024-01-01", "2024-01-02"]
    assert found.px.tolist() == [[1.0, 10.0], [2.0, 20.0]]
    assert found.returns.tolist() == [[1.0, 1.0]]


def test_holdings_of_one_symbol_are_added():
    split = [Holding("AAA", 60.0, 50.0), Holding("AAA", 40.0, 50.0), *HELD[1:]]
    assert var_report(split, series())[1:9] == pytest.approx(var_report(HELD, series())[1:9])


def test_a_symbol_that_stood_still_has_no_correlation_but_a_report():
    table = series() | {"CCC": (series()["CCC"][0], np.full(400, 7.0))}
    found = var_report(HELD, table, method="parametric")
    assert found.correlation is None
    assert found.components["CCC"] == 0.0


DAYS, PX = np.arange(40), np.full(40, 5.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: var_report([], series()),
        lambda: var_report([Holding("AAA", 0.0, 5.0)], series()),
        lambda: var_report([Holding("ZZZ", 1.0, 5.0)], series()),
        lambda: var_report([Holding("AAA", math.nan, 5.0)], series()),
        lambda: var_report([Holding("AAA", 1.0, 0.0)], series()),
        lambda: var_report(HELD, series(20)),
        lambda: var_report(HELD, series(), method="guess"),
        lambda: var_report(HELD, series(), window=1),
        lambda: align_by_date({}),
        lambda: align_by_date({"A": (DAYS, PX[:-1])}),
        lambda: align_by_date({"A": (np.zeros(40, int), PX)}),
        lambda: align_by_date({"A": (DAYS * 1.0, PX)}),
        lambda: align_by_date({"A": (DAYS, PX * 0.0)}),
        lambda: align_by_date({"A": (DAYS, PX * math.nan)}),
        lambda: align_by_date({"A": (np.full(40, np.datetime64("NaT", "D")), PX)}),
    ],
)
def test_bad_reports_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
