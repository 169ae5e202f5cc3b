"""Which store, and whose memories, a command is about: what is said, then the settings, then the platform's folder."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

from agentmem_core.cli.output import AsJson, say
from agentmem_core.errors import InvalidInputError, StoreUnavailableError
from agentmem_core.settings import IN_MEMORY, SETTINGS, current

if TYPE_CHECKING:
    from agentmem_core.client.agentmem import AgentMem

P = ParamSpec("P")


def setting(name: str, *names: str, more_than_once: bool = False, **more: Any) -> Any:
    """An option that stands for a setting: what it is, and what counts without it, says the table of settings."""
    row = SETTINGS[name]
    usual = "" if row.default in (None, (), False) else f", or {row.default}"
    what = row.what.replace("`", "") + (" More than once." if more_than_once else "")
    return typer.Option(*names, help=f"{what} Otherwise {row.variable}{usual}.", **more)


StorePath = Annotated[
    str | None,
    typer.Option("--path", help="The store's folder; otherwise AGENTMEM_PATH, or the platform's.", metavar="FOLDER"),
]


def folder_of(path: str | None, *, make: bool = False) -> Path:
    """The folder of a store. It is made when it is asked to be, or else must be there."""
    if path is not None and not path.strip():
        raise InvalidInputError("path: must not be empty; leave it out for the platform's folder")
    path = current().value("path", path)
    if path == IN_MEMORY:
        raise InvalidInputError("path: a store in memory is nobody else's; give a folder")
    if path is None:
        from agentmem_core.config import default_path

        folder = default_path()
    else:
        folder = _absolute(path)
    try:
        if make and not folder.is_file():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    except (OSError, ValueError) as error:
        raise StoreUnavailableError(f"{folder} cannot be made or read ({error}); give another folder") from error
    if not there:
        raise StoreUnavailableError(_missing(folder))
    return folder


def server_folder(path: str | None, *, make: bool = False) -> Path:
    """The folder of a server's store, for what is done to the folder itself; an address of a server does not lead to it.

    Where an address is set and nothing says a folder, it is told which one is meant: it may not be the server's.
    """
    found = None if path is not None else current().server()
    if found is None or current().value("path") is not None:
        return folder_of(path, make=make)
    try:
        folder = folder_of(None)
    except StoreUnavailableError as error:
        raise StoreUnavailableError(
            f"{found.where} names a server, and this command works on the server's own folder, not over the network: only who can read "
            f"the folder may do it. Run it where the server runs, with --path FOLDER. Here, {error}"
        ) from None
    say(
        f"{found.where} names a server, and this is about the folder {folder}; give --path FOLDER if another one is meant"
    )
    return folder


def _missing(folder: Path) -> str:
    """That there is no store, and what to do."""
    if folder.is_file():
        return (
            f"{folder} is a file, and a store is a folder; give the folder with --path. What `export` wrote goes in with "
            "`agentmem import FILE`, a backup with `agentmem backup restore FILE`"
        )
    return f"there is no store in {folder}; make one with `agentmem init`, or give its folder with --path"


def _absolute(path: str) -> Path:
    try:
        path.encode()
        return Path(path).expanduser().absolute()
    except (UnicodeError, RuntimeError, OSError) as error:
        raise InvalidInputError(f"path: {path!r} cannot be a folder ({error})") from None


@dataclass(frozen=True, slots=True)
class Asked:
    """What every command of memories may be told: which store or server, and whose memories."""

    user: Annotated[
        str | None, typer.Option("--user", "--user-id", help="Whose memories; otherwise the user default.")
    ] = None
    agent: Annotated[str | None, typer.Option("--agent", "--agent-id", help="Only of this agent.")] = None
    session: Annotated[str | None, typer.Option("--session", "--session-id", help="Only of this session.")] = None
    tenant: Annotated[str, typer.Option(help="The tenant; over --api-url its key decides.")] = "default"
    path: Annotated[
        str | None,
        typer.Option(help="The store's folder; otherwise AGENTMEM_PATH, or the platform's.", metavar="FOLDER"),
    ] = None
    api_url: Annotated[
        str | None,
        typer.Option(help="A server instead of a folder; otherwise AGENTMEM_API_URL, unless --path is given."),
    ] = None
    api_key: Annotated[str | None, typer.Option(help="Its key; better in AGENTMEM_API_KEY.")] = None
    as_json: AsJson = False

    @property
    def server(self) -> str | None:
        """The server that is asked; None for a store in a folder."""
        if self.api_url is not None and self.path is not None:
            raise InvalidInputError("--path and --api-url: give one of them; a server has its own folder")
        if self.api_url is not None and not self.api_url.strip():
            raise InvalidInputError("--api-url: must not be empty")
        if self.api_url is not None or self.path is not None:
            return self.api_url
        found = current().server()
        return None if found is None else str(found.value)

    def folder(self, *, make: bool = False) -> Path:
        """Where the store is; it must be there, unless ``make``."""
        from agentmem_core.storage.sqlite import FILE_NAME

        folder = folder_of(self.path, make=make)
        if not make and not (folder / FILE_NAME).exists():
            raise StoreUnavailableError(_missing(folder))
        return folder

    @contextmanager
    def opened(self, *, make: bool = False, whole_user: bool = False, dry: bool = False) -> Generator[AgentMem]:
        """The memory that was asked about, closed afterwards; a store is made only when ``make`` says so.

        ``whole_user`` leaves out agent and session. For a ``dry`` run an empty one in memory stands for a store that is not there.
        """
        url = self.server
        if url is None and self.api_key is not None:
            raise InvalidInputError("--api-key: is for a server; give --api-url too")
        from agentmem_core.client.agentmem import AgentMem

        where: dict[str, Any] = (
            {"path": self._place(make=make, dry=dry)} if url is None else {"api_url": url, "api_key": self.api_key}
        )
        with AgentMem(
            **where, tenant=self.tenant, user_id="default" if self.user is None else self.user,
            agent_id=None if whole_user else self.agent, session_id=None if whole_user else self.session,
        ) as memory:  # fmt: skip
            yield memory

    def _place(self, *, make: bool, dry: bool) -> Path | str:
        try:
            return self.folder(make=make and not dry)
        except StoreUnavailableError:
            if dry:
                return IN_MEMORY
            raise


def asked(command: Callable[Concatenate[Asked, P], None]) -> Callable[..., None]:
    """A command with the options of ``Asked`` behind its own."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    def run(*given: P.args, **named: P.kwargs) -> None:
        said: dict[str, Any] = {field.name: named.pop(field.name) for field in fields(Asked)}
        command(Asked(**said), *given, **named)

    return with_options(functools.update_wrapper(run, command), own, Asked)


def with_options(run: Callable[..., None], own: Iterable[inspect.Parameter], shared: type[Any]) -> Callable[..., None]:
    """``run`` as typer sees it: with its own parameters, and the fields of ``shared`` behind them."""
    hints = get_type_hints(shared, include_extras=True)
    more = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(shared)
    ]
    parameters = [*(item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in own), *more]
    run.__dict__.pop("__wrapped__", None)
    run.__dict__["__signature__"] = inspect.Signature(parameters)  # what typer reads the options from
    run.__annotations__ = {item.name: item.annotation for item in parameters}
    return run
