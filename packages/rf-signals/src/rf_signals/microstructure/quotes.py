"""Order flow imbalance, microprice and book imbalance of recorded quotes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_signals.microstructure import _kernels
from rf_signals.microstructure._checks import (
    FloatArray,
    array,
    count,
    not_negative,
    number,
    same_shape,
)


def ofi_events(
    bid_px: npt.ArrayLike, bid_sz: npt.ArrayLike, ask_px: npt.ArrayLike, ask_sz: npt.ArrayLike
) -> FloatArray:
    """Return the order flow event of every quote change at the best level.

    Parameters
    ----------
    bid_px, bid_sz, ask_px, ask_sz : (n,) array
        Best quotes in time order; prices in currency or ticks, sizes in units.

    Returns
    -------
    (n,) array
        Events in units of size, index 0 NaN. Their sum (`numpy.nansum`) is the raw OFI.

    Raises
    ------
    ValueError
        If an array is empty, not finite, of another length, or a size is negative.

    Notes
    -----
    Exact where the sizes are integers below 2**53. The numbers of `rf_signals.streaming.Ofi`.

    References
    ----------
    Cont, Kukanov and Stoikov (2014), "The price impact of order book events", equation (3).

    Examples
    --------
    >>> ofi_events([100.0, 100.0, 100.5], [10.0, 15.0, 7.0], [101.0] * 3, [10.0] * 3)
    array([nan,  5.,  7.])
    """
    quotes = _quotes(bid_px, bid_sz, ask_px, ask_sz, ndim=1)
    out = np.empty((quotes[0].shape[0], 1))
    bid, bid_size, ask, ask_size = (column.reshape(-1, 1) for column in quotes)
    _kernels.ofi_events(bid, bid_size, ask, ask_size, out)
    return out[:, 0]


def multi_level_ofi(
    bid_px: npt.ArrayLike, bid_sz: npt.ArrayLike, ask_px: npt.ArrayLike, ask_sz: npt.ArrayLike
) -> FloatArray:
    """Return the order flow events of every book level: a vector of flows for each update.

    Parameters
    ----------
    bid_px, bid_sz, ask_px, ask_sz : (n, depth) array
        Books in time order, best level first; level i is the i-th best price.

    Returns
    -------
    (n, depth) array
        Events in units of size, row 0 NaN.

    Raises
    ------
    ValueError
        If an array is empty, not finite, of another shape, or a size is negative.

    References
    ----------
    Xu, Gould and Howison (2018), "Multi-level order-flow imbalance in a limit order book".

    Examples
    --------
    >>> flows = multi_level_ofi(
    ...     [[10.0, 9.0], [10.0, 9.0]], [[5.0, 1.0], [8.0, 1.0]],
    ...     [[11.0, 12.0], [11.0, 12.0]], [[5.0, 4.0], [5.0, 1.0]])
    >>> flows[1]
    array([3., 3.])
    """
    quotes = _quotes(bid_px, bid_sz, ask_px, ask_sz, ndim=2)
    out = np.empty(quotes[0].shape)
    _kernels.ofi_events(*quotes, out)
    return out


def integrated_ofi(flows: npt.ArrayLike, *, decay: float = 0.7) -> FloatArray:
    """Return one flow for all levels: the mean of the levels with weights decay**i.

    Parameters
    ----------
    flows : (n, depth) array
        Events of `multi_level_ofi`, or sums of them; a row with NaN gives NaN.
    decay : float
        Weight of a level relative to the one before it, in (0, 1].

    Returns
    -------
    (n,) array
        ``sum_i decay**i flow_i / sum_i decay**i``, units of size.

    Raises
    ------
    ValueError
        If `flows` has not two dimensions or a level, or `decay` is outside (0, 1].

    References
    ----------
    Cont, Cucuringu and Zhang (2023), "Cross-impact of order flow imbalance in equity markets",
    section 2.2; they take the weights from a principal component, here they are geometric.

    Examples
    --------
    >>> integrated_ofi([[3.0, 0.0]], decay=0.5)
    array([2.])
    """
    found = np.asarray(flows, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] == 0:
        raise ValueError(f"expected flows of shape (n, depth), was {found.shape}")
    if np.isinf(found).any():
        raise ValueError("expected flows without infinities")
    weights = _weights(found.shape[1], decay)
    return np.asarray(found @ (weights / weights.sum()), dtype=np.float64)


def normalized_ofi(events: npt.ArrayLike, *, window: int) -> FloatArray:
    """Return the sum of the last `window` events over the sum of their sizes, -1 to 1.

    Parameters
    ----------
    events : (n,) array
        Events of `ofi_events`; the first one, NaN, is not counted.
    window : int
        Events in the sum.

    Returns
    -------
    (n,) array
        NaN for the first `window` entries, 0 where nothing moved.

    Raises
    ------
    ValueError
        If an event other than the first is not finite or `window` is below 1.

    Examples
    --------
    >>> normalized_ofi([float("nan"), 5.0, -3.0], window=2)
    array([ nan,  nan, 0.25])
    """
    found = np.array(events, dtype=np.float64, ndmin=1)
    if found.ndim != 1 or found.size == 0:
        raise ValueError(f"expected events of shape (n,), was {found.shape}")
    found[0] = 0.0
    found = array("events", found)
    out = np.empty(found.size)
    _kernels.trailing_ratio(found, count("window", window), out)
    return out


def microprices(
    bid_px: npt.ArrayLike, bid_sz: npt.ArrayLike, ask_px: npt.ArrayLike, ask_sz: npt.ArrayLike
) -> FloatArray:
    """Return the size-weighted mids (ask bid_sz + bid ask_sz) / (bid_sz + ask_sz).

    A side without size gives the other side's full weight: the bid where the bid is empty, the
    ask where the ask is empty, the mid where both are. Always inside the quote.

    Parameters
    ----------
    bid_px, bid_sz, ask_px, ask_sz : (n,) array
        Best quotes; prices in currency or ticks, sizes in units.

    Returns
    -------
    (n,) array
        In the unit of the prices.

    Raises
    ------
    ValueError
        If an array is empty, not finite, of another length, or a size is negative.

    Examples
    --------
    >>> microprices([100.0], [3.0], [101.0], [1.0])
    array([100.75])
    """
    bid, bid_size, ask, ask_size = _quotes(bid_px, bid_sz, ask_px, ask_sz, ndim=1)
    size = bid_size + ask_size
    share = np.divide(bid_size, size, out=np.full(bid.size, 0.5), where=size > 0.0)
    return np.asarray(np.where(share == 1.0, ask, bid + (ask - bid) * share), dtype=np.float64)


def imbalances(bid_sz: npt.ArrayLike, ask_sz: npt.ArrayLike, *, decay: float = 0.7) -> FloatArray:
    """Return the book imbalances (bid - ask) / (bid + ask), -1 to 1, 0 for an empty book.

    Parameters
    ----------
    bid_sz, ask_sz : (n,) or (n, depth) array
        Sizes; of several levels, best first, level i weighs ``decay**i``.
    decay : float
        In (0, 1]; without effect on one level.

    Returns
    -------
    (n,) array
        The numbers of `rf_signals.streaming.BookImbalance`.

    Raises
    ------
    ValueError
        If an array is empty, not finite, of another shape, a size is negative or `decay` is
        outside (0, 1].

    Examples
    --------
    >>> imbalances([[30.0, 0.0]], [[10.0, 20.0]], decay=0.5)
    array([0.2])
    """
    ndim = 1 if np.ndim(bid_sz) == 1 else 2
    bid, ask = not_negative("bid_sz", bid_sz, ndim=ndim), not_negative("ask_sz", ask_sz, ndim=ndim)
    same_shape(bid_sz=bid, ask_sz=ask)
    if ndim == 2:
        weights = _weights(bid.shape[1], decay)
        bid, ask = bid @ weights, ask @ weights
    size = bid + ask
    return np.divide(bid - ask, size, out=np.zeros(bid.shape[0]), where=size > 0.0)


def _weights(depth: int, decay: float) -> FloatArray:
    if number("decay", decay, least=0.0, above=True) > 1.0:
        raise ValueError(f"expected decay in (0, 1], was {decay!r}")
    return np.asarray(decay ** np.arange(count("depth", depth)), dtype=np.float64)


def _quotes(
    bid_px: npt.ArrayLike,
    bid_sz: npt.ArrayLike,
    ask_px: npt.ArrayLike,
    ask_sz: npt.ArrayLike,
    *,
    ndim: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    bid, ask = array("bid_px", bid_px, ndim=ndim), array("ask_px", ask_px, ndim=ndim)
    bid_size = not_negative("bid_sz", bid_sz, ndim=ndim)
    ask_size = not_negative("ask_sz", ask_sz, ndim=ndim)
    same_shape(bid_px=bid, bid_sz=bid_size, ask_px=ask, ask_sz=ask_size)
    return bid, bid_size, ask, ask_size
