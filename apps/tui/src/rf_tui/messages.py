"""What panels and dialogs tell the application."""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """One thing that a person did on a panel, and what it was about.

    `name` is ``focus`` (a panel), ``instrument`` (an id), ``order`` (an id), ``price`` (a price
    as text, with a side) or ``action`` (an action of the key table).
    """

    name: str
    value: str = ""
    side: str = ""
