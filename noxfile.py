"""One command per verb, the same in CI and on a laptop: `uv run nox -s lint types tests floors docs wheels`."""

import os
import re
import shutil
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["lint", "types", "tests", "floors", "docs", "wheels"]

ROOT = Path(__file__).parent
UV = os.environ.get("UV") or shutil.which("uv") or "uv"  # `uv run` tells its children where it is
PYTHONS = ["3.11", "3.12", "3.13"]
DOCS = ["README.md", "docs", "packages"]
LANGGRAPH_SQLITE = "langgraph-checkpoint-sqlite==3.1.2"


def uv(session: nox.Session, *args: str, **env: str) -> None:
    session.run(UV, *args, env=env, external=True)


def in_workspace(session: nox.Session, *command: str) -> None:
    """Run a tool in the workspace's environment, which uv brings up to date first: nothing is installed twice."""
    uv(session, "run", *command)


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Ruff: the rules, then the format. `nox -s lint -- --fix` repairs what can be."""
    fix = "--fix" in session.posargs
    in_workspace(session, "ruff", "check", *(["--fix"] if fix else []))
    in_workspace(session, "ruff", "format", *([] if fix else ["--check"]))


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Mypy (strict), then pyright, which is content when it finds no files: so they are counted."""
    in_workspace(session, "mypy")
    report = session.run(UV, "run", "pyright", "--stats", silent=True, external=True)
    checked = re.search(r"Total files checked: (\d+)", str(report))
    if not checked or int(checked[1]) == 0:
        session.error(f"pyright checked nothing\n{report}")
    session.log(f"pyright is content with {checked[1]} files")


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run everything with coverage; below the floor it fails. A part of it: `uv run pytest tests/core -n0`."""
    in_workspace(session, "pytest", "--cov", "--cov-report=term", *session.posargs)


@nox.session(python=PYTHONS)
def tests_py(session: nox.Session) -> None:
    """Run everything on one version of Python, in an environment of its own."""
    here = session.virtualenv.location
    uv(session, "run", "--python", f"{here}/bin/python", "pytest", *session.posargs, UV_PROJECT_ENVIRONMENT=here)


@nox.session(python=False)
def floors(session: nox.Session) -> None:
    """Who may import whom; fails too when there was nothing to check."""
    in_workspace(session, "python", ".ci/floors.py")


BENCHMARKS = ("speed", "peers", "bars", "recall", "scale", "profile")


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure: a tenth of everything and a report, or `nox -s bench -- recall --data locomo.json` for one thing in full."""
    command = ("--group", "bench", "python", "-m", "benchmarks")
    runs = [session.posargs] if session.posargs else [[what, "--quick"] for what in BENCHMARKS]
    for run in runs:
        in_workspace(session, *command, *run)
    if not session.posargs:
        in_workspace(session, *command, "report")


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Execute the examples in the README, the manual and the docstrings."""
    in_workspace(session, "pytest", *(path for path in DOCS if (ROOT / path).exists()), *session.posargs)


@nox.session(python=False)
def api(session: nox.Session) -> None:
    """Write docs/api.md anew from the table of operations."""
    in_workspace(session, "python", "-c", "from agentmem_core.server.reference import write; write('docs/api.md')")


@nox.session(python=False)
def soak(session: nox.Session) -> None:
    """The server under load for half an hour (`-- --seconds 60`); its memory must stay flat. Not a part of CI."""
    in_workspace(session, "python", "-m", "benchmarks.soak", *session.posargs)


@nox.session(python=False)
def deploy(session: nox.Session) -> None:
    """Dockerfile, compose, chart, manifests, alerts and unit by the tools that read them; `-- --write` writes the manifests."""
    in_workspace(session, "--group", "deploy", "python", ".ci/deploy.py", *session.posargs)


@nox.session(python=False)
def image(session: nox.Session) -> None:
    """The image's own commands in folders of Debian, its size, a first start. Root and debootstrap; five minutes; not in CI."""
    in_workspace(session, "--group", "deploy", "python", ".ci/image.py", *session.posargs)


@nox.session(python=False)
def wheels(session: nox.Session) -> None:
    """What is shipped works: sdist, wheel from it, installed outside the source tree, with the newest dependencies."""
    with installed(session, "--resolution", "highest") as (python, folder):
        use(session, python, folder)


@nox.session(python=False)
def wheels_lowest(session: nox.Session) -> None:
    """The same on the oldest Python with the lowest dependencies we promise, and the whole test suite on it."""
    options = ("--resolution", "lowest-direct")
    with installed(session, *options, python=PYTHONS[0], extras="[mcp,otel,pdf,redis,server,vault]") as (
        python,
        folder,
    ):
        use(session, python, folder)
        uv(session, "pip", "install", "--quiet", "--python", python, "--group", f"{ROOT / 'pyproject.toml'}:test")
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "tests", folder / "tests")
        with session.chdir(folder):
            # deploy/ is no part of a wheel; the extras of the LangChain adapter are those of `langchain_lowest`
            left_out = ("--ignore=tests/deploy", "--ignore=tests/langchain")
            session.run(python, "-m", "pytest", "tests", *left_out, *session.posargs, external=True)


