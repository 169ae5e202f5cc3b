"""The image without Docker: its Dockerfile's own commands in folders of Debian, the sizes of its layers, and a first start.

Needs root, debootstrap and Linux's namespaces. `python .ci/image.py [NAME=VALUE ...]`; a pair is a --build-arg.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
LIMIT = 250_000_000
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLIENTS = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CLIENT_FILES = (
    "/etc/resolv.conf", "/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/xdg/pip/constraints.txt",
    "/root/.config/pip/pip.conf", "/root/.config/uv/uv.toml",
)  # fmt: skip
"""What tells this machine's package clients where to look: behind a mirror nothing could be built without it."""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass
class Stage:
    """One FROM: where its files are, what its commands see, what it says of itself, and how large each of its layers is."""

    folder: Path
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    variables: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    place: str = "/"
    words: dict[str, str] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)

    def inside(self, path: str) -> Path:
        return self.folder / os.path.join(self.place, path).lstrip("/")  # noqa: PTH118 - an absolute path wins

    def take(self, value: str, known: dict[str, str], into: dict[str, str]) -> None:
        """``NAME="value"``, several of them too; ``${NAME}`` stands for what is known."""
        for pair in shlex.split(value):
            name, _, said = pair.partition("=")
            into[name] = re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], ""), said)


def built(scratch: Path, given: dict[str, str]) -> Stage:
    """The last stage, after all commands of all stages."""
    stages: dict[str, Stage] = {}
    before = Stage(scratch)
    stage = before
    for step in DockerfileParser(path=str(DOCKERFILE), env_replace=False).structure:
        instruction, value = step["instruction"], step["value"]
        match instruction:
            case "COMMENT":
                pass
            case "ARG":
                stage.take(value, {}, stage.arguments)
                stage.arguments |= {name: said for name, said in given.items() if name in stage.arguments}
            case "FROM":
                base, _, name = value.partition(" AS ")
                stage = stages[name] = Stage(scratch / (name or "image"))
                begin(stage, base.replace("${DEBIAN}", before.arguments["DEBIAN"]))
            case "SHELL":
                stage.shell = tuple(json.loads(value))
            case "ENV":
                stage.take(value, stage.arguments | stage.variables, stage.variables)
            case "WORKDIR":
                stage.place = value
                stage.inside(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                copy(stage, value, stages)
            case "RUN":
                run(stage, value)
            case _:
                stage.words[instruction] = value
    return stage


def begin(stage: Stage, base: str) -> None:
    """An empty folder, or Debian's smallest."""
    if base == "scratch":
        stage.folder.mkdir()
        return
    say(f"FROM {base}")
    suite = base.removeprefix("debian:").removesuffix("-slim")
    program("debootstrap", "--variant=minbase", suite, str(stage.folder))
    shutil.copy(CERTIFICATES, stage.folder / CERTIFICATES.name)
    for file in map(Path, CLIENT_FILES):
        if file.exists():
            (stage.folder / file.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, stage.folder / file.relative_to("/"))


def copy(stage: Stage, value: str, stages: dict[str, Stage]) -> None:
    words = shlex.split(value)
    source = stages[words.pop(0).removeprefix("--from=")].folder if value.startswith("--from=") else ROOT
    what, target = source / words[0].lstrip("/"), stage.inside(words[1])
    before = size_of(stage.folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    if what.is_dir():
        program("cp", "--archive", "--no-target-directory", str(what), str(target))
    else:
        shutil.copy(what, target)
    stage.layers[f"COPY {value}"] = size_of(stage.folder) - before


def run(stage: Stage, value: str) -> None:
    say(f"RUN {value[:100]}...")
    clients = {name: said for name, said in os.environ.items() if name.upper().startswith(CLIENTS)}
    clients |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), f"/{CERTIFICATES.name}")
    seen = {
        "PATH": SYSTEM_PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **clients, **stage.arguments,
        **stage.variables,
    }  # fmt: skip
    there = f"cd {shlex.quote(stage.place)}; exec {shlex.join([*stage.shell, value])}"
    script = f'mount -t proc proc "$0/proc"; exec chroot "$0" /bin/sh -c {shlex.quote(there)}'
    program("unshare", "--mount", "--pid", "--fork", "sh", "-euc", script, str(stage.folder), env=seen)


