from __future__ import annotations

from decimal import Decimal
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ingestion.mock import HOUSE_SYMBOLS, Group, preset_of
from rf_ingestion.mock.draws import Spells, ahead, generators, sizes
from rf_ingestion.mock.paths import path_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def test_presets_have_the_grids_and_calendars_of_their_kind() -> None:
    lots = {symbol: preset_of(symbol).lot for symbol in HOUSE_SYMBOLS}
    assert lots["BTCUSDT"] == Decimal("0.00001")
    assert lots["ETHUSDT"] == Decimal("0.0001")
    assert lots["SOLUSDT"] == Decimal("0.001")
    assert lots["AAPL"] == lots["PM:FED-DEC"] == 1
    years = {s: preset_of(s).to_instrument().seconds_per_year for s in HOUSE_SYMBOLS}
    assert years["SPY"] == 252 * 6.5 * 3600
    assert years["SOLUSDT"] == years["PM:BTC-15M"] == 365 * 86_400


@given(st.text(LETTERS, min_size=1, max_size=10), st.sampled_from(["", "USDT", "PM:"]))
def test_an_unknown_symbol_is_made_from_its_name(name: str, kind: str) -> None:
    symbol = kind + name if kind == "PM:" else name + kind
    preset = preset_of(symbol)
    assert preset == preset_of(symbol)
    assert preset.symbol == symbol
    if preset.group is Group.EVENT:
        assert 0.20 <= preset.px <= 0.80
    elif symbol not in HOUSE_SYMBOLS:
        assert 20.0 <= preset.px <= 500.0
        assert 0.20 <= preset.vol <= 0.75


def test_unknown_symbols_fall_in_the_group_their_name_says() -> None:
    assert preset_of("PM:RAIN").group is Group.EVENT
    assert preset_of("DOGEUSDT").group is preset_of("BTC-USD").group is Group.CRYPTO
    assert preset_of("IBM").group is Group.EQUITY


def test_presets_made_from_names_do_not_change_between_versions() -> None:
    made = preset_of("IBM")
    assert (made.px, made.vol) == (42.39, 0.37)


def test_geometric_path_has_the_drift_and_the_volatility_it_was_given() -> None:
    preset = preset_of("TSLA")
    path = path_of(preset, preset.px, preset.traits.seconds_per_year / 252)  # a day a step
    normals = generators(1, "path", 1)[0].standard_normal(252 * 100)
    px = np.log([preset.px, *(path.advance(1.0, z) for z in normals)])
    daily = np.diff(px)
    assert daily.std() * np.sqrt(252) == pytest.approx(0.45, rel=0.02)
    # The mean log return is mu - sigma²/2, known to sigma over the root of a hundred years.
    assert daily.mean() * 252 == pytest.approx(0.02 - 0.45**2 / 2, abs=0.10)


def test_a_burst_multiplies_the_volatility() -> None:
    preset = preset_of("AAPL")
    calm, wild = (path_of(preset, 100.0, 1.0) for _ in range(2))
    ratio = np.log(wild.advance(3.0, 1.0) / 100.0) / np.log(calm.advance(1.0, 1.0) / 100.0)
    assert ratio == pytest.approx(3.0, rel=1e-3)


def test_log_odds_come_home() -> None:
    preset = preset_of("PM:FED-DEC")
    path = path_of(preset, 0.02, 60.0)
    away = [path.advance(1.0, 0.0) for _ in range(3_000)]
    assert away == sorted(away)
    assert away[-1] == pytest.approx(preset.px, abs=1e-3)


def test_sizes_are_whole_and_within_twenty_times_the_median() -> None:
    drawn = sizes(generators(5, "sizes", 1)[0], 100.0, 0.9)
    first = [next(drawn) for _ in range(5_000)]
    assert all(isinstance(lots, int) and 1 <= lots <= 2_000 for lots in first)
    assert sorted(first)[2_500] == pytest.approx(100, rel=0.1)
    tiny = sizes(generators(5, "tiny", 1)[0], 0.001, 0.9)
    assert {next(tiny) for _ in range(100)} == {1}


def test_draws_go_on_after_a_block() -> None:
    made = ahead(lambda count: list(range(count)))
    first = [next(made) for _ in range(1_025)]
    assert first[1_023:] == [1_023, 0]


def test_generators_of_a_name_do_not_depend_on_others() -> None:
    one = generators(7, "AAPL", 2)
    again = generators(7, "AAPL", 3)
    assert [g.random() for g in one] == [g.random() for g in again[:2]]
    assert generators(7, "AAPL", 1)[0].random() != generators(7, "MSFT", 1)[0].random()
    assert generators(7, "AAPL", 1)[0].random() != generators(8, "AAPL", 1)[0].random()


def test_spells_have_their_pauses_and_lengths() -> None:
    spells = Spells(generators(2, "spells", 1)[0], 300.0, 20.0, 60.0)
    begun, active = [], []
    for _ in range(200_000):
        begun.append(spells.step())
        active.append(spells.active)
    lengths, pauses = runs(active)
    assert all(20 <= length <= 60 for length in lengths)
    assert min(pauses) >= 150
    assert fmean(pauses) == pytest.approx(300, rel=0.1)
    assert pstdev(pauses) == pytest.approx(150, rel=0.2)
    assert sum(begun) == len(lengths)


def runs(active: list[bool]) -> tuple[list[int], list[int]]:
    """Return lengths of the complete runs of True and of False."""
    edges = [n for n in range(1, len(active)) if active[n] != active[n - 1]]
    spans = [end - start for start, end in zip([0, *edges], edges, strict=False)]
    return spans[1::2], spans[::2]


@pytest.mark.parametrize(("pause", "length"), [(0.0, 5.0), (5.0, 0.0)])
def test_spells_can_be_switched_off(pause: float, length: float) -> None:
    spells = Spells(generators(2, "off", 1)[0], pause, length, length)
    assert not any(spells.step() or spells.active for _ in range(1_000))
