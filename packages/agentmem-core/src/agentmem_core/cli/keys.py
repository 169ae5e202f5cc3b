"""``agentmem keys``: who is let in by a server over this store."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from agentmem_core.cli.audit import by_command_line
from agentmem_core.cli.output import AsJson, say, show_json, show_table
from agentmem_core.cli.spans import moment, span
from agentmem_core.cli.store import StorePath, server_folder

if TYPE_CHECKING:
    from agentmem_core.model.keys import ApiKey, Role
    from agentmem_core.server.security import Keys, Shown
    from agentmem_core.storage.sqlite import SqliteKeys

app = typer.Typer(no_args_is_help=True, help="Keys of the server: make, list, rotate, revoke; tokens.")

KeyId = Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.", metavar="KEY")]


Note = Callable[[str, str, str], None]
"""Writes down what was done, to which id, of which tenant."""


@contextmanager
def opened(folder: Path) -> Generator[tuple[Keys, Note]]:
    """The keys of a store, and what writes down what was done to them."""
    from agentmem_core.server.security import Keys
    from agentmem_core.storage.sqlite import SqliteKeys

    store = SqliteKeys(folder)
    try:
        yield Keys(store), partial(_note, folder, store)
    finally:
        store.close()


@app.command()
def create(
    tenant: Annotated[str, typer.Option(help="The tenant it is for; '*' for an operator.")] = "default",
    role: Annotated[str, typer.Option(help="read, write or admin.")] = "write",
    user: Annotated[str | None, typer.Option(help="The only user it is for.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is for, in your words.")] = None,
    expires: Annotated[str | None, typer.Option(help="90d, 12h, or a date; otherwise never.")] = None,
    limits: Annotated[str | None, typer.Option(help='For example "600/minute;100000/day".')] = None,
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it once."""
    ends = None if expires is None else moment(expires, "expires")
    with opened(server_folder(path, make=True)) as (keys, note):
        shown = keys.create(
            tenant=tenant, role=cast("Role", role), user_id=user, name=name, expires_at=ends, limits=limits
        )
        note("key_create", shown.key.id, shown.key.tenant)
    _show(shown, as_json=as_json)


@app.command("list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Every key, those that are over too; never their secrets."""
    with opened(server_folder(path)) as (keys, _):
        found = keys.list(tenant)
    if as_json:
        show_json([_known(key) for key in found])
        return
    columns = ("id", "tenant", "role", "user", "status", "expires", "last used", "limits", "name")
    now = datetime.now(UTC)
    show_table(columns, [
        (key.id, key.tenant, key.role, key.user_id, key.state(now), key.expires_at, key.last_used_at, key.limits, key.name)
        for key in found
    ])  # fmt: skip


@app.command()
def rotate(
    key: KeyId,
    grace: Annotated[str, typer.Option(help="How long the former secret is still valid; 0 ends it now.")] = "24h",
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret, and show it once."""
    with opened(server_folder(path)) as (keys, note):
        shown = keys.rotate(key, None, grace=span(grace, "grace"))
        note("key_rotate", shown.key.id, shown.key.tenant)
    _show(shown, as_json=as_json)


@app.command()
def revoke(key: KeyId, path: StorePath = None, as_json: AsJson = False) -> None:
    """Let nobody in by a key from now on; running servers see it within a second."""
    with opened(server_folder(path)) as (keys, note):
        revoked = keys.revoke(key, None)
        note("key_revoke", revoked.id, revoked.tenant)
    if as_json:
        show_json(_known(revoked))
    else:
        say(f"{revoked.id} is revoked")


@app.command()
def token(
    key: KeyId,
    lifetime: Annotated[str, typer.Option(help="At most 24h.")] = "15m",
    tenant: Annotated[str | None, typer.Option(help="Which tenant, for an operator's key.")] = None,
    role: Annotated[str | None, typer.Option(help="Less than the key may.")] = None,
    user: Annotated[str | None, typer.Option(help="Only for this user.")] = None,
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Make a short-lived token of a key (with AGENTMEM_TOKEN_SECRET, the same as the server's)."""
    from agentmem_core.server.security import SecuritySettings, Tokens
    from agentmem_core.server.security.keys import now_utc

    folder = server_folder(path)
    tokens = Tokens(SecuritySettings.configured(folder).tokens, now_utc)
    with opened(folder) as (keys, note):
        found = keys.find(key, None)
        keys.require_active(found)
        issued = tokens.issue(
            found, lifetime=span(lifetime, "lifetime"), tenant=tenant, role=cast("Role | None", role), user_id=user
        )
        note("token_create", str(issued.bearer.id), issued.bearer.tenant)
    if as_json:
        show_json({"id": issued.bearer.id, "token": issued.token, "expires_at": issued.bearer.expires_at.isoformat()})
    else:
        typer.echo(issued.token)


@app.command("revoke-token")
def revoke_token(
    token_id: Annotated[str, typer.Argument(help="The token's id (its claim jti).", metavar="TOKEN_ID")],
    tenant: Annotated[str, typer.Option(help="The token's tenant.")] = "default",
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Let nobody in by a token from now on."""
    folder = server_folder(path)
    with opened(folder) as (keys, note):
        keys.deny(tenant, token_id)
        note("token_revoke", token_id, tenant)
    if as_json:
        show_json({"id": token_id, "tenant": tenant, "status": "revoked"})
    else:
        say(f"{token_id} is revoked")


def _show(shown: Shown, *, as_json: bool) -> None:
    """The secret alone on standard output, so that a script can take it; all about it beside."""
    if as_json:
        show_json({**_known(shown.key), "secret": shown.secret})
        return
    key = shown.key
    say(f"{key.id}: {key.role} in tenant {key.tenant}" + (f", user {key.user_id} only" if key.user_id else ""))
    say("Keep this key now; it cannot be shown again:")
    typer.echo(shown.secret)


def _known(key: ApiKey) -> dict[str, Any]:
    return {**key.model_dump(mode="json"), "status": key.state(datetime.now(UTC))}


def _note(folder: Path, store: SqliteKeys, what: str, what_id: str, tenant: str) -> None:
    """What is done from a command line stands in the audit too."""
    from agentmem_core.server.security import Chain, audit_keys
    from agentmem_core.storage.sqlite import SqliteTrail

    trail = SqliteTrail(folder)
    fields = {"op": what, "ids": [what_id], "tenant": tenant, **by_command_line()}
    try:
        last = trail.append([fields], Chain(audit_keys()).chained)
        if last is not None:
            store.keep_anchor(last.number, last.hash)
    finally:
        trail.close()
