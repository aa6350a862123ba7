"""Pictures in one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli.output import usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def save(figure: Any, path: Path) -> None:
    """Write a plotly figure as one self-contained HTML file."""
    if path.suffix != ".html":
        raise usage(f"--plot {path}: expected a name that ends with .html")
    try:
        figure.write_html(path, include_plotlyjs=True, full_html=True)
    except OSError as error:
        raise usage(f"--plot {path}: it cannot be written: {error.strerror}") from error


def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, title: str, x: str, y: str
) -> Any:
    """Return curves by name over one axis."""
    from plotly import graph_objects as go

    figure = go.Figure()
    for name, (across, up) in curves.items():
        figure.add_scatter(x=list(across), y=list(up), mode="lines", name=name)
    figure.update_layout(title=title, xaxis_title=x, yaxis_title=y, template="plotly_white")
    return figure


def points(figure: Any, across: Sequence[float], up: Sequence[float], name: str) -> None:
    """Add points to a figure."""
    figure.add_scatter(x=list(across), y=list(up), mode="markers", name=name)


def surface(
    across: Sequence[float], along: Sequence[float], up: Any, *, title: str, axes: tuple[str, ...]
) -> Any:
    """Return a surface; `up` has one row for each of `along`."""
    from plotly import graph_objects as go

    figure = go.Figure(go.Surface(x=list(across), y=list(along), z=up))
    scene = {"xaxis_title": axes[0], "yaxis_title": axes[1], "zaxis_title": axes[2]}
    figure.update_layout(title=title, scene=scene, template="plotly_white")
    return figure


def histogram(values: Sequence[float], marks: dict[str, float], *, title: str, x: str) -> Any:
    """Return a histogram with named vertical lines."""
    from plotly import graph_objects as go

    figure = go.Figure(go.Histogram(x=list(values), nbinsx=120, name="observed"))
    for name, place in marks.items():
        figure.add_vline(x=place, line_dash="dash", annotation_text=name)
    figure.update_layout(title=title, xaxis_title=x, yaxis_title="count", template="plotly_white")
    return figure
