"""Verbs of headlines: what stands between two names and what it means.

A pattern says which statement it makes, with which weight, and how the two ends feel about it.
"""

# ruff: noqa: E501 - the words of one verb stand together

from __future__ import annotations

import re
from typing import NamedTuple


class Pattern(NamedTuple):
    """`swap`: the statement runs from the second name to the first."""

    words: re.Pattern[str]
    relationship: str
    weight: float
    swap: bool = False
    correlation: float | None = None
    first: float = 0.0
    second: float = 0.0


def _p(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


PATTERNS = (
    Pattern(_p(r"(?:is |was |to be |been )?(?:acquired|bought|taken over) by"), "acquires", 0.8, True,
            None, 0.3, 0.1),
    Pattern(_p(r"(?:buys?|bought|takes?|took|acquires?|acquired|raises?|builds?) (?:a |an |its )?"
               r"(?:[\w.%]+ ){0,3}(?:stake|holding|position) in"), "owns", 0.4, False, None, 0.0, 0.3),
    Pattern(_p(r"(?:sells?|sold|exits?|dumps?) (?:its |a |all |most )?(?:[\w.%]+ ){0,3}"
               r"(?:stake|holding|position|shares) in"), "reduces stake in", 0.4, False, None, 0.0, -0.3),
    Pattern(_p(r"(?:wins?|won|gets?|got|lands?|secures?|receives?|books?) (?:[\w.%-]+ ){0,4}"
               r"(?:orders?|contracts?) (?:[\w.%-]+ ){0,5}from"), "supplies", 0.6, False, None, 0.3),
    Pattern(_p(r"(?:buys?|sources?|orders?|purchases?) [\w\s-]{1,40} from"), "supplies", 0.6, True,
            None, 0.0, 0.2),
    Pattern(_p(r"(?:is |are )?supplied by|relies on [\w\s-]{0,30} from"), "supplies", 0.6, True),
    Pattern(_p(r"acquires?|acquired|acquiring|to acquire|acquisition of|buys?|bought|takes over|"
               r"takeover of|merges with|merger with"), "acquires", 0.8, False, None, 0.0, 0.3),
    Pattern(_p(r"suppl(?:y|ies|ied|ying)(?! (?:deal|agreement|contract|pact|chain|shortage))|ships? [\w\s-]{0,30}to|delivers? [\w\s-]{0,30}to|"
               r"makes? [\w\s-]{0,30}for|provides? [\w\s-]{0,30}(?:to|for)|sells? [\w\s-]{0,30}to"),
            "supplies", 0.6),
    Pattern(_p(r"sues|sued|suing|files? (?:a )?(?:law)?suit against|takes? legal action against"),
            "sues", 0.7, False, None, -0.1, -0.5),
    Pattern(_p(r"partners? with|partnered with|teams? up with|joins? forces with|collaborates? with|"
               r"signs? (?:a |an )?(?:[\w-]+ ){0,4}(?:deal|agreement|pact|contract) with|"
               r"strikes? (?:a |an )?(?:[\w-]+ ){0,4}(?:deal|agreement|pact) with"),
            "partners with", 0.6, False, None, 0.3, 0.3),
    Pattern(_p(r"downgrades?|downgraded|cuts? (?:its )?(?:rating|price target) (?:on|of|for)|"
               r"lowers? (?:its )?(?:rating|price target) (?:on|of|for)"),
            "downgrades", 0.5, False, None, 0.0, -0.6),
    Pattern(_p(r"upgrades?|upgraded|raises? (?:its )?(?:rating|price target) (?:on|of|for)|"
               r"lifts? (?:its )?(?:rating|price target) (?:on|of|for)"),
            "upgrades", 0.5, False, None, 0.0, 0.6),
    Pattern(_p(r"approves?|approved|clears?|cleared|authori[sz]es?|greenlights?"),
            "regulatedby", 0.6, True, None, 0.0, 0.5),
    Pattern(_p(r"investigates?|investigating|probes?|probing|opens? (?:a |an )?(?:probe|inquiry|"
               r"investigation) into|fines?|fined|bans?|banned|sanctions?|blocks?|restricts?|"
               r"regulates?|cracks? down on|tightens? rules (?:for|on)"),
            "regulatedby", 0.7, True, None, 0.0, -0.5),
    Pattern(_p(r"competes? with|competing with|rivals?|takes? on|challenges?|to challenge"),
            "competes", 0.5),
    Pattern(_p(r"depends? on|dependent on|relies on|reliant on|needs"), "dependson", 0.6),
    Pattern(_p(r"owns|holds? (?:a |an )?(?:[\w.%]+ ){0,2}(?:stake|shares) in"), "owns", 0.5),
    Pattern(_p(r"hurts?|hits?|weighs? on|drags? (?:on|down)|pressures?|squeezes?|threatens?|sinks?|"
               r"dents?|batters?|pushes? down"), "affects", 0.5, False, -0.4, 0.0, -0.3),
    Pattern(_p(r"boosts?|lifts?|helps?|supports?|benefits?|drives? up|pushes? up|fuels?|buoys?"),
            "affects", 0.5, False, 0.4, 0.0, 0.3),
    Pattern(_p(r"moves? with|tracks?|moves? in step with|correlates? with"),
            "correlates", 0.4, False, 0.4),
)  # fmt: skip

NEGATION = _p(
    r"den(?:y|ies|ied)|will not|won't|would not|wouldn't|does not|doesn't|did not|didn't|do not|"
    r"don't|is not|isn't|are not|aren't|has not|hasn't|cannot|can't|no longer|never|no plans? to|"
    r"not (?!only)|refuses? to|rejects?|rules? out|drops? (?:plan|bid|plans) to|calls? off|"
    r"abandons?|scraps?|walks? away from|ends?|ended|terminates?|cancels?|cancelled|fails? to|"
    r"stops?|halts?"
)
DOUBT = _p(
    r"may|might|could|considers?|considering|mulls?|in talks|explores?|exploring|reportedly|"
    r"rumou?rs?|rumou?red|speculation|plans? to|seeks? to|weighs? (?!on)|said to|eyes"
)
FALLING = _p(
    r"falling|lower|lowering|weaker|weak|cheaper|declining|dropping|slumping|sinking|cuts? in|"
    r"drop in|fall in|decline in|slump in|less|reduced|cuts?"
)

GOOD = _p(
    r"beats?|tops?|surges?|soars?|jumps?|rall(?:y|ies)|record (?:profit|revenue|sales|quarter|high)|"
    r"(?:raises?|lifts?) (?:its )?(?:[a-z]+ )?(?:guidance|outlook|forecast|dividend)|strong (?:demand|results|sales)|"
    r"upbeat|outperforms?|profit rises|wins?|breakthrough|rebounds?|climbs?|gains?"
)
BAD = _p(
    r"miss(?:es)?|plunges?|slumps?|tumbles?|falls?|drops?|sinks?|crash(?:es)?|"
    r"(?:cuts?|lowers?|trims?) (?:its )?(?:[a-z]+ )?(?:guidance|outlook|forecast|dividend|jobs)|lays? off|layoffs|recalls?|"
    r"bankruptcy|default(?:s|ed)?|fraud|warns?|warning|weak (?:demand|results|sales)|losses|"
    r"data breach|outage|delays?|hacked|shortages?"
)

RAISES = _p(r"raises?|raised|hikes?|hiked|lifts?|lifted|increases?|tightens?")
LOWERS = _p(r"cuts?|lowers?|lowered|reduces?|reduced|eases?|slashes?")
RATES = _p(r"(?:[\w.-]+ ){0,4}rates?|policy|by [\d.]+ (?:basis points|bps|percentage points?)")

PERSON = r"[A-Z][\w'’.-]+(?: [A-Z]\.)?(?: (?:de|van|von|al|bin))?(?: [A-Z][\w'’-]+){1,2}"
ROLE = r"(?:chief executive(?: officer)?|CEO|chairman|chair|president|boss|chief)"
APPOINTS = re.compile(
    rf"\b(?:names?|named|appoints?|appointed|hires?|hired|taps?|picks?|promotes?|elects?)\s+"
    rf"(?P<person>{PERSON})\s+(?:as\s+|to\s+(?:be\s+)?)?(?:its\s+|the\s+|a\s+)?"
    rf"(?:new\s+|next\s+|interim\s+)?{ROLE}\b"
)
LEAVES = re.compile(
    rf"(?P<person>{PERSON})\s+(?:steps? down|resigns?|resigned|quits?|retires?|is out|was ousted|"
    rf"to step down|to leave|leaves)\s+as\s+(?:the\s+)?{ROLE}\s+of\s*$"
)
OUSTS = re.compile(
    rf"\b(?:ousts?|ousted|fires?|fired|dismisses|dismissed|removes?)\s+(?:its\s+)?(?:{ROLE}\s+)?"
    rf"(?P<person>{PERSON})\b"
)
