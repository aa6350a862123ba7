"""``rf``: the one place where answers and errors are printed.

The front page is printed from the table of commands alone; the parser, which takes most of the
time of a start, is imported when there is something to parse.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rf_cli.commands import COMMANDS, GROUPS, front_page

if TYPE_CHECKING:
    from rf_cli.output import Answer
    from rf_cli.program import Call
    from rf_common.errors import RfError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    tokens = list(sys.argv[1:] if argv is None else argv)
    if tokens in ([], ["--help"], ["-h"]):
        print(front_page())
        return 0
    from rf_cli.program import Call

    call = Call()
    try:
        return _run(tokens, call)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has left; Python would complain once more while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the top of the program: whatever it is, it is told in our form
        return _tell(error, tokens, call)


def _run(tokens: list[str], call: Call) -> int:
    from rf_cli.program import build

    answer: Answer | None = build(call)(tokens, exit_on_error=False, print_error=False)
    if answer is None or call.context is None:  # help was printed
        return 0
    from rf_cli.output import print_answer

    context = call.context
    print_answer(answer, context.redactor, as_json=context.as_json, now=context.now)
    sys.stdout.flush()  # a reader that has left is met here, where it can be handled
    return int(answer.exit_code)


def _tell(error: Exception, tokens: list[str], call: Call) -> int:
    from cyclopts import CycloptsError

    from rf_cli.context import Context
    from rf_cli.output import print_error
    from rf_common.errors import RfError

    as_json = "--json" in tokens
    redactor = (call.context or Context()).redactor
    told = error if isinstance(error, RfError) else _as_ours(error, tokens)
    if not isinstance(error, RfError | CycloptsError):
        import traceback

        trace = "".join(traceback.format_exception(error))
        print(redactor.text(trace), file=sys.stderr)
    print_error(told, redactor, as_json=as_json)
    return int(told.exit_code)


def _as_ours(error: Exception, tokens: list[str]) -> RfError:
    from cyclopts import CycloptsError, UnknownCommandError

    from rf_cli.output import usage
    from rf_common.errors import RfError

    if isinstance(error, UnknownCommandError):
        words = [token for token in tokens if not token.startswith("-")]
        return usage(f"there is no command rf {' '.join(words[:2])}", fix=_nearest(words))
    if isinstance(error, CycloptsError):
        return usage(str(error), fix="add --help to see how it is called")
    text = f"unexpected {type(error).__name__}: {error}"
    return RfError(
        text, detail="this is a mistake of ours, not of yours", fix="report the lines above"
    )


def _nearest(words: Sequence[str]) -> str:
    import difflib

    paths = [entry.path for entry in COMMANDS]
    typed = " ".join(words[:2])
    close = difflib.get_close_matches(typed, paths, n=3, cutoff=0.5)
    close += difflib.get_close_matches(words[0], [*GROUPS, *paths], n=3)
    nearest = list(dict.fromkeys(close))[:3]
    return " or ".join(f"rf {path}" for path in nearest) or "rf --help"
