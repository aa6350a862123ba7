"""One loader for every setting: strict names, one clear line for each mistake, origins kept.

A package declares its settings as a frozen ``msgspec.Struct(kw_only=True,
forbid_unknown_fields=True)``. Apps compose those structs and call `load` with the parsed
``rf.toml`` and the environment; environment variables such as ``RF_RISK__MAX_DRAWDOWN`` win.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, get_origin

import msgspec

from rf_common import money
from rf_common.errors import ConfigError
from rf_common.secret import Secret

T = TypeVar("T")
PREFIX = "RF_"
_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True} | {
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def load(
    kind: type[T],
    toml: Mapping[str, Any],
    env: Mapping[str, str],
    *,
    aliases: Mapping[str, str] | None = None,
) -> tuple[T, dict[str, str]]:
    """Return validated settings and where each given value came from.

    Parameters
    ----------
    kind : type
        The struct to build.
    toml : mapping
        Parsed ``rf.toml``.
    env : mapping
        The environment; only names that begin with ``RF_`` or stand in `aliases` are read.
    aliases : mapping, optional
        Published environment names to dotted setting names.

    Raises
    ------
    ConfigError
        Naming every unknown key (with the nearest known one) and every value of a wrong type,
        or else the first value out of range.
    """
    tree: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[str] = []
    _merge(tree, origins, toml, "", "rf.toml")
    types = fields(kind)
    for name, dotted in _environment(env, aliases or {}, _names(kind), problems):
        _set(tree, dotted, _from_text(types[dotted], env[name].strip()))
        origins[dotted] = name
    problems += _unknown(kind, tree, "", origins)
    problems += _wrong_types(types, tree, origins)
    if not problems:
        try:
            settings = msgspec.convert(
                tree, kind, strict=False, dec_hook=_decode_hook, str_keys=True
            )
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(_explain(error, origins))
        else:
            return settings, origins
    raise ConfigError(
        "; ".join(problems), code="RF-C-001", detail="nothing was started", fix="rf config check"
    )


def fields(kind: type, prefix: str = "") -> dict[str, Any]:
    """Return every leaf setting of `kind` by dotted name, with its type."""
    leaves: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.name}"
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            leaves |= fields(field.type, f"{name}.")
        else:
            leaves[name] = field.type
    return leaves


def show(settings: object, prefix: str = "") -> dict[str, str]:
    """Return every leaf value as text by dotted name; secrets show themselves masked."""
    shown: dict[str, str] = {}
    for field in msgspec.structs.fields(settings):  # type: ignore[arg-type]  # a struct instance
        name = f"{prefix}{field.name}"
        value = getattr(settings, field.name)
        if isinstance(value, msgspec.Struct):
            shown |= show(value, f"{name}.")
        elif isinstance(value, tuple | list | frozenset):
            shown[name] = ",".join(map(str, value))
        else:
            shown[name] = str(value)
    return shown


def check(settings: object, rules: Mapping[str, tuple[Callable[[Any], bool], str]]) -> None:
    """Raise ValueError for the first field that breaks its rule; call it in ``__post_init__``.

    `rules` maps a field's name to a test and to what was expected.
    """
    for name, (holds, expected) in rules.items():
        value = getattr(settings, name)
        if value != value or not holds(value):  # NaN is not equal to itself
            raise ValueError(f"{name} = {value}: expected {expected}")


def is_fraction(value: float | Decimal) -> bool:
    """Return whether `value` is a fraction; 5 would mean 500 %."""
    return 0 < value <= 1


def is_positive(value: float | Decimal) -> bool:
    """Return whether `value` is above zero and finite."""
    return 0 < value < 1e300


def is_not_negative(value: float | Decimal) -> bool:
    """Return whether `value` is zero or above, and finite."""
    return 0 <= value < 1e300


FRACTION = (is_fraction, "a fraction above 0 and up to 1; write 0.05 for 5 %")
POSITIVE = (is_positive, "a number above 0")
NOT_NEGATIVE = (is_not_negative, "a number from 0")


def _environment(
    env: Mapping[str, str],
    aliases: Mapping[str, str],
    known: Mapping[str, str],
    problems: list[str],
) -> list[tuple[str, str]]:
    """Return names with the settings they stand for; our own names come last and win."""
    published: dict[str, str] = {}
    own: list[tuple[str, str]] = []
    for name in sorted(env):
        if env[name].strip() == "":
            continue
        if name in aliases:
            other = published.setdefault(aliases[name], name)
            if env[other].strip() != env[name].strip():
                problems.append(f"{other} and {name} are the same setting but differ: give one")
        elif name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).upper()
            if key in known:
                own.append((name, known[key]))
            else:
                problems.append(f"{name}: unknown setting{_nearest(key, known, PREFIX)}")
    return [(name, dotted) for dotted, name in published.items()] + own


def _from_text(kind: Any, text: str) -> object:
    if kind is bool:
        return _BOOLEANS.get(text.lower(), text)
    if get_origin(kind) in {tuple, list, frozenset}:
        return [part.strip() for part in text.split(",") if part.strip()]
    if get_origin(kind) is dict:  # a JSON object; what is none is named as a wrong type
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(text)
    return text


def _names(kind: type) -> dict[str, str]:
    return {dotted.upper().replace(".", "__"): dotted for dotted in fields(kind)}


def _merge(
    tree: dict[str, Any], origins: dict[str, str], given: Mapping[str, Any], at: str, origin: str
) -> None:
    for key, value in given.items():
        dotted = f"{at}{key}"
        if isinstance(value, Mapping):
            branch = tree.setdefault(key, {})
            _merge(branch, origins, value, f"{dotted}.", origin)
        else:
            tree[key] = value
            origins[dotted] = origin


def _set(tree: Any, dotted: str, value: object) -> None:
    *branches, leaf = dotted.split(".")
    for branch in branches:
        tree = tree.setdefault(branch, {})
        if not isinstance(tree, dict):  # named as a mistake by `_unknown`
            return
    tree[leaf] = value


def _unknown(kind: type, tree: Mapping[str, Any], at: str, origins: Mapping[str, str]) -> list[str]:
    known = {field.name: field.type for field in msgspec.structs.fields(kind)}
    problems: list[str] = []
    for key, value in tree.items():
        dotted = f"{at}{key}"
        if key not in known:
            origin = origins.get(dotted, "rf.toml")
            problems.append(f"{origin}: {dotted}: unknown setting{_nearest(key, known, at)}")
            continue
        inner = known[key]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            if isinstance(value, Mapping):
                problems += _unknown(inner, value, f"{dotted}.", origins)
            else:
                origin = origins.get(dotted, "rf.toml")
                got = type(value).__name__  # never the value: it may be a key
                problems.append(f"{origin}: {dotted}: expected a section of settings, got {got}")
    return problems


def _wrong_types(
    types: Mapping[str, Any], tree: Mapping[str, Any], origins: Mapping[str, str]
) -> list[str]:
    problems: list[str] = []
    for dotted, kind in types.items():
        value = _get(tree, dotted)
        if value is None:
            continue
        try:
            if kind is Decimal and isinstance(value, str):
                money.parse(value)
            msgspec.convert(value, kind, strict=False, dec_hook=_decode_hook, str_keys=True)
        except ValueError as error:
            what, _, where = str(error).partition(" - at `$")
            origin = origins.get(dotted, "rf.toml")
            problems.append(f"{origin}: {dotted}{where.rstrip('`')}: {what}")
    return problems


def _get(tree: Any, dotted: str) -> object:
    for name in dotted.split("."):
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _nearest(key: str, known: Mapping[str, Any], at: str) -> str:
    close = difflib.get_close_matches(key, list(known), n=1)
    return f", did you mean {at}{close[0]} ?" if close else ""


def _explain(error: Exception, origins: Mapping[str, str]) -> str:
    what, _, where = str(error).partition(" - at `$")
    dotted = where.strip(".`")
    name, is_range, _ = what.partition(" = ")
    if is_range and name.isidentifier():  # as `check` words it
        at = f"{dotted}." if dotted else ""
        dotted = f"{at}{name}"
        text = f"{at}{what}"
    else:
        text = f"{dotted}: {what}" if dotted else what
    return f"{origins.get(dotted.split('[')[0], 'settings')}: {text}"


def _decode_hook(kind: type, value: object) -> object:
    if kind is Secret:
        if not isinstance(value, str):
            raise ValueError(f"expected text, got {type(value).__name__}")
        return Secret(value)
    raise NotImplementedError(f"settings of type {kind.__name__} are not supported")
