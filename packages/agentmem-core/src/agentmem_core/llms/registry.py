"""Models by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from agentmem_core.errors import NotConfiguredError
from agentmem_core.llms.providers import COMPATIBLE, PROVIDERS, Provider, provider_named
from agentmem_core.ports import LanguageModel
from agentmem_core.retrying import Patience
from agentmem_core.settings import current

GROUP = "agentmem.models"
"""Entry points of this group are called with the text after the colon, or None, and answer a ``LanguageModel``."""

_USUAL, _OWN = 60.0, 180.0
_FORM = '"provider:model", such as "openai:gpt-4.1-mini", or the address of a compatible server, "http://host:port/v1#model"'


def find_model(given: Any = None) -> LanguageModel | None:
    """The model that ``given`` means; None where neither it nor the settings (``llm``, ``llm_url``) name one.

    ``"provider:model"``, ``"provider"`` for its default model, the address of a server that speaks OpenAI's chat completions with
    the model after ``#``, or a ``LanguageModel``. Nothing is sent; a missing key is a ``NotConfiguredError`` now.
    """
    if given is None:
        return _configured()
    if isinstance(given, str):
        return open_model(given)
    if callable(getattr(given, "ask", None)) and callable(getattr(given, "aask", None)):
        return cast("LanguageModel", given)
    raise NotConfiguredError(
        f"llm: must be a name ({_FORM}) or a LanguageModel with name, ask() and aask(), not {type(given).__name__}"
    )


def open_model(
    name: str,
    *,
    url: str | None = None,
    api_key: str | None = None,
    timeout: float | None = None,
    deadline: float | None = None,
    tries: int = 4,
) -> LanguageModel:
    """A model by name, with options: another address or key than the settings', and how long to wait.

    ``timeout`` is in seconds a request: the setting ``llm_timeout``, or 60, or 180 for a server of your own, which may have to load the
    model first. ``deadline`` is for all of an answer's ``tries``, twice the timeout unless given.
    """
    if not isinstance(name, str):
        raise NotConfiguredError(f"a model is named by {_FORM}, not by {type(name).__name__}")
    wanted = name.strip()
    first, _, model = wanted.partition(":")
    provider = COMPATIBLE if "://" in wanted else provider_named(first)
    usual = _OWN if provider is not None and provider.open else _USUAL
    seconds = _seconds("timeout", timeout if timeout is not None else current().value("llm_timeout") or usual)
    whole = _seconds("deadline", deadline) if deadline is not None else 2 * seconds
    patience = Patience(tries=_tries(tries), deadline=whole)
    if provider is COMPATIBLE:
        return _at(wanted, api_key, seconds, patience)
    if provider is None:
        return _of_others(first, model.strip())
    return _of(provider, model.strip(), url, api_key, seconds, patience)


def _configured() -> LanguageModel | None:
    settings = current()
    name, url = ((settings.value(each) or "").strip() for each in ("llm", "llm_url"))
    if name and "://" not in name:
        return open_model(name, url=url or None)
    return open_model(name or url) if name or url else None


def _of(
    provider: Provider, model: str, url: str | None, api_key: str | None, timeout: float, patience: Patience
) -> LanguageModel:
    model = model or provider.model or ""
    if not model:
        example = PROVIDERS["openai"].model
        raise NotConfiguredError(
            f'{provider.title} has no model of its own here: name one, "{provider.name}:<model>" as in "openai:{example}"'
        )
    if provider.dialect == "litellm":
        from agentmem_core.llms.litellm import LiteLLMModel

        return LiteLLMModel(model, timeout=timeout, patience=patience)
    from agentmem_core.llms.model import HttpModel
    from agentmem_core.llms.places import find_place

    place = find_place(provider, model, url=url, key=api_key)
    return HttpModel(f"{provider.name}:{model}", model, provider, place, timeout=timeout, patience=patience)


def _at(address: str, api_key: str | None, timeout: float, patience: Patience) -> LanguageModel:
    from agentmem_core.llms.model import HttpModel
    from agentmem_core.llms.places import find_place

    url, _, model = address.partition("#")
    if not model.strip():
        raise NotConfiguredError('llm: an address needs the name of a model after it, "http://host:port/v1#model"')
    place = find_place(COMPATIBLE, model.strip(), url=url, key=api_key)
    return HttpModel(
        f"{place.url}#{model.strip()}", model.strip(), COMPATIBLE, place, timeout=timeout, patience=patience
    )


def _of_others(name: str, model: str) -> LanguageModel:
    found: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join([*PROVIDERS, *sorted(found)])
        raise NotConfiguredError(f"unknown provider {name!r}; write {_FORM}. Known are {known}")
    try:
        kind = found[name].load()
    except ImportError as error:
        raise NotConfiguredError(f"the models of {name!r} cannot be loaded: {error}") from error
    return cast("LanguageModel", kind(model or None))


def _seconds(name: str, given: Any) -> float:
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise NotConfiguredError(f"{name} must be a number of seconds between 0 and 86,400, not {given!r}")
    return seconds


def _tries(given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= 20:
        raise NotConfiguredError(f"tries must be a whole number from 1 to 20, not {given!r}")
    return given
