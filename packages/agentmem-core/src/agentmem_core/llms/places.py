"""Where a model is asked, and with which key: from what was given, then the environment, then the table."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx
from pydantic import SecretStr

from agentmem_core.errors import NotConfiguredError
from agentmem_core.llms.providers import Provider
from agentmem_core.settings import BY_VARIABLE, current

_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_VERSIONS = ("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_SHOWN = 8
_ENDS = ("/chat/completions", "/messages")


@dataclass(frozen=True, slots=True)
class Place:
    """An address without its secrets, and the secrets, which no ``repr`` shows."""

    url: str
    query: str = ""
    key: SecretStr | None = None
    header: str = "Authorization"
    login: tuple[str, SecretStr] | None = None
    secrets: tuple[SecretStr, ...] = field(default=())

    @property
    def local(self) -> bool:
        """Whether it is on this machine, where no proxy leads."""
        return httpx.URL(self.url).host in {"localhost", "127.0.0.1", "::1"}

    def to(self, path: str) -> str:
        """The address of one method."""
        return f"{self.url}/{path}" + (f"?{self.query}" if self.query else "")

    def hidden(self, text: str) -> str:
        """A text without the secrets that a server may repeat in it."""
        for secret in self.secrets:
            value = secret.get_secret_value()
            text = text.replace(value, "...")
            if len(value) >= 2 * _SHOWN:  # a server may repeat it shortened
                text = re.sub(re.escape(value[:_SHOWN]) + r"\S*", "...", text)
        return text


def find_place(provider: Provider, model: str, *, url: str | None = None, key: str | None = None) -> Place:
    """The place of a provider's model; ``NotConfiguredError`` names the variable that is missing or cannot be used."""
    found = _address(provider, url)
    place = _parsed(provider, found)
    if provider.name == "azure":
        place = _of_deployment(place, model)
    secret = _key(provider, key)
    login = () if place.login is None else (place.login[1],)
    held = () if secret is None else (secret,)
    return replace(
        place, key=secret, header=provider.header, secrets=tuple(s for s in (*held, *login) if s.get_secret_value())
    )


def _address(provider: Provider, url: str | None) -> str:
    given = url or _first(provider.urls)
    if given and provider.name == "ollama":
        given = _of_ollama(given)
    if given:
        return given
    if not provider.url:
        raise NotConfiguredError(f"{provider.title} needs an address: set {_either(provider.urls)}")
    if "{region}" in provider.url:
        region = _first(_REGIONS)
        if not region or not region.replace("-", "").isalnum():
            raise NotConfiguredError(
                f"{provider.title} needs a region: set {_either(_REGIONS)}, for example to us-east-1"
            )
        return provider.url.format(region=region)
    return provider.url


def _parsed(provider: Provider, given: str) -> Place:
    try:
        address = httpx.URL(given.strip())
        port = address.port
    except (httpx.InvalidURL, TypeError, ValueError):
        raise _no_address(provider) from None
    if (
        address.scheme not in {"http", "https"}
        or not _HOST.fullmatch(address.raw_host)
        or (port is not None and not 0 < port < 65536)
    ):
        raise _no_address(provider)
    if set(address.params) - {"api-version"}:
        raise NotConfiguredError(
            f"the address of {provider.title} must not carry a query, which is no place for a key: "
            f"set {_either(provider.keys) or 'api_key'}"
        )
    login = (address.username, SecretStr(address.password)) if address.userinfo else None
    bare = str(address.copy_with(userinfo=b"", query=None, fragment=None)).rstrip("/")
    if address.path in {"", "/"}:  # a bare host, as many write it; the provider's own path is meant
        bare += httpx.URL(provider.url).path.rstrip("/") if provider.url else "" if provider.name == "azure" else "/v1"
    for end in (*_ENDS, *(("/v1",) if provider.dialect == "anthropic" else ())):
        bare = bare.removesuffix(end)
    return Place(bare, address.query.decode("ascii", "ignore"), login=login)


def _of_ollama(host: str) -> str:
    """``OLLAMA_HOST`` may be a port, a host, or an address to listen at."""
    host = host.strip().replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - what a server listens at is not where it is asked
    scheme, mark, rest = host.rpartition("://")
    rest = f"127.0.0.1{rest}" if rest.startswith(":") else rest
    return f"{scheme}://{rest}" if mark else f"http://{rest if ':' in rest else f'{rest}:11434'}"


def _of_deployment(place: Place, model: str) -> Place:
    """Azure's addresses: the v1 API, or one for each deployment where a dated version is named."""
    root = place.url.removesuffix("/openai/v1").removesuffix("/openai")
    version = _first(_VERSIONS)
    if "/openai/deployments/" in root:
        return place
    if version is None:
        return replace(place, url=f"{root}/openai/v1")
    deployment = httpx.URL("http://x/", params={"d": model}).query.decode()[2:].replace("+", "%20")
    return replace(
        place, url=f"{root}/openai/deployments/{deployment}", query=str(httpx.QueryParams({"api-version": version}))
    )


def _key(provider: Provider, given: str | None) -> SecretStr | None:
    if given is not None and not isinstance(given, str):
        raise NotConfiguredError(f"api_key: must be text, not {type(given).__name__}")
    key = (given or _first(provider.keys) or "").strip()
    if not key:
        if provider.needs_key:
            raise NotConfiguredError(f"{provider.title} needs a key: set {_either(provider.keys)}")
        return None
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise NotConfiguredError(
            f"the key of {provider.title} ({_either(provider.keys) or 'api_key'}) holds characters that no key has; copy it again"
        )
    return SecretStr(key)


def _first(names: Sequence[str]) -> str | None:
    return next((value for name in names if (value := _said(name))), None)


def _said(name: str) -> str:
    """A variable; one of ours may stand in the file of settings too."""
    ours = BY_VARIABLE.get(name)
    return (os.environ.get(name, "") if ours is None else current().value(ours.name) or "").strip()


def _either(names: Sequence[str]) -> str:
    return " or ".join(names)


def _no_address(provider: Provider) -> NotConfiguredError:
    named = f", or set {_either(provider.urls)}" if provider.urls else ""
    return NotConfiguredError(
        f"the address of {provider.title} is not a URL; it begins with http:// or https:// and names a host{named}"
    )
