"""A run: nothing is created or lost, the same seed gives the same bits, every kind acts."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_swarm_sim.market import (
    Action,
    AgentKind,
    AgentTable,
    Reason,
    SwarmConfig,
    SwarmRun,
    custom,
    simulate,
)

TAKERS = [kind for kind in AgentKind if kind is not AgentKind.MARKET_MAKER]


def same_runs(first: SwarmRun, second: SwarmRun) -> bool:
    """Whether every array of two runs has the same bits."""
    pairs = [
        (getattr(a, f.name), getattr(b, f.name))
        for a, b in ((first, second), (first.agents, second.agents))
        for f in fields(a)
    ]
    arrays = [(x, y) for x, y in pairs if isinstance(x, np.ndarray)]
    assert len(arrays) > 25
    books = [(first.bids.ticks, second.bids.ticks), (first.asks.sizes, second.asks.sizes)]
    return all(x.tobytes() == y.tobytes() for x, y in arrays + books)


configs = st.builds(
    SwarmConfig,
    agents=st.integers(20, 300),
    activation=st.floats(0.0, 1.0),
    funds=st.sampled_from([50.0, 10_000.0, 1e6]),
    max_position=st.sampled_from([200.0, 50_000.0]),
    max_deploy=st.sampled_from([20.0, 500.0, 20_000.0]),
    maker_size=st.floats(0.001, 1.0),
    maker_anchor=st.floats(0.0, 1.0),
    noise_trading=st.floats(0.0, 1.0),
    annual_vol=st.sampled_from([0.01, 0.2, 3.0]),
    size_spread=st.floats(0.0, 1.5),
)


@given(configs, st.integers(0, 2**63 - 1), st.sampled_from([0.01, 1.09, 100.0, 61_000.0]))
@settings(max_examples=40, deadline=None)
def test_funds_and_inventory_are_conserved_and_nobody_spends_what_it_has_not(config, seed, px):
    run = simulate(config, px=px, rounds=30, seed=seed, scenario=custom(-0.1, -0.5, 3.0, 10))
    assert tuple(run.conservation()) == (0, 0)
    assert run.agents.funds_units.min() >= 0
    long_only = np.isin(run.agents.kind, [AgentKind.RETAIL, AgentKind.NEWS, AgentKind.CONTRARIAN])
    assert run.agents.inventory[long_only].min(initial=0) >= 0
    both = np.isfinite(run.spread_bps)
    assert (run.spread_bps[both] > 0.0).all()
    if run.bids.ticks.size and run.asks.ticks.size:
        assert run.bids.ticks.max() < run.asks.ticks.min()


@given(st.integers(0, 2**32), st.integers(20, 200))
@settings(max_examples=10, deadline=None)
def test_profits_of_all_agents_are_what_the_inventory_gained(seed, agents):
    run = simulate(SwarmConfig(agents=agents), px=100.0, rounds=25, seed=seed)
    held = int(run.agents.inventory.sum())
    gained = held * run.lot * (run.mid[-1] - run.start)
    assert sum(run.pnl_by_kind().values()) == pytest.approx(gained, abs=1e-6)


def test_one_and_two_threads_give_the_same_bits():
    config = SwarmConfig(agents=10_000)  # three blocks
    one, two = (simulate(config, px=100.0, rounds=40, seed=5, threads=n) for n in (1, 2))
    assert same_runs(one, two)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    config = SwarmConfig(agents=300)
    first, again, other = (simulate(config, px=50.0, rounds=30, seed=s) for s in (1, 1, 2))
    assert same_runs(first, again)
    assert not same_runs(first, other)


def test_chunks_leave_no_trace(monkeypatch):
    config = SwarmConfig(agents=300)
    whole = simulate(config, px=50.0, rounds=30, seed=1)
    monkeypatch.setattr("rf_swarm_sim.market.state.CHUNK_STEPS", 7 * 300)
    seen = []
    parts = simulate(
        config, px=50.0, rounds=30, seed=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]
    assert same_runs(whole, parts)


def test_a_run_can_be_interrupted_between_chunks(monkeypatch):
    monkeypatch.setattr("rf_swarm_sim.market.state.CHUNK_STEPS", 300)

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(SwarmConfig(agents=300), px=50.0, rounds=30, seed=1, progress=stop)


def test_every_kind_acts_under_the_defaults(market_run):
    log = market_run.log
    assert log is not None
    for kind in AgentKind:
        acted = log.action[log.kind == kind]
        assert acted.size > 20, kind
    for kind in TAKERS:
        assert (log.size[log.kind == kind] > 0).any(), kind
        assert (log.size[log.kind == kind] < 0).any(), kind


def test_funds_arbitrage_and_makers_are_short_at_times():
    run = simulate(SwarmConfig(agents=2_000), px=100.0, rounds=300, seed=1)
    for kind in (AgentKind.HEDGE_FUND, AgentKind.MARKET_MAKER, AgentKind.ARBITRAGE_BOT):
        assert (run.agents.inventory[run.agents.kind == kind] < 0).any(), kind


def test_momentum_sells_short_in_a_falling_market():
    past = 100.0 * np.exp(np.linspace(0.1, 0.0, 401))
    run = simulate(SwarmConfig(agents=2_000), px=100.0, rounds=20, seed=1, history=past)
    assert (run.agents.inventory[run.agents.kind == AgentKind.MOMENTUM] < 0).any()


def test_reasons_are_recorded_for_acts_and_for_nothing_else(market_run):
    table: AgentTable = market_run.agents
    held = table.last_action == Action.HOLD
    assert (table.last_reason[held] == Reason.NONE).all()
    assert (table.last_reason[~held] != Reason.NONE).all()
    own = {
        AgentKind.RETAIL: {
            Reason.RSI_OVERBOUGHT,
            Reason.RSI_OVERSOLD,
            Reason.PANIC_SELL,
            Reason.FOMO_ENTRY,
            Reason.NEWS_SHOCK,
        },
        AgentKind.HEDGE_FUND: {Reason.MEAN_REVERSION},
        AgentKind.MARKET_MAKER: {Reason.SPREAD_CAPTURE},
        AgentKind.ARBITRAGE_BOT: {Reason.ARBITRAGE_OPPORTUNITY},
        AgentKind.MOMENTUM: {Reason.MOMENTUM_SIGNAL, Reason.VOLATILITY_BREAKOUT},
        AgentKind.NEWS: {Reason.NEWS_SHOCK},
        AgentKind.CONTRARIAN: {
            Reason.MEAN_REVERSION,
            Reason.RSI_OVERBOUGHT,
            Reason.RSI_OVERSOLD,
        },
    }
    always = {Reason.NONE, Reason.RANDOM, Reason.RISK_LIMIT_HIT}
    for kind, reasons in own.items():
        seen = {Reason(r) for r in np.unique(table.last_reason[table.kind == kind])}
        assert seen <= reasons | always, kind
        assert seen & reasons or kind in {AgentKind.NEWS, AgentKind.MOMENTUM}, kind


def _reasons_over_time(config: SwarmConfig, **more: object) -> set[Reason]:
    """Return every reason that some agent gave at the end of runs of different lengths."""
    seen: set[Reason] = set()
    for rounds in range(5, 125, 10):
        run = simulate(config, px=100.0, rounds=rounds, seed=11, **more)
        seen |= {Reason(r) for r in np.unique(run.agents.last_reason)}
    return seen


def test_every_reason_is_given_by_somebody():
    config = SwarmConfig(agents=2_000, max_position=12_000.0)
    calm = _reasons_over_time(config)
    wild = _reasons_over_time(config, scenario=custom(0.08, 0.8, 6.0, 60))
    fallen = _reasons_over_time(config, scenario=custom(-0.08, -0.8, 6.0, 60))
    limited = _reasons_over_time(config.with_(max_position=3_000.0))
    assert calm | wild | fallen | limited == set(Reason)


def test_streaks_of_losses_are_counted():
    run = simulate(SwarmConfig(agents=2_000), px=100.0, rounds=60, seed=2)
    assert run.agents.loss_streak.max() >= 2
    assert (run.agents.loss_streak == 0).any()


def test_positions_beyond_one_and_a_half_limits_are_halved():
    config = SwarmConfig(agents=400, max_position=600.0, endowment=0.05, max_deploy=100.0)
    start = 2.0 * config.endowment * config.funds
    assert start > 1.5 * config.max_position
    run = simulate(config, px=100.0, rounds=40, seed=2)
    awake = run.agents.last_round > 20
    value = np.abs(run.agents.inventory * run.lot * run.mid[-1])
    assert value[awake].max() < 1.6 * config.max_position


def test_more_agents_are_awake_at_the_start_of_a_day():
    run = simulate(SwarmConfig(agents=1_000), px=100.0, rounds=330, seed=4)
    acting = run.buys + run.sells
    assert acting[20:120].mean() > 1.4 * acting[130:330].mean()


def test_the_past_is_remembered():
    config = SwarmConfig(agents=1_000)
    up, down = (
        simulate(config, px=100.0, rounds=3, seed=1, history=100.0 * np.exp(np.linspace(a, 0, 401)))
        for a in (-0.08, 0.08)
    )
    momentum = up.agents.kind == AgentKind.MOMENTUM
    assert up.agents.last_size[momentum].sum() > 0 > down.agents.last_size[momentum].sum()


def test_sentiment_makes_traders_on_news_buy_or_sell():
    config = SwarmConfig(agents=2_000)
    good, bad = (simulate(config, px=100.0, rounds=5, seed=1, sentiment=s) for s in (0.9, -0.9))
    news = good.agents.kind == AgentKind.NEWS
    assert good.agents.last_size[news].sum() > 0 > bad.agents.last_size[news].sum()
    assert good.net_flow.sum() > bad.net_flow.sum()


def test_the_price_follows_the_value_given_its_volatility():
    run = simulate(SwarmConfig(agents=1_000), px=100.0, rounds=1_000, seed=1, vol=0.4)
    assert run.vol == 0.4
    assert 0.5 < run.returns().std() / run.config.round_vol(0.4) < 2.0
    assert np.corrcoef(np.log(run.mid), np.log(run.fundamental))[0, 1] > 0.9


def test_the_arrays_of_a_round_agree(market_run):
    run = market_run
    assert run.px.shape == run.mid.shape == run.volume.shape == (300,)
    log = run.log
    assert log is not None
    for number in (0, 150, 299):
        takers = (log.round == number) & (log.action != Action.PROVIDE_LIQUIDITY)
        assert takers.sum() == run.buys[number] + run.sells[number]
    assert (run.holds + run.buys + run.sells <= 1_000).all()
    assert np.abs(run.net_flow).max() <= run.turnover.max()
    assert (run.bid <= run.mid).all()
    assert (run.mid <= run.ask).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"px": 0.0}, "px above 0"),
        ({"px": float("nan")}, "px above 0"),
        ({"rounds": 0}, "rounds an int"),
        ({"rounds": 2.0}, "rounds an int"),
        ({"seed": -1}, "seed an int"),
        ({"seed": True}, "seed an int"),
        ({"vol": -0.1}, "vol in"),
        ({"sentiment": 1.5}, "sentiment in"),
        ({"history": []}, "history of 2 or more"),
        ({"history": [1.0, -1.0]}, "history of positive"),
        ({"history": [[1.0, 2.0]]}, "history of 2 or more"),
        ({"threads": 0}, "threads an int"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"px": 100.0, "rounds": 3, "seed": 1} | change
    with pytest.raises(ValueError, match=message):
        simulate(SwarmConfig(agents=50), **arguments)


def test_amounts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="lot"):
        simulate(SwarmConfig(agents=50, lot=1e-9), px=100.0, rounds=1, seed=1)
    rich = SwarmConfig(agents=50, funds=1e12, endowment=0.0)
    with pytest.raises(ValueError, match="64 bits"):
        simulate(rich, px=100.0, rounds=1, seed=1)
