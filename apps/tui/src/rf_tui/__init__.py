"""The terminal: what the daemon tells, on a screen, and what a person wants, to the daemon.

`App` gives keys to whom they belong, `Link` keeps the session with the daemon, and
`rf_tui.terminal` shows both on a terminal. Screens arrange panels, a panel paints one slice of
`rf_dashboard`'s views, and nothing here knows anything about money that the daemon did not tell.
Importing this package loads no urwid and no part of the engine; start with
`rf_tui.main`, `rf_tui.app` and `rf_tui.keys`.
"""

from rf_tui.keys import BINDINGS, Binding, binding_of
from rf_tui.palette import COLOURS, THEMES

__all__ = ["BINDINGS", "Binding", "binding_of", "THEMES", "COLOURS"]
