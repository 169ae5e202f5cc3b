"""A part of a page of docs/ that a script writes between two marks: the page holds what the program says of itself."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def keep(name: str, *, script: str, what: str, now: str) -> int:
    """Write what stands in a page now; with --check only say whether it does. The answer is that of the program."""
    page = DOCS / name
    text = page.read_text("utf-8")
    current = _written(text, f"docs/{name}", script, what, now)
    if "--check" in sys.argv[1:]:
        if current != text:
            print(f"docs/{name} is not what the {what} say; run: uv run python .ci/{script}.py")
        return int(current != text)
    page.write_text(current, "utf-8")
    return 0


def _written(text: str, page: str, script: str, what: str, now: str) -> str:
    begin, end = f"<!-- {what}: written by .ci/{script}.py -->\n", f"<!-- end of the {what} -->\n"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{page} has lost the marks between which the {what} stand: {begin.strip()} and {end.strip()}")
    return f"{before}{begin}\n{now.strip()}\n\n{end}{after}"
