"""Lexical search: which texts say what a question asks for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_knowledge_graph._words import tokens_of

K1 = 1.2
B = 0.75
LARGE = 1_000
"""From so many texts on, a word that most of them hold brings in no text by itself."""
_STOP_TEXT = """
a an and are as at be been but by can could did do does for from had has have how i if in into is
it its may me might much of on or our should so than that the their them then there these they
this those to was we were what when where which who whom whose why will with would you your s
about
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
_SUFFIXES = (
    ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ing", ""),
    ("ers", ""), ("er", ""), ("ors", ""), ("or", ""), ("ed", ""), ("s", ""),
)  # fmt: skip


class Hit(NamedTuple):
    """A text's position and its score."""

    at: int
    score: float


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a word without its ending, so that forms of one word meet.

    Examples
    --------
    >>> [stem(word) for word in ("supplies", "supplier", "supplied", "supply", "gas", "chips")]
    ['suppl', 'suppl', 'suppl', 'suppl', 'gas', 'chip']
    """
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, instead in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            if ending == "s" and word.endswith(("ss", "us", "is")):
                break
            word = word[: -len(ending)] + instead
            break
    return re.sub(r"(?<=...)[iye]$", "", word)


def terms_of(text: str) -> list[str]:
    """Return the terms of a text: words in lower case, without stop words, by their stems.

    Examples
    --------
    >>> terms_of("Who supplies Nvidia's chips?")
    ['suppl', 'nvidia', 'chip']
    """
    return [stem(word) for word, _, _ in tokens_of(text) if word not in STOP_WORDS]


class Bm25:
    """Texts ranked by Okapi BM25.

    With ``tf`` the count of a term in a text, ``dl`` the text's length, ``avgdl`` the mean
    length, ``N`` the number of texts and ``df`` the number that hold the term::

        score = sum ln(1 + (N - df + 0.5) / (df + 0.5))
                    * tf (k1 + 1) / (tf + k1 (1 - b + b dl / avgdl))

    Parameters
    ----------
    texts : iterable of str
        What is searched, or lists of terms.
    k1, b : float
        How fast repeats stop to count, and how much long texts are discounted.

    References
    ----------
    Robertson, Walker, Jones, Hancock-Beaulieu and Gatford (1994); Robertson and Zaragoza (2009),
    equation 3.15, with 1 added inside the logarithm so that no term counts against a text.

    Examples
    --------
    >>> [hit.at for hit in Bm25(["oil is up", "gold is up", "gold and silver"]).top("gold", 2)]
    [1, 2]
    """

    def __init__(
        self, texts: Iterable[str | Sequence[str]], *, k1: float = K1, b: float = B
    ) -> None:
        if k1 < 0.0 or not 0.0 <= b <= 1.0:
            raise ValueError(f"k1 and b: expected from 0 and [0, 1], was {k1}, {b}")
        rows: dict[str, tuple[list[int], list[int]]] = {}
        lengths: list[int] = []
        for at, text in enumerate(texts):
            terms = terms_of(text) if isinstance(text, str) else list(text)
            lengths.append(len(terms))
            for term, count in Counter(terms).items():
                places, counts = rows.setdefault(term, ([], []))
                places.append(at)
                counts.append(count)
        self.size = len(lengths)
        length = np.array(lengths, dtype=np.float64)
        mean = float(length.mean()) if lengths and length.any() else 1.0
        discount = k1 * (1.0 - b + b * length / mean)
        self._rows = {
            term: _weighted(np.array(places), np.array(counts, float), discount, k1)
            for term, (places, counts) in rows.items()
        }
        self._sums = np.zeros(self.size)
        self._most = k1 + 1.0

    def idf(self, term: str) -> float:
        """Return the weight of a term, 0 when no text holds it."""
        if term not in self._rows:
            return 0.0
        df = self._rows[term][0].size
        return float(np.log1p((self.size - df + 0.5) / (df + 0.5)))

    def top(self, query: str | Sequence[str], k: int) -> list[Hit]:
        """Return the k best texts with a score above 0, best first, equals in their order.

        Raises
        ------
        ValueError
            If k is not positive.
        """
        if k < 1:
            raise ValueError(f"k: expected 1 or more, was {k}")
        terms = terms_of(query) if isinstance(query, str) else list(query)
        known = [(n * self.idf(term), term) for term, n in Counter(terms).items()]
        known = sorted((item for item in known if item[0] > 0.0), key=lambda i: (-i[0], i[1]))
        if not known:
            return []
        touched, scores = self._scored(known, k)
        if touched.size > k:
            least = np.partition(scores, touched.size - k)[touched.size - k]
            touched, scores = touched[scores >= least], scores[scores >= least]
        order = np.lexsort((touched, -scores))[:k]
        return [Hit(int(touched[i]), float(scores[i])) for i in order]

    def _scored(
        self, known: list[tuple[float, str]], k: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return texts and scores, rare terms first.

        As soon as the terms that are left cannot lift a new text among the first k, they are
        looked up for the texts at hand only (MaxScore, Turtle and Flood 1995): nothing is lost.
        In a large set the same is done from the first term on that most texts hold.
        """
        sums, touched = self._sums, np.empty(0, dtype=np.int64)
        left = sum(weight for weight, _ in known) * self._most
        is_settled = False
        for weight, term in known:
            places, values = self._rows[term]
            if not is_settled and touched.size >= k:
                kth = np.partition(sums[touched], touched.size - k)[touched.size - k]
                is_settled = bool(left < kth)
            is_settled = is_settled or (touched.size > 0 and self._is_in_most(places.size))
            left -= weight * self._most
            if is_settled:
                at = np.minimum(np.searchsorted(places, touched), places.size - 1)
                held = places[at] == touched
                sums[touched[held]] += weight * values[at[held]]
            else:
                sums[places] += weight * values
                touched = places if not touched.size else _union(touched, places, sums)
        scores = sums[touched].copy()
        sums[touched] = 0.0
        return touched, scores

    def _is_in_most(self, df: int) -> bool:
        return self.size >= LARGE and 2 * df > self.size


def _union(
    one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], sums: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return both sets of positions; all scored ones are found in the sums when there are many."""
    if one.size + other.size > sums.size // 16:
        return np.flatnonzero(sums)
    return np.union1d(one, other)


def _weighted(
    places: npt.NDArray[np.int64],
    counts: npt.NDArray[np.float64],
    discount: npt.NDArray[np.float64],
    k1: float,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    return places, counts * (k1 + 1.0) / (counts + discount[places])
