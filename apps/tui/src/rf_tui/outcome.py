"""What became of something that was asked of the daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from rf_dashboard import Answer


class Outcome(NamedTuple):
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
        False when no answer came to what was sent, so that nobody knows whether it was done.
    """

    ok: bool
    data: Any = None
    code: str = ""
    text: str = ""
    detail: str = ""
    fix: str = ""
    reached: bool = True

    @property
    def answer(self) -> Answer:
        """The same, as tickets and dialogs take it."""
        if not self.reached:
            return Answer.lost(self.text)
        given = self.data.get("client_order_id") if isinstance(self.data, dict) else None
        return Answer(
            ok=self.ok, code=self.code, text=self.text, fix=self.fix, client_order_id=given
        )

    @property
    def line(self) -> str:
        """Code, text and remedy, in one line."""
        fix = f"fix: {self.fix}" if self.fix and not self.ok else ""
        return "  ".join(part for part in (self.code, self.text, fix) if part)

    def paragraphs(self) -> list[tuple[str, str]]:
        """Return palette roles and text for a dialog: what, what it means, what to do."""
        shown = [("good" if self.ok else "bad", f"{self.code}  {self.text}".strip())]
        shown += [("text", self.detail)] if self.detail else []
        return [*shown, ("text", ""), ("dim", f"fix: {self.fix}")] if self.fix else shown


Ask = Callable[[str, Mapping[str, Any]], Awaitable[Outcome]]
"""Asks the daemon one verb with arguments."""


def judged(data: Any) -> Outcome:
    """Return what the data of a reply says; commands tell there whether they were done.

    Examples
    --------
    >>> judged({"ok": False, "code": "max_notional", "text": "too much", "fix": "less"}).ok
    False
    """
    if not isinstance(data, dict) or "ok" not in data:
        return Outcome(ok=True, data=data)
    code, text, detail, fix = (
        str(data.get(name) or "") for name in ("code", "text", "detail", "fix")
    )
    return Outcome(data["ok"] is True, data, code, text, detail, fix)
