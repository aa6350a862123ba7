"""From a model's text to the bytes of exactly one JSON object, or no opinion.

Two things are forgiven, since models that were not asked for a schema do them: a thinking block
in front, and one code fence around the object. Nothing inside is repaired.
"""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from rf_ai.errors import ModelAnswerInvalid

_THINKING = re.compile(r"\A\s*<(think|thinking)>.*?</\1>", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*```[ \t]*([A-Za-z0-9]*)[ \t]*$", re.MULTILINE)
_MAX_DEPTH = 16


def one_object(text: str) -> bytes:
    r"""Return the one JSON object of `text`, UTF-8, exactly as it was written.

    Parameters
    ----------
    text : str
        The whole answer: an object, or prose with one fenced object.

    Raises
    ------
    ModelAnswerInvalid
        If there is no object or more than one, a key stands twice, a number is not finite, or
        the nesting is deeper than 16.

    Examples
    --------
    >>> one_object('<think>hm</think>\n```json\n{"action": "HOLD"}\n```')
    b'{"action": "HOLD"}'
    """
    body = _unfenced(_THINKING.sub("", text, count=1)).strip()
    if not body.startswith("{"):
        raise ModelAnswerInvalid("the answer is not one JSON object")
    _check_depth(body)
    try:
        json.loads(
            body,
            object_pairs_hook=_no_duplicates,
            parse_constant=_not_finite,
            parse_float=_finite,
            parse_int=_bounded,
        )
        return body.encode()
    except UnicodeEncodeError:
        why = "the answer holds text that is not Unicode"
    except json.JSONDecodeError as error:
        why = f"the answer is not valid JSON: {error.msg}"
    raise ModelAnswerInvalid(why)  # without the parser's error, which holds the whole text


def _unfenced(text: str) -> str:
    fences = list(_FENCE.finditer(text))
    if not fences:
        return text
    if len(fences) != 2 or fences[0][1].lower() not in {"", "json"} or fences[1][1]:
        raise ModelAnswerInvalid("the answer has a code fence that does not hold one object")
    return text[fences[0].end() : fences[1].start()]


def _check_depth(body: str) -> None:
    """Refuse deep nesting before a recursive parser sees it; brackets in texts count as none."""
    depth, in_text, escaped = 0, False, False
    for char in body:
        if in_text:
            in_text = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_text = True
        elif char in "{[":
            depth += 1
            if depth > _MAX_DEPTH:
                raise ModelAnswerInvalid(f"the answer is nested deeper than {_MAX_DEPTH}")
        elif char in "}]":
            depth -= 1


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise ModelAnswerInvalid("the answer has a key twice")
    return held


def _not_finite(name: str) -> NoReturn:
    raise ModelAnswerInvalid(f"the answer holds {name}, which is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ModelAnswerInvalid("the answer holds a number that is not finite")
    return value


def _bounded(text: str) -> int:
    if len(text.lstrip("-")) > 19:
        raise ModelAnswerInvalid("the answer holds a number with more than 19 digits")
    return int(text)
