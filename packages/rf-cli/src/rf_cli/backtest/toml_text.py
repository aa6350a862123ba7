"""Settings as TOML text: tables, arrays of tables and plain values; what is None is left out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(tree: Mapping[str, Any]) -> str:
    """Return `tree` as TOML; ``tomllib.loads`` gives it back, without its None.

    Examples
    --------
    >>> print(to_toml({"name": "a", "more": {"x": 1, "y": None}}), end="")
    name = "a"
    <BLANKLINE>
    [more]
    x = 1
    """
    return "\n".join(_table(tree, "")).lstrip("\n") + "\n"


def _table(tree: Mapping[str, Any], at: str) -> Iterator[str]:
    later: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if value is None:
            continue
        if isinstance(value, Mapping) or _is_tables(value):
            later.append((_key(name), value))
        else:
            yield f"{_key(name)} = {_value(value)}"
    for name, value in later:
        path = f"{at}.{name}" if at else name
        if isinstance(value, Mapping):
            yield f"\n[{path}]"
            yield from _table(value, path)
            continue
        for item in value:
            yield f"\n[[{path}]]"
            yield from _table(item, path)


def _is_tables(value: Any) -> bool:
    is_list = isinstance(value, list | tuple) and bool(value)
    return is_list and all(isinstance(item, Mapping) for item in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        inner = (f"{_key(name)} = {_value(item)}" for name, item in value.items())
        return f"{{{', '.join(inner)}}}"
    raise TypeError(f"expected a value that TOML has, was {type(value).__name__}")
