"""What the graph is made of: entities, relationships and the evidence they rest on."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

import msgspec

MAX_TEXT = 240
MAX_ID = 64
MAX_EVIDENCE = 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_SPACE = re.compile(r"\s+")
_NOT_ID = re.compile(r"[^0-9A-Z]+")


class EntityType(StrEnum):
    """What an entity is; what nobody knows stays ``UNKNOWN``."""

    COMPANY = "Company"
    PERSON = "Person"
    SECTOR = "Sector"
    COUNTRY = "Country"
    CURRENCY = "Currency"
    COMMODITY = "Commodity"
    INDEX = "Index"
    MACRO_INDICATOR = "MacroIndicator"
    REGULATION = "Regulation"
    EVENT = "Event"
    UNKNOWN = "Unknown"


class RelationshipKind(StrEnum):
    """How two entities hang together; any other text is ``CUSTOM`` and kept as a label."""

    SUPPLIES = "Supplies"
    SUPPLIED_BY = "SuppliedBy"
    COMPETES = "Competes"
    OWNS = "Owns"
    REGULATED_BY = "RegulatedBy"
    AFFECTS = "Affects"
    LEAD_BY = "LeadBy"
    PART_OF = "PartOf"
    DEPENDS_ON = "DependsOn"
    CORRELATES = "Correlates"
    ACQUIRES = "Acquires"
    CUSTOM = "Custom"

    @property
    def is_symmetric(self) -> bool:
        """Whether it holds in both directions."""
        return self in {RelationshipKind.COMPETES, RelationshipKind.CORRELATES}

    @property
    def words(self) -> str:
        """The verb that stands between the two names."""
        return _WORDS[self]


class Source(StrEnum):
    """Where a statement comes from."""

    MANUAL = "manual"
    SEED = "seed"
    DOCUMENT = "document"
    SWARM = "swarm"


_WORDS = {
    RelationshipKind.SUPPLIES: "supplies",
    RelationshipKind.SUPPLIED_BY: "is supplied by",
    RelationshipKind.COMPETES: "competes with",
    RelationshipKind.OWNS: "owns",
    RelationshipKind.REGULATED_BY: "is regulated by",
    RelationshipKind.AFFECTS: "affects",
    RelationshipKind.LEAD_BY: "is led by",
    RelationshipKind.PART_OF: "is part of",
    RelationshipKind.DEPENDS_ON: "depends on",
    RelationshipKind.CORRELATES: "correlates with",
    RelationshipKind.ACQUIRES: "acquires",
    RelationshipKind.CUSTOM: "is related to",
}
_KIND_ALIASES = {
    "supply": RelationshipKind.SUPPLIES,
    "supplier": RelationshipKind.SUPPLIES,
    "supplierof": RelationshipKind.SUPPLIES,
    "sellsto": RelationshipKind.SUPPLIES,
    "buysfrom": RelationshipKind.SUPPLIED_BY,
    "customerof": RelationshipKind.SUPPLIED_BY,
    "issuppliedby": RelationshipKind.SUPPLIED_BY,
    "competeswith": RelationshipKind.COMPETES,
    "competitor": RelationshipKind.COMPETES,
    "competitorof": RelationshipKind.COMPETES,
    "rival": RelationshipKind.COMPETES,
    "rivals": RelationshipKind.COMPETES,
    "own": RelationshipKind.OWNS,
    "ownerof": RelationshipKind.OWNS,
    "parentof": RelationshipKind.OWNS,
    "holds": RelationshipKind.OWNS,
    "regulated": RelationshipKind.REGULATED_BY,
    "isregulatedby": RelationshipKind.REGULATED_BY,
    "affect": RelationshipKind.AFFECTS,
    "impacts": RelationshipKind.AFFECTS,
    "influences": RelationshipKind.AFFECTS,
    "ledby": RelationshipKind.LEAD_BY,
    "isledby": RelationshipKind.LEAD_BY,
    "managedby": RelationshipKind.LEAD_BY,
    "memberof": RelationshipKind.PART_OF,
    "belongsto": RelationshipKind.PART_OF,
    "in": RelationshipKind.PART_OF,
    "ispartof": RelationshipKind.PART_OF,
    "needs": RelationshipKind.DEPENDS_ON,
    "relieson": RelationshipKind.DEPENDS_ON,
    "reliesupon": RelationshipKind.DEPENDS_ON,
    "correlateswith": RelationshipKind.CORRELATES,
    "correlatedwith": RelationshipKind.CORRELATES,
    "correlation": RelationshipKind.CORRELATES,
    "acquire": RelationshipKind.ACQUIRES,
    "acquired": RelationshipKind.ACQUIRES,
    "buys": RelationshipKind.ACQUIRES,
    "takesover": RelationshipKind.ACQUIRES,
}
_TYPE_ALIASES = {
    "corporation": EntityType.COMPANY,
    "firm": EntityType.COMPANY,
    "issuer": EntityType.COMPANY,
    "human": EntityType.PERSON,
    "executive": EntityType.PERSON,
    "industry": EntityType.SECTOR,
    "nation": EntityType.COUNTRY,
    "crypto": EntityType.CURRENCY,
    "cryptocurrency": EntityType.CURRENCY,
    "coin": EntityType.CURRENCY,
    "rawmaterial": EntityType.COMMODITY,
    "etf": EntityType.INDEX,
    "macro": EntityType.MACRO_INDICATOR,
    "indicator": EntityType.MACRO_INDICATOR,
    "regulator": EntityType.REGULATION,
    "law": EntityType.REGULATION,
    "rule": EntityType.REGULATION,
}


def _fold(text: str) -> str:
    return re.sub(r"[\s_\-]+", "", text).lower()


_TYPES = {_fold(kind.value): kind for kind in EntityType} | _TYPE_ALIASES
_KINDS = {
    _fold(kind.value): kind for kind in RelationshipKind if kind is not RelationshipKind.CUSTOM
} | _KIND_ALIASES


class EntityNode(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One thing that facts are about.

    Parameters
    ----------
    id : str
        Capitals, digits and underscores, such as ``FED_FUNDS_RATE``.
    name : str
        As people write it.
    type : EntityType
        What it is; `raw_type` keeps a text that is not known.
    ticker : str
        Empty when there is none.
    aliases : tuple of str
        Other names; `venue_symbols` are symbols of venues, with or without the venue.
    metadata : dict of str to str
        Anything else, sorted by key when written.
    sentiment : float
        In [-1, 1], as it was at `ts_sentiment`; it fades, see `rf_knowledge_graph.evidence`.
    ts_updated : int
        Nanoseconds UTC; 0 means always.
    """

    id: str
    name: str
    type: EntityType = EntityType.UNKNOWN
    raw_type: str = ""
    ticker: str = ""
    sector: str = ""
    country: str = ""
    aliases: tuple[str, ...] = ()
    venue_symbols: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    sentiment: float = 0.0
    ts_sentiment: int = 0
    ts_updated: int = 0


