"""One table of keys: it routes, it is the help, it is the footer, and the tests walk over it.

Letters mean the same in either case, with two exceptions that the table states: only capital
`K` kills (`k` moves up), and `C` is not `c`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Binding(NamedTuple):
    """One line of the table.

    Parameters
    ----------
    keys : tuple of str
        Names as urwid gives them.
    action : str
        What the application is asked to do.
    label : str
        How the keys are written for people.
    text : str
        What happens, for the help and the palette.
    group : str
        Heading in the help.
    hint : str
        Short form for the footer; empty to leave it out there.
    shell : str
        The command that does the same without a screen; empty when there is none.
    exact : bool
        Whether the case of a letter matters.
    """

    keys: tuple[str, ...]
    action: str
    label: str
    text: str
    group: str
    hint: str = ""
    shell: str = ""
    exact: bool = False


SAFETY, TRADE, MOVE, CHART, AI, OTHER = "SAFETY", "TRADE", "MOVE", "CHART", "AI", "DATA"

BINDINGS: tuple[Binding, ...] = (
    Binding(("K", "f12"), "kill", "K, F12", "KILL now, no question", SAFETY, "K KILL", "rf kill",
            exact=True),
    Binding(("C",), "cancel all", "C", "cancel all orders (asks)", SAFETY, "",
            "rf order cancel --all", exact=True),
    Binding(("m",), "mode", "m", "mode: what live needs", SAFETY, "m mode"),
    Binding(("+", "="), "risk up", "+", "risk limits up: refused", SAFETY),
    Binding(("-",), "risk down", "-", "risk limits down", SAFETY, "", "rf risk limits"),
    Binding(("b",), "buy", "b", "buy ticket", TRADE, "b buy", "rf order buy SYMBOL QUANTITY"),
    Binding(("s",), "sell", "s", "sell ticket", TRADE, "s sell", "rf order sell SYMBOL QUANTITY"),
    Binding(("enter",), "enter", "Enter", "open, review, send", TRADE, "Enter open"),
    Binding(("esc",), "escape", "Esc", "close; never resumes", TRADE),
    Binding(("c",), "cancel", "c", "cancel selected order", TRADE, "c cancel",
            "rf order cancel ID", exact=True),
    Binding(("1", "2", "3", "4", "5", "6"), "screen", "1-6", "screen", MOVE),
    Binding(("tab",), "next panel", "Tab", "next panel", MOVE, "Tab panel"),
    Binding(("shift tab",), "previous panel", "Shift-Tab", "previous panel", MOVE),
    Binding(("up", "k"), "up", "k, ↑", "up in a list", MOVE, exact=True),
    Binding(("down", "j"), "down", "j, ↓", "down in a list", MOVE),
    Binding(("/",), "find", "/", "find a symbol", MOVE, "/ find"),
    Binding((":",), "palette", ":", "command palette", MOVE),
    Binding(("z",), "zoom in", "z", "zoom in", CHART),
    Binding(("x",), "zoom out", "x", "zoom out", CHART),
    Binding(("left",), "scroll left", "←", "back in time", CHART),
    Binding(("right",), "scroll right", "→", "forward in time", CHART),
    Binding(("t",), "time range", "t", "time range", CHART),
    Binding(("d",), "dexter", "d", "Dexter, cost shown first", AI, "d AI", "rf ai analyse SYMBOL"),
    Binding(("f",), "swarm", "f", "MiroFish swarm", AI, "f swarm", "rf swarm run SYMBOL"),
    Binding(("a",), "ask", "a", "ask Dexter a question", AI, "a ask", "rf ai ask"),
    Binding(("v",), "accept", "v", "accept a verdict (asks)", AI, "", "rf ai accept"),
    Binding(("h",), "history", "h", "last decisions and why", AI, "h history", "rf why STRATEGY"),
    Binding(("g",), "graph", "g", "graph of the symbol", AI, "g graph", "rf graph query"),
    Binding(("u",), "budget", "u", "AI budget and scores", AI, "u budget", "rf ai budget"),
    Binding(("e",), "export", "e", "export CSV files", OTHER, "e export"),
    Binding(("r", "f5"), "refresh", "r", "ask the daemon again", OTHER, "r refresh", "rf status"),
    Binding(("?",), "help", "?", "this help", OTHER, "? help"),
    Binding(("q",), "quit", "q", "quit (asks if orders)", OTHER, "q quit"),
)  # fmt: skip

AI_SCREEN = 5
ONLY_AI = frozenset({"ask", "history", "graph", "budget"})
"""Actions that only the footer of the AI screen names; the keys do the same everywhere."""

ESSENTIAL = ("kill", "cancel all", "help", "quit")
"""What the footer of a very small terminal still says."""


def _spellings(binding: Binding) -> Iterator[str]:
    for key in binding.keys:
        yield key
        if len(key) == 1 and key.isalpha() and not binding.exact:
            yield key.swapcase()


_BY_KEY = {key: binding for binding in BINDINGS for key in _spellings(binding)}


def binding_of(key: str) -> Binding | None:
    """Return the line of the table that `key` belongs to.

    Examples
    --------
    >>> binding_of("B").action, binding_of("k").action, binding_of("K").action
    ('buy', 'up', 'kill')
    """
    return _BY_KEY.get(key)


def groups() -> dict[str, list[Binding]]:
    """Return the table by heading, in its order."""
    found: dict[str, list[Binding]] = {}
    for binding in BINDINGS:
        found.setdefault(binding.group, []).append(binding)
    return found


def hints(width: int, screen: int = 1, cost: str = "") -> str:
    """Return as many short forms as fit into `width` columns; safety and leaving come first.

    On the AI screen (5) its own keys come next; `cost` stands beside the key that costs money.

    Examples
    --------
    >>> hints(60, 5, "est $0.012")
    'K KILL  d AI (est $0.012)  f swarm  a ask  ? help  q quit'
    """
    wanted = [b for b in BINDINGS if b.hint and (screen == AI_SCREEN or b.action not in ONLY_AI)]
    wanted = [_costing(b, cost) if b.action == "dexter" else b for b in wanted]
    first = [b for b in wanted if b.action in {"kill", "help", "quit"}]
    chosen = list(first)
    for binding in sorted(wanted, key=lambda b: screen == AI_SCREEN and b.group != AI):
        if binding not in chosen and len(_joined([*chosen, binding])) <= width:
            chosen.append(binding)
    return _joined([b for b in wanted if b in chosen])


def _costing(binding: Binding, cost: str) -> Binding:
    return binding._replace(hint=f"{binding.hint} ({cost})") if cost else binding


def essentials() -> str:
    """Return the short forms for a very small terminal."""
    rows = [row for row in BINDINGS if row.action in ESSENTIAL]
    return "  ".join(f"{row.keys[0]} {row.action}" for row in rows)


def _joined(bindings: list[Binding]) -> str:
    return "  ".join(binding.hint for binding in bindings)