START = """
ip link set lo up
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"
mount -t tmpfs tmpfs "$1/tmp" && mount --bind "$2" "$1/data" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev"
image="setpriv --no-new-privs chroot --userspec=$OWNER $1"

if $image agentmem serve; then echo "it let in everybody" >&2; exit 1; fi
export AGENTMEM_TOKEN_SECRET="a secret of this trial alone, not of any server"
export AGENTMEM_METRICS_TOKEN="for the metrics of this trial"
export AGENTMEM_AUDIT_KEY="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
$image agentmem serve & server=$!
for _ in $(seq 50); do $image python -c "$HEALTH" 2>/dev/null && break; sleep 0.2; done
key=$($image agentmem keys create --tenant acme --role admin)
export AGENTMEM_API_URL=http://127.0.0.1:8080 AGENTMEM_API_KEY="$key"
$image agentmem add "我搬到里斯本了" --user ana
$image agentmem search "里斯本" --user ana
$image python -c "$METRICS"
unset AGENTMEM_API_URL AGENTMEM_API_KEY
$image agentmem doctor
$image agentmem backup create /data/monday.backup
kill -TERM $server && wait $server
$image agentmem audit verify
if touch "$1/x" 2>/dev/null; then echo "the image can be written to" >&2; exit 1; fi
"""
METRICS = """
import os, urllib.request as ask
bearer = {"Authorization": "Bearer " + os.environ["AGENTMEM_METRICS_TOKEN"]}
text = ask.urlopen(ask.Request("http://127.0.0.1:8080/metrics", headers=bearer)).read().decode()
assert 'agentmem_requests_total{code="ok",operation="search"} 1.0' in text, text
"""


def start(image: Stage, scratch: Path) -> str:
    """A first start as an engine would do it: read-only, as the image's user, in a network of its own."""
    data = scratch / "volume"
    program("cp", "--archive", str(image.folder / "data"), str(data))
    health = shlex.split(image.words["HEALTHCHECK"].partition("CMD ")[2].strip("[]").replace(",", " "))[-1]
    seen = image.variables | {"OWNER": image.words["USER"], "HEALTH": health, "METRICS": METRICS}
    seen["PATH"] += f":{SYSTEM_PATH}"
    in_its_own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child")
    return program(*in_its_own, "sh", "-euc", START, "sh", str(image.folder), str(data), env=seen)


def say(text: str) -> None:
    print(f"--- {text}", flush=True)


def program(*words: str, env: dict[str, str] | None = None) -> str:
    finished = subprocess.run(words, env=env, text=True, capture_output=True, check=False)
    if finished.returncode:
        sys.exit(f"{shlex.join(words)[:300]} failed:\n{finished.stdout[-3000:]}{finished.stderr[-5000:]}")
    return finished.stdout


def size_of(folder: Path) -> int:
    """Bytes of what lies in it, each hard link once."""
    found = {}
    for path in folder.rglob("*"):
        its = path.lstat()
        if path.is_symlink() or path.is_file():
            found[its.st_dev, its.st_ino] = its.st_size
    return sum(found.values())


def main() -> None:
    given = dict(pair.split("=", 1) for pair in sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="agentmem-image-") as name:
        image = built(Path(name), given)
        for layer, size in image.layers.items():
            say(f"{size / 1e6:7.1f} MB  {layer}")
        total = sum(image.layers.values())
        say(f"{total / 1e6:7.1f} MB  in all")
        say("a first start")
        print(start(image, Path(name)))
    if not given and total > LIMIT:
        sys.exit(f"the image is larger than {LIMIT / 1e6:.0f} MB")


main()
