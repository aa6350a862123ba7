"""The one object an analyst may answer with: its types, its JSON schema, its strict reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from rf_ai.errors import ModelAnswerInvalid, ModelAnswerTooLarge
from rf_ai.models.answer import one_object
from rf_common.intelligence import Direction, Horizon, Recommendation

MAX_ANSWER_BYTES = 1_048_576
MAX_TEXT = 2_000
MAX_RISKS = 3

T = TypeVar("T", bound=msgspec.Struct)


class Valuation(msgspec.Struct, frozen=True, kw_only=True):
    """Multiples and a range of value; None where the context does not hold one."""

    pe: float | None = None
    ps: float | None = None
    ev_ebitda: float | None = None
    dcf_low: float | None = None
    dcf_high: float | None = None
    revenue_impact_musd: float | None = None
    margin_change_pct: float | None = None

    def given(self) -> dict[str, float]:
        """Return the values that are there, by name."""
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in named.items() if value is not None}


class DexterSignal(msgspec.Struct, frozen=True, kw_only=True):
    """An analyst's answer before any check; in JSON the prices carry their long names.

    `position_size_pct` is a fraction: 0.05 is 5 % of the account.
    """

    symbol: str
    direction: Direction
    confidence: float
    entry_px: float = msgspec.field(name="entry_price")
    stop_px: float = msgspec.field(name="stop_loss")
    take_profit_px: float = msgspec.field(name="take_profit")
    position_size_pct: float
    time_horizon: Horizon
    thesis: str
    key_risks: tuple[str, ...]
    catalyst: str | None = None
    valuation: Valuation | None = None
    recommendation: Recommendation


class NewsSignal(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says of one news item; amounts in millions of US dollars."""

    revenue_impact_musd: float | None
    primary_catalyst: str
    sentiment: float
    action: Literal["BUY", "SELL", "HOLD"]


class TextAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a free question, with the rows it rests on."""

    answer: str
    cited: tuple[str, ...]


class ImpactAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a model makes of the graph's impacts: words about rows, no numbers of its own."""

    summary: str
    cited: tuple[str, ...]


_NUMBER_OR_NULL = {"type": ["number", "null"]}
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _number(description: str) -> dict[str, Any]:
    return {"type": "number", "description": description}


VALUATION_SCHEMA = _object(dict.fromkeys(Valuation.__struct_fields__, _NUMBER_OR_NULL))
SIGNAL_SCHEMA: Mapping[str, Any] = _object(
    {
        "symbol": {"type": "string", "description": "The instrument that was asked for."},
        "direction": {"type": "string", "enum": [d.value for d in Direction]},
        "confidence": _number("From 0 to 1."),
        "entry_price": _number("Near the present price."),
        "stop_loss": _number("Below the entry for LONG, above it for SHORT."),
        "take_profit": _number("Above the entry for LONG, below it for SHORT."),
        "position_size_pct": _number("Fraction of the account, from 0 to 0.10."),
        "time_horizon": {"type": "string", "enum": [h.value for h in Horizon]},
        "thesis": {
            "type": "string",
            "description": "Two or three sentences; each figure is followed by its row, as [F2].",
        },
        "key_risks": {**_TEXTS, "description": "At most three."},
        "catalyst": {"type": ["string", "null"]},
        "valuation": {"anyOf": [VALUATION_SCHEMA, {"type": "null"}]},
        "recommendation": {"type": "string", "enum": [r.value for r in Recommendation]},
    }
)
"""JSON schema of `DexterSignal`."""
NEWS_SCHEMA: Mapping[str, Any] = _object(
    {
        "revenue_impact_musd": _NUMBER_OR_NULL,
        "primary_catalyst": _TEXT,
        "sentiment": _number("From -1 to 1."),
        "action": {"type": "string", "enum": ["BUY", "SELL", "HOLD"]},
    }
)
"""JSON schema of `NewsSignal`."""
TEXT_SCHEMA: Mapping[str, Any] = _object({"answer": _TEXT, "cited": _TEXTS})
"""JSON schema of `TextAnswer`."""
IMPACT_SCHEMA: Mapping[str, Any] = _object({"summary": _TEXT, "cited": _TEXTS})
"""JSON schema of `ImpactAnswer`."""


def parse(answer: bytes | str, kind: type[T]) -> T:
    """Return `answer` as a `kind`; unknown keys are dropped, nothing is repaired.

    Parameters
    ----------
    answer : bytes or str
        One JSON object, possibly in one code fence; at most 1 MiB.
    kind : type
        `DexterSignal`, `NewsSignal`, `TextAnswer` or `ImpactAnswer`.

    Raises
    ------
    ModelAnswerTooLarge
        If it is longer.
    ModelAnswerInvalid
        If it is not one object, holds a key twice or a number that is not finite, or if a
        field is missing, of another type or longer than 2,000 characters.

    Examples
    --------
    >>> news = b'{"revenue_impact_musd": null, "primary_catalyst": "guidance",'
    >>> parse(news + b'"sentiment": 0.5, "action": "BUY", "tool": "x"}', NewsSignal).action
    'BUY'
    """
    size = len(answer) if isinstance(answer, bytes) else len(answer.encode(errors="replace"))
    if size > MAX_ANSWER_BYTES:
        raise ModelAnswerTooLarge(f"the answer has {size:,} bytes, at most 1 MiB is read")
    try:
        text = answer.decode() if isinstance(answer, bytes) else answer
    except UnicodeDecodeError:
        raise ModelAnswerInvalid("the answer is not UTF-8") from None
    try:
        found = msgspec.json.decode(one_object(text), type=kind)
    except msgspec.DecodeError as error:
        raise ModelAnswerInvalid(f"the answer does not fit its schema: {error}") from None
    for name, value in texts(found):
        if len(value) > MAX_TEXT:
            raise ModelAnswerInvalid(f"{name} has {len(value):,} characters, at most {MAX_TEXT:,}")
    return found


def texts(answer: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Yield every text of an answer with the name of its field."""
    for name in answer.__struct_fields__:
        value = getattr(answer, name)
        if type(value) is str:
            yield name, value
        elif isinstance(value, tuple):
            for item in value:
                yield name, item
