"""Every figure has its row, and one wrong digit is enough to lose it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai.figures import check_figures, is_supported
from rf_ai.reading import figures, plain
from rf_common.intelligence import ContextRow, RowKind


def row(row_id, text, kind=RowKind.FEATURE):
    return ContextRow(row_id, kind, text, "quant", 0)


ROWS = (
    row("F1", "px = 227.61"),
    row("F2", "rsi14 = 71.2, overbought"),
    row("F4", "garch_vol = 24.31 % per year"),
    row("F9", "imbalance = -0.41, ask-heavy"),
    row("S3", "bull/bear/neutral = 61.2 % / 22.1 % / 16.7 %, standard error 1.4 %", RowKind.SWARM),
    row("S5", "net_flow = 2,310,450", RowKind.SWARM),
    row("N1", "Supplier raises guidance by 4 % and rsi = 99", RowKind.NEWS),
)


def check(text, **options):
    return check_figures([text], ROWS, outside=("N1",), **options)


@pytest.mark.parametrize(
    "text",
    [
        "RSI(14) 71.2 [F2]",
        "RSI(14) is 71 [F2], overbought",
        "RSI at 71.2",
        "rsi14 = 71.2 [F2]",
        "volatility 24.31 % [F4], 24.3% [F4], 24 percent [F4] or 0.2431 [F4]",
        "bull 61.2 % against bear 22.1 % [S3]",
        "61.2/22.1/16.7 [S3]",
        "flow of 2,310,450 [S5] or 2.31M [S5] or 2.31 million [S5] or 2310k [S5]",
        "imbalance -0.41 [F9]",
        "imbalance \N{MINUS SIGN}0.41 [F9]",
        "the book is ask-heavy at 0.41 [F9]",
        "close below 227.61 [F1]",
        "the implied figures (24.31%, F4)",
        "guidance up 4 % [N1]",
        "within 2-5 days, over 20 trading days, at 13:40 or on 2026-11-25 or 25 Nov 2026",
        "EGARCH(1,1) and MACD(12,26,9) and S&P 500 in Q3",
        "standard error 140 bps [S3]",
        "no figure at all",
        "71.2 [F2][F4] and 24.31 % [F2, F4]",
        "RSI(14) [F2] at 71.2 and volatility [F4]: 24.31 %",
        "71.2 and 24.31 % [F2] and [F4]",
    ],
)
def test_what_a_row_holds_is_supported(text):
    report = check(text)
    assert report.ok, report


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("RSI(14) 71.3 [F2]", "71.3"),
        ("RSI(14) 17.2 [F2]", "17.2"),
        ("RSI(14) 71.20 % [F2]", "71.20 %"),
        ("RSI(99) is high", "99"),
        ("RSI 71.2 [F4]", "71.2"),
        ("vol 24.32 % [F4]", "24.32 %"),
        ("vol 24.31 [F2]", "24.31"),
        ("imbalance 0.41 [F9], bid-heavy", "0.41"),
        ("imbalance +0.41 [F9]", "+0.41"),
        ("bull 1 [S3]", "1"),
        ("rsi = 99", "99"),
        ("guidance up 4 %", "4 %"),
        ("guidance up 5 % [N1]", "5 %"),
        ("flow 2.32M [S5]", "2.32M"),
        ("flow 2,310,451 [S5]", "2,310,451"),
        ("RSI \N{ARABIC-INDIC DIGIT NINE}\N{ARABIC-INDIC DIGIT NINE} [F2]", "99"),
        ("RSI \N{FULLWIDTH DIGIT NINE}\N{FULLWIDTH DIGIT NINE} [F2]", "99"),
        ("7\N{ZERO WIDTH SPACE}2.9 [F2]", "72.9"),
        ("seventy percent [F4]", "seventy percent"),
        ("twice the usual", "twice"),
        ("rsi99 [F2]", "rsi99"),
        ("$1e9 [S5]", "$1e9"),
        ("12 may fall", "12"),
        ("RSI is high [F2, 99 %]", "99 %"),
        ("[RSI 99, F2]", "99"),
        ("RSI 71.2 [F2] and volatility 71.2 [F4]", "71.2"),
        ("[F4] is calm, RSI 24.31 % [F2]", "24.31 %"),
    ],
)
def test_what_no_row_holds_is_named(text, wrong):
    assert check(text).unsupported == (wrong,)


def test_a_row_that_does_not_exist_is_named():
    report = check("RSI(14) 71.2 [F99] and 24 % [F4]")
    assert report.unknown_rows == ("F99",)
    assert not report.ok


def test_a_citation_covers_the_figures_before_it_in_its_sentence_only():
    assert check("RSI 71.2 and vol 24.31 % [F4]").unsupported == ("71.2",)
    assert check("RSI 71.2. Vol is 24.31 % [F4]").ok


def test_a_figure_from_outside_needs_its_citation_and_counts_as_outside():
    assert check("rsi = 99 [N1]").ok
    assert not check("rsi = 99 [F2]").ok
    assert not check("rsi = 99").ok


def test_names_with_digits_are_no_figures():
    assert check("sim:AB12 is strong", names=("sim:AB12", "AB12")).checked == 0
    assert check("AB12 is strong").unsupported == ("AB12",)


def test_what_was_found_is_counted_and_cited_once():
    report = check("RSI 71.2 [F2], again 71 [F2], vol 24 % [F4]")
    assert report.checked == 3
    assert report.cited == ("F2", "F4")


def test_a_text_of_one_kind_of_digit_stays_as_it_is():
    assert plain("RSI(14) 71.2 [F2]") == "RSI(14) 71.2 [F2]"


def test_numbers_of_fields_are_compared_as_they_stand():
    assert is_supported(71.2, ROWS)
    assert is_supported(24.31, ROWS)
    assert not is_supported(71.0, ROWS)


VALUES = st.decimals(min_value="0.10", max_value="9999", places=2, allow_nan=False)


@given(VALUES, st.sampled_from(["", " %"]), st.data())
def test_changing_any_digit_of_a_supported_figure_makes_it_unsupported(value, unit, data):
    shown = f"{value}{unit}"
    rows = (row("F3", f"measure = {shown}"),)
    assert check_figures([f"It is {shown} [F3]."], rows).ok
    places = [m.start() for m in re.finditer(r"\d", shown)]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != shown[place]]))
    changed = shown[:place] + digit + shown[place + 1 :]
    assert check_figures([f"It is {changed} [F3]."], rows).unsupported == (changed,)


@given(VALUES, st.integers(0, 1))
def test_rounding_to_the_digits_shown_is_supported(value, places):
    rows = (row("F3", f"measure = {value}"),)
    shown = f"{value:.{places}f}"  # half to even; ours is half up
    near = abs(float(shown) - float(value)) <= 0.05 * float(value)
    half = f"{value}".rstrip("0").endswith("5")
    if near and not half:
        assert check_figures([f"It is {shown} [F3]."], rows).ok


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    report = check_figures([text], ROWS)
    assert report.checked >= 0
    assert len(figures(text)) >= 0
