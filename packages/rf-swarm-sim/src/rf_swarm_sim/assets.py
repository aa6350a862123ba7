"""The same crowd over several assets: a market for each of them, and a verdict on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from rf_swarm_sim.market import SwarmConfig, simulate_ensemble

Progress = Callable[[int, int], None]

HEDGE_VOL: Final = 0.40
UNSTABLE_DRIFT: Final = 0.05
HERD: Final = 0.85
ROUNDS: Final = (10, 500)
LIQUID: Final = 200.0
TIGHT_BPS, WIDE_BPS = 2.0, 8.0


class AssetClass(StrEnum):
    """What an asset is; its liquidity follows from it."""

    MEGA_CAP = "mega_cap"
    LARGE_CAP = "large_cap"
    LARGE_ETF = "large_etf"
    MID_ETF = "mid_etf"
    SECTOR_ETF = "sector_etf"
    INTL_ETF = "intl_etf"
    BOND = "bond"
    COMMODITY = "commodity"


LIQUIDITY: Final[Mapping[AssetClass, float]] = MappingProxyType(
    {
        AssetClass.MEGA_CAP: 500.0,
        AssetClass.LARGE_CAP: 200.0,
        AssetClass.LARGE_ETF: 300.0,
        AssetClass.MID_ETF: 100.0,
        AssetClass.SECTOR_ETF: 50.0,
        AssetClass.INTL_ETF: 30.0,
        AssetClass.BOND: 200.0,
        AssetClass.COMMODITY: 80.0,
    }
)
"""Millions of dollars; from 200 on makers quote 2 basis points, below 8."""


class AssetVerdict(StrEnum):
    """What the simulated market of an asset says of trading it."""

    APPROVED = "Approved"
    HEDGE = "Hedge"
    UNSTABLE = "Unstable"
    REJECTED = "Rejected"


class Asset(NamedTuple):
    """An asset; `vol` is per year, a decimal."""

    symbol: str
    name: str
    asset_class: AssetClass
    vol: float


ASSETS: Final = (
    Asset("AAPL", "Apple", AssetClass.MEGA_CAP, 0.28),
    Asset("MSFT", "Microsoft", AssetClass.MEGA_CAP, 0.25),
    Asset("NVDA", "NVIDIA", AssetClass.MEGA_CAP, 0.50),
    Asset("AMZN", "Amazon", AssetClass.MEGA_CAP, 0.32),
    Asset("GOOGL", "Alphabet", AssetClass.MEGA_CAP, 0.30),
    Asset("TSLA", "Tesla", AssetClass.LARGE_CAP, 0.58),
    Asset("JPM", "JPMorgan Chase", AssetClass.LARGE_CAP, 0.25),
    Asset("SPY", "S&P 500", AssetClass.LARGE_ETF, 0.17),
    Asset("QQQ", "Nasdaq 100", AssetClass.LARGE_ETF, 0.22),
    Asset("IWM", "Russell 2000", AssetClass.MID_ETF, 0.23),
    Asset("XLE", "Energy", AssetClass.SECTOR_ETF, 0.28),
    Asset("XLF", "Financials", AssetClass.SECTOR_ETF, 0.21),
    Asset("EEM", "Emerging markets", AssetClass.INTL_ETF, 0.20),
    Asset("TLT", "Treasuries over 20 years", AssetClass.BOND, 0.15),
    Asset("GLD", "Gold", AssetClass.COMMODITY, 0.15),
)
"""Fifteen assets with rounded volatilities: typical sizes, no measurements."""


@dataclass(frozen=True, slots=True)
class AssetRun:
    """What the paths of one asset come to.

    `drift` is the mean log return over the rounds with its standard error, `vol` the realised
    volatility per year, `agreement` the mean share of takers on the larger side.
    """

    asset: Asset
    verdict: AssetVerdict
    reason: str
    drift: float
    std_error: float
    vol: float
    agreement: float
    rounds: int
    paths: int
    seed: int


def run_assets(
    assets: Iterable[Asset] = ASSETS,
    *,
    config: SwarmConfig,
    rounds: int = 50,
    paths: int = 16,
    seed: int,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[AssetRun, ...]:
    """Return the verdict of a simulated market on each asset.

    Parameters
    ----------
    assets : iterable of Asset
    config : SwarmConfig
        The crowd; volatility and spread are those of each asset.
    rounds : int
        10 to 500.
    paths : int
        Markets for each asset, 2 or more.
    seed : int
        Of the run; that of an asset is derived from it and the symbol.
    threads : int
        Threads of numba.
    progress : callable, optional
        Called with (assets done, of how many).

    Raises
    ------
    ValueError
        If there is no asset, one is there twice, or an option is out of range.

    Examples
    --------
    >>> runs = run_assets(ASSETS[7:8], config=SwarmConfig(agents=100), paths=2, rounds=10, seed=1)
    >>> runs[0].asset.symbol, runs[0].rounds
    ('SPY', 10)
    """
    chosen = tuple(assets)
    symbols = [asset.symbol for asset in chosen]
    if not chosen or len(set(symbols)) != len(symbols):
        raise ValueError(f"assets: expected one or more, each once, was {symbols}")
    if not ROUNDS[0] <= rounds <= ROUNDS[1]:
        raise ValueError(f"rounds: expected {ROUNDS[0]} to {ROUNDS[1]}, was {rounds}")
    if paths < 2:
        raise ValueError(f"paths: expected 2 or more, was {paths}")
    found = []
    for done, asset in enumerate(chosen, 1):
        found.append(_run(asset, config, (rounds, paths, seed_of(seed, asset.symbol)), threads))
        if progress is not None:
            progress(done, len(chosen))
    return tuple(found)


def seed_of(seed: int, symbol: str) -> int:
    """Return the seed of an asset, the same on every machine.

    Examples
    --------
    >>> seed_of(1, "SPY") == seed_of(1, "QQQ")
    False
    """
    text = f"{seed}:{symbol}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 1


def verdict_of(*, vol: float, drift: float, agreement: float) -> tuple[AssetVerdict, str]:
    """Return the verdict and why: a herd is rejected, then drift, then volatility count.

    Examples
    --------
    >>> verdict_of(vol=0.2, drift=0.01, agreement=0.6)
    (<AssetVerdict.APPROVED: 'Approved'>, '')
    """
    if agreement > HERD:
        return AssetVerdict.REJECTED, f"agreement {agreement:.0%} above {HERD:.0%}"
    if abs(drift) > UNSTABLE_DRIFT:
        return AssetVerdict.UNSTABLE, f"drift {drift:+.1%} beyond {UNSTABLE_DRIFT:.0%}"
    if vol > HEDGE_VOL:
        return AssetVerdict.HEDGE, f"volatility {vol:.0%} above {HEDGE_VOL:.0%}"
    return AssetVerdict.APPROVED, ""


def assets_of(symbols: str = "", custom: str = "") -> tuple[Asset, ...]:
    """Return assets by what people write.

    Parameters
    ----------
    symbols : str
        Symbols out of `ASSETS`, separated by commas; all when empty.
    custom : str
        More of them as ``SYM:Name:Class:Vol``, separated by commas.

    Raises
    ------
    ValueError
        Naming what cannot be understood.

    Examples
    --------
    >>> [asset.symbol for asset in assets_of("SPY,gld", "BTC:Bitcoin:commodity:0.6")]
    ['SPY', 'GLD', 'BTC']
    """
    known = {asset.symbol: asset for asset in ASSETS}
    wanted = [word.strip().upper() for word in symbols.split(",") if word.strip()]
    for symbol in wanted:
        if symbol not in known:
            raise ValueError(f"symbols: expected some of {', '.join(known)}, was {symbol!r}")
    chosen = [known[symbol] for symbol in wanted] or list(ASSETS)
    return (*chosen, *(_custom(word) for word in custom.split(",") if word.strip()))


def _custom(word: str) -> Asset:
    parts = [part.strip() for part in word.split(":")]
    if len(parts) != 4 or not parts[0]:
        raise ValueError(f"custom: expected SYM:Name:Class:Vol, was {word!r}")
    symbol, name, kind, vol = parts
    if kind.lower() not in set(AssetClass):
        raise ValueError(f"custom: expected a class of {', '.join(AssetClass)}, was {kind!r}")
    try:
        value = float(vol)
    except ValueError:
        value = float("nan")
    if not 0.0001 <= value <= 10.0:
        raise ValueError(f"custom: expected a volatility of 0.0001 to 10, was {vol!r}")
    return Asset(symbol.upper(), name, AssetClass(kind.lower()), value)


def _run(asset: Asset, base: SwarmConfig, plan: tuple[int, int, int], threads: int) -> AssetRun:
    rounds, paths, seed = plan
    tight = LIQUIDITY[asset.asset_class] >= LIQUID
    run = simulate_ensemble(
        base.with_(spread_bps=TIGHT_BPS if tight else WIDE_BPS),
        px=100.0,
        rounds=rounds,
        paths=paths,
        seed=seed,
        vol=asset.vol,
        threads=threads,
    )
    moved = np.log(run.mid[:, -1] / run.start)
    vol = float(np.sqrt(np.mean(run.realised_vol**2)))
    drift, agreement = float(moved.mean()), float(run.agreement.mean())
    verdict, reason = verdict_of(vol=vol, drift=drift, agreement=agreement)
    return AssetRun(
        asset=asset,
        verdict=verdict,
        reason=reason,
        drift=drift,
        std_error=float(moved.std(ddof=1)) / paths**0.5,
        vol=vol,
        agreement=agreement,
        rounds=rounds,
        paths=paths,
        seed=seed,
    )
