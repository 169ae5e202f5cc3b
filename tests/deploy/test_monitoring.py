"""What alerts and dashboard ask for is what a server that is asked things shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.core.server_process import serving
from tests.deploy import here

from agentmem_core.http import ROUTES, SHORTCUTS
from agentmem_core.http.problems import BY_CODE

OF_PROMETHEUS = {"up": {"job", "instance"}}
"""What a scrape brings by itself, and the labels it puts on everything."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> dict[str, set[str]]:
    """The names of a server that was asked things, with their labels."""
    env = {"AGENTMEM_API_KEY": ""}
    with serving(tmp_path_factory.mktemp("store"), env=env) as server, httpx.Client(base_url=server.url) as ask:
        ask.post("/v1/memories", json={"content": "tea", "user_id": "ana"})
        ask.post("/v1/memories/search", json={"query": "tea", "user_id": "ana"})
        ask.get("/v1/memories/nope", params={"user_id": "ana"})
        text = ask.get("/metrics").text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def dashboard() -> dict[str, Any]:
    return json.loads((here.DEPLOY / "monitoring/grafana/dashboards/agentmem.json").read_text("utf-8"))


def queries() -> Iterator[tuple[str, str]]:
    for rule in here.read("monitoring/alerts.yaml")["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
    for test in here.read("monitoring/alerts_test.yaml")["tests"]:
        for series in test["input_series"]:
            yield test["name"], series["series"]


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(part: promql_parser.Expr) -> bool:
        if isinstance(part, promql_parser.MatrixSelector):
            found.append(part.vector_selector)
        elif isinstance(part, promql_parser.VectorSelector):
            found.append(part)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


@pytest.mark.parametrize(("where", "query"), [*queries()])
def test_what_is_asked_for_is_shown(shown, where, query):
    asked = selectors(query)
    assert asked, where
    for selector in asked:
        name = selector.name
        assert name in shown or name in OF_PROMETHEUS, f"{where}: no server shows {name}"
        known = shown.get(name, set()) | OF_PROMETHEUS["up"]
        for matcher in selector.matchers.matchers:
            assert matcher.name in known, f"{where}: {name} has no label {matcher.name}"


def test_the_codes_and_operations_that_are_named_exist():
    operations = {route.name for route in (*ROUTES, *SHORTCUTS)} | {"live", "ready", "metrics"}
    codes = {*BY_CODE, "ok", "error", "given_up", "store_.*"}
    named = 0
    for where, query in queries():
        for selector in selectors(query):
            for matcher in selector.matchers.matchers:
                wanted = {"operation": operations, "code": codes}.get(matcher.name)
                if wanted is not None:
                    assert set(matcher.value.split("|")) <= wanted, where
                    named += 1
    assert named > 10


def test_every_alert_is_tested_when_it_fires_and_when_it_must_not():
    alerts = {rule["alert"] for rule in here.read("monitoring/alerts.yaml")["groups"][0]["rules"]}
    asked: dict[bool, set[str]] = {True: set(), False: set()}
    for test in here.read("monitoring/alerts_test.yaml")["tests"]:
        for case in test["alert_rule_test"]:
            asked["exp_alerts" in case].add(case["alertname"])
    assert asked == {True: alerts, False: alerts}


def test_the_manual_says_what_to_do_about_every_alert():
    manual = (here.ROOT / "docs" / "operations.md").read_text("utf-8")
    for rule in here.read("monitoring/alerts.yaml")["groups"][0]["rules"]:
        assert f"| `{rule['alert']}` |" in manual


def test_the_dashboard_is_whole():
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    (source,) = here.read("monitoring/grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    folder = here.read("monitoring/grafana/provisioning/dashboards/agentmem.yaml")["providers"][0]["options"]["path"]
    mounts = here.read("compose/compose.yaml")["services"]["grafana"]["volumes"]
    assert any(re.fullmatch(rf"\S+/dashboards:{folder}:ro", mount) for mount in mounts)
