"""The only place where colours are named: roles, themes, and how many colours there are.

A role is what a piece of text means; a theme says with which tones the roles are drawn. Text has
a contrast of at least 4.5 to 1 against its ground in every theme. No meaning hangs on colour
alone, so the mono theme loses none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rf_common.intelligence import Recommendation, Verdict


class Tone(NamedTuple):
    """One colour, and its nearest of the sixteen."""

    rgb: str
    basic: str


class Role(NamedTuple):
    """Which tones of a theme a role uses, its settings, and its settings without colour."""

    ink: str
    ground: str = "ground"
    settings: str = ""
    mono: str = ""


ROLES: Mapping[str, Role] = {
    "text": Role("text"),
    "dim": Role("dim"),
    "strong": Role("text", settings="bold", mono="bold"),
    "title": Role("text", settings="bold", mono="bold"),
    "border": Role("line"),
    "border active": Role("accent", settings="bold", mono="bold"),
    "key": Role("accent", settings="bold", mono="bold"),
    "up": Role("up"),
    "down": Role("down"),
    "info": Role("info"),
    "warn": Role("warn", mono="bold"),
    "bad": Role("down", settings="bold", mono="bold"),
    "good": Role("up", settings="bold", mono="bold"),
    "bid bar": Role("text", "up ground", mono="underline"),
    "ask bar": Role("text", "down ground", mono="underline"),
    "select": Role("text", "raised", "bold", "standout"),
    "raised": Role("text", "raised"),
    "field": Role("text", "raised", "", "underline"),
    "field focus": Role("ground", "accent", "bold", "standout"),
    "mode sim": Role("ground", "dim", "bold", "standout"),
    "mode paper": Role("ground", "info", "bold", "standout"),
    "mode live": Role("white", "kill", "bold", "standout"),
    "kill": Role("white", "kill", "", "standout"),
    "kill strong": Role("white", "kill", "bold", "standout,bold"),
    "offline": Role("ground", "warn", "bold", "standout"),
}

_DARK: dict[str, Tone] = {
    "ground": Tone("#0a0c0f", "black"),
    "raised": Tone("#1e2530", "dark blue"),
    "line": Tone("#5c6875", "dark gray"),
    "text": Tone("#e2e8f0", "white"),
    "dim": Tone("#94a3b8", "light gray"),
    "accent": Tone("#60a5fa", "light cyan"),
    "up": Tone("#4ade80", "light green"),
    "down": Tone("#f87171", "light red"),
    "info": Tone("#60a5fa", "light cyan"),
    "warn": Tone("#f0b400", "yellow"),
    "up ground": Tone("#14532d", "dark green"),
    "down ground": Tone("#641a1a", "dark red"),
    "kill": Tone("#b40000", "dark red"),
    "white": Tone("#ffffff", "white"),
}
_LIGHT: dict[str, Tone] = {
    "ground": Tone("#ffffff", "light gray"),
    "raised": Tone("#dbe4f0", "dark cyan"),
    "line": Tone("#7a8490", "dark gray"),
    "text": Tone("#10151c", "black"),
    "dim": Tone("#4a5563", "black"),
    "accent": Tone("#1d4ed8", "dark blue"),
    "up": Tone("#14703a", "dark green"),
    "down": Tone("#b91c1c", "dark red"),
    "info": Tone("#1d4ed8", "dark blue"),
    "warn": Tone("#8a5300", "dark magenta"),
    "up ground": Tone("#bbf0cd", "dark green"),
    "down ground": Tone("#ffd0d0", "dark red"),
}
_HIGH: dict[str, Tone] = {
    "ground": Tone("#000000", "black"),
    "raised": Tone("#003a8c", "dark blue"),
    "line": Tone("#ffffff", "white"),
    "text": Tone("#ffffff", "white"),
    "dim": Tone("#e0e0e0", "white"),
    "accent": Tone("#ffff00", "yellow"),
    "up": Tone("#00ff66", "light green"),
    "down": Tone("#ff8080", "light red"),
    "info": Tone("#66ffff", "light cyan"),
    "warn": Tone("#ffff00", "yellow"),
}
_BLUE_ORANGE: dict[str, Tone] = {
    "up": Tone("#6cb6ff", "light blue"),
    "down": Tone("#ff9f43", "yellow"),
    "warn": Tone("#f5e663", "white"),
    "accent": Tone("#c4b5fd", "light magenta"),
    "up ground": Tone("#17375e", "dark blue"),
    "down ground": Tone("#6b3d0c", "brown"),
}

THEMES: Mapping[str, Mapping[str, Tone]] = {
    "dark": _DARK,
    "light": _DARK | _LIGHT,
    "high-contrast": _DARK | _HIGH,
    "colour-blind": _DARK | _BLUE_ORANGE,
    "mono": {},
}
RECOMMENDATIONS: Mapping[Recommendation, str] = {
    Recommendation.BUY: "up",
    Recommendation.SELL: "down",
    Recommendation.HOLD: "strong",
    Recommendation.RISK: "warn",
}
"""Role of each recommendation of an analyst; the word itself is always there too."""
VERDICTS: Mapping[Verdict, str] = {
    Verdict.APPROVED: "good",
    Verdict.REJECTED: "bad",
    Verdict.HEDGE: "warn",
}
"""Role of each verdict of the gate."""
COLOURS: Mapping[str, int] = {"mono": 1, "16": 16, "256": 256, "true": 2**24}
"""Names of the colour depths and how many colours urwid is told."""

Entry = tuple[str, str, str, str, str, str]


def entries(theme: str) -> list[Entry]:
    """Return the urwid palette of `theme`.

    Raises
    ------
    KeyError
        If there is no such theme.
    """
    tones = THEMES[theme]
    if not tones:
        return [_plain(name, role.mono) for name, role in ROLES.items()]
    return [_entry(name, role, tones) for name, role in ROLES.items()]


def _entry(name: str, role: Role, tones: Mapping[str, Tone]) -> Entry:
    ink, ground = tones[role.ink], tones[role.ground]
    return (
        name,
        _styled(ink.basic, role.settings),
        ground.basic,
        role.mono,
        _styled(ink.rgb, role.settings),
        ground.rgb,
    )


def _plain(name: str, settings: str) -> Entry:
    ink = _styled("default", settings)
    return name, ink, "default", settings, ink, "default"


def _styled(colour: str, settings: str) -> str:
    return f"{colour},{settings}" if settings else colour


def depth(asked: str | None, theme: str, environment: Mapping[str, str]) -> int | None:
    """Return how many colours to use; None leaves it to what the terminal says of itself.

    A set ``NO_COLOR`` wins over the terminal, a flag wins over ``NO_COLOR``.
    """
    if theme == "mono":
        return 1
    if asked is not None:
        return COLOURS[asked]
    return 1 if environment.get("NO_COLOR") else None
