"""Where a server is, and with which key and patience it is asked."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from agentmem_core.errors import NotConfiguredError

TIMEOUT = 60.0
"""Seconds that a call may take, its repetitions included."""

CONNECT = 5.0
"""Seconds of them that one attempt to connect may take."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server; ``url`` holds no credentials and no slash at its end, so that it can be shown."""

    url: str
    key: str | None = field(default=None, repr=False)
    connect: float = CONNECT
    total: float = TIMEOUT

    @property
    def encrypted(self) -> bool:
        """Whether it is asked over TLS."""
        return self.url.startswith("https:")

    def hide(self, text: str) -> str:
        """A text of the server's without the key, which it may repeat."""
        return text.replace(self.key, "...") if self.key else text


def address_of(api_url: Any, api_key: Any = None, timeout: Any = None) -> Address:
    """A checked address; ``timeout`` is in seconds, or a pair: for connecting, and in all. ``NotConfiguredError`` says what is wrong."""
    url = _url(api_url)
    key = _key(api_key)
    connect, total = _seconds(timeout)
    shown = url.geturl().rstrip("/")
    if key is not None and url.scheme == "http" and not is_loopback(url.hostname or ""):
        warnings.warn(
            f"api_url: {shown} is not encrypted, so whoever is on the way can read the key and the memories; use https://",
            UserWarning,
            stacklevel=2,
        )
    return Address(shown, key, connect, total)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, and nothing leaves it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _url(given: Any) -> SplitResult:
    if not isinstance(given, str):
        raise NotConfiguredError(f"api_url: must be text such as http://127.0.0.1:8080, not {type(given).__name__}")
    text = given.strip()
    try:
        url = urlsplit(text)
        right = url.scheme in {"http", "https"} and bool(url.hostname) and _written(text) and url.port != 0
    except ValueError:
        right, url = False, urlsplit("")
    if not right:  # it is not repeated: it may hold a password
        raise NotConfiguredError("api_url: must be the address of a server, such as http://127.0.0.1:8080")
    if "@" in url.netloc:
        raise NotConfiguredError("api_url: must not hold a name or a password; give the key as api_key=")
    if "?" in text or "#" in text:
        raise NotConfiguredError("api_url: must end with its path; leave out what begins with ? or #")
    return url


def _written(text: str) -> bool:
    """Whether it is written as an address is: what is not ASCII is quoted in it."""
    return text.isascii() and text.isprintable() and not set(text) & set(' "<>\\^`{|}')


def _key(given: Any) -> str | None:
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise NotConfiguredError(f"api_key: must be text, not {type(given).__name__}")
    if not given.isascii() or not given.isprintable() or " " in given:
        raise NotConfiguredError("api_key: holds characters that no key has; copy it again")
    return given


def _seconds(given: Any) -> tuple[float, float]:
    if given is None or given == "":
        return CONNECT, TIMEOUT
    parts: Any = given.split(",") if isinstance(given, str) else given if isinstance(given, tuple | list) else (given,)
    try:
        numbers = [float(part) for part in parts if isinstance(part, int | float | str) and not isinstance(part, bool)]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) not in {1, 2} or len(numbers) != len(parts) or not all(n > 0 and math.isfinite(n) for n in numbers):
        raise NotConfiguredError(
            f"timeout: must be seconds above 0, or two of them: for connecting, and in all; not {given!r}"
        )
    return min(numbers[0], CONNECT) if len(numbers) == 1 else numbers[0], numbers[-1]
