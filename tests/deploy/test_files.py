"""What deploy/ says is known to the code, and the parts of it agree with each other."""

from __future__ import annotations

import ast
import re
import tomllib

import httpx
import pytest
from tests.core.server.here import in_memory
from tests.deploy import here
from typer.main import get_command

from agentmem_core.cli.app import app
from agentmem_core.server.app import create_app
from agentmem_core.server.gate import OpenGate
from agentmem_core.server.settings import ServerSettings

FILES = [path for path in here.DEPLOY.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
MANUAL = ("deployment.md", "operations.md")


def constants() -> set[str]:
    """Every text in the code, the parts of f-strings for themselves."""
    found: set[str] = set()
    for path in here.SOURCE.rglob("*.py"):
        found |= {
            node.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return found


@pytest.fixture(scope="module")
def texts() -> set[str]:
    return constants()


def test_every_variable_is_read_by_somebody(texts):
    known = {name for text in texts for name in re.findall(r"[A-Za-z][A-Za-z_]+", text)}
    named = set()
    for path in FILES:
        named |= set(re.findall(r"AGENTMEM_[A-Z_]+", path.read_text("utf-8")))
    assert "AGENTMEM_TOKEN_SECRET" in named
    for name in named:
        short = name.removeprefix("AGENTMEM_")
        assert known & {name, short, short.lower()}, f"nothing reads {name}"


def test_every_option_of_the_server_exists():
    serve = get_command(app).get_command(None, "serve")  # type: ignore[attr-defined]  # a group
    options = {word for option in serve.params for word in option.opts}
    for command, _ in (here.compose(), here.kubernetes(), here.systemd()):
        assert {word for word in command if word.startswith("--")} <= options


async def test_the_probes_ask_what_there_is():
    container = here.deployment()["spec"]["template"]["spec"]["containers"][0]
    probes = [container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")]
    asked = dict(here.dockerfile())["HEALTHCHECK"]
    paths = {*probes, *re.findall(r"127\.0\.0\.1:8080(/[\w/]+)", asked)}
    assert paths == {"/health/live", "/health/ready"}
    backend = in_memory()
    served = httpx.ASGITransport(app=create_app(backend, gate=OpenGate(), settings=ServerSettings()))
    async with httpx.AsyncClient(transport=served, base_url="http://server") as ask:
        assert {(await ask.get(path)).status_code for path in paths} == {200}
    backend.close()


def test_the_image_is_of_two_stages_and_nobodys_root():
    steps = here.dockerfile()
    assert [rest for word, rest in steps if word == "FROM"] == ["debian:${DEBIAN} AS build", "scratch"]
    last = dict(steps[max(number for number, (word, _) in enumerate(steps) if word == "FROM") :])
    assert last["USER"] == "10001:10001"
    assert "RUN" not in last
    assert not re.search(r"SECRET|TOKEN|KEY|PASSWORD", last["ENV"])


def test_only_what_the_image_needs_is_sent_to_the_builder():
    lines = (here.DEPLOY / "docker" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = {rest.split()[0] for word, rest in here.dockerfile() if word == "COPY" and not rest.startswith("--from")}
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied


def test_versions_are_those_of_the_package():
    project = here.ROOT / "packages" / "agentmem-core" / "pyproject.toml"
    version = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
    chart = here.read("helm/agentmem/Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (version, version)
    assert here.read("compose/compose.yaml")["services"]["agentmem"]["image"] == f"agentmem:{version}"


def test_what_is_under_way_may_end_before_the_process_is_killed():
    pod = here.deployment()["spec"]["template"]["spec"]
    grace = int(pod["containers"][0]["args"][pod["containers"][0]["args"].index("--grace") + 1])
    assert pod["terminationGracePeriodSeconds"] > grace
    default = ServerSettings().grace
    assert int(here.read("compose/compose.yaml")["services"]["agentmem"]["stop_grace_period"].rstrip("s")) > default
    (stops,) = re.findall(
        r"^TimeoutStopSec=(\d+)$", (here.DEPLOY / "systemd" / "agentmem.service").read_text(), re.MULTILINE
    )
    assert int(stops) > default


def test_one_pod_alone_writes_a_folder_and_may_nothing_else():
    deployment = here.deployment()
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert (
        f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
        == dict(here.dockerfile())["USER"]
    )
    assert {"limits", "requests"} == set(container["resources"])
    _, environment = here.image()
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"/data", "/tmp"}
    assert environment["AGENTMEM_PATH"].startswith("/data/")
    assert {manifest["kind"] for manifest in here.manifests()} == {
        "Deployment", "NetworkPolicy", "PersistentVolumeClaim", "Service", "ServiceAccount",
    }  # fmt: skip


def test_the_manual_makes_the_secrets_that_are_asked_for():
    manual = (here.ROOT / "docs" / "deployment.md").read_text("utf-8")
    for item in here.deployment()["spec"]["template"]["spec"]["containers"][0]["env"]:
        if not item["valueFrom"]["secretKeyRef"].get("optional"):
            assert f"--from-literal={item['valueFrom']['secretKeyRef']['key']}=" in manual
    for variable in re.findall(r"\$\{(\w+):\?", (here.DEPLOY / "compose" / "compose.yaml").read_text("utf-8")):
        assert f"{variable}=" in manual


def test_every_message_that_is_quoted_is_one_of_the_code(texts):
    """A quoted message has ``...`` where the code puts something in."""
    quoted = 0
    for name in MANUAL:
        for message in re.findall(r"^\| `([^`|]+)` \|", (here.ROOT / "docs" / name).read_text("utf-8"), re.MULTILINE):
            if " " not in message:
                continue
            for part in filter(None, (part.strip() for part in re.split(r"\.\.\.|AGENTMEM_\w+", message))):
                assert any(part in text for text in texts), f"{name}: nothing says {part!r}"
            quoted += 1
    assert quoted >= 12


def test_every_command_of_the_manual_exists():
    """Whole lines of shell that call ``agentmem``, wherever it runs."""
    group = get_command(app)
    seen = set()
    for name in MANUAL:
        for line in re.findall(r"(?:^|\s|/)agentmem ([a-z][a-z -]*)", (here.ROOT / "docs" / name).read_text("utf-8")):
            words = line.split()
            if words[0] in group.commands:  # type: ignore[attr-defined]  # a group
                command = group.commands[words[0]]  # type: ignore[attr-defined]  # a group
                if hasattr(command, "commands"):
                    assert words[1] in command.commands, line
                seen.add(words[0])
    assert {"keys", "backup", "doctor", "serve"} <= seen
