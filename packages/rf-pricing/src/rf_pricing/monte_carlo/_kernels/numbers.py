"""Random numbers that depend on nothing but seed, path, draw and stream.

Philox4x32-10 of Salmon et al. (2011) enciphers the counter (path, draw, stream) under the seed,
so that every number can be had by itself, in any order, on any thread. One call gives two
uniforms of 52 bits, in the open interval, symmetric about one half. Normals come by inversion.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rf_pricing._normal import norm_cdf

LANES = 64

_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_20 = np.uint64(20)
_6 = np.uint64(6)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_BELOW_ONE = 1.0 - 2.0**-53

_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_HALF_BITS = np.int64(0x3FE0000000000000)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
_LN2 = 0.6931471805599453


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _round(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    p0 = c0 * _M0
    p1 = c2 * _M1
    return (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _two_rounds(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    return _round(c0, c1, c2, c3, (k0 + _W0) & _LOW, (k1 + _W1) & _LOW)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Return the four words (as uint64 below 2**32) of a counter under a key."""
    w0, w1 = _W0 + _W0, _W1 + _W1
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + w0) & _LOW, (k1 + w1) & _LOW
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + w0) & _LOW, (k1 + w1) & _LOW
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + w0) & _LOW, (k1 + w1) & _LOW
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + w0) & _LOW, (k1 + w1) & _LOW
    return _two_rounds(c0, c1, c2, c3, k0, k1)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _unit(high, low):  # type: ignore[no-untyped-def]
    # 52 random bits as the mantissa of a number in [1, 2), moved to the middle of its cell.
    bits = ((high << _20) | (low >> _6 >> _6)) | _ONE_BITS
    return np.uint64(bits).view(np.float64) - _BELOW_ONE


@njit(cache=True, nogil=True, error_model="numpy")
def uniform_rows(path, draw, stream, key, a, b):  # type: ignore[no-untyped-def]
    """Fill two rows with the uniforms of `path` and the paths after it."""
    k0, k1 = key & _LOW, key >> _32
    c2, c3 = np.uint64(draw), np.uint64(stream)
    for i in range(LANES):
        at = path + np.uint64(i)
        w0, w1, w2, w3 = philox(at & _LOW, at >> _32, c2, c3, k0, k1)
        a[i] = _unit(w0, w1)
        b[i] = _unit(w2, w3)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True, fastmath={"contract"})
def log_of(x):  # type: ignore[no-untyped-def]
    """Return the logarithm of a positive normal number, to about 1e-15 relative."""
    bits = np.float64(x).view(np.int64)
    whole = (bits - _SQRT_HALF_BITS) >> 52
    m = np.int64(bits - (whole << 52)).view(np.float64)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    s2 = s * s
    s4 = s2 * s2
    p01 = 2.0 + s * 0.6666666666666666
    p23 = 0.4 + s * 0.2857142857142857
    p45 = 0.2222222222222222 + s * 0.18181818181818182
    p67 = 0.15384615384615385 + s * 0.13333333333333333
    p = (p01 + s2 * p23) + s4 * ((p45 + s2 * p67) + s4 * 0.11764705882352941)
    return whole * _LN2 + f * p


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True, fastmath={"contract"})
def normal_of(u):  # type: ignore[no-untyped-def]
    """Return the normal quantile at `u` in [2**-53, 1 - 2**-53], to 4e-13 absolute.

    A rational function of ``sqrt(-2 log(tail))``, fitted in 60 digits.
    """
    tail = min(u, 1.0 - u)
    r = np.sqrt(-2.0 * log_of(tail))
    r2 = r * r
    r4 = r2 * r2
    a01 = -3.6495491051381412 + r * -31.125867442508692
    a23 = -32.69036413139829 + r * 18.860550491586256
    a45 = 21.389623782651174 + r * 5.302820867685326
    a67 = 0.6148358827088622 + r * 0.027780361593051847
    top = (a01 + r2 * a23) + r4 * (a45 + r2 * a67)
    b01 = 1.0 + r * 13.906299897911751
    b23 = 34.20104516869131 + r * 23.50714581412414
    b45 = 5.436632517236084 + r * 0.6155631979091806
    b67 = 0.02777145886354965 + r * 7.806817111281717e-08
    bottom = (b01 + r2 * b23) + r4 * (b45 + r2 * b67)
    z = top / bottom
    return -z if u < 0.5 else z


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def normal_row(u, z):  # type: ignore[no-untyped-def]
    """Fill `z` with the quantiles at `u`."""
    for i in range(LANES):
        z[i] = normal_of(u[i])


@njit(cache=True, nogil=True, error_model="numpy")
def uniforms_into(first, draws, stream, key, flip, u):  # type: ignore[no-untyped-def]
    """Fill `u` of shape (draws, 64), mirrored about one half when `flip`."""
    spare = np.empty(LANES)
    for k in range((draws + 1) // 2):
        b = u[2 * k + 1] if 2 * k + 1 < draws else spare
        uniform_rows(first, k, stream, key, u[2 * k], b)
    if flip:
        for k in range(draws):
            row = u[k]
            for i in range(LANES):
                row[i] = 1.0 - row[i]


@njit(cache=True, nogil=True, error_model="numpy")
def normals_into(u, z):  # type: ignore[no-untyped-def]
    """Fill `z` of shape (draws, 64) with the quantiles at `u`."""
    for k in range(u.shape[0]):
        normal_row(u[k], z[k])


@njit(cache=True, nogil=True, error_model="numpy")
def probabilities_into(z, u):  # type: ignore[no-untyped-def]
    """Fill `u` with the distribution function at `z`, the inverse of `normals_into`."""
    for k in range(z.shape[0]):
        for i in range(LANES):
            u[k, i] = min(max(norm_cdf(z[k, i]), 1.1e-16), 1.0 - 1.2e-16)


@njit(cache=True, nogil=True, error_model="numpy")
def draw_chunk(given, chunk, first, stream, key, flip, u, z):  # type: ignore[no-untyped-def]
    """Fill `u` and `z` of a chunk: from `given` normals if there are any, else by Philox."""
    if given.shape[0] > 0:
        z[:, :] = given[chunk]
        probabilities_into(z, u)
    else:
        uniforms_into(first, z.shape[0], stream, key, flip, u)
        normals_into(u, z)
