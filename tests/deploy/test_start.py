"""A first start, by the very commands and environments of image, compose, Kubernetes and systemd, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from tests.core.server_process import serving
from tests.deploy import here

WAYS = {"compose": here.compose, "kubernetes": here.kubernetes, "systemd": here.systemd}
AGENTMEM = str(Path(sys.executable).with_name("agentmem"))


def alone(environment: Mapping[str, str], store: Path) -> dict[str, str]:
    """Only what an engine sets, and a home that cannot be written; the store's folder and the address are this machine's."""
    kept = {
        name: os.environ[name] for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START") if name in os.environ
    }
    ours = {
        "AGENTMEM_PATH": str(store),
        "HOME": "/proc/nonexistent",
        "PATH": os.defpath,
        "AGENTMEM_EMBEDDER": "hashing",
    }
    return {**kept, **environment, **ours}


def agentmem(environment: Mapping[str, str], *words: str) -> str:
    return subprocess.run(
        [AGENTMEM, *words], env=dict(environment), check=True, capture_output=True, text=True, timeout=60
    ).stdout


def arguments(command: Sequence[str]) -> list[str]:
    """Those behind ``agentmem serve``."""
    assert command[0].rpartition("/")[2] == "agentmem"
    assert command[1] == "serve"
    return list(command[2:])


@pytest.mark.parametrize("way", WAYS)
def test_without_a_secret_nobody_is_let_in_from_elsewhere(way, tmp_path):
    command, environment = WAYS[way]()
    bare = {name: said for name, said in environment.items() if name not in here.SECRETS}
    env = {**alone(bare, tmp_path / "store"), "AGENTMEM_HOST": "0.0.0.0"}  # it never comes to listening there
    refused = subprocess.run(
        [AGENTMEM, "serve", *arguments(command)], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 1
    assert "there is no key" in refused.stderr
    assert "agentmem keys create" in refused.stderr


@pytest.mark.parametrize("way", WAYS)
def test_it_starts_closed_and_the_first_key_opens_it(way, tmp_path):
    command, environment = WAYS[way]()
    store = tmp_path / "store"
    env = alone(environment, store)
    with serving(store, *arguments(command), command=(AGENTMEM, "serve"), env=env) as server:
        ask = httpx.Client(base_url=server.url, timeout=30)
        assert ask.get("/health/live").status_code == 200
        assert ask.get("/health/ready").status_code == 200
        assert ask.get("/v1/memories", params={"user_id": "ana"}).status_code == 401
        key = agentmem(env, "keys", "create", "--tenant", "acme", "--role", "admin").strip()
        assert key.startswith("agm_")
        ask.headers["Authorization"] = f"Bearer {key}"
        assert ask.post("/v1/memories", json={"content": "我搬到里斯本了", "user_id": "ana"}).status_code == 200
        found = ask.post("/v1/memories/search", json={"query": "里斯本", "user_id": "ana"}).json()
        assert found[0]["memory"]["content"] == "我搬到里斯本了"
        watch = {"Authorization": f"Bearer {here.SECRETS['AGENTMEM_METRICS_TOKEN']}"}
        assert "agentmem_store_up 1.0" in ask.get("/metrics", headers=watch).text
        assert ask.get("/v1/memories", params={"user_id": "ana"}, headers=watch).status_code == 401
        ask.close()
        assert server.stop() == 0
    agentmem(env, "audit", "verify")
