"""What the document promises is what the server does, and what the manual says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.server.guarded import guarded
from tests.core.server.test_attacks import keys_create
from tests.core.server_process import serving

from agentmem_core import new_vault_key
from agentmem_core.http import ROUTES, SHORTCUTS, Route, call_of
from agentmem_core.http.problems import BY_CODE
from agentmem_core.server.examples import example, word
from agentmem_core.server.openapi import document
from agentmem_core.server.reference import html, markdown, whole

MANUAL = Path(__file__).parents[3] / "docs" / "api.md"


def test_every_row_of_the_table_stands_in_the_document():
    doc = document()
    said = {(method.upper(), path): op for path, methods in doc["paths"].items() for method, op in methods.items()}
    rows = {(route.method, route.path): route for route in (*ROUTES, *SHORTCUTS)}
    assert set(rows) < set(said)
    for place, route in rows.items():
        op = said[place]
        assert op["operationId"] == route.name
        assert op["summary"] == route.summary
        assert {"200", "401", "403", "422", "429", "500", "503", "504"} <= set(op["responses"])
        assert ("requestBody" in op) is not route.by_query
    assert doc["components"]["securitySchemes"]
    json.dumps(doc)


def test_every_code_there_is_stands_in_the_document():
    responses = document()["components"]["responses"].values()
    codes = {
        code
        for response in responses
        for content in response["content"].values()
        for code in content["schema"]["properties"]["code"]["enum"]
    }
    assert set(BY_CODE) - codes == {"error", "bad_answer"}  # the root, and what only a client can find


KEY_ROUTES = {
    ("GET", "/v1/keys/self"), ("POST", "/v1/keys/token"), ("DELETE", "/v1/keys/token/{token_id}"), ("POST", "/v1/keys"),
    ("GET", "/v1/keys"), ("GET", "/v1/keys/{key_id}"), ("POST", "/v1/keys/{key_id}/rotate"), ("DELETE", "/v1/keys/{key_id}"),
}  # fmt: skip


async def test_routes_for_keys_stand_in_the_document_with_examples_and_errors(tmp_path):
    async with guarded(tmp_path) as server:
        doc = (await server.client.get("/openapi.json")).json()
    assert doc["paths"] == json.loads(json.dumps(whole()["paths"]))
    said = {
        (method.upper(), path): op
        for path, methods in doc["paths"].items()
        for method, op in methods.items()
        if path.startswith("/v1/keys")
    }
    assert set(said) == KEY_ROUTES
    for (method, path), op in said.items():
        assert op["tags"] == ["keys"]
        assert op["summary"].endswith(".")
        assert ("Needs" in op["description"]) or ("For every key" in op["description"])
        assert {"401", "403", "404", "409", "422", "429", "500", "503"} <= set(op["responses"]), path
        assert ("requestBody" in op) is (method == "POST")
        if method == "POST":
            assert op["requestBody"]["content"]["application/json"]["example"]
            assert {"408", "413"} <= set(op["responses"])
    assert len({op["operationId"] for op in said.values()}) == len(said)
    assert not {"HTTPValidationError", "ValidationError"} & set(doc["components"]["schemas"])
    assert "HTTPValidationError" not in json.dumps(doc)


def test_what_a_document_refers_to_is_there():
    doc = whole()
    text = json.dumps(doc)
    for part in text.split('"$ref": "')[1:]:
        found = doc
        for name in part.partition('"')[0].removeprefix("#/").split("/"):
            found = found[name]
        assert found


@pytest.mark.parametrize("route", [*ROUTES, *SHORTCUTS], ids=lambda route: route.name)
def test_every_example_can_be_sent(route: Route):
    said = example(route)
    query = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in said.items()]
    path = {name: word(name) for name in route.in_path}
    call = call_of(route, path, query if route.by_query else [], json.dumps(said).encode())
    assert call.op is route.op


@pytest.mark.skipif(not MANUAL.exists(), reason="the wheels are tested without the manual")
def test_the_manual_is_what_the_table_says():
    assert MANUAL.read_text(encoding="utf-8") == markdown(whole()), "run: uv run nox -s api"


def test_the_page_for_readers_loads_nothing():
    page = html(whole()).decode()
    assert "/v1/keys/{key_id}/rotate" in page
    assert "/v1/memories/search" in page
    assert not any(word in page for word in ("<script", "src=", "http://", "https://", "@import"))


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "some",
    [
        ("--phases", "examples,fuzzing", "--max-examples", "8"),
        (
            "--phases",
            "coverage",
            "--include-path-regex",
            "^/v1/(memories/search|memories|memories/{id}|export|import|agents/core|keys)",
        ),
    ],
    ids=["random values everywhere", "limits of values where most is asked"],
)
def test_the_server_does_what_its_document_says(some: tuple[str, ...], tmp_path):
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
        "response_schema_conformance,unsupported_method,use_after_free"
    )
    # with an operator's key, so that keys are made too and the first one does not close the server to it
    # of the checks that are left out: a text is not asked for where there is a number, and filters have more rules than a schema can say
    secret = keys_create(tmp_path / "store", "--tenant", "*", "--role", "admin")
    env = {
        "AGENTMEM_VAULT_KEY": new_vault_key(),
        "AGENTMEM_LEARNER": "rules",
        "AGENTMEM_TOKEN_SECRET": "0123456789" * 4,
    }
    with serving(tmp_path / "store", "--timeout", "20", env=env) as server:
        run = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--seed", "7", *some,
                "--checks", checks, "--exclude-path", "/v1/events", "--exclude-operation-id", "reindex",
                "--header", f"Authorization: Bearer {secret}", "--suppress-health-check", "all", "--no-color",
            ],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " generated" in run.stdout
    assert "server_failed" not in "".join(server.log)
