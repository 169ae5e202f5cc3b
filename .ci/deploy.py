"""What stands in deploy/, examined by the tools that will read it. A tool that is not here is said; when none is, it fails.

`python .ci/deploy.py --write` writes deploy/kubernetes anew from the chart.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "agentmem"
MANIFESTS = DEPLOY / "kubernetes" / "agentmem.yaml"
KUBERNETES = ("1.27", "1.30", "1.33")
EXPOSED = 2.0
"""How exposed `systemd-analyze security` may find the unit, of 10."""

HEADER = "# The chart with its defaults, written by `nox -s deploy -- --write`. A Secret named agentmem must be there first: docs/deployment.md\n"
OTHERS: tuple[dict[str, Any], ...] = (
    {"persistence": {"existingClaim": "mine"}, "networkPolicy": {"enabled": False}, "extraArgs": ["--requests", "512"]},
    {
        "image": {"repository": "registry.example.org/agentmem", "tag": "1.2.3"}, "imagePullSecrets": [{"name": "mine"}],
        "settings": {"AGENTMEM_LEARNER": "rules", "AGENTMEM_EXACT_LIMIT": "50000"}, "podAnnotations": {"a": "b"},
        "persistence": {"storageClass": "fast", "size": "2Ti"}, "service": {"type": "NodePort", "port": 80}, "grace": 60,
        "networkPolicy": {"egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}]}, "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "a", "operator": "Exists"}], "affinity": {"nodeAffinity": {}},
    },
)  # fmt: skip
"""Values that reach every branch of the templates."""

REFUSED: tuple[dict[str, Any], ...] = (
    {"settings": {"AGENTMEM_TOKEN_SECRET": "in the open"}}, {"existingSecret": ""}, {"replicas": 3},
    {"persistence": {"size": "ten"}},
)  # fmt: skip


class MissingError(Exception):
    """A tool that is not on this machine, and how it gets here."""


class WrongError(Exception):
    """What a tool, or we, found."""


def require(holds: object, why: object) -> None:
    if not holds:
        raise WrongError(why)


def tool(name: str, how: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not here; {how}")
    return found


def run(*words: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    finished = subprocess.run(words, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    if finished.returncode:
        raise WrongError(f"{' '.join(words)}\n{finished.stdout}{finished.stderr}")
    return finished.stdout + finished.stderr


def dockerfile() -> str:
    run(
        tool("hadolint", "uv sync --group deploy"),
        "--config",
        "deploy/docker/hadolint.yaml",
        "deploy/docker/Dockerfile",
    )
    return "hadolint finds nothing in the Dockerfile"


def compose() -> str:
    command = tool("docker-compose", "uv sync --group deploy")
    file = DEPLOY / "compose" / "compose.yaml"
    bare = {name: said for name, said in os.environ.items() if not name.startswith(("AGENTMEM_", "GRAFANA_"))}
    with tempfile.TemporaryDirectory() as name:
        full, empty = Path(name, "full"), Path(name, "empty")
        example = (DEPLOY / "compose" / ".env.example").read_text("utf-8")
        full.write_text(re.sub(r"^(\w+)=$", r"\1=something", example, flags=re.MULTILINE), "utf-8")
        empty.write_text(example, "utf-8")
        services = run(command, "--env-file", str(full), "-f", str(file), "config", "--services", env=bare).split()
        try:
            run(command, "--env-file", str(empty), "-f", str(file), "config", "--quiet", env=bare)
        except WrongError as refused:
            require("make the file .env" in str(refused), refused)
        else:
            raise WrongError("compose would start without secrets")
    return f"docker-compose takes {', '.join(sorted(services))}, and nothing without its secrets"


def rendered(values: dict[str, Any], name: str = "agentmem") -> Iterator[str]:
    """The chart's manifests with some values, by Helm itself."""
    try:
        import helm_python as helm
    except ImportError:
        raise MissingError("helm-python-sdk is not here; uv sync --group deploy") from None
    with helm.Chart.load(str(CHART)) as chart:
        for path, text in sorted(chart.render(values, name=name, namespace="memory").items()):
            if path.endswith(".yaml") and text.strip():
                yield text.strip() + "\n"


def plain() -> str:
    return HEADER + "".join(f"---\n{text}" for text in rendered({}))


def chart() -> str:
    manifests = plain()
    import helm_python as helm

    found = helm.lint(str(CHART))
    require(not found["errors"], found)
    require(
        MANIFESTS.read_text("utf-8") == manifests,
        "deploy/kubernetes is another than the chart's: nox -s deploy -- --write",
    )
    for values in REFUSED:
        try:
            list(rendered(values))
        except helm.HelmValuesError:
            continue
        raise WrongError(f"the chart takes {values}")
    return f"helm {helm.helm_sdk_version()} lints the chart, which refuses {len(REFUSED)} wrong values"


def kubernetes() -> str:
    try:
        import kubernetes_validate
    except ImportError:
        raise MissingError("kubernetes-validate is not here; uv sync --group deploy") from None
    texts = [MANIFESTS.read_text("utf-8")]
    with suppress(MissingError):
        texts += ["---\n".join(rendered(values, "other")) for values in OTHERS]
    count = 0
    for text in texts:
        for manifest in yaml.safe_load_all(text):
            for version in KUBERNETES:
                kubernetes_validate.validate(manifest, version, strict=True)
                count += 1
    return f"the schemas of Kubernetes {', '.join(KUBERNETES)} take all manifests ({count} times one)"


def alerts() -> str:
    promtool = tool("promtool", "apt-get install prometheus")
    there = DEPLOY / "monitoring"
    rules = run(promtool, "check", "rules", "alerts.yaml", cwd=there)
    run(promtool, "test", "rules", "alerts_test.yaml", cwd=there)
    run(promtool, "check", "config", "--syntax-only", "prometheus.yaml", cwd=there)
    (count,) = re.findall(r"(\d+) rules found", rules)
    return f"promtool takes the configuration, and {count} alerts pass their tests"


def unit() -> str:
    analyze = tool("systemd-analyze", "apt-get install systemd")
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name, "agentmem.service")
        text = (DEPLOY / "systemd" / "agentmem.service").read_text("utf-8")
        copy.write_text(
            text.replace("/opt/agentmem/bin/agentmem", "/bin/true"), "utf-8"
        )  # verify asks whether it is there
        said = run(analyze, "verify", str(copy))
        require("agentmem.service" not in said, said)
        security = run(analyze, "security", "--offline=true", str(copy))
    run(tool("systemd-sysusers", "apt-get install systemd"), "--dry-run", str(DEPLOY / "systemd" / "agentmem.sysusers"))
    exposed = float(re.findall(r"exposure level for agentmem.service: ([\d.]+)", security)[0])
    require(exposed <= EXPOSED, security)
    return f"systemd takes the unit, and finds it exposed to {exposed} of 10"


CHECKS: tuple[Callable[[], str], ...] = (dockerfile, compose, chart, kubernetes, alerts, unit)


def main() -> None:
    if sys.argv[1:] == ["--write"]:
        MANIFESTS.write_text(plain(), "utf-8")
        return
    checked = failed = 0
    for check in CHECKS:
        try:
            print(f"ok        {check.__name__}: {check()}", flush=True)
            checked += 1
        except MissingError as missing:
            print(f"left out  {check.__name__}: {missing}", flush=True)
        except WrongError as wrong:
            print(f"FAILED    {check.__name__}: {wrong}", flush=True)
            failed += 1
    if failed or not checked:
        sys.exit(f"{failed} failed" if checked or failed else "nothing was checked")


main()
