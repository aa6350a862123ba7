"""The command line of the house: ``rf``.

Every command prints for people, or one versioned JSON object with ``--json``; data goes to
stdout, everything else to stderr, and the exit code (`Exit`) says what a script should do.
Commands are loaded when they are called, so ``rf --help`` imports nothing of the desk. The
entry point is `rf_cli.main.main`; every setting of the programs is in `rf_cli.settings`.
"""

from rf_cli.exits import Exit

__all__ = ["Exit"]
