"""``rf graph``: ask the knowledge graph, add to it, draw it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from rf_cli.context import Context, Flag, Rf
from rf_cli.output import Answer, table, usage
from rf_cli.price import PlotTo

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rf_knowledge_graph import KnowledgeGraph, Linker

GRAPH_FILE = "graph.json"
Asked = Literal[
    "context", "affects", "dependencies", "correlations", "suppliers", "customers", "exposure",
    "summary", "search",
]  # fmt: skip


@Parameter(name="*")
@dataclass(frozen=True)
class GraphFrom:
    """Which graph."""

    graph: Path | None = None
    """Graph file; else graph.json of the data folder, else the seed graph."""


@Parameter(name="*")
@dataclass(frozen=True)
class Said:
    """How strong a statement is and who made it."""

    weight: float = 0.5
    """Strength, 0 to 1."""
    correlation: float | None = None
    """Sign and size of the effect, -1 to 1."""
    description: str = ""
    """Why, in a few words."""
    reference: str = ""
    """Where it was read."""


DEFAULT_GRAPH, DEFAULT_SAID = GraphFrom(), Said()


def query(
    question: str,
    /,
    *,
    kind: Asked | None = None,
    hops: int = 2,
    top: int = 10,
    where: GraphFrom = DEFAULT_GRAPH,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Ask for what the graph knows of an entity, or search it with a question.

    Parameters
    ----------
    question
        A ticker, symbol or name; with --kind search, or when it is no name, a question.
    kind
        What is asked; default context for a name and search for anything else.
    hops
        Steps that affects looks back.
    top
        Facts at most.
    plot
        Write the neighbourhood of the entity as HTML.
    """
    if top < 1:
        raise usage(f"--top {top}: expected 1 or more")
    graph, linker, _ = _opened(where, rf)
    found = linker.resolve(question)
    chosen = kind or ("context" if found.entity_id or found.is_ambiguous else "search")
    if chosen == "search":
        if plot is not None:
            raise usage("--plot belongs to a question about one entity")
        return _searched(graph, linker, question, top, rf)
    from rf_knowledge_graph import answer, named

    built = _query_of(chosen, question, hops)
    told = _checked(answer, graph, built, rf.clock.now(), linker=linker)
    entity = named(linker, question)
    data: dict[str, Any] = {
        "query": told.query,
        "entity": entity,
        "narrative": told.narrative,
        "facts": [_fact_row(n, fact) for n, fact in enumerate(told.facts[:top], start=1)],
        "more": max(0, len(told.facts) - top),
    }
    if plot is not None:
        _draw(graph, entity, min(hops, 2), plot, rf.clock.now())
        data["plot"] = str(plot)
    return Answer("graph.query", data, _query_text)


def _query_of(kind: str, entity: str, hops: int) -> Any:
    import rf_knowledge_graph as kg

    if hops < 1:
        raise usage(f"--hops {hops}: expected 1 or more")
    if kind == "affects":
        return kg.WhatDoesAffect(entity, hops)
    if kind in {"suppliers", "customers"}:
        return kg.SupplyChain(entity, downstream=kind == "customers")
    kinds = {
        "context": kg.FullContextForSymbol,
        "dependencies": kg.KeyDependencies,
        "correlations": kg.Correlations,
        "exposure": kg.SectorExposure,
        "summary": kg.EntitySummary,
    }
    return kinds[kind](entity)


def _searched(
    graph: KnowledgeGraph, linker: Linker, question: str, top: int, rf: Context
) -> Answer:
    from rf_knowledge_graph.retrieval import Retriever

    found = _checked(Retriever(graph, linker=linker).retrieve, question, top, rf.clock.now())
    rows = [
        {
            "row": f"G{n}",
            "fact_id": hit.item_id,
            "text": hit.text,
            "score": hit.score,
            "places": dict(hit.places),
        }
        for n, hit in enumerate(found, start=1)
    ]
    data = {"query": question, "entity": None, "narrative": "", "facts": rows, "more": 0}
    return Answer("graph.query", data, _query_text)


def _fact_row(number: int, fact: Any) -> dict[str, Any]:
    return {
        "row": f"G{number}",
        "fact_id": fact.fact_id,
        "text": fact.text,
        "from": fact.source_id,
        "to": fact.target_id,
        "weight": fact.weight,
        "correlation": fact.correlation,
        "source": fact.source,
        "disputed": fact.disputed,
    }


