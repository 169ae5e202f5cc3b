"""The text of files, in passages: plain text, Markdown, HTML, CSV, JSON, PDF."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from agentmem_core.recall.decoding import decoded, usable
from agentmem_core.recall.json_text import json_lines, json_passages
from agentmem_core.recall.media import CSV, HTML, JSON, LINES, PDF, TSV, holds_text
from agentmem_core.recall.passages import Passage, paragraphs, parts


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, in parts, and what could not be read of it."""

    parts: tuple[Passage, ...] = ()
    warnings: tuple[str, ...] = ()


def read_document(data: bytes, media_type: str) -> Document:
    """The text of a file, as far as it has one. Never fails: what is broken is a warning."""
    if not data:
        return Document(warnings=("the file is empty",))
    if not holds_text(media_type):
        return Document()
    passages: Sequence[Passage]
    if media_type == PDF:
        passages, warnings = _pdf(data)
    else:
        text, warning = decoded(data)
        warnings = [] if warning is None else [warning]
        passages, problem = _passages(text, media_type)
        warnings += [] if problem is None else [problem]
    found = tuple(parts(passages))
    if not found and not warnings:
        warnings = ["no text was found in it; give a description= so that it can be found"]
    return Document(found, tuple(warnings))


def described_document(text: str) -> Document:
    """A text that somebody else made of a file."""
    return Document(tuple(parts(paragraphs(usable(text)))))


def _passages(text: str, media_type: str) -> tuple[Sequence[Passage], str | None]:
    """The passages of a text file; one that is not what it says is read as plain text."""
    try:
        if media_type == HTML:
            return [*_html(text)], None
        if media_type in {CSV, TSV}:
            return [*_table(text, "\t" if media_type == TSV else None)], None
        if media_type == LINES:
            return [*json_lines(text)], None
        if media_type == JSON or media_type.endswith("+json"):
            return [*json_passages(text)], None
    except (ValueError, RecursionError, csv.Error) as error:
        return [*paragraphs(text)], f"it cannot be read as {media_type} and was read as plain text ({error})"[:300]
    return [*paragraphs(text)], None


def _table(text: str, delimiter: str | None) -> Iterator[Passage]:
    """One passage a row: ``name: Ana, city: Lisbon`` where the first row has names, else its cells."""
    first = text.partition("\n")[0]
    divider = delimiter or max(",;\t|", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=divider)
    line = 1
    names: list[str] | None = None
    for number, cells in enumerate(rows):
        if number == 0 and _are_names(cells):
            names = [cell.strip() for cell in cells]
            yield Passage(", ".join(names), line)
        elif any(cell.strip() for cell in cells):
            yield Passage(_row(names, cells), line)
        line = rows.line_num + 1


def _are_names(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and all(cell.strip() and not _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _row(names: Sequence[str] | None, cells: Sequence[str]) -> str:
    shown: list[str] = []
    for number, cell in enumerate(cells):
        name = names[number] if names is not None and number < len(names) else None
        if cell.strip():
            shown.append(cell.strip() if name is None else f"{name}: {cell.strip()}")
    return ", ".join(shown)


_HIDDEN = {"script", "style", "template", "noscript", "svg", "math", "iframe", "object"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp",
    "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip


class _Html(HTMLParser):
    """Collects what a reader would see, a passage for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Passage] = []
        self._words: list[str] = []
        self._line = 1
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in {"td", "th"} and self._words:
            self._words.append(" ")
        elif tag == "img":
            alt = dict(attrs).get("alt")
            self.handle_data(f" {alt} " if alt else " ")
        elif tag not in _INLINE and tag not in {"td", "th"}:
            self.flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        elif tag not in _INLINE and tag not in {"td", "th"}:
            self.flush()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if not self._words and data.strip():
            blank = len(data) - len(data.lstrip())
            self._line = self.getpos()[0] + data.count("\n", 0, blank)
        if self._words or data.strip():
            self._words.append(data)

    def flush(self) -> None:
        text = " ".join("".join(self._words).split())
        if text:
            self.found.append(Passage(text, self._line))
        self._words = []


def _html(text: str) -> Iterable[Passage]:
    parser = _Html()
    parser.feed(text)
    parser.close()
    parser.flush()
    return parser.found


def _pdf(data: bytes) -> tuple[list[Passage], list[str]]:
    """The text of every page; needs ``pypdf``."""
    try:
        from pypdf import PdfReader
    except ImportError:
        return [], ["the file is kept, but not its text: run pip install 'agentmem-core[pdf]', then put it again"]
    found: list[Passage] = []
    broken: list[int] = []
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return [], ["the file is kept, but its text is not: it is locked with a password"]
        count = len(reader.pages)
    except Exception as error:  # noqa: BLE001 - a broken PDF makes pypdf raise whatever its parts raise
        return [], [f"the file is kept, but it cannot be read as a PDF ({type(error).__name__}: {error})"[:300]]
    for number in range(count):
        try:
            found += paragraphs(usable(reader.pages[number].extract_text()), page=number + 1)
        except Exception:  # noqa: BLE001 - the same for one page; the others can still be read
            broken.append(number + 1)
    warnings = [f"no text could be read from page {', '.join(map(str, broken))}"] if broken else []
    if not found and not broken:
        warnings = ["the PDF holds no text, only pictures perhaps; give a description= so that it can be found"]
    return found, warnings
