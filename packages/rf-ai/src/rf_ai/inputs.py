"""What one opinion is made from, as a file that people can read, edit and send again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rf_ai.context import NewsItem, PastCall
from rf_common.errors import DataError
from rf_common.intelligence import (
    ContextRow,
    GraphContext,
    GraphImpact,
    QuantSnapshot,
    SwarmSignal,
)


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a context is built from; what ``rf ai analyse --context`` reads."""

    quant: QuantSnapshot
    swarm: SwarmSignal
    graph: GraphContext
    news: tuple[NewsItem, ...] = ()
    history: tuple[PastCall, ...] = ()


def read_inputs(text: bytes) -> Inputs:
    """Return the inputs of a file, whose stages are objects or the compact form of the journal.

    Raises
    ------
    DataError
        If the file does not hold them.
    """
    try:
        raw = msgspec.json.decode(text)
        if not isinstance(raw, dict):
            raise msgspec.ValidationError("expected an object")
        tree = dict(raw)
        for name, kind in (("quant", QuantSnapshot), ("swarm", SwarmSignal)):
            tree[name] = _compact(kind, raw.get(name))
        tree["graph"] = _compact_graph(raw.get("graph"))
        return msgspec.convert(tree, Inputs)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise DataError(
            f"this is no context: {error}",
            code="RF-A-032",
            detail="expected an object with quant, swarm, graph and optionally news and history",
            fix="rf ai show CALL --inputs writes one",
        ) from error


def write_inputs(inputs: Inputs) -> bytes:
    """Return inputs as an object that people can read and edit."""
    graph = _named(inputs.graph) | {
        "facts": [_named(row) for row in inputs.graph.facts],
        "impacts": [_named(impact) for impact in inputs.graph.impacts],
    }
    tree = {
        "quant": _named(inputs.quant),
        "swarm": _named(inputs.swarm),
        "graph": graph,
        "news": inputs.news,
        "history": inputs.history,
    }
    return msgspec.json.format(msgspec.json.encode(tree), indent=2)


def _named(value: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _compact(kind: type[msgspec.Struct], value: object) -> object:
    """Return an object of field names as the array the struct is stored as."""
    if not isinstance(value, Mapping):
        return value
    names = kind.__struct_fields__
    unknown = [str(name) for name in value if name not in names]
    lacking = [name for name in names if name not in value]
    if unknown or lacking:
        words = [f"unknown {name}" for name in unknown] + [f"no {name}" for name in lacking]
        raise msgspec.ValidationError(f"{kind.__name__}: {', '.join(words[:5])}")
    tag = kind.__struct_config__.tag
    fields = [value[name] for name in names]
    return fields if tag is None else [tag, *fields]


def _compact_graph(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    tree = dict(value)
    for name, kind in (("facts", ContextRow), ("impacts", GraphImpact)):
        items = value.get(name)
        if isinstance(items, Sequence) and not isinstance(items, str):
            tree[name] = [_compact(kind, item) for item in items]
    return _compact(GraphContext, tree)
