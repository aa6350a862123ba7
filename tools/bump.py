"""Set one version everywhere and collect the change fragments: ``make bump V=0.2.0``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("added", "changed", "fixed", "removed")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
MARK = "<!-- newest below -->\n"


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Rewrite versions, pins and CHANGELOG.md; the fragments are removed."""
    if len(arguments) != 1 or not VERSION.fullmatch(arguments[0]):
        print("expected one version such as 0.2.0: make bump V=0.2.0", file=sys.stderr)
        return 2
    new = arguments[0]
    old = _present(root)
    for path in _pyprojects(root):
        text = path.read_text().replace(f'version = "{old}"', f'version = "{new}"')
        path.write_text(re.sub(rf'("rf-[a-z-]+==){re.escape(old)}"', rf'\g<1>{new}"', text))
    for path in _sources(root):
        text = path.read_text()
        changed = re.sub(r'^VERSION = "[^"]+"', f'VERSION = "{new}"', text, flags=re.MULTILINE)
        if changed != text:
            path.write_text(changed)
    _collect(root, new)
    return 0


def _present(root: Path) -> str:
    found = re.search(r'^version = "([^"]+)"', (root / "pyproject.toml").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError("expected a version in pyproject.toml")
    return found[1]


def _pyprojects(root: Path) -> list[Path]:
    return [
        root / "pyproject.toml",
        *root.glob("packages/*/pyproject.toml"),
        *root.glob("apps/*/pyproject.toml"),
    ]


def _sources(root: Path) -> list[Path]:
    return [*root.glob("packages/*/src/**/*.py"), *root.glob("apps/*/src/**/*.py")]


def _collect(root: Path, version: str) -> None:
    """Put the fragments' lines below the changelog's mark, by kind, and remove them."""
    section = [f"\n## {version}\n"]
    for kind in KINDS:
        fragments = sorted((root / "changes").glob(f"*.{kind}.md"))
        if fragments:
            section.append(f"\n### {kind.capitalize()}\n\n")
            section += [f"- {fragment.read_text().strip()}\n" for fragment in fragments]
        for fragment in fragments:
            fragment.unlink()
    changelog = root / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(MARK, MARK + "".join(section), 1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