class Evidence(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One statement: who said it and when, how strong, in which direction."""

    source: Source
    reference: str = ""
    ts: int = 0
    weight: float = 0.5
    correlation: float | None = None
    description: str = ""


class Relationship(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A directed edge with everything that was said for it.

    `weight`, `correlation` and `description` follow from the evidence without any ageing;
    `rf_knowledge_graph.evidence.strength` gives the weight at a moment. A statement that
    contradicts another one is an edge beside it: `negated`, or with the other sign of
    correlation. `reports` counts all statements, of which the newest are kept.
    """

    source_id: str
    target_id: str
    kind: RelationshipKind
    label: str = ""
    negated: bool = False
    weight: float = 0.5
    correlation: float | None = None
    description: str = ""
    ts_first: int = 0
    ts_last: int = 0
    reports: int = 1
    evidence: tuple[Evidence, ...] = ()

    @property
    def side(self) -> int:
        """Sign of the correlation, 0 when there is none."""
        return 0 if not self.correlation else (1 if self.correlation > 0 else -1)

    @property
    def words(self) -> str:
        """The verb that stands between the two names."""
        said = self.label or self.kind.words
        return f"is said not to be: {said}" if self.negated else said

    @property
    def source(self) -> Source:
        """Where its newest statement comes from."""
        return self.evidence[-1].source if self.evidence else Source.MANUAL


def entity_type(text: str) -> tuple[EntityType, str]:
    """Return the type that `text` names, and the text itself when nobody knows it.

    Examples
    --------
    >>> entity_type("macro_indicator")[0].value, entity_type("Galaxy")
    ('MacroIndicator', (<EntityType.UNKNOWN: 'Unknown'>, 'Galaxy'))
    """
    found = _TYPES.get(_fold(text))
    if found is None or (found is EntityType.UNKNOWN and _fold(text) != "unknown"):
        return EntityType.UNKNOWN, clean_text(text)
    return found, ""


def relationship_kind(text: str) -> tuple[RelationshipKind, str]:
    """Return the kind that `text` names; any other text is ``CUSTOM`` with that label.

    Examples
    --------
    >>> relationship_kind("competes with"), relationship_kind("Lends to")[1]
    ((<RelationshipKind.COMPETES: 'Competes'>, ''), 'lends to')
    """
    found = _KINDS.get(_fold(text))
    if found is not None:
        return found, ""
    label = clean_text(text).lower()
    return RelationshipKind.CUSTOM, "" if label == "custom" else label


def entity_id(name: str) -> str:
    """Return the id that an entity of this name gets.

    Raises
    ------
    ValueError
        If no letter or digit is left, or more than 64 characters are.

    Examples
    --------
    >>> entity_id("Société Générale S.A.")
    'SOCIETE_GENERALE_S_A'
    """
    plain = unicodedata.normalize("NFKD", name).upper().encode("ascii", "ignore").decode()
    made = _NOT_ID.sub("_", plain).strip("_")
    if not made or len(made) > MAX_ID:
        raise ValueError(
            f"id: expected 1 to {MAX_ID} letters, digits or underscores, was {name[:80]!r}"
        )
    return made


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text` on one line, without control and direction marks, at most `limit` long.

    Examples
    --------
    >>> clean_text("two" + chr(10) + "lines" + chr(0x202E))
    'two lines'
    """
    flat = _SPACE.sub(" ", _CONTROL.sub(" ", unicodedata.normalize("NFC", text))).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def checked_range(name: str, value: float, low: float, high: float) -> float:
    """Return `value` as a float when it is finite and in range, else raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}: expected a number in [{low:g}, {high:g}], was {value!r}")
    return float(value)
