"""Write docs/images/cli-*.svg, what a terminal shows of a small store: `uv run python .ci/screenshots.py`; with --check, only say whether they are current."""

import fcntl
import html
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTH = 100
SHOWN_AS = "/home/ana/work/letters"
"""What the made-up store's folder is called in the pictures: as long as its real name, so that nothing moves."""

STORE = (
    ("add", "I moved to Lisbon in May", "--id", "lisbon", "--occurred-at", "2024-05-02", "--user", "ana"),
    ("add", "The cello lesson is on Thursdays at six", "--id", "cello", "--occurred-at", "2024-05-03T18:00", "--user", "ana"),
    ("add", "小伟每周四上大提琴课", "--id", "xiaowei", "--occurred-at", "2024-06-20T19:30", "--user", "ana"),
    ("add", "Peanuts are not for Ben: he is allergic", "--id", "ben", "--occurred-at", "2024-07-01", "--user", "ana"),
)  # fmt: skip
PICTURES = {
    "search": (("search", "when is the cello lesson?", "--user", "ana", "--limit", "2"), ("search", "大提琴", "--user", "ana", "--limit", "1")),
    "doctor": (("doctor",),),
    "config": (("config", "show", "--changed"), ("--profile", "dev", "config", "show", "--changed")),
}  # fmt: skip
SETTINGS = """\
path = "memory"
embedder = "hashing"
redact = ["email", "phone"]

[profile.dev]
path = "dev-memory"
"""


def shown(folder: Path, *words: str) -> str:
    """What a terminal is sent by a command, its prompt in front."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AGENTMEM_") and name not in {"COLUMNS", "NO_COLOR"}
    }
    env = {**kept, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    command = (sys.executable, "-m", "agentmem_core.cli", *words)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=folder)
    os.close(theirs)
    said = b""
    while True:
        try:
            read = os.read(ours, 65_536)
        except OSError:  # the other end is closed: all was said
            break
        if not read:
            break
        said += read
    os.close(ours)
    if process.wait():
        raise SystemExit(f"agentmem {' '.join(words)}: exit code {process.returncode}\n{said.decode()}")
    prompt = " ".join(word if re.fullmatch(r"[\w-]+", word, re.ASCII) else f'"{word}"' for word in words)
    return f"\x1b[1m$ agentmem {prompt}\x1b[0m\n{said.decode()}".replace("\r\n", "\n")


def drawn(text: str, name: str) -> str:
    """A terminal's text as SVG that loads nothing."""
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w", encoding="utf-8"), legacy_windows=False)  # noqa: PTH123, SIM115 - the end of the script closes it
    console.print(
        Text.from_ansi(text.rstrip("\n")), overflow="fold"
    )  # Rich 15 keeps a line's end at the end, older ones do not
    form = re.sub(r",\s*url\([^)]*\) format\([^)]*\)", "", CONSOLE_SVG_FORMAT)
    return console.export_svg(title="agentmem", code_format=form, unique_id=f"agentmem-{name}")


def pictures() -> dict[str, str]:
    """Every picture by its file's name."""
    folder = Path(tempfile.mkdtemp(prefix="agentmem-", dir="/tmp"))
    try:
        if len(str(folder)) != len(SHOWN_AS):
            raise SystemExit(f"{folder} is not as long as {SHOWN_AS}")
        (folder / "agentmem.toml").write_text(SETTINGS, "utf-8")
        (folder / "agentmem.toml").chmod(0o600)
        for words in STORE:
            shown(folder, *words)
        found = {}
        for name, commands in PICTURES.items():
            text = "\n".join(shown(folder, *words) for words in commands).replace(str(folder), SHOWN_AS)
            found[f"cli-{name}.svg"] = drawn(re.sub(r"[\d,]+ bytes free *", _like, text), name)
        return found
    finally:
        shutil.rmtree(folder)


def _like(free: re.Match[str]) -> str:
    return "85,899,345,920 bytes free".ljust(len(free[0]))


def said_in(picture: str) -> list[str]:
    """The text of a picture: the same whatever version of Rich drew it."""
    return [html.unescape(part).strip("\xa0 \n") for part in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]


def main() -> int:
    """Write them, or say which ones are not current."""
    current = pictures()
    if "--check" in sys.argv[1:]:
        stale = [
            name for name, picture in current.items()
            if not (IMAGES / name).exists() or said_in((IMAGES / name).read_text("utf-8")) != said_in(picture)
        ]  # fmt: skip
        if stale:
            print(f"{', '.join(stale)}: not what the commands show; run: uv run python .ci/screenshots.py")
        return int(bool(stale))
    IMAGES.mkdir(exist_ok=True)
    for name, picture in current.items():
        (IMAGES / name).write_text(picture, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
