"""Adapters for microstructure, gamma exposure and market-making quotes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rf_signals.gex import OptionContract, gex_surface
from rf_signals.microstructure import (
    amihud_illiquidity,
    bulk_buy_volume,
    clnv,
    emo,
    imbalances,
    kyle_lambda,
    lee_ready,
    microprices,
    ofi_events,
    quote_rule,
    roll_spread,
    simulate_market_making,
    stoikov_adjustment,
    tick_rule,
    vpin,
    vpin_of_shares,
)
from rf_signals.quoting import avellaneda_stoikov_quotes, glft_quotes
from rf_testkit.reference.registry import VALUE, Answer, Case, answers
from rf_testkit.reference.series import Series


def _columns(rows: Any, names: str) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """Return the columns of a table given as rows."""
    width = len(names.split())
    try:
        table = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected rows of {names}") from None
    if table.ndim != 2 or table.shape[1] != width:
        raise ValueError(f"expected rows of {names}, was shape {table.shape}")
    return list(table.T)


@answers("ofi", "microprice", "imbalance", *VALUE, needs="quotes")
def _quotes(case: Case) -> Answer:
    bid, bid_size, ask, ask_size = _columns(case.inputs["quotes"], "bid_px bid_sz ask_px ask_sz")
    events = ofi_events(bid, bid_size, ask, ask_size)
    return {
        "events": events.tolist(),
        "ofi": float(np.nansum(events)),
        "microprice": microprices(bid, bid_size, ask, ask_size),
        "imbalance": imbalances(bid_size, ask_size),
    }


@answers("stoikov", *VALUE, needs="Q R T K")
def _stoikov(case: Case) -> Answer:
    found = stoikov_adjustment(*(case.inputs[name] for name in "QRTK"))
    return {"G1": found.first, "G_star": found.total}


@answers("kyle", *VALUE, needs="dp signed_volume")
def _kyle(case: Case) -> Answer:
    fit = kyle_lambda(case.inputs["dp"], case.inputs["signed_volume"])
    return {**fit._asdict(), "lambda": fit.slope}


def _rows(case: Case) -> Series:
    first, end = case.inputs["rows"]
    return case.series().rows(first, end)


@answers("amihud", *VALUE, needs="data rows")
def _amihud_of_table(case: Case) -> Answer:
    table = _rows(case)
    px = table["adj_close"]
    return _amihud(px[1:] / px[:-1] - 1.0, (table["close"] * table["volume"])[1:])


@answers("amihud", *VALUE, needs="returns dollar_volume")
def _amihud_of_lists(case: Case) -> Answer:
    return _amihud(case.inputs["returns"], case.inputs["dollar_volume"])


@answers("amihud", *VALUE, needs="prices volume")
def _amihud_of_prices(case: Case) -> Answer:
    px, volume = _columns(list(zip(case.inputs["prices"], case.inputs["volume"], strict=True)),
                          "price volume")  # fmt: skip
    return _amihud(px[1:] / px[:-1] - 1.0, (px * volume)[1:])


def _amihud(returns: Any, dollar_volume: Any) -> Answer:
    found = amihud_illiquidity(returns, dollar_volume)
    return {"amihud": found, "amihud_1e6": 1e6 * found}


@answers("roll", needs="data rows")
def _roll_of_table(case: Case) -> Answer:
    return roll_spread(_rows(case)["close"])._asdict()


@answers("roll", *VALUE, needs="prices")
def _roll(case: Case) -> Answer:
    return roll_spread(case.inputs["prices"])._asdict()


@answers("vpin", *VALUE, needs="trades bucket_volume window")
def _vpin(case: Case) -> Answer:
    given = case.inputs
    px, qty = _columns(given["trades"], "price volume")
    found = vpin(
        px,
        qty,
        bucket_volume=given["bucket_volume"],
        window=given["window"],
        method=given.get("classification", "tick"),
        sigma=_sigma(given),
    )
    return _buckets(found)


@answers("vpin", *VALUE, needs="dp volume bucket_volume window")
def _vpin_of_bars(case: Case) -> Answer:
    given = case.inputs
    share = bulk_buy_volume(given["dp"], np.ones(len(given["dp"])), sigma=_sigma(given))
    return _buckets(
        vpin_of_shares(
            share, given["volume"], bucket_volume=given["bucket_volume"], window=given["window"]
        )
    )


def _buckets(found: Any) -> Answer:
    return {
        "n_full_buckets": found.n_full_buckets,
        "bucket_imbalance": found.imbalance,
        "vpin": found.vpin.tolist(),
        "fill": found.fill,
    }


@answers("bvc", *VALUE, needs="dp volume")
def _bulk(case: Case) -> Answer:
    given = case.inputs
    bought = bulk_buy_volume(given["dp"], given["volume"], sigma=_sigma(given))
    volume = np.asarray(given["volume"], dtype=np.float64)
    total = float(volume.sum())
    share = float(np.abs(2.0 * bought - volume).sum()) / total if total > 0.0 else None
    return {"buy_volume": bought, "oi_share": share}


def _sigma(given: Any) -> float | None:
    """Return a sigma given as a number; words ask for the sample's."""
    sigma = given.get("sigma")
    return None if isinstance(sigma, str) else sigma


