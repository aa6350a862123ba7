"""A question answered by the rows alone: BM25 over their words, the best rows as they stand."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from rf_common.intelligence import ContextRow

K1 = 1.2
B = 0.75
_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_STOP = frozenset(
    _WORD.findall(
        "a an and are as at be but by do does for from has have how i in is it its me not of on "
        "or should so that the this to was what when where which who why will with you high low "
        "much many very now tell say says"
    )
)
_SAME = {
    "overbought": ("rsi",),
    "oversold": ("rsi",),
    "volatility": ("vol", "garch", "heston"),
    "vol": ("volatility",),
    "price": ("px", "vwap"),
    "trend": ("momentum",),
    "book": ("imbalance",),
    "crowd": ("agreement", "swarm"),
    "herding": ("agreement",),
    "simulation": ("ensemble", "rally", "bull"),
    "swarm": ("bull", "direction", "confidence", "agreement"),
    "forecast": ("rally", "base"),
    "supplier": ("supplies", "supplied"),
    "suppliers": ("supplies", "supplied"),
    "contagion": ("impact",),
    "before": ("hit", "miss"),
    "option": ("bsm", "value"),
}


def words(text: str) -> list[str]:
    """Return the words of `text` that say something.

    Examples
    --------
    >>> words("Why is the RSI so high?")
    ['rsi']
    """
    lowered = text.lower().replace("rsi14", "rsi")
    return [word for word in _WORD.findall(lowered) if word not in _STOP]


def look_up(question: str, rows: Sequence[ContextRow], *, limit: int = 5) -> list[ContextRow]:
    """Return the rows that fit `question` best, best first; none when no word is shared.

    Parameters
    ----------
    question : str
        In words.
    rows : sequence of ContextRow
        Where to look.
    limit : int
        Most rows.

    References
    ----------
    Robertson and Zaragoza (2009), "The probabilistic relevance framework: BM25 and beyond",
    equation 3.15.
    """
    asked = dict.fromkeys(words(question), 1.0)
    for word in list(asked):
        for other in _SAME.get(word, ()):
            asked.setdefault(other, 0.8)
    documents = [Counter(words(f"{row.kind.value} {row.text} {row.source}")) for row in rows]
    if not documents:
        return []
    average = sum(map(Counter.total, documents)) / len(documents) or 1.0
    holding = Counter(word for document in documents for word in document)
    scored = []
    for number, document in enumerate(documents):
        score = 0.0
        for word, weight in asked.items():
            often = document[word]
            if often:
                n = holding[word]
                idf = math.log(1.0 + (len(documents) - n + 0.5) / (n + 0.5))
                size = 1.0 - B + B * document.total() / average
                score += weight * idf * often * (K1 + 1.0) / (often + K1 * size)
        if score > 0:
            scored.append((-score, number))
    return [rows[number] for _, number in sorted(scored)[:limit]]


def answer_from_rows(question: str, rows: Sequence[ContextRow]) -> tuple[str, tuple[str, ...]]:
    """Return what the rows say to `question` and the ids of those rows.

    Examples
    --------
    >>> from rf_common.intelligence import RowKind
    >>> rows = [ContextRow("F2", RowKind.FEATURE, "rsi14 = 71.2, overbought", "quant", 0)]
    >>> answer_from_rows("is it overbought?", rows)
    ('rsi14 = 71.2, overbought [F2]', ('F2',))
    """
    found = look_up(question, rows)
    if not found:
        return "No row says anything about this.", ()
    text = "; ".join(f"{row.text} [{row.row_id}]" for row in found)
    return text, tuple(row.row_id for row in found)
