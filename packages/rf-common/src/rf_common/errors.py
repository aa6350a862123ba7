"""The error tree of the house.

::

    RfError                 anything a caller may want to catch from us
    ├─ ConfigError          a setting is unknown, missing, malformed or out of range
    ├─ DataError            a file or message from outside cannot be used
    ├─ StorageError         the disk or the journal refused
    ├─ VenueError           a venue or the network refused or failed
    └─ CausalityError       time or sequence went backwards

Expected market life (a refused order, a feed gap) is a value, never an exception. A bug or
corrupt argument is a plain ``ValueError`` or ``TypeError`` at the boundary.
"""

from __future__ import annotations

from typing import ClassVar


class RfError(Exception):
    """An error that can be shown to a person as it is.

    Parameters
    ----------
    message : str
        What happened, with the value and the limit. One line.
    code : str
        Stable code such as ``RF-C-001``; documented in ``docs/reference/errors.md``.
    detail : str
        What it means, possibly several lines.
    fix : str
        The next command or edit that helps.
    exit_code : int
        Process exit code for command line programs.
    """

    default_code: ClassVar[str] = "RF-X-000"
    default_exit: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        detail: str = "",
        fix: str = "",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.detail = detail
        self.fix = fix
        self.exit_code = self.default_exit if exit_code is None else exit_code

    def render(self) -> str:
        """Return the error as people read it: what, meaning, fix."""
        pad = " " * 10
        lines = [f"{self.code:<8}  {self.message}"]
        lines += [pad + line for line in self.detail.splitlines()]
        if self.fix:
            lines.append(f"{pad}fix: {self.fix}")
        return "\n".join(lines)


class ConfigError(RfError):
    """A setting is unknown, missing, malformed or out of range."""

    default_code = "RF-C-001"
    default_exit = 3


class DataError(RfError):
    """A file or message from outside cannot be used."""

    default_code = "RF-D-001"
    default_exit = 7


class StorageError(RfError):
    """The disk or the journal refused."""

    default_code = "RF-S-001"
    default_exit = 1


class VenueError(RfError):
    """A venue or the network refused or failed."""

    default_code = "RF-N-001"
    default_exit = 5


class CausalityError(RfError):
    """Time or sequence went backwards where it must not."""

    default_code = "RF-T-001"