@answers("lee_ready", *VALUE, needs="trades")
def _signs(case: Case) -> Answer:
    px, bid, ask = _columns(case.inputs["trades"], "price bid ask")
    return {
        "lee_ready": lee_ready(px, bid, ask),
        "tick": tick_rule(px),
        "quote": quote_rule(px, bid, ask),
        "emo": emo(px, bid, ask),
        "clnv": clnv(px, bid, ask),
    }


@answers("gex", *VALUE, needs="spot contracts")
def _gex(case: Case) -> Answer:
    given = case.inputs
    found = gex_surface(
        [_contract(row) for row in given["contracts"]],
        given["spot"],
        rate=given.get("rate", 0.0),
        dividend_yield=given.get("dividend_yield", 0.0),
        search_range=given.get("search_range"),
    )
    return {
        "total_gex": found.total,
        "by_strike": {str(row.strike): row.net for row in found.by_strike},
        "zero_gamma": found.zero_gamma,
        "max_positive_strike": found.max_positive_strike,
        "max_negative_strike": found.max_negative_strike,
    }


def _contract(row: Any) -> OptionContract:
    if row.get("type") not in {"call", "put"}:
        raise ValueError(f"expected type call or put, was {row.get('type')!r}")
    return OptionContract(
        row.get("strike"),
        row["type"] == "call",
        row.get("open_interest"),
        gamma=row.get("gamma"),
        vol=row.get("iv"),
        tau=row.get("time_to_expiry"),
        multiplier=row.get("multiplier", 100.0),
        expiry=str(row.get("expiry", "")),
    )


@answers("quote", *VALUE, needs="gamma inventory tau sigma k mid")
def _avellaneda_stoikov(case: Case) -> Answer:
    given = case.inputs
    settings = {name: given[name] for name in ("gamma", "sigma", "tau", "k")}
    quotes = avellaneda_stoikov_quotes(given["mid"], given["inventory"], **settings)
    return {**quotes._asdict(), "reservation_price": quotes.reservation}


@answers("glft", *VALUE, needs="inventory gamma sigma A k")
def _glft(case: Case) -> Answer:
    given = case.inputs
    settings = {name: given[name] for name in ("gamma", "sigma", "k")}
    return glft_quotes(given["inventory"], arrival=given["A"], **settings)._asdict()


@answers("simulation", *VALUE, needs="gamma strategy sigma k A T dt mid paths")
def _simulation(case: Case) -> Answer:
    given = case.inputs
    settings = {name: given[name] for name in ("gamma", "sigma", "k", "mid", "dt", "paths")}
    found = simulate_market_making(
        given["strategy"], arrival=given["A"], horizon=given["T"], seed=1, **settings
    )
    return {
        "average_spread": found.average_spread,
        "profit_mean": found.profit_mean,
        "profit_std": found.profit_std,
        "final_q_mean": found.inventory_mean,
        "final_q_std": found.inventory_std,
    }