ADAPTERS = ("tests/langchain", "tests/llamaindex", "tests/crewai", "tests/together")


@nox.session(python=False)
def adapters_over_http(session: nox.Session) -> None:
    """The adapters' tests over HTTP: every store they open is one on a real server process. About ten minutes."""
    for tests in ADAPTERS:  # apart: each starts its servers once
        in_workspace(session, "pytest", "-p", "tests.over_http", "-n0", "-q", tests, *session.posargs)


@nox.session(python=False)
def record(session: nox.Session) -> None:
    """Record what the client and a server say to each other, then replay it without a network."""
    for mode in ("rewrite", "none"):
        in_workspace(session, "pytest", "-n0", "-q", f"--record-mode={mode}", "tests/core/http/test_recorded.py")


@nox.session(python=False)
def llamaindex_lowest(session: nox.Session) -> None:
    """The adapter for LlamaIndex with the oldest llama-index-core it promises."""
    adapter(session, "llamaindex", "llama-index-core==0.13.0")


@nox.session(python=False)
def llamaindex_newest(session: nox.Session) -> None:
    """The adapter for LlamaIndex with the newest llama-index-core inside its range."""
    adapter(session, "llamaindex", "llama-index-core<0.15", "--upgrade")


def adapter(session: nox.Session, name: str, *requirements: str) -> None:
    """Run one adapter's tests on its built wheels, with versions of its framework that it names."""
    with installed(session, "--resolution", "highest", *requirements) as (python, folder):
        uv(session, "pip", "install", "--quiet", "--python", python, "--group", f"{ROOT / 'pyproject.toml'}:test")
        for item in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / item, folder)
        for item in ("docs", "examples", f"tests/{name}"):
            shutil.copytree(ROOT / item, folder / item)
        with session.chdir(folder):
            session.run(python, "-m", "pytest", f"tests/{name}", f"docs/{name}.md", *session.posargs, external=True)


@nox.session(python=False)
def langchain_lowest(session: nox.Session) -> None:
    """The LangChain adapter's wheel with the lowest versions it promises, and its tests on them."""
    promised = promised_by("langchain-agentmem")  # as direct requirements: of what a wheel needs uv takes the newest
    with installed(
        session, "--resolution", "lowest-direct", *promised, python=PYTHONS[0], extra="langchain-agentmem[all]"
    ) as made:
        test_langchain(session, *made)


@nox.session(python=False)
def langchain_newest(session: nox.Session) -> None:
    """The same with the newest versions inside its bounds."""
    with installed(session, "--resolution", "highest", extra="langchain-agentmem[all]") as made:
        test_langchain(session, *made)


