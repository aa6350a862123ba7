import json
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rf_backtest import performance
from rf_backtest.result import BacktestResult, Fill, Trip
from rf_backtest.validation import measure, verdict
from rf_backtest.validation.measures import drawdown_table
from rf_backtest.validation.walking import optimise_forward
from rf_cli import backtest_series as series
from rf_cli.backtest_block import result_block, verdict_line
from rf_cli.backtest_drawing import Run
from rf_cli.backtest_figures import sections
from rf_cli.backtest_report import SweepSurface, report_html, write_report
from rf_common.enums import Liquidity, Side
from rf_common.errors import RfError

DAY = 86_400 * 10**9
HOSTILE = "</script><script>alert(1)</script><b onmouseover=x>&\u202e\x1b[2J"


def result_of(equity, *, names=("sim:AAPL",), trips=0, step=DAY, mark_px=None):
    """Return a result with round trips of one unit, bought at 100 and sold at 101, 102..."""
    n = len(equity)
    ts = 19_724 * DAY + np.arange(n, dtype=np.int64) * step  # 2024-01-02
    px = {name: np.linspace(100.0, 120.0, n) for name in names} if mark_px is None else mark_px
    fills, closed = [], []
    for number in range(trips):
        bought, sold = int(ts[2 * number % n]), int(ts[(2 * number + 1) % n])
        exit_price = Decimal(101 + number % 50)
        for when, side, price in ((bought, Side.BUY, Decimal(100)), (sold, Side.SELL, exit_price)):
            fills.append(
                Fill(
                    when, names[0], "m1", side, price, Decimal(1), Decimal("0.05"),
                    Liquidity.TAKER, f"c{len(fills)}", "deviation +198.0 bps",
                )
            )  # fmt: skip
        closed.append(
            Trip(
                names[0], "m1", Decimal(1), Decimal(100), exit_price, 2 * number, 2 * number + 1,
                bought, sold, Decimal("0.10"),
            )
        )  # fmt: skip
    equity = np.asarray(equity, dtype=np.float64)
    return BacktestResult(
        name="momentum", instruments=tuple(names), ts=ts, equity=equity, cash=equity / 2,
        gross=equity / 2, mark_px=px, fills=tuple(fills), trips=tuple(closed), orders=len(fills),
        refusals={}, rejected=(), fees=Decimal("0.10") * trips, slippage=12.5, borrow=3.25,
        periods_per_year=252.0, started=0, ended=0, warnings=(), data_hash="d1", config_hash="c2",
        output_hash="o3",
    )  # fmt: skip


def walk_of(n, *, seed=1, drift=0.0005):
    rng = np.random.default_rng(seed)
    return 100_000.0 * np.cumprod(1.0 + np.concatenate(([0.0], rng.normal(drift, 0.01, n - 1))))


def summary_of(result):
    measures = measure(result)
    hold = performance(np.diff(series.buy_and_hold(result)) / series.buy_and_hold(result)[:-1])
    return {
        "id": "bt-0001",
        "title": "momentum on sim:AAPL",
        "verdict": verdict(measures),
        "metrics": msgspec.to_builtins(measures),
        "benchmark": {
            "total_return": hold.total_return,
            "sharpe": hold.sharpe,
            "max_drawdown": -hold.drawdown.depth,
            "trades": 1,
        },
        "assumptions": {
            "data": "sim/AAPL 1d 300 bars",
            "costs": "taker 5 bp   spread 2 bp",
            "look-ahead": "ok (40 signals re-run on cut data)",
        },
        "warnings": ["2 bars had no volume"],
        "report": "backtests/bt-0001/report.html",
        "next": ["rf backtest walk momentum --folds 5"],
    }


class Page(HTMLParser):
    """Headings, visible text, scripts and attributes of a page."""

    def __init__(self, html):
        super().__init__()
        self.headings, self.words, self.scripts, self.attributes = [], [], [], []
        self.tags, self._inside = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.words.append(data)
            if self._inside == "h2":
                self.headings.append(data)

    @property
    def text(self):
        return " ".join(self.words)


