"""What must not stand in any file, and what must not meet: floats and ledgers."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

# Put together from pieces, so that this file does not contain them.
MACHINE_PATH = re.compile(r"/(?:home|root|Users)/[\w.-]+|/work" + r"/(?:main|shared|\.library)\b")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")
REGISTRY = re.compile(r"py" + r"pi\.org|pythonhosted" + r"\.org|--index-" + r"url")

EXACT = re.compile(r"(?:.*_)?(?:price|quantity|notional|cash|fee|fees|realised|unrealised|filled)")
FAST = re.compile(r"(?:.*_)?(?:px|qty)")
MATHS = {"trade_notional", "level_notional"}
"""Typical sizes in the mock market: it draws with them and enters them in no ledger."""


@pytest.fixture(scope="module")
def texts(root):
    """Every text that is or would be committed, by its path."""
    listing = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True).stdout
    found = {}
    for name in names.splitlines():
        path = root / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            found[name] = content.decode("utf-8")
    return found


def test_no_file_names_a_path_of_somebodys_machine(texts):
    assert _lines_with(MACHINE_PATH, texts) == []


def test_nothing_is_marked_as_unfinished(texts):
    assert _lines_with(UNFINISHED, texts) == []


def test_only_the_lock_file_names_a_registry(texts):
    del texts["uv.lock"]
    assert _lines_with(REGISTRY, texts) == []


def test_lines_end_with_a_line_feed_and_files_too(texts):
    assert [name for name, text in texts.items() if "\r" in text] == []
    assert [name for name, text in texts.items() if text and not text.endswith("\n")] == []


def test_no_decimal_is_made_of_a_float(member):
    found = [
        f"{path.name}:{node.lineno}"
        for path, tree in _trees(member.source)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _is_decimal_of_float(node)
    ]
    assert found == []


def test_exact_names_are_decimals_and_short_names_are_floats(member):
    wrong = [
        f"{path.name}:{line}: {name}: {kind}"
        for path, tree in _trees(member.source)
        for line, name, kind in _annotated(tree)
        if (EXACT.fullmatch(name) and "float" in kind and name not in MATHS)
        or (FAST.fullmatch(name) and "Decimal" in kind and "float" not in kind)
    ]
    assert wrong == []


def test_every_struct_of_orders_and_fills_is_exact():
    from rf_common import events, orders

    kinds = [*orders.__dict__.values(), *events.OrderEvent.__args__, events.VenueOrder]
    structs = [k for k in kinds if hasattr(k, "__struct_fields__")]
    exact = {
        (kind.__name__, name): annotation
        for kind in structs
        for name, annotation in kind.__annotations__.items()
        if EXACT.fullmatch(name)
    }
    assert len(exact) > 15
    assert {
        key for key, kind in exact.items() if kind not in {"Decimal", "Decimal | None"}
    } == set()


@pytest.mark.parametrize("code", ["Decimal(0.1)", "Decimal(-0.1)", "decimal.Decimal(float(x))"])
def test_a_decimal_of_a_float_is_found(code):
    assert _is_decimal_of_float(ast.parse(code, mode="eval").body)


def _lines_with(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def _trees(source: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(source.rglob("*.py")):
        yield path, ast.parse(path.read_text())


def _is_decimal_of_float(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name != "Decimal" or not call.args:
        return False
    value = call.args[0]
    if isinstance(value, ast.UnaryOp):
        value = value.operand
    if isinstance(value, ast.Constant):
        return isinstance(value.value, float)
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") == "float"


def _annotated(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and annotation of every annotated field and argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.lineno, node.target.id, ast.unparse(node.annotation)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            yield node.lineno, node.arg, ast.unparse(node.annotation)
