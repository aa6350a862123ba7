"""Several assets, each with a market and a verdict of its own."""

from __future__ import annotations

import pytest

from rf_swarm_sim.assets import (
    ASSETS,
    LIQUIDITY,
    Asset,
    AssetClass,
    AssetVerdict,
    assets_of,
    run_assets,
    seed_of,
    verdict_of,
)
from rf_swarm_sim.market import SwarmConfig

CONFIG = SwarmConfig(agents=100)


def ran(assets, **changes):
    given = {"config": CONFIG, "rounds": 20, "paths": 4, "seed": 7} | changes
    return run_assets(assets, **given)


def test_there_are_fifteen_assets_of_known_classes():
    assert len({asset.symbol for asset in ASSETS}) == 15
    assert {asset.asset_class for asset in ASSETS} == set(AssetClass) == set(LIQUIDITY)


@pytest.mark.parametrize(
    ("vol", "drift", "agreement", "verdict"),
    [
        (0.40, 0.05, 0.85, AssetVerdict.APPROVED),
        (0.41, 0.0, 0.6, AssetVerdict.HEDGE),
        (0.41, -0.051, 0.6, AssetVerdict.UNSTABLE),
        (0.2, 0.051, 0.6, AssetVerdict.UNSTABLE),
        (0.9, 0.2, 0.86, AssetVerdict.REJECTED),
    ],
)
def test_verdicts_are_tried_in_their_order(vol, drift, agreement, verdict):
    found, reason = verdict_of(vol=vol, drift=drift, agreement=agreement)
    assert found is verdict
    assert bool(reason) == (verdict is not AssetVerdict.APPROVED)


def test_an_asset_has_the_same_market_whoever_runs_beside_it():
    alone = ran(ASSETS[7:8])
    among = ran(ASSETS[6:9])
    assert among[1] == alone[0]
    assert ran(ASSETS[7:8], threads=2) == alone
    assert len({run.drift for run in among}) == 3


def test_a_wild_asset_is_hedged_and_a_calm_one_approved():
    calm, wild = ran(
        (
            Asset("A", "calm", AssetClass.BOND, 0.10),
            Asset("B", "wild", AssetClass.COMMODITY, 0.90),
        )
    )
    assert calm.verdict is AssetVerdict.APPROVED
    assert wild.verdict is AssetVerdict.HEDGE
    assert wild.vol > 3.0 * calm.vol


def test_seeds_of_symbols_fit_and_differ():
    seeds = {seed_of(run, asset.symbol) for run in range(20) for asset in ASSETS}
    assert len(seeds) == 300
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_assets_are_read_from_words():
    assert assets_of() == ASSETS
    assert [a.symbol for a in assets_of(" spy , QQQ")] == ["SPY", "QQQ"]
    (*_, coin) = assets_of("SPY", "btc:Bitcoin:Commodity:0.6")
    assert coin == Asset("BTC", "Bitcoin", AssetClass.COMMODITY, 0.6)


@pytest.mark.parametrize(
    ("symbols", "custom", "told"),
    [
        ("SPX", "", "'SPX'"),
        ("", "BTC:Bitcoin:coin:0.6", "'coin'"),
        ("", "BTC:Bitcoin:0.6", "SYM:Name:Class:Vol"),
        ("", ":Bitcoin:bond:0.6", "SYM:Name:Class:Vol"),
        ("", "BTC:Bitcoin:bond:much", "'much'"),
        ("", "BTC:Bitcoin:bond:nan", "'nan'"),
    ],
)
def test_words_that_are_no_assets_are_named(symbols, custom, told):
    with pytest.raises(ValueError, match=told):
        assets_of(symbols, custom)


@pytest.mark.parametrize(
    ("assets", "changes", "told"),
    [
        ((), {}, "assets"),
        (ASSETS[:1] * 2, {}, "each once"),
        (ASSETS[:1], {"rounds": 9}, "rounds"),
        (ASSETS[:1], {"rounds": 501}, "rounds"),
        (ASSETS[:1], {"paths": 1}, "paths"),
    ],
)
def test_runs_out_of_range_are_refused(assets, changes, told):
    with pytest.raises(ValueError, match=told):
        ran(assets, **changes)