@pytest.fixture(scope="module")
def full():
    """A page with everything on it: the result, its summary, the HTML."""
    result = result_of(walk_of(300), trips=30)
    summary = summary_of(result)
    rng = np.random.default_rng(2)
    sweep = SweepSurface(
        "fast", (5, 10), "slow", (20, 40, 60), rng.normal(size=(3, 2)), "sharpe",
        {"fast": 10, "slow": 40}, 6,
    )  # fmt: skip
    table = rng.normal(0.001, 0.01, (2, 300))
    folds = optimise_forward(
        lambda chosen, start, end: table[chosen["fast"] // 10][start:end], {"fast": [5, 10]}, 300,
        folds=3,
    )  # fmt: skip
    return result, summary, report_html(result, summary, sweep=sweep, folds=folds)


def test_the_page_tells_its_parts_in_the_order_of_the_specification(full):
    page = Page(full[2])
    assert page.headings == [
        "Assumptions",
        "Measures",
        "Equity against buy and hold",
        "Drawdown, five worst episodes",
        "Monthly returns",
        "Yearly returns",
        "Rolling Sharpe ratio and volatility",
        "Distribution of returns",
        "Exposure",
        "Trades on the price of sim:AAPL",
        "Cost breakdown",
        "Parameter surface: sharpe",
        "Walk-forward folds",
        "SHA-256",
    ]
    assert page.text.index("Verdict:") < page.text.index("Assumptions")


def test_every_figure_has_a_formula_and_a_table(full):
    result, summary, html = full
    run = Run(result, summary, series.buy_and_hold(result))
    for section in sections(run):
        assert section.formula
        assert section.figure is not None
        assert section.table.rows, section.title
        assert all(len(row) == len(section.table.columns) for row in section.table.rows)
    assert html.count('role="tooltip"') == html.count('class="tip"') >= 31


def test_measures_verdict_and_assumptions_are_those_of_the_summary(full):
    _, summary, html = full
    cells = re.search(r'class="measures">.*?</section>', html, re.DOTALL)[0]
    shown = re.findall(r"<td>([^<]*)</td><td>([^<]*)</td></tr>", cells)
    metrics, hold = summary["metrics"], summary["benchmark"]
    by_row = dict(
        zip(re.findall(r"<tr><td>([^<]+)<button", cells), shown, strict=True),
    )
    assert by_row["total return"] == (
        f"{metrics['total_return']:+.1%}",
        f"{hold['total_return']:+.1%}",
    )
    error = f"{metrics['sharpe']:,.2f} ± {1.959964 * metrics['sharpe_error']:.2f}"
    assert by_row["Sharpe ratio"] == (error, f"{hold['sharpe']:,.2f}")
    assert by_row["max drawdown"][0] == f"{-metrics['max_drawdown']:+.1%}"
    assert by_row["trades"] == ("30", "1")
    assert by_row["turnover a year"][0] == f"{metrics['turnover']:,.2f}"
    known = {f"{value:{form}}" for value in _numbers(metrics) | _numbers(hold)
             for form in (",.2f", "+.1%", ".1%", ",.0f")}  # fmt: skip
    known |= {f"{-metrics['max_drawdown']:+.1%}", f"{-hold['max_drawdown']:+.1%}", error, "", "n/a"}
    known |= {"0.0%"}
    assert {cell for row in shown for cell in row} <= known
    page = Page(html)
    assert summary["verdict"] in page.text
    for told in summary["assumptions"].values():
        assert told in page.text.replace("&nbsp;", " ")
    assert "2 bars had no volume" in page.text
    assert page.text.count("not told") == 3  # fill model, latency, time zone


def _numbers(tree):
    if isinstance(tree, dict):
        return set().union(*map(_numbers, tree.values()))
    return {float(tree)} if isinstance(tree, int | float) else set()


def test_the_tables_have_the_numbers_of_the_result(full):
    result, summary, _ = full
    hold = series.buy_and_hold(result)
    tables = {part.title: part.table.rows for part in sections(Run(result, summary, hold))}
    equity = dict((name, values) for name, *values in tables["Equity against buy and hold"])
    assert equity["at the end"] == [f"{result.equity[-1]:,.2f}", f"{hold[-1]:,.2f}"]
    growth = [f"{curve[-1] / curve[0] - 1:+.2%}" for curve in (result.equity, hold)]
    assert equity["total return"] == growth
    depths = [float(row[1].rstrip("%")) / 100 for row in tables["Drawdown, five worst episodes"]]
    told = [-episode.depth for episode in drawdown_table(result.returns())]
    assert depths == pytest.approx(told, abs=5e-5)
    costs = {name: value for name, value, _ in tables["Cost breakdown"]}
    assert costs["commission"] == "3.00"  # thirty trips of 0.10
    assert costs["total"] == "18.75"
    assert costs["P&L before costs"] == f"{result.equity[-1] - result.equity[0] + 18.75:,.2f}"
    trades = tables["Trades on the price of sim:AAPL"]
    assert [row[6] for row in trades] == [
        f"{trip.pnl:+,.2f}" for trip in series.extremes(result.trips, 20)
    ]
    assert tables["Distribution of returns"][0] == ("returns", "299")
    assert tables["Exposure"][1] == ("mean exposure", "50.0%")


def test_the_page_fetches_nothing(full):
    page = Page(full[2])
    assert {tag for tag in page.tags if tag in {"link", "img", "iframe", "base", "object"}} == set()
    assert not [value for _, name, value in page.attributes if name in {"src", "href", "action"}]
    policy = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content")]
    assert policy[0].startswith("default-src 'none'")
    assert "connect-src" not in policy[0]  # so that default-src rules it
    own = page.scripts[1:]
    assert len(own) == 11
    assert not [script for script in own if "http" in script]
    assert full[2].count("* plotly.js v") == 1


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser on this machine")
def test_a_browser_draws_every_figure(full, tmp_path):
    place = tmp_path / "page.html"
    place.write_text(full[2], encoding="utf-8")
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=390,844",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom",
        place.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.count('class="main-svg"') >= 11
    assert "js-plotly-plot" in done.stdout


def test_hostile_names_stay_text():
    result = result_of(walk_of(60), names=(HOSTILE,), trips=2)
    hostile_fills = tuple(
        msgspec.structs.replace(fill, reason=HOSTILE)
        if isinstance(fill, msgspec.Struct)
        else Fill(*[getattr(fill, name) for name in Fill.__slots__[:-1]], HOSTILE)
        for fill in result.fills
    )
    values = {name: getattr(result, name) for name in BacktestResult.__slots__}
    result = BacktestResult(**(values | {"fills": hostile_fills, "refusals": {HOSTILE: 1}}))
    sweep = SweepSurface(HOSTILE, (HOSTILE, "b"), "", (), np.ones((1, 2)), HOSTILE)
    summary = dict.fromkeys(("id", "title", "verdict"), HOSTILE)
    summary |= {"assumptions": {HOSTILE: HOSTILE}, "warnings": [HOSTILE]}
    html = report_html(result, summary, sweep=sweep)
    page = Page(html)
    plain = Page(report_html(result_of(walk_of(60), trips=2), {}, sweep=sweep._replace(x=("a",
        "b"), x_name="fast", metric="m")))  # fmt: skip
    assert page.tags.count("script") == plain.tags.count("script")
    assert "b" not in {tag for tag, _, _ in page.attributes}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    body = html[html.index("<h1>") :]
    assert "\x1b" not in body
    assert "\u202e" not in body
    assert not [script for script in page.scripts[1:] if "<" in script]
    labels = json.loads(re.search(r"const f=(\{.*\});Plotly", page.scripts[8])[1])
    assert "&lt;" in labels["data"][0]["name"]  # plotly reads HTML in names


def test_a_run_without_trades_is_a_page():
    result = result_of(np.full(40, 100_000.0))
    page = Page(report_html(result, {}))
    assert "no verdict: it was not computed" in page.text
    assert "There was no fill." in page.text
    assert "Equity never fell below an earlier value." in page.text
    assert "n/a" in page.text


@pytest.mark.parametrize("points", [0, 1, 2, 3, 29])
def test_short_runs_are_pages(points):
    result = result_of(walk_of(points) if points else [], trips=min(points, 1))
    page = Page(report_html(result, {}))
    assert "Cost breakdown" in page.headings
    assert ("Equity against buy and hold" in page.headings) == (points >= 2)
    if points >= 2:
        note = f"Not drawn: it needs 30 returns, there are {points - 1};"
        assert note in page.text


def test_instruments_without_a_price_are_pages_too():
    nan = np.full(40, np.nan)
    result = result_of(walk_of(40), names=("sim:A", "sim:B"), mark_px={"sim:A": nan})
    page = Page(report_html(result, {}))
    assert "Trades on the price of sim:A" in page.headings
    assert series.buy_and_hold(result) is None
    unknown = BacktestResult(
        **{name: getattr(result, name) for name in BacktestResult.__slots__}
        | {"periods_per_year": float("nan")}
    )
    assert "a known number of them a year, it is n/a" in Page(report_html(unknown, {})).text


def test_equity_at_zero_is_told_and_nothing_is_divided_by_it():
    result = result_of([100.0, 50.0, 0.0, -5.0])
    page = Page(report_html(result, {}))
    assert "equity was not above 0 at 2024-01-04" in page.text
    assert "Drawdown, five worst episodes" not in page.headings


def test_long_runs_are_thinned_and_say_so(tmp_path):
    result = result_of(walk_of(50_000), trips=3_000, step=60 * 10**9)
    path = write_report(result, {}, tmp_path / "r.html")
    assert path.stat().st_size < 7_000_000
    text = Page(path.read_text(encoding="utf-8")).text
    assert "at most 2,000 of 50,000 points" in text
    assert "Marked: 600 of 3,000 fills that buy." in text
    assert "In the table: the 20 best and worst of 3,000 trades." in text


def test_many_instruments_have_a_few_charts():
    names = tuple(f"sim:S{i}" for i in range(9))
    page = Page(report_html(result_of(walk_of(50), names=names), {}))
    assert sum(title.startswith("Trades on") for title in page.headings) == 4
    assert "5 more instruments have no chart here." in page.text
    assert "and 3 more" in page.text


def test_a_banner_takes_the_place_of_the_verdict():
    summary = {"verdict": "distinguishable", "banner": "the model may remember this period"}
    assert verdict_line(summary) == "no verdict: the model may remember this period"
    assert "distinguishable" not in result_block(summary)


def test_a_benchmark_of_its_own_is_compared_with():
    result = result_of(walk_of(30))
    html = report_html(result, {}, benchmark=np.full(29, 0.01))
    assert f"{100_000 * 1.01**29:,.2f}" in html
    for wrong in (np.zeros(30), np.full(29, np.nan)):
        with pytest.raises(ValueError, match="benchmark: expected 29 finite returns"):
            report_html(result, {}, benchmark=wrong)


def test_a_page_that_cannot_be_written_is_an_error_of_the_call(tmp_path):
    result = result_of(walk_of(5))
    for path, message in (
        (tmp_path / "page.txt", "expected a name that ends with .html"),
        (tmp_path / "missing" / "page.html", "it cannot be written: No such file"),
    ):
        with pytest.raises(RfError, match=message):
            write_report(result, {}, path)
        assert not path.exists()


def test_the_block_has_the_form_of_the_specification(full):
    block = result_block(full[1] | {"metrics": {
        "total_return": 0.061, "sharpe": 0.41, "sharpe_error": 0.709, "max_drawdown": 0.089,
        "trades": 38, "win_rate": 0.47, "profit_factor": 1.18, "costs": {"share": 0.009},
    }, "benchmark": {"total_return": 0.098, "sharpe": 0.63, "max_drawdown": -0.142, "trades": 2},
        "verdict": "not distinguishable from luck"})  # fmt: skip
    assert block.splitlines() == [
        "data      sim/AAPL 1d 300 bars",
        "costs     taker 5 bp   spread 2 bp",
        "bias      ok (40 signals re-run on cut data)",
        "",
        "                      strategy   buy+hold",
        "total return             +6.1%      +9.8%",
        "sharpe                    0.41       0.63   ± 1.39 (95 %)",
        "max drawdown             -8.9%     -14.2%",
        "trades                      38          2   win 47%   profit factor 1.18",
        "cost of trading          -0.9%",
        "verdict   not distinguishable from luck",
        "warning   2 bars had no volume",
        "",
        "saved     bt-0001   report  backtests/bt-0001/report.html",
        "next      rf backtest walk momentum --folds 5",
    ]


def test_the_block_cannot_steer_a_terminal():
    assert "\x1b" not in result_block({"verdict": HOSTILE, "warnings": [HOSTILE]})


def test_buy_and_hold_buys_each_at_its_first_price_and_keeps_the_last_over_gaps():
    nan = np.nan
    px = {"a:A": np.array([nan, 10.0, nan, 20.0]), "a:B": np.array([5.0, 5.0, 10.0, 10.0])}
    result = result_of([100.0] * 4, names=("a:A", "a:B"), mark_px=px)
    assert series.buy_and_hold(result).tolist() == [100.0, 100.0, 150.0, 200.0]


def test_months_are_those_of_the_returns_compounded():
    equity = walk_of(400)
    found = series.calendar(result_of(equity).ts, equity, "M")
    assert np.prod(1.0 + found.returns) == pytest.approx(equity[-1] / equity[0], rel=1e-12)
    assert found.names[:2] == ("2024-01", "2024-02")
    assert found.returns[0] == pytest.approx(equity[29] / equity[0] - 1.0)  # 31 January


def test_the_worst_episodes_are_those_of_the_validation():
    result = result_of(walk_of(500, seed=5))
    told = [(round(-e.depth, 12), e.peak, e.trough, e.recovery) for e in
            drawdown_table(result.returns())]  # fmt: skip
    assert [tuple(episode) for episode in series.episodes(result.equity)] == told


@settings(deadline=None, max_examples=60)
@given(
    returns=arrays(np.float64, st.integers(12, 60), elements=st.floats(-0.1, 0.1)),
    window=st.integers(2, 12),
)
def test_rolling_ratios_are_those_of_each_window(returns, window):
    ratio, vol = series.rolling(returns, window, 252.0)
    for end in range(window, returns.size + 1):
        part = returns[end - window : end]
        deviation = part.std(ddof=1)
        largest = max(1e-4 * returns.std(), 1e-12 * np.abs(returns).max())
        if deviation <= largest:  # as good as flat
            assert vol[end - window] <= 10.0 * largest * 252**0.5
            continue
        assert vol[end - window] == pytest.approx(deviation * 252**0.5, rel=1e-5)
        wanted = part.mean() / deviation * 252**0.5
        assert ratio[end - window] == pytest.approx(wanted, rel=1e-5, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    values=arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6)),
    most=st.integers(4, 50),
)
def test_thinning_keeps_ends_and_extremes(values, most):
    chosen = series.drawn(values, most)
    assert chosen.size <= max(most, 4)
    assert (chosen[0], chosen[-1]) == (0, values.size - 1)
    assert values[chosen].max() == values.max()
    assert values[chosen].min() == values.min()
    assert (np.diff(chosen) > 0).all()
