"""Who was the aggressor: signs of trades from prices and quotes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_signals.microstructure import _kernels
from rf_signals.microstructure._checks import IntArray, array, number, same_shape


def tick_rule(px: npt.ArrayLike) -> IntArray:
    """Return 1 above the last *different* trade price, -1 below it, 0 while there is none.

    Parameters
    ----------
    px : (n,) array
        Trade prices in time order.

    Returns
    -------
    (n,) array of int64
        Sign of the aggressor: 1 buy, -1 sell, 0 unknown.

    Raises
    ------
    ValueError
        If `px` is empty or not finite.

    Examples
    --------
    >>> tick_rule([10.0, 11.0, 11.0, 10.5])
    array([ 0,  1,  1, -1])
    """
    found = array("px", px)
    out = np.empty(found.size, dtype=np.int64)
    _kernels.classify(found, found, found, _kernels.TICK, 0.0, 0.0, out)
    return out


def quote_rule(
    px: npt.ArrayLike, bid_px: npt.ArrayLike, ask_px: npt.ArrayLike, *, tolerance: float = 0.0
) -> IntArray:
    """Return 1 above the mid, -1 below it, 0 at the mid or where the quote is crossed.

    Parameters
    ----------
    px : (n,) array
        Trade prices.
    bid_px, ask_px : (n,) array
        The quote that stood when each trade happened.
    tolerance : float
        Prices no further from the mid than this are at the mid. The mid is ``0.5 (bid + ask)``
        in binary: 100.01 is *above* the mid of 100 and 100.02. Pass integer ticks, or a small
        part of a tick here, where that matters.

    Returns
    -------
    (n,) array of int64
        1 buy, -1 sell, 0 unknown.

    Raises
    ------
    ValueError
        If an array is empty, not finite or of another length, or `tolerance` is negative.

    Examples
    --------
    >>> quote_rule([101.0, 100.5], [100.0, 100.0], [101.0, 101.0])
    array([1, 0])
    """
    return _by_quote(_kernels.QUOTE, px, bid_px, ask_px, tolerance=tolerance)


def lee_ready(
    px: npt.ArrayLike, bid_px: npt.ArrayLike, ask_px: npt.ArrayLike, *, tolerance: float = 0.0
) -> IntArray:
    """Return the quote rule's sign, at the mid the tick rule's.

    Parameters, result and errors are those of `quote_rule`.

    References
    ----------
    Lee and Ready (1991), "Inferring trade direction from intraday data".

    Examples
    --------
    >>> lee_ready([101.0, 100.5], [100.0, 100.0], [101.0, 101.0])
    array([ 1, -1])
    """
    return _by_quote(_kernels.LEE_READY, px, bid_px, ask_px, tolerance=tolerance)


def emo(
    px: npt.ArrayLike, bid_px: npt.ArrayLike, ask_px: npt.ArrayLike, *, tolerance: float = 0.0
) -> IntArray:
    """Return 1 at the ask, -1 at the bid, elsewhere (and on a locked quote) the tick rule's sign.

    Parameters, result and errors are those of `quote_rule`; `tolerance` also bounds what counts
    as at the bid or ask.

    References
    ----------
    Ellis, Michaely and O'Hara (2000), "The accuracy of trade classification rules".

    Examples
    --------
    >>> emo([100.9, 100.6, 101.0], [100.0] * 3, [101.0] * 3)
    array([ 0, -1,  1])
    """
    return _by_quote(_kernels.EMO, px, bid_px, ask_px, tolerance=tolerance)


def clnv(
    px: npt.ArrayLike,
    bid_px: npt.ArrayLike,
    ask_px: npt.ArrayLike,
    *,
    share: float = 0.3,
    tolerance: float = 0.0,
) -> IntArray:
    """Return 1 in the top `share` of the spread, -1 in the bottom one, else the tick rule's sign.

    Parameters, result and errors are those of `quote_rule`; `share` is in [0, 0.5).

    References
    ----------
    Chakrabarty, Li, Nguyen and Van Ness (2007), "Trade classification algorithms for electronic
    communications network trades".

    Examples
    --------
    >>> clnv([100.5, 100.4, 100.8], [100.0] * 3, [101.0] * 3)
    array([ 0, -1,  1])
    """
    if not 0.0 <= number("share", share) < 0.5:
        raise ValueError(f"expected share in [0, 0.5), was {share!r}")
    return _by_quote(_kernels.CLNV, px, bid_px, ask_px, tolerance=tolerance, share=share)


def _by_quote(
    rule: int,
    px: npt.ArrayLike,
    bid_px: npt.ArrayLike,
    ask_px: npt.ArrayLike,
    *,
    tolerance: float,
    share: float = 0.0,
) -> IntArray:
    found, bid, ask = array("px", px), array("bid_px", bid_px), array("ask_px", ask_px)
    same_shape(px=found, bid_px=bid, ask_px=ask)
    number("tolerance", tolerance, least=0.0)
    out = np.empty(found.size, dtype=np.int64)
    _kernels.classify(found, bid, ask, rule, float(tolerance), float(share), out)
    return out