def add(
    source: str,
    kind: str,
    target: str,
    /,
    *,
    said: Said = DEFAULT_SAID,
    denied: Flag = False,
    out: Path | None = None,
    where: GraphFrom = DEFAULT_GRAPH,
    rf: Rf,
) -> Answer:
    """Add a statement to the graph and save it.

    Parameters
    ----------
    source
        Who: a name, ticker or symbol of the graph, or a new name.
    kind
        Supplies, Competes, Owns, Affects, DependsOn, Correlates, Acquires, or any other verb.
    target
        Whom.
    denied
        The statement is denied: it stands beside the one it contradicts.
    out
        Where to save; default the graph that was read, or graph.json of the data folder.
    """
    from rf_knowledge_graph import Source, relationship_kind

    graph, linker, path = _opened(where, rf)
    relation, label = relationship_kind(kind)
    ends = [_known_or_new(linker, text) for text in (source, target)]
    edge = _checked(
        graph.relate,
        *ends,
        relation,
        label=label,
        weight=said.weight,
        correlation=said.correlation,
        description=said.description,
        reference=said.reference,
        source=Source.MANUAL,
        ts=rf.clock.now(),
        negated=denied,
    )
    saved = out or path or rf.data_dir / GRAPH_FILE
    _write(graph, saved)
    from rf_knowledge_graph import fact_of

    data = _fact_row(1, fact_of(graph, edge, rf.clock.now())) | {"saved": str(saved)}
    return Answer("graph.add", data, lambda d: f"{d['text']}\n{d['fact_id']} saved in {d['saved']}")


def _known_or_new(linker: Linker, text: str) -> str:
    from rf_knowledge_graph import entity_id

    found = linker.resolve(text)
    if found.is_ambiguous:
        options = ", ".join(c.entity_id for c in found.candidates)
        raise usage(f"{text!r} may be {options}", fix="name one of them")
    return found.entity_id or str(_checked(entity_id, text))


def path(
    source: str,
    target: str,
    /,
    *,
    hops: int = 4,
    top: int = 5,
    where: GraphFrom = DEFAULT_GRAPH,
    rf: Rf,
) -> Answer:
    """Show how two entities hang together, shortest and strongest first.

    Parameters
    ----------
    source
        A name, ticker or symbol.
    target
        Another one.
    hops
        Steps at most.
    top
        Paths at most.
    """
    graph, linker, _ = _opened(where, rf)
    start, end = _entity(linker, source), _entity(linker, target)
    now = rf.clock.now()
    found = _checked(graph.paths, start, end, cutoff=hops, top=top, now=now)
    rows = [
        {
            "hops": len(walk.edges),
            "product": walk.product,
            "entities": list(walk.entities),
            "steps": [f"{e.source_id} {e.words} {e.target_id}" for e in walk.edges],
        }
        for walk in found
    ]
    none = f"no path from {start} to {end} in {hops} steps"
    return Answer("graph.path", rows, lambda data: _path_text(data, none))


def shock(
    entity: str,
    magnitude: float = 0.05,
    /,
    *,
    hops: int = 2,
    top: int = 10,
    where: GraphFrom = DEFAULT_GRAPH,
    rf: Rf,
) -> Answer:
    """Show whom a shock of one entity would reach, and which way.

    Parameters
    ----------
    entity
        A name, ticker or symbol.
    magnitude
        -1 to 1; 0.05 is a rise of 5 %.
    hops
        Steps at most.
    top
        Rows at most.
    """
    from rf_knowledge_graph import propagate_shock

    graph, linker, _ = _opened(where, rf)
    start = _entity(linker, entity)
    found = _checked(propagate_shock, graph, start, magnitude, hops, now=rf.clock.now())
    rows = [
        {
            "target": score.target_id,
            "name": score.target_name,
            "score": score.score,
            "confidence": score.confidence,
            "path": score.path.text,
            "paths": score.paths,
            "explanation": score.explanation,
        }
        for score in found[:top]
    ]
    return Answer("graph.shock", rows, _shock_text)


