"""``--config`` and ``--profile``, which every command takes: whose settings count."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from agentmem_core.cli.store import with_options
from agentmem_core.errors import InvalidInputError
from agentmem_core.settings import chosen

ConfigFile = Annotated[
    str | None,
    typer.Option("--config", help="The file of settings, or none; otherwise AGENTMEM_CONFIG, or agentmem.toml as it is found.", metavar="FILE"),
]  # fmt: skip
Profile = Annotated[
    str | None, typer.Option("--profile", help="Its profile; otherwise AGENTMEM_PROFILE.", metavar="NAME")
]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which file, and which of its profiles."""

    config: ConfigFile = None
    profile: Profile = None

    def __post_init__(self) -> None:
        """Nothing is chosen by an empty word."""
        for name in ("config", "profile"):
            said = getattr(self, name)
            if said is not None and not said.strip():
                raise InvalidInputError(f"--{name}: must not be empty; leave it out")


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of ``Choice`` behind its own; it runs with the settings that they choose."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())

    def run(*given: Any, **named: Any) -> None:
        choice = Choice(**{field.name: named.pop(field.name) for field in fields(Choice)})
        with chosen(config=choice.config, profile=choice.profile):
            command(*given, **named)

    return with_options(functools.update_wrapper(run, command), own, Choice)
