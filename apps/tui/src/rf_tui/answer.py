"""What became of something that was asked of the daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """An answer, a refusal, or that none came.

    Parameters
    ----------
    ok : bool
        Whether it was done.
    data : Any
        The plain data of the answer.
    code, text, detail, fix : str
        Of a refusal: the rule or code, what it says, what it means, what to do.
    reached : bool
        False when no answer came, so that nobody knows whether it was done.
    """

    ok: bool
    data: Any = None
    code: str = ""
    text: str = ""
    detail: str = ""
    fix: str = ""
    reached: bool = True

    def paragraphs(self) -> list[tuple[str, str]]:
        """Return the answer as a dialog shows it: what, what it means, what to do."""
        shown = [("good" if self.ok else "bad", f"{self.code}  {self.text}".strip())]
        if not self.reached:
            shown.append(("warn", "Nobody knows whether it was done: look at the open orders."))
        if self.detail:
            shown.append(("text", self.detail))
        if self.fix:
            shown += [("text", ""), ("dim", f"fix: {self.fix}")]
        return shown


Ask = Callable[[str, Mapping[str, Any]], Awaitable[Answer]]
"""Asks the daemon one verb with arguments."""


def judged(data: Any) -> Answer:
    """Return the answer inside the data of a reply; commands say there whether they were done.

    Examples
    --------
    >>> judged({"ok": False, "code": "max_notional", "text": "too much", "fix": "less"}).ok
    False
    """
    if not isinstance(data, dict) or "ok" not in data:
        return Answer(ok=True, data=data)
    words = {name: str(data.get(name) or "") for name in ("code", "text", "detail", "fix")}
    return Answer(ok=data["ok"] is True, data=data, **words)