def show(
    entity: str,
    /,
    *,
    hops: int = 2,
    where: GraphFrom = DEFAULT_GRAPH,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Show an entity and its neighbourhood as a tree, or as a picture.

    Parameters
    ----------
    entity
        A name, ticker or symbol.
    hops
        Steps, 1 to 3.
    plot
        Write a picture as HTML.
    """
    from rf_knowledge_graph import sentiment_at
    from rf_knowledge_graph.layout import tree

    if not 1 <= hops <= 3:
        raise usage(f"--hops {hops}: expected 1 to 3")
    graph, linker, _ = _opened(where, rf)
    key = _entity(linker, entity)
    node, now = graph.require(key), rf.clock.now()
    data: dict[str, Any] = {
        "id": key,
        "name": node.name,
        "type": node.raw_type or node.type.value,
        "ticker": node.ticker or None,
        "sector": node.sector or None,
        "country": node.country or None,
        "aliases": list(node.aliases),
        "sentiment": sentiment_at(node, now),
        "outgoing": len(graph.outgoing(key)),
        "incoming": len(graph.incoming(key)),
        "tree": tree(graph, key, hops, now=now).splitlines(),
    }
    if plot is not None:
        _draw(graph, key, hops, plot, now)
        data["plot"] = str(plot)
    return Answer("graph.show", data, _show_text)


def export(
    out: Path,
    /,
    *,
    where: GraphFrom = DEFAULT_GRAPH,
    rf: Rf,
) -> Answer:
    """Write the graph as JSON, or as entities.csv and edges.csv.

    Parameters
    ----------
    out
        A name that ends with .json, or a folder for the two tables.
    """
    graph, _, _ = _opened(where, rf)
    if out.suffix == ".json":
        _write(graph, out)
        files = [str(out)]
    elif out.suffix:
        raise usage(f"{out}: expected a name that ends with .json, or a folder")
    else:
        from rf_knowledge_graph.codec import to_csv

        files = [str(out / name) for name in ("entities.csv", "edges.csv")]
        for name, text in zip(files, to_csv(graph), strict=True):
            _write_bytes(Path(name), text.encode())
    data = {"files": files, "entities": graph.node_count, "relationships": graph.edge_count}
    return Answer("graph.export", data, _counts_text)


def import_graph(
    files: list[Path],
    /,
    *,
    replace: Flag = False,
    check: Flag = False,
    out: Path | None = None,
    where: GraphFrom = DEFAULT_GRAPH,
    rf: Rf,
) -> Answer:
    """Read a graph from JSON, or entities.csv and edges.csv, and save it; all of it or nothing.

    Parameters
    ----------
    files
        One .json file, which replaces the graph, or one or two .csv files, which add to it.
    replace
        CSV files replace the graph instead of adding to it.
    check
        Read the files and say what is in them; save nothing.
    out
        Where to save; default the graph that was read, or graph.json of the data folder.
    """
    names = sorted(path.suffix for path in files)
    if names not in ([".json"], [".csv"], [".csv", ".csv"]):
        told = ", ".join(map(str, files))
        raise usage(f"expected one .json file, or entities.csv and edges.csv, was {told}")
    if names == [".json"]:
        graph, saved = _loaded(files[0]), where.graph
    else:
        base, _, saved = _opened(where, rf)
        graph = _from_tables(files, None if replace else base)
    data: dict[str, Any] = {
        "entities": graph.node_count,
        "relationships": graph.edge_count,
        "files": [],
    }
    if not check:
        saved = out or saved or rf.data_dir / GRAPH_FILE
        _write(graph, saved)
        data["files"] = [str(saved)]
    return Answer("graph.import", data, _counts_text)


def _from_tables(files: list[Path], base: KnowledgeGraph | None) -> KnowledgeGraph:
    from rf_knowledge_graph.codec import from_csv

    tables = {"entities": "", "edges": ""}
    for path in files:
        name = next((name for name in tables if name in path.stem.lower()), None)
        if name is None or tables[name]:
            raise usage(f"{path}: expected the names entities.csv and edges.csv, one of each")
        try:
            tables[name] = _read(path).decode()
        except UnicodeDecodeError as error:
            raise usage(f"{path}: expected UTF-8 text: {error}") from error
    made: KnowledgeGraph = _checked(from_csv, tables["entities"], tables["edges"], into=base)
    return made


# --- reading and writing ----------------------------------------------------------------
def _opened(where: GraphFrom, rf: Context) -> tuple[KnowledgeGraph, Linker, Path | None]:
    """Return the graph, its linker and the file it came from, None for the seed."""
    from rf_knowledge_graph import Linker, seed_graph

    path = where.graph
    if path is None and (rf.data_dir / GRAPH_FILE).is_file():
        path = rf.data_dir / GRAPH_FILE
    graph = seed_graph() if path is None else _loaded(path)
    return graph, Linker(graph), path


def _loaded(path: Path) -> KnowledgeGraph:
    from rf_knowledge_graph.codec import load

    content = _read(path)
    try:
        return load(content)
    except ValueError as error:
        raise usage(f"{path}: {error}", fix="rf graph import FILE --check") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise usage(f"{path}: it cannot be read: {error.strerror}") from error


def _write(graph: KnowledgeGraph, path: Path) -> None:
    from rf_knowledge_graph.codec import save

    if path.suffix != ".json":
        raise usage(f"{path}: expected a name that ends with .json")
    _write_bytes(path, save(graph))


def _write_bytes(path: Path, content: bytes) -> None:
    """Write the whole file or leave the old one."""
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise usage(f"{path}: it cannot be written: {error.strerror}") from error


def _entity(linker: Linker, text: str) -> str:
    from rf_knowledge_graph import named

    return str(_checked(named, linker, text))


def _checked(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the library; what it refuses is an error of the call."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        raise usage(str(error)) from error


# --- pictures and text ------------------------------------------------------------------
_COLOURS = {
    "Company": "#1f77b4",
    "Person": "#9467bd",
    "Sector": "#2ca02c",
    "Country": "#8c564b",
    "Currency": "#ff7f0e",
    "Commodity": "#bcbd22",
    "Index": "#17becf",
    "MacroIndicator": "#d62728",
    "Regulation": "#7f7f7f",
    "Event": "#e377c2",
    "Unknown": "#cccccc",
}


def _draw(graph: KnowledgeGraph, entity: str, hops: int, path: Path, now: int) -> None:
    from rf_cli.plots import save
    from rf_knowledge_graph.layout import layout

    picture = _checked(layout, graph, entity, hops, now=now)
    save(_figure(graph, picture, now), path)


def _figure(graph: KnowledgeGraph, picture: Any, now: int) -> Any:
    from html import escape

    from plotly import graph_objects as go

    from rf_knowledge_graph import fact_of

    at = {node.id: picture.positions[n].tolist() for n, node in enumerate(picture.nodes)}
    figure = go.Figure()
    for sign, colour in ((1, "#2ca02c"), (0, "#b0b0b0"), (-1, "#d62728")):
        edges = [e for e in picture.edges if e.side == sign]
        x: list[float | None] = []
        y: list[float | None] = []
        for edge in edges:
            (x0, y0), (x1, y1) = at[edge.source_id], at[edge.target_id]
            x += [x0, x1, None]
            y += [y0, y1, None]
        name = {1: "moves along", 0: "tied", -1: "moves against"}[sign]
        line = {"color": colour, "width": 1.2}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="skip")
    middles = [
        [(a + b) / 2 for a, b in zip(at[e.source_id], at[e.target_id], strict=True)]
        for e in picture.edges
    ]
    told = [escape(fact_of(graph, e, now).text) for e in picture.edges]
    figure.add_scatter(
        x=[m[0] for m in middles],
        y=[m[1] for m in middles],
        mode="markers",
        marker={"size": 6, "color": "rgba(0,0,0,0)"},
        hovertext=told,
        hoverinfo="text",
        name="facts",
        showlegend=False,
    )
    for kind in dict.fromkeys(node.type.value for node in picture.nodes):
        chosen = [node for node in picture.nodes if node.type.value == kind]
        figure.add_scatter(
            x=[at[n.id][0] for n in chosen],
            y=[at[n.id][1] for n in chosen],
            mode="markers+text",
            text=[escape(n.ticker or n.name) for n in chosen],
            hovertext=[escape(f"{n.name} ({n.id})") for n in chosen],
            hoverinfo="text",
            textposition="top center",
            marker={"size": 14, "color": _COLOURS.get(kind, "#cccccc")},
            name=kind,
        )
    hidden = {"visible": False}
    title = f"{escape(picture.nodes[0].name)}: {len(picture.nodes)} entities"
    if picture.left_out:
        title += f", {picture.left_out} more in reach"
    figure.update_layout(title=title, xaxis=hidden, yaxis=hidden, template="plotly_white")
    return figure


def _query_text(data: Any) -> RenderableType:
    from rich.console import Group

    rows = [(row["row"], row["text"], row["fact_id"]) for row in data["facts"]]
    parts: list[Any] = [table(("row", "fact", "id"), rows, empty="no facts")]
    if data["more"]:
        parts.append(f"and {data['more']} more, see --top")
    if data["narrative"]:
        parts.append(data["narrative"])
    return Group(*parts)


def _path_text(data: Any, none: str) -> RenderableType:
    rows = [(str(row["hops"]), f"{row['product']:.3f}", "; ".join(row["steps"])) for row in data]
    return table((">steps", ">strength", "path"), rows, empty=none)


def _shock_text(data: Any) -> RenderableType:
    rows = [
        (row["name"], f"{row['score']:+.2%}", f"{row['confidence']:.2f}", row["path"])
        for row in data
    ]
    columns = ("entity", ">effect", ">confidence", "strongest path")
    return table(columns, rows, empty="the shock reaches nothing above 1 %")


def _show_text(data: Any) -> RenderableType:
    from rich.console import Group

    kept = ("id", "type", "ticker", "sector", "country", "sentiment", "outgoing", "incoming")
    rows = [(name, _shown(data[name])) for name in kept if data[name] is not None]
    return Group(table(("", ""), rows, empty=""), *data["tree"])


def _shown(value: Any) -> str:
    return f"{value:+.2f}" if isinstance(value, float) else str(value)


def _counts_text(data: Any) -> RenderableType:
    where = f" in {', '.join(data['files'])}" if data["files"] else ", nothing saved"
    return f"{data['entities']} entities, {data['relationships']} relationships{where}"
