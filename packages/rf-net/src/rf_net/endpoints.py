"""Addresses we may talk to: encrypted to anywhere, in the clear to this machine only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from rf_common.errors import ConfigError
from rf_common.secret import Redactor

_IN_CLEAR = frozenset({"http", "ws"})
_LOGIN = re.compile(r"//[^/]*@")
_REDACTOR = Redactor()


def is_loopback(host: str) -> bool:
    """Return whether `host` is ``localhost`` or a loopback address, by parsing it.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.0.0.1.evil.com")]
    [True, True, True, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_loopback(host: str, port: int) -> tuple[str, int]:
    """Return address and port of a service that stays on this machine.

    Raises
    ------
    ConfigError
        If `host` is not loopback or `port` is not from 0 to 65535.
    """
    if not is_loopback(host):
        raise ConfigError(f"host = {host!r}: expected 127.0.0.1, ::1 or localhost")
    if not 0 <= port <= 65535:
        raise ConfigError(f"port = {port}: expected a port from 0 to 65535")
    return host, port


def checked_url(url: str, *, schemes: Collection[str], field: str) -> str:
    """Return `url` unchanged if we may connect to it.

    Parameters
    ----------
    url : str
        Absolute address without login and fragment.
    schemes : collection of str
        Schemes accepted here; of these ``http`` and ``ws`` reach loopback hosts only.
    field : str
        Name of the setting, for the error.

    Raises
    ------
    ConfigError
        Naming field, value and what was expected.

    Examples
    --------
    >>> checked_url("wss://stream.binance.com:9443/ws", schemes=("wss",), field="feed.url")
    'wss://stream.binance.com:9443/ws'
    """
    expected = _complaint(url, schemes)
    if expected:
        shown = _LOGIN.sub("//***@", _REDACTOR.text(url))
        raise ConfigError(f"{field} = {shown[:200]!r}: expected {expected}")
    return url


def _complaint(url: str, schemes: Collection[str]) -> str:
    """Return what was expected of `url`, empty when it is fine."""
    # urllib drops tabs and line ends silently and browsers read a backslash as a slash.
    if not all("!" <= letter <= "~" and letter != "\\" for letter in url):
        return "ASCII without blanks, control characters and backslashes"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"a URL ({error})"
    if parts.scheme not in schemes:
        return f"a URL that begins with {' or '.join(f'{s}://' for s in sorted(schemes))}"
    if "@" in parts.netloc or "#" in url:
        return "a URL without login and fragment"
    if not host or port == 0:
        return "a URL with a host and, if given, a port from 1 to 65535"
    if parts.scheme in _IN_CLEAR and not is_loopback(host):
        return f"{parts.scheme}:// to this machine only (127.0.0.1, ::1, localhost)"
    return ""
