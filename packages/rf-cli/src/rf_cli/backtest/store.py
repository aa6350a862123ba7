"""Folders of finished runs: numbered, written beside their place and put there in one step."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rf_cli.exits import Exit
from rf_cli.output import usage
from rf_common.errors import DataError, RfError

FOLDER = "backtests"
RUN = "bt"
SWEEP = "sw"
WALK = "wf"
SUMMARY = "summary.json"
CONFIG = "config.toml"
LATEST = "latest"


class Store:
    """The folder ``backtests`` of a data folder.

    Parameters
    ----------
    data_dir : Path
        The data folder; it is made when something is kept.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER

    def ids(self, kind: str = RUN) -> list[str]:
        """Return the ids of one kind, oldest first."""
        form = re.compile(rf"{kind}-(\d{{4,}})")
        if not self.folder.is_dir():
            return []
        names = (path.name for path in self.folder.iterdir() if path.is_dir())
        found = [(int(match[1]), match[0]) for name in names if (match := form.fullmatch(name))]
        return [name for _, name in sorted(found)]

    def path(self, name: str, kind: str = RUN) -> Path:
        """Return the folder of a run by its id or ``latest``.

        Raises
        ------
        RfError
            If there is none (exit code 2).
        """
        known = self.ids(kind)
        if name == LATEST and known:
            return self.folder / known[-1]
        if name not in known:
            newest = ", ".join(known[-3:]) or "nothing"
            raise usage(
                f"no run {name!r} in {self.folder} (the newest: {newest})",
                fix="rf backtest list",
            )
        return self.folder / name

    def summary(self, name: str, kind: str = RUN) -> dict[str, Any]:
        """Return what a run found; DataError when the file is gone or damaged."""
        path = self.path(name, kind) / SUMMARY
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise damaged(path, error) from error
        if not isinstance(found, dict):
            raise damaged(path, "expected an object")
        return found

    @contextmanager
    def new(self, kind: str = RUN) -> Iterator[NewRun]:
        """Give a folder to write into; it gets its id when the block ends well, or goes."""
        self._made()
        scratch = self.folder / f".{kind}-{secrets.token_hex(6)}"
        scratch.mkdir()
        fresh = NewRun(scratch, self._next(kind))
        try:
            yield fresh
            fresh.path = self._place(scratch, kind)
            fresh.name = fresh.path.name
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def create(self, kind: str) -> Path:
        """Return a new empty folder that is filled while the work goes on."""
        self._made()
        while True:
            path = self.folder / self._next(kind)
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path

    def _made(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def _next(self, kind: str) -> str:
        known = self.ids(kind)
        number = int(known[-1].partition("-")[2]) + 1 if known else 1
        return f"{kind}-{number:04d}"

    def _place(self, scratch: Path, kind: str) -> Path:
        """Rename to the next free id; another process may have taken the one before."""
        while True:
            path = self.folder / self._next(kind)
            try:
                # A folder with files in it is never replaced by a rename.
                os.rename(scratch, path)
            except OSError as error:
                if path.exists():
                    continue
                raise unwritable(path, error) from error
            return path


class NewRun:
    """A run being written: `path` is where to, `name` the id it is going to have."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file for people and programs; what is not finite is null already."""
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def replace_json(path: Path, data: Any) -> None:
    """Write a JSON file in one step over what is there."""
    scratch = path.with_name(f".{path.name}")
    write_json(scratch, data)
    os.replace(scratch, path)


def damaged(path: Path, why: object) -> DataError:
    """Return the error of a kept file that cannot be used."""
    return DataError(
        f"{path}: it cannot be read: {why}",
        detail="the other runs are not touched",
        fix=f"remove the folder {path.parent} and run it again",
    )


def unwritable(path: Path, error: OSError) -> RfError:
    """Return the error of a folder that refuses to be written."""
    return RfError(
        f"{path}: it cannot be written: {error.strerror or error}",
        code="RF-B-005",
        detail="nothing was kept",
        fix="pass --data-dir with a folder that can be written",
        exit_code=Exit.FAILED,
    )
