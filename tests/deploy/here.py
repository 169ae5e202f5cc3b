"""What stands in deploy/, as the engines that start a server read it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SOURCE = ROOT / "packages" / "agentmem-core" / "src"

SECRETS = {
    "AGENTMEM_TOKEN_SECRET": "a secret of this test alone, 32 and longer",
    "AGENTMEM_METRICS_TOKEN": "for the metrics of this test",
    "AGENTMEM_AUDIT_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def read(path: str) -> Any:
    return yaml.safe_load((DEPLOY / path).read_text("utf-8"))


def dockerfile() -> list[tuple[str, str]]:
    """Every instruction with its words, lines that go on joined."""
    text = (DEPLOY / "docker" / "Dockerfile").read_text("utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(first, rest.strip()) for first, _, rest in (line.partition(" ") for line in lines if line.strip())]


def image() -> tuple[list[str], dict[str, str]]:
    """What the image runs, and the environment that it brings: of its last stage."""
    steps = dockerfile()
    last = max(number for number, (word, _) in enumerate(steps) if word == "FROM")
    said = dict(steps[last:])
    pairs = dict(pair.partition("=")[::2] for pair in shlex.split(said["ENV"]))
    pairs["AGENTMEM_INDEX"] = "none"
    return [*yaml.safe_load(said["ENTRYPOINT"]), *yaml.safe_load(said["CMD"])], pairs


def compose() -> tuple[list[str], dict[str, str]]:
    command, environment = image()
    asked = read("compose/compose.yaml")["services"]["agentmem"]["environment"]
    return command, environment | {name: SECRETS.get(name, "") for name in asked}


def kubernetes() -> tuple[list[str], dict[str, str]]:
    command, environment = image()
    container = deployment()["spec"]["template"]["spec"]["containers"][0]
    for item in container["env"]:
        if not item["valueFrom"]["secretKeyRef"].get("optional"):
            environment[item["name"]] = SECRETS[item["name"]]
    return [command[0], *container["args"]], environment


def systemd() -> tuple[list[str], dict[str, str]]:
    text = (DEPLOY / "systemd" / "agentmem.service").read_text("utf-8")
    (started,) = re.findall(r"^ExecStart=(.*)$", text, flags=re.MULTILINE)
    lines = (DEPLOY / "systemd" / "agentmem.env").read_text("utf-8").splitlines()
    environment = dict(line.partition("=")[::2] for line in lines if line and not line.startswith("#"))
    return shlex.split(started), environment | {name: SECRETS[name] for name in environment if name in SECRETS}


def manifests() -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all((DEPLOY / "kubernetes" / "agentmem.yaml").read_text("utf-8"))


def deployment() -> dict[str, Any]:
    (found,) = (manifest for manifest in manifests() if manifest["kind"] == "Deployment")
    return found
