"""VPIN and bulk volume classification of recorded trades or bars."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from rf_signals.microstructure import _kernels
from rf_signals.microstructure._checks import (
    FloatArray,
    array,
    count,
    not_negative,
    number,
    same_shape,
)
from rf_signals.microstructure.classify import tick_rule

_MAX_BUCKETS = 100_000_000


class VpinResult(NamedTuple):
    """Buckets of equal volume and what they tell.

    Attributes
    ----------
    imbalance : (buckets,) array
        ``|buy - sell| / bucket_volume`` of each full bucket.
    vpin : (buckets,) array
        Mean of the last `window` imbalances, NaN in the warm-up.
    fill : float
        Volume left in the open bucket.
    """

    imbalance: FloatArray
    vpin: FloatArray
    fill: float

    @property
    def n_full_buckets(self) -> int:
        """Number of full buckets."""
        return int(self.imbalance.size)


def bulk_buy_volume(
    dp: npt.ArrayLike,
    volume: npt.ArrayLike,
    *,
    sigma: float | None = None,
    degrees: float | None = None,
) -> FloatArray:
    """Return the part of each bar's volume that was bought: volume * Phi(dp / sigma).

    Parameters
    ----------
    dp : (n,) array
        Price change of each bar, currency.
    volume : (n,) array
        Volume of each bar, units.
    sigma : float, optional
        Standard deviation of price changes; without it that of `dp` with ddof 1. Where that is
        zero, an unchanged bar is half bought and any other wholly bought or sold.
    degrees : float, optional
        Degrees of freedom of a Student distribution in place of the normal one.

    Returns
    -------
    (n,) array
        Volume bought; the rest of each bar was sold.

    Raises
    ------
    ValueError
        If an array is not finite or of another length, a volume is negative, `sigma` or
        `degrees` is not positive, or there are fewer than two bars to estimate `sigma` from.

    References
    ----------
    Easley, Lopez de Prado and O'Hara (2012), "Flow toxicity and liquidity in a high-frequency
    world", equation (4).

    Examples
    --------
    >>> bulk_buy_volume([0.0, 0.1], [50.0, 10.0], sigma=0.1).round(4)
    array([25.    ,  8.4134])
    """
    change, size = array("dp", dp), not_negative("volume", volume)
    same_shape(dp=change, volume=size)
    if sigma is None:
        array("dp", change, least=2)
        spread = float(np.std(change, ddof=1))
    else:
        spread = number("sigma", sigma, least=0.0, above=True)
    with np.errstate(divide="ignore", over="ignore"):
        z = np.divide(change, spread, out=np.zeros(change.size), where=change != 0.0)
    if degrees is None:
        return np.asarray(size * ndtr(z), dtype=np.float64)
    share = stdtr(number("degrees", degrees, least=0.0, above=True), z)
    return np.asarray(size * share, dtype=np.float64)


def vpin(
    px: npt.ArrayLike,
    qty: npt.ArrayLike,
    *,
    bucket_volume: float,
    window: int = 50,
    method: Literal["tick", "bvc"] = "tick",
    side: npt.ArrayLike | None = None,
    sigma: float | None = None,
) -> VpinResult:
    """Return the volume-synchronised probability of informed trading.

    Parameters
    ----------
    px, qty : (n,) array
        Trades (or bars: last price and volume) in time order.
    bucket_volume : float
        Volume of each bucket; a trade that overflows one is split over the next.
    window : int
        Buckets in the mean.
    method : {"tick", "bvc"}
        "tick": each trade is wholly bought or sold by the tick rule, the first counts as bought.
        "bvc": each bar is bought in the share ``Phi(dp / sigma)``; the first, without a change,
        in half.
    side : (n,) array, optional
        Known sides, 1 buy, -1 sell, 0 unknown (then by the tick rule); only with "tick".
    sigma : float, optional
        As for `bulk_buy_volume`; only with "bvc".

    Returns
    -------
    VpinResult
        The numbers of `rf_signals.streaming.Vpin`.

    Raises
    ------
    ValueError
        If an input is not finite, negative where it must not be, or of another length.

    References
    ----------
    Easley, Lopez de Prado and O'Hara (2012).

    Examples
    --------
    >>> vpin([10.0, 9.0], [60.0, 40.0], bucket_volume=100.0, window=1).vpin
    array([0.2])
    """
    found, size = array("px", px), not_negative("qty", qty)
    same_shape(px=found, qty=size)
    if method == "tick" and sigma is None:
        share = _known_share(found, side)
    elif method == "bvc" and side is None:
        share = _bulk_share(found, sigma)
    else:
        raise ValueError(f"expected method 'tick' (side) or 'bvc' (sigma), was {method!r}")
    return vpin_of_shares(share, size, bucket_volume=bucket_volume, window=window)


def vpin_of_shares(
    buy_share: npt.ArrayLike, qty: npt.ArrayLike, *, bucket_volume: float, window: int = 50
) -> VpinResult:
    """Return VPIN of trades of which the share that was bought is known.

    Parameters
    ----------
    buy_share : (n,) array
        Share of each trade or bar that was bought, 0 to 1.
    qty : (n,) array
        Their volumes.
    bucket_volume, window
        As for `vpin`.

    Raises
    ------
    ValueError
        If a share is outside [0, 1], or an input is bad as in `vpin`.

    Examples
    --------
    >>> vpin_of_shares([0.5, 1.0], [100.0, 100.0], bucket_volume=100.0, window=1).vpin
    array([0., 1.])
    """
    share, size = not_negative("buy_share", buy_share), not_negative("qty", qty)
    same_shape(buy_share=share, qty=size)
    if share.max() > 1.0:
        raise ValueError(f"expected buy_share in [0, 1], was {share.max()}")
    volume = number("bucket_volume", bucket_volume, least=0.0, above=True)
    period = count("window", window)
    buckets = float(size.sum()) / volume
    if not buckets <= _MAX_BUCKETS:
        raise ValueError(f"expected at most {_MAX_BUCKETS} buckets, bucket_volume was {volume}")
    imbalance = np.empty(int(buckets * (1.0 + 1e-9)) + 2)
    full, fill = _kernels.fill_buckets(share, size, volume, imbalance)
    out = np.empty(full)
    _kernels.trailing_mean(imbalance[:full], period, out)
    return VpinResult(imbalance[:full].copy(), out, float(fill))


def _known_share(px: FloatArray, side: npt.ArrayLike | None) -> FloatArray:
    """Return 1.0 for bought and 0.0 for sold trades; ties carry the last sign."""
    sign = tick_rule(px).astype(np.float64)
    if side is not None:
        given = array("side", side)
        same_shape(px=px, side=given)
        if not np.isin(given, (-1.0, 0.0, 1.0)).all():
            raise ValueError("expected side to hold 1, -1 and 0")
        sign = np.where(given != 0.0, given, sign)
    last = np.maximum.accumulate(np.where(sign != 0.0, np.arange(sign.size), -1))
    carried = np.where(last >= 0, sign[last], 1.0)
    return np.asarray(carried > 0.0, dtype=np.float64)


def _bulk_share(px: FloatArray, sigma: float | None) -> FloatArray:
    if px.size == 1:
        return np.array([0.5])
    bought = bulk_buy_volume(np.diff(px), np.ones(px.size - 1), sigma=sigma)
    return np.concatenate(([0.5], bought))