@nox.session(python=False)
def langgraph_conformance(session: nox.Session) -> None:
    """LangGraph's own tests of its SQLite store against ours; they are downloaded, so this needs a package index."""
    with tempfile.TemporaryDirectory(prefix="agentmem-langgraph-") as name:
        folder = Path(name)
        uv(
            session, "run", "--no-project", "--with", "pip", "python", "-m", "pip", "download", "--quiet", "--no-deps",
            "--no-binary", ":all:", "--dest", str(folder), LANGGRAPH_SQLITE,
        )  # fmt: skip
        (archive,) = folder.glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)  # there since 3.11.4
            packed.extractall(folder)  # noqa: S202 - filtered where Python can
        (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
        tests = folder / "store"
        tests.mkdir()
        for file in ("test_store.py", "test_async_store.py"):
            text = (unpacked / "tests" / file).read_text(encoding="utf-8")
            (tests / file).write_text(text.replace("from tests.test_store import", "from test_store import"), "utf-8")
        shutil.copy(ROOT / "tests" / "langchain" / "langgraph_conformance.py", tests / "conftest.py")
        options = ("asyncio_mode=auto", "asyncio_default_fixture_loop_scope=function")
        in_workspace(
            session, "pytest", str(tests), f"--rootdir={tests}", "-c", os.devnull, "-q", "-p", "no:cacheprovider",
            *(word for option in options for word in ("-o", option)), *session.posargs,
        )  # fmt: skip


def promised_by(package: str) -> list[str]:
    """What a package of ours needs of others, its extras included."""
    project = tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    return [each for each in needed if "agentmem" not in each]


def test_langchain(session: nox.Session, python: str, folder: Path) -> None:
    """Run the adapter's tests and examples with what is installed, which the tests' own needs must not change."""
    frozen = session.run(UV, "pip", "freeze", "--python", python, silent=True, external=True)
    pins = [line for line in str(frozen).splitlines() if re.match(r"(langchain|langgraph)[a-z-]*==", line)]
    session.log(", ".join(pins))
    (folder / "pins.txt").write_text("\n".join(pins))
    group = f"{ROOT / 'pyproject.toml'}:test"
    uv(session, "pip", "install", "--quiet", "--python", python, "--constraint", "pins.txt", "--group", group)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("examples", "tests/langchain"):
        shutil.copytree(ROOT / name, folder / name)
    with session.chdir(folder):
        session.run(python, "-m", "pytest", "tests/langchain", "-n2", "-q", *session.posargs, external=True)


@nox.session(python=False)
def crewai_newest(session: nox.Session) -> None:
    """The CrewAI adapter's tests with the newest CrewAI there is."""
    with_crewai(session, "today", "tests/crewai", "crewai-agentmem", "crewai>=1.14.7,<2")


@nox.session(python=False)
def crewai_lowest(session: nox.Session) -> None:
    """The same with the oldest CrewAI of today's line."""
    with_crewai(session, "today", "tests/crewai", "crewai-agentmem", "crewai==1.14.7", python=PYTHONS[0])


@nox.session(python=False)
def crewai_legacy(session: nox.Session) -> None:
    """The tests of the memories of old, with the last CrewAI that has them, as the extra ``legacy`` brings it."""
    with_crewai(session, "legacy", "tests/crewai_legacy", "crewai-agentmem[legacy]")


@nox.session(python=False)
def mcp_newest(session: nox.Session) -> None:
    """The tools of MCP with the newest SDK; the workspace has the one that CrewAI needs."""
    with tempfile.TemporaryDirectory(prefix="agentmem-mcp-") as name:
        python = str(Path(name) / "bin" / "python")
        uv(session, "venv", "--quiet", "--python", sys.executable, name)
        wanted = (f"agentmem-core[mcp,server,vault] @ {(ROOT / 'packages' / 'agentmem-core').as_uri()}", "mcp>=2")
        group = f"{ROOT / 'pyproject.toml'}:test"
        uv(session, "pip", "install", "--quiet", "--python", python, *wanted, "--group", group)
        session.run(python, "-m", "pytest", "tests/core/mcp", "-n1", *session.posargs, external=True)


def with_crewai(session: nox.Session, line: str, tests: str, *wanted: str, python: str = sys.executable) -> None:
    """Run ``tests`` in an environment with one line of CrewAI, and fail where there was nothing to run.

    The first of ``wanted`` is our package with its extras, the others are requirements.
    """
    with tempfile.TemporaryDirectory(prefix="agentmem-crewai-") as name:
        installed_python = str(Path(name) / "bin" / "python")
        uv(session, "venv", "--quiet", "--python", python, name)
        sources = [f"{ROOT}/packages/{package}" for package in ("agentmem-core", wanted[0])]
        group = f"{ROOT / 'pyproject.toml'}:test"
        uv(
            session, "pip", "install", "--quiet", "--python", installed_python, *sources, *wanted[1:], "--group", group
        )  # fmt: skip
        surroundings = {"AGENTMEM_EXPECT_CREWAI": line}
        session.run(installed_python, "-m", "pytest", tests, "-n1", *session.posargs, env=surroundings, external=True)


@contextmanager
def installed(
    session: nox.Session, *options: str, python: str = sys.executable, extras: str = "", extra: str | None = None
) -> Iterator[tuple[str, Path]]:
    """Build every package and install the wheels into a fresh environment in a folder away from the sources.

    ``extras`` are those of the core. With ``extra`` (``package[extra]``) only this one and the core.
    """
    with tempfile.TemporaryDirectory(prefix="agentmem-wheels-") as name:
        folder = Path(name)
        uv(session, "build", "--quiet", "--all-packages", "--out-dir", str(folder / "dist"))
        wheels = sorted((folder / "dist").glob("*.whl"))
        built = [
            f"agentmem-core{extras} @ {wheel.as_uri()}" if wheel.name.startswith("agentmem_core-") else str(wheel)
            for wheel in wheels
        ]
        if not built:
            session.error("nothing was built")
        if extra is not None:
            package, wanted = extra.rstrip("]").split("[")
            ours = {wheel.name.split("-")[0]: str(wheel) for wheel in wheels}
            built = [ours["agentmem_core"], f"{ours[package.replace('-', '_')]}[{wanted}]"]
        interpreter = str(folder / "env" / "bin" / "python")
        with session.chdir(folder):
            uv(session, "venv", "--quiet", "--python", python, "env")
            uv(session, "pip", "install", "--quiet", "--python", interpreter, *options, *built)
            yield interpreter, folder


def use(session: nox.Session, python: str, folder: Path) -> None:
    """Run the smoke test and the quickstart with what is installed."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copy(ROOT / ".ci" / "smoke.py", folder)
    for script in ("smoke.py", "examples/quickstart.py"):
        places = {"AGENTMEM_PATH": str(folder / "memory" / Path(script).stem), "HF_HUB_OFFLINE": "1"}
        session.run(python, "-I", script, env=places, external=True)
