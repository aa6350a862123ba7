"""The detector catches planted knowledge of the future, names it, and leaves the honest alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_backtest.validation import Trace, find_lookahead, warm_up_sensitivity

N = 240


@pytest.fixture
def bars():
    rng = np.random.default_rng(5)
    close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(N)))
    return {"close": close, "volume": rng.uniform(1.0, 2.0, N)}


def trailing(x, size):
    """Mean of the last `size` bars, NaN before there are so many."""
    out = np.full(x.size, np.nan)
    if x.size >= size:
        out[size - 1 :] = np.lib.stride_tricks.sliding_window_view(x, size).mean(axis=1)
    return out


def ema(x, span):
    out = np.empty(x.size)
    value = x[0]
    for place, new in enumerate(x):
        value += 2.0 / (span + 1.0) * (new - value)
        out[place] = value
    return out


def honest(data):
    fast, slow = trailing(data["close"], 5), trailing(data["close"], 20)
    with np.errstate(invalid="ignore"):
        return Trace(np.where(fast > slow, 1.0, 0.0), {"fast": fast, "slow": slow})


def tomorrow(data):
    close = data["close"]
    later = np.append(close[1:], np.nan)
    return Trace(np.where(later > close, 1.0, 0.0), {"later": later, "mean": trailing(close, 5)})


def centred(data):
    mean = np.roll(trailing(data["close"], 5), -2)
    mean[-2:] = np.nan
    with np.errstate(invalid="ignore"):
        return Trace(np.where(data["close"] > mean, 1.0, 0.0), {"smooth": mean})


def whole_sample(data):
    score = (data["close"] - data["close"].mean()) / max(data["close"].std(), 1e-9)
    return Trace(np.sign(np.round(score)), {"score": score})


def filled_backwards(data):
    mean = trailing(data["close"], 20)
    known = np.flatnonzero(np.isfinite(mean))
    if known.size:
        mean[: known[0]] = mean[known[0]]
    with np.errstate(invalid="ignore"):
        return Trace(np.where(data["close"] > mean, 1.0, 0.0), {"mean": mean})


def test_an_honest_strategy_is_clean_with_every_sampling(bars):
    for samples in (40, None, [0, 19, 20, N - 1]):
        told = find_lookahead(honest, bars, samples)
        assert told.clean
        assert told.checked


@pytest.mark.parametrize(
    ("strategy", "column"),
    [(tomorrow, "later"), (centred, "smooth"), (whole_sample, "score"), (filled_backwards, "mean")],
)
def test_planted_knowledge_of_the_future_is_caught_and_named(bars, strategy, column):
    told = find_lookahead(strategy, bars, range(5, N - 1))
    assert not told.clean
    names = [finding.column for finding in told.findings]
    assert column in names
    assert set(names) <= {"decision", column}
    finding = told.findings[names.index(column)]
    assert f"{column} at bar {finding.bar}" in str(finding)


def test_the_first_difference_is_the_bar_and_the_two_values(bars):
    (decision, later) = find_lookahead(tomorrow, bars, [50, 30, 40]).findings
    assert (later.bar, later.decided_at, later.bars) == (30, 30, 3)
    assert later.whole == bars["close"][31]
    assert np.isnan(later.cut)
    assert decision.column == "decision"
    # A window centred on its bar reaches two bars ahead, so the bar before the end differs too.
    (smooth,) = [f for f in find_lookahead(centred, bars, [60]).findings if f.column == "smooth"]
    assert (smooth.bar, smooth.decided_at) == (59, 60)


def test_knowledge_at_a_single_bar_is_found_when_decisions_are_all_checked(bars):
    def peeks_once(data):
        told = honest(data)
        decision = np.asarray(told.decision).copy()
        if decision.size > 121 and data["close"][121] > 0:
            decision[120] = -1.0
        return Trace(decision, told.columns)

    (finding,) = find_lookahead(peeks_once, bars, None).findings
    assert (finding.column, finding.bar, finding.whole) == ("decision", 120, -1.0)


def test_rounding_is_no_finding_but_a_millionth_is(bars):
    def with_error(size):
        def decide(data):
            return Trace(data["close"] * (1.0 + size * data["close"].size))

        return decide

    assert find_lookahead(with_error(1e-13), bars).clean
    assert not find_lookahead(with_error(1e-6), bars).clean


def test_a_strategy_that_spoils_its_data_does_not_spoil_ours(bars):
    before = bars["close"].copy()

    def spoils(data):
        data["close"][:] = 0.0
        return Trace(data["close"])

    assert find_lookahead(spoils, bars).clean
    assert bars["close"].tolist() == before.tolist()


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40), st.integers(1, 5), st.booleans())
def test_any_causal_filter_is_clean_and_its_mirror_is_not(values, lag, mirrored):
    """Shifted backwards it knows a value exactly when that value differs from what stands in."""
    x = np.array(values)

    def decide(data):
        close = data["close"]
        out = np.zeros(close.size)
        if lag < close.size:
            if mirrored:
                out[:-lag] = close[lag:]
            else:
                out[lag:] = close[:-lag]
        return Trace(out)

    told = find_lookahead(decide, {"close": x}, range(x.size))
    knows = mirrored and np.any(np.abs(x[lag:]) > 0.0)
    assert told.clean is not bool(knows)


def test_a_window_needs_its_length_and_a_recursion_needs_more(bars):
    told = warm_up_sensitivity(honest, bars, 20)
    assert told.multiples == (1, 2, 4, 8)
    assert told.agree == (1.0, 1.0, 1.0, 1.0)
    assert told.enough == 1

    def recursive(data):
        mean = ema(data["close"], 20)
        return Trace(np.where(data["close"] > mean, 1.0, 0.0), {"mean": mean})

    slow = warm_up_sensitivity(recursive, bars, 10, samples=range(80, N))
    assert list(slow.differ["mean"]) == sorted(slow.differ["mean"], reverse=True)
    assert slow.differ["mean"][0] > 1e-3
    # What is left of a wrong start after m bars is (19 / 21) ** m.
    assert slow.differ["mean"][3] < 1e-3
    assert slow.agree[0] < 1.0


def test_a_warm_up_that_is_declared_too_short_is_found(bars):
    told = warm_up_sensitivity(honest, bars, 5, samples=range(60, N))
    assert told.agree[0] < 1.0
    assert told.differ["slow"][0] == np.inf
    assert told.enough == 4  # 20 bars


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda bars: find_lookahead(honest, {}), "one length"),
        (lambda bars: find_lookahead(honest, {"close": [1.0], "volume": [1.0, 2.0]}), "one length"),
        (lambda bars: find_lookahead(honest, bars, [N]), "samples within 0"),
        (lambda bars: find_lookahead(honest, bars, 0), "samples of at least 1"),
        (lambda bars: find_lookahead(lambda data: Trace([1.0]), bars), "decision of 240 bars"),
        (lambda bars: warm_up_sensitivity(honest, bars, 0), "warm_up and multiples"),
        (lambda bars: warm_up_sensitivity(honest, bars, 100), "more than 800 bars"),
        (lambda bars: warm_up_sensitivity(honest, bars, 20, samples=[3]), "at or after bar 160"),
    ],
)
def test_what_cannot_be_checked_says_so(bars, call, match):
    with pytest.raises(ValueError, match=match):
        call(bars)


def test_columns_that_come_and_go_are_refused(bars):
    def moody(data):
        return Trace(data["close"], {f"c{data['close'].size}": data["close"]})

    with pytest.raises(ValueError, match="expected columns"):
        find_lookahead(moody, bars)
