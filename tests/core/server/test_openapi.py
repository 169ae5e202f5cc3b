"""What the document promises is what the server does, and what the manual says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.server_process import serving

from agentmem_core import new_vault_key
from agentmem_core.http import ROUTES, SHORTCUTS, Route, call_of
from agentmem_core.http.problems import BY_CODE
from agentmem_core.server.examples import example, word
from agentmem_core.server.openapi import document
from agentmem_core.server.reference import html, markdown

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


def test_what_a_document_refers_to_is_there():
    doc = document()
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
    assert MANUAL.read_text(encoding="utf-8") == markdown(document()), "run: uv run nox -s api"


def test_the_page_for_readers_loads_nothing():
    page = html(document()).decode()
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
            "^/v1/(memories/search|memories|memories/{id}|export|import|agents/core)",
        ),
    ],
    ids=["random values everywhere", "limits of values where most is asked"],
)
def test_the_server_does_what_its_document_says(some: tuple[str, ...], tmp_path):
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
        "response_schema_conformance,unsupported_method,use_after_free"
    )
    # the first key that it made would close the server to it
    # of the others: a text is not asked for where there is a number, and filters have more rules than a schema can say
    with serving(
        tmp_path / "store", "--timeout", "20", env={"AGENTMEM_VAULT_KEY": new_vault_key(), "AGENTMEM_LEARNER": "rules"}
    ) as server:
        run = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--seed", "7", *some,
                "--checks", checks, "--exclude-path", "/v1/events", "--exclude-operation-id", "reindex",
                "--exclude-path-regex", "^/v1/keys",
                "--suppress-health-check", "all", "--no-color",
            ],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " generated" in run.stdout
    assert "server_failed" not in "".join(server.log)
