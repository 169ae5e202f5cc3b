"""The API as a page for readers: Markdown for the manual, HTML for ``/docs``, both from the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from agentmem_core.http import ScopeNames
from agentmem_core.server.mounted import described
from agentmem_core.server.openapi import document

Json = dict[str, Any]
Row = tuple[str, ...]

_HEAD = """# The HTTP API

Made from the table of operations by `uv run nox -s api`; a test fails when it is out of date.
How to run a server: [server](server.md). The same as a machine reads it: `/openapi.json` of a running server.

"""


def markdown(doc: Json) -> str:
    """The page of the manual."""
    parts = [_HEAD, doc["info"]["description"], "\n"]
    for tag, operations in _by_tag(doc).items():
        parts.append(f"\n## {tag}\n")
        for method, path, op in operations:
            parts.append(f"\n### `{method} {path}`\n\n{_prose(op['summary'])} {_prose(op.get('description', ''))}\n")
            fields = list(_fields(doc, op))
            if fields:
                parts.append("\n| field | where | type | default |\n|---|---|---|---|\n")
                parts += [
                    f"| `{name}` | {where} | {_cell(kind)} | {_cell(default)} |\n"
                    for name, where, kind, default in fields
                ]
            parts.append(f"\nAnswer: {_answer(op)}. Errors: {_errors(op)}.\n")
            if shown := _example(op):
                parts.append(f"\n```json\n{shown}\n```\n")
    parts.append("\n## Errors\n\n| status | codes |\n|---|---|\n")
    parts += [f"| {status} | {', '.join(f'`{code}`' for code in codes)} |\n" for status, codes in _all_errors(doc)]
    parts.append("\n## Types\n")
    for name, schema in sorted(doc["components"]["schemas"].items()):
        if name.endswith(("Request", "Path")) or "properties" not in schema:
            continue
        parts.append(f"\n### {name}\n\n{_prose(schema.get('description', ''))}\n\n| field | type |\n|---|---|\n")
        parts += [f"| `{field}` | {_cell(_kind(kind))} |\n" for field, kind in schema["properties"].items()]
    return "".join(parts)


def html(doc: Json) -> bytes:
    """The same as one page that loads nothing from anywhere."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>AgentMem API</title><style>", _STYLE, "</style><h1>AgentMem ",
        escape(doc["info"]["version"]), '</h1><p><a href="openapi.json">openapi.json</a></p><p>', escape(doc["info"]["description"]),
    ]  # fmt: skip
    for tag, operations in _by_tag(doc).items():
        parts.append(f"<h2>{escape(tag)}</h2>")
        for method, path, op in operations:
            parts.append(
                f"<details><summary><b>{method}</b> <code>{escape(path)}</code> {escape(op['summary'])}</summary>"
            )
            parts.append(f"<p>{escape(op.get('description', ''))}</p><table>")
            rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in _fields(doc, op))
            parts += [f"<tr>{row}</tr>" for row in rows]
            parts.append(f"</table><p>Answer: {escape(_answer(op))}. Errors: {escape(_errors(op))}.</p>")
            if shown := _example(op):
                parts.append(f"<pre>{escape(shown)}</pre>")
            parts.append("</details>")
    return "".join(parts).encode()


_EVERYWHERE = frozenset(ScopeNames.model_fields)
"""What nearly every request may name, and the introduction says once."""

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "td{padding:.1rem .8rem .1rem 0;vertical-align:top}details{margin:.3rem 0}summary{cursor:pointer}"
    "pre{background:#f4f4f4;padding:.6rem;overflow:auto}b{display:inline-block;min-width:4rem}"
)


def _by_tag(doc: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in doc["paths"].items():
        for method, op in methods.items():
            found.setdefault((op.get("tags") or ["server"])[0], []).append((method.upper(), path, op))
    return found


def _fields(doc: Json, op: Json) -> Iterator[Row]:
    """Name, place, type and default of what a request may say."""
    everywhere = frozenset[str]() if "keys" in op.get("tags", ()) else _EVERYWHERE
    for parameter in op.get("parameters", ()):
        if parameter["name"] in everywhere:
            continue
        schema = parameter.get("schema") or {"type": "object (JSON)"}
        yield (
            parameter["name"],
            parameter["in"],
            _kind(schema),
            _default(schema, needed=parameter.get("required", False)),
        )
    for media in op.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(doc, media["schema"])
        for name, field in schema.get("properties", {}).items():
            if name in everywhere:
                continue
            yield name, "body", _kind(field), _default(field, needed=name in schema.get("required", ()))


def _resolved(doc: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = doc["components"]["schemas"][name] if name else schema
    return found


def _default(schema: Json, *, needed: bool) -> str:
    if needed:
        return "required"
    value = schema.get("default")
    return "" if value is None else to_json(value).decode()


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return " or ".join(to_json(value).decode() for value in values)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_kind(kind) for kind in schema[several]))
    kind = schema.get("type", "any")
    if kind == "array" and "items" in schema:
        return f"array of {_kind(schema['items'])}"
    if schema.get("format") or schema.get("contentEncoding"):
        return f"{kind} ({schema.get('format') or schema['contentEncoding']})"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _answer(op: Json) -> str:
    found = next(iter(op["responses"].values())).get("content", {})
    if not found:
        return "nothing"
    [(media, content)] = found.items()
    kind = _kind(content.get("schema", {}))
    return kind if media == "application/json" else media


def _errors(op: Json) -> str:
    """The statuses alone: which codes they have stands at the end of the page, and in the document."""
    return ", ".join(status for status in op["responses"] if not status.startswith("2"))


def _example(op: Json) -> str:
    for media, content in op.get("requestBody", {}).get("content", {}).items():
        if "example" in content and media == "application/json":
            return to_json(content["example"], indent=2).decode()
    return ""


def _all_errors(doc: Json) -> list[tuple[str, list[str]]]:
    found: dict[str, set[str]] = {}
    for response in doc["components"]["responses"].values():
        for content in response["content"].values():
            said = content["schema"]["properties"]
            found.setdefault(str(said["status"]["const"]), set()).update(said["code"]["enum"])
    return [(status, sorted(codes)) for status, codes in sorted(found.items())]


def _prose(text: str) -> str:
    """A docstring as Markdown has it."""
    return " ".join(text.replace("``", "`").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def whole() -> Json:
    """The document of a server with keys, as it is started from the command line."""
    from agentmem_core.server.security.routes import key_routes

    return document(more=described(key_routes(None).routes))


def write(target: str) -> None:
    """Make the page of the manual anew."""
    Path(target).write_text(markdown(whole()), encoding="utf-8")
