"""Files: kept byte for byte, found by what they say, gone when the last one who has them lets them go."""

import io
import json
import multiprocessing
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core import (
    AgentMem,
    InvalidInputError,
    NotFoundError,
    StoreDamagedError,
)
from agentmem_core.recall.decoding import decoded
from agentmem_core.recall.documents import read_document
from agentmem_core.recall.media import media_type_of
from agentmem_core.recall.passages import SIZE, paragraphs, parts
from agentmem_core.testing import in_memory_backend

NOTE = b"# House\n\nThe boiler was serviced in May.\n\nThe plumber is Rui Costa."


def opened(folder: Path | str, **options) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})


@pytest.fixture
def memory(tmp_path):
    with opened(tmp_path / "store") as memory:
        yield memory


def blobs(memory: AgentMem) -> set[str]:
    return set(memory._backend._engine.blobs.digests())  # type: ignore[attr-defined]  # looks inside


def rows(memory: AgentMem, **scope) -> int:
    return len(memory.list(types=["resource"], limit=10_000, **scope).items)


def pdf(*pages: str) -> bytes:
    """A small PDF with a line of text on each page."""
    count = len(pages)
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(count))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {count} >>"]
    for n, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {font} /Contents {4 + 2 * n} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    return out + end.encode() + f"startxref\n{len(out)}\n%%EOF\n".encode()


# --- put, open, list, get ---------------------------------------------------------------------------------------------


def test_a_file_comes_back_byte_for_byte_and_is_found_by_what_it_says(memory, tmp_path):
    path = tmp_path / "house.md"
    path.write_bytes(NOTE)
    file = memory.resource.put(path)
    assert (file.name, file.media_type, file.size, file.chunks) == ("house.md", "text/markdown", len(NOTE), 1)
    assert file.sha256 == sha256(NOTE).hexdigest()
    assert file.warnings == ()
    path.unlink()
    with memory.resource.open(file.id) as stream:
        assert (stream.name, stream.file, stream.read()) == ("house.md", file, NOTE)
    assert memory.resource.get(file.id) == memory.resource.get("house.md") == file
    assert memory.resource.list() == [file]
    hit = memory.search("who is the plumber?")[0].memory
    assert "Rui Costa" in hit.content
    assert (hit.source, hit.metadata["resource"], hit.metadata["line"]) == ((file.id,), file.id, 1)
    assert memory.resource.open(hit.id).read() == NOTE


async def test_every_verb_has_an_async_twin(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"the ferry leaves at nine")

    async def describe(data: bytes, media_type: str) -> str:
        return f"a photo of a ferry, {len(data)} bytes of {media_type}"

    async with opened(tmp_path / "store") as memory:
        file = await memory.resource.aput(tmp_path / "a.txt")
        photo = await memory.resource.aput(b"\x89PNG\r\n\x1a\nxx", name="a.png", describe=describe)
        assert photo.description == "a photo of a ferry, 10 bytes of image/png"
        assert (await memory.resource.aopen(file.id)).read() == b"the ferry leaves at nine"
        assert await memory.resource.aget("a.txt") == file
        assert await memory.resource.alist() == [file, photo]
        assert (await memory.resource.asearch("ferry"))[0].memory.content == "the ferry leaves at nine"
        assert await memory.resource.adelete("a.txt") == 1
        assert await memory.resource.alist() == [photo]


def test_it_is_all_there_after_a_restart(tmp_path):
    with opened(tmp_path) as memory:
        file = memory.resource.put(NOTE, name="house.md", description="about the house")
    with opened(tmp_path) as memory:
        assert memory.resource.list() == [file]
        assert memory.resource.open(file.id).read() == NOTE
        assert memory.search("plumber", types=["resource"])[0].memory.metadata["resource"] == file.id
        assert memory.resource.put(NOTE, name="house.md") == file


def test_files_live_in_a_store_in_memory_and_in_the_fake_backend():
    for memory in (opened(":memory:"), AgentMem(backend=in_memory_backend())):
        with memory:
            file = memory.resource.put(NOTE, name="house.md")
            assert memory.resource.open(file.id).read() == NOTE
            assert memory.resource.delete(file.id) == 1
            assert blobs(memory) == set()


def test_the_same_bytes_under_one_name_are_one_file_and_under_another_name_another(memory):
    one = memory.resource.put(NOTE, name="one.md")
    assert memory.resource.put(NOTE, name="one.md") == one
    two = memory.resource.put(NOTE, name="two.md")
    assert two.id != one.id
    assert memory.resource.list() == [one, two]
    assert memory.resource.list(order="newest", limit=1) == [two]
    assert blobs(memory) == {one.sha256}
    assert rows(memory) == 4


def test_putting_again_changes_the_description_and_keeps_what_is_not_given(memory):
    file = memory.resource.put(NOTE, name="one.md", description="the house")
    assert memory.resource.put(NOTE, name="one.md").description == "the house"
    changed = memory.resource.put(NOTE, name="one.md", description="the old house")
    assert (changed.id, changed.description) == (file.id, "the old house")
    assert memory.resource.list() == [changed]
    assert rows(memory) == 2
    assert memory.resource.update(file.id, content="the new house").content == "the new house"
    assert memory.resource.get(file.id).description == "the new house"


def test_bytes_without_a_name_are_named_by_their_digest(memory):
    assert memory.resource.put(b"plain text").name == sha256(b"plain text").hexdigest()[:16] + ".txt"
    assert memory.resource.put(b"%PDF-broken").name.endswith(".pdf")
    assert memory.resource.put(b"\x00\x01\x02").name == sha256(b"\x00\x01\x02").hexdigest()[:16]


def test_open_files_and_other_kinds_of_bytes_are_taken_too(memory, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one")
    with (tmp_path / "a.txt").open("rb") as stream:
        assert memory.resource.put(stream).name == "a.txt"
    assert memory.resource.put(bytearray(b"two"), name="b").size == 3
    assert memory.resource.put(memoryview(b"three"), name="c").size == 5
    with (tmp_path / "a.txt").open() as text, pytest.raises(InvalidInputError, match="rb"):
        memory.resource.put(text)


def test_an_empty_file_is_kept_with_a_warning(memory):
    file = memory.resource.put(b"", name="empty.txt")
    assert (file.size, file.chunks, file.warnings) == (0, 0, ("the file is empty",))
    assert memory.resource.open("empty.txt").read() == b""


def test_a_name_opens_the_newest_file_of_that_name_and_deletes_only_when_it_is_clear(memory):
    old = memory.resource.put(b"version one", name="plan.txt")
    new = memory.resource.put(b"version two", name="plan.txt")
    assert memory.resource.open("plan.txt").read() == b"version two"
    with pytest.raises(InvalidInputError, match=old.id):
        memory.resource.delete("plan.txt")
    assert memory.resource.delete(old.id) == 1
    assert memory.resource.delete("plan.txt") == 1
    with pytest.raises(NotFoundError):
        memory.resource.get(new.id)


def test_notes_of_this_type_are_no_files(memory):
    note = memory.resource.add("the manual is on the shelf").ids[0]
    assert memory.resource.list() == []
    with pytest.raises(NotFoundError, match="no file"):
        memory.resource.open(note)
    assert memory.resource.delete(note) == 1
    assert memory.resource.search("manual") == []


def test_a_note_that_claims_to_be_a_file_gets_no_bytes(memory):
    secret = memory.resource.put(b"ana's file", name="a.txt", user_id="ana")
    about = {"kind": "file", "name": "a.txt", "sha256": secret.sha256, "size": 1, "chunks": 0, "warnings": []}
    fake = memory.resource.add("mine", metadata={**about, "media_type": "text/plain"}, user_id="ben").ids[0]
    assert memory.resource.list(user_id="ben") == []
    with pytest.raises(NotFoundError):
        memory.resource.open(fake, user_id="ben")


# --- text -------------------------------------------------------------------------------------------------------------


def test_chinese_text_is_found_in_each_encoding(memory):
    text = "锅炉在五月检修过。水管工是鲁伊。\n\n钥匙在门垫下面。"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"):
        memory.resource.put(text.encode(encoding), name=f"房子-{encoding}.txt", user_id=encoding)
        (file,) = memory.resource.list(user_id=encoding)
        assert file.name == f"房子-{encoding}.txt"
        assert bool(file.warnings) == (encoding == "gb18030")
        hit = memory.resource.search("钥匙在哪里", user_id=encoding)[0].memory
        assert hit.content == text.replace("\n\n", "\n")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("café au lait, déjà vu, Zoë".encode("cp1252"), "café au lait, déjà vu, Zoë"),
        ("naïve garçon".encode("latin-1"), "naïve garçon"),
        (b"a\x00b\x07c", "abc"),
        ("中文和 English 混合".encode("gbk"), "中文和 English 混合"),
        (b"\xff\xfeh\x00i\x00", "hi"),
        ("hello world".encode("utf-16-be"), "hello world"),
        (b"\xef\xbb\xbfhi\r\nthere", "hi\nthere"),
    ],
)
def test_text_is_decoded_as_it_was_meant(data, expected):
    assert decoded(data)[0] == expected


@given(st.binary(max_size=300), st.sampled_from(
    ["text/plain", "text/html", "text/csv", "application/json", "application/x-ndjson", "application/pdf", "image/png"]
))  # fmt: skip
def test_no_bytes_make_the_reader_fail(data, media_type):
    for part in read_document(data, media_type).parts:
        assert part.text.strip()
        assert "\x00" not in part.text
        part.text.encode()


@given(st.text(st.sampled_from("ab. 。！\n,中文字"), max_size=4_000))
def test_chunks_keep_every_letter_in_order_and_know_their_line(text):
    found = [*parts(paragraphs(text))]
    assert "".join("".join(part.text.split()) for part in found) == "".join(text.split())
    lines = text.split("\n")
    for part in found:
        assert part.line is not None
        assert len(part.text) <= SIZE
        assert lines[part.line - 1].strip().startswith(part.text.split("\n")[0].strip()[:20]) or (
            part.text.split("\n")[0].strip()[:20] in lines[part.line - 1]
        )


def test_long_texts_are_divided_at_sentences():
    chinese = "今天天气很好，我们去了海边。" * 200
    for part in parts(paragraphs(chinese)):
        assert part.text.endswith("。")
    english = "The boat leaves at 9.30 from pier 4. It costs 3.50 euros! " * 100
    for part in parts(paragraphs(english)):
        assert part.text.endswith((".", "!"))
        assert part.text.startswith(("The boat", "It costs"))


def test_each_line_of_a_long_file_is_found_with_its_line(memory):
    lines = [f"entry {number}: " + ("x" * 200) for number in range(1, 101)]
    memory.resource.put("\n".join(lines).encode(), name="log.txt")
    hit = memory.search("entry 57", mode="lexical")[0].memory
    first = int(hit.content.split(":")[0].removeprefix("entry "))
    assert hit.metadata["line"] == first
    assert first <= 57


def test_html_is_read_as_a_reader_sees_it():
    page = b"""<html><head><title>Ferry times</title><style>p {color: red}</style></head>
    <body><script>var secret = "no";</script><h1>Winter</h1>
    <p>The <b>first</b> ferry&nbsp;leaves at 8 &amp; the last at 10.</p>
    <table><tr><td>Mon</td><td>9</td></tr></table><img alt="a map" src=x><br>End"""
    document = read_document(page, "text/html")
    text = "\n".join(part.text for part in document.parts)
    assert text.split("\n") == [
        "Ferry times", "Winter", "The first ferry leaves at 8 & the last at 10.", "Mon 9", "a map", "End",
    ]  # fmt: skip
    assert document.parts[0].line == 1


def test_rows_of_a_table_are_read_with_the_names_of_their_columns():
    data = "name;city\nAna;Lisbon\n李雷;北京\n".encode()
    (part,) = read_document(data, "text/csv").parts
    assert part.text == "name, city\nname: Ana, city: Lisbon\nname: 李雷, city: 北京"
    (part,) = read_document(b"1,2\n3,4\n", "text/csv").parts
    assert part.text == "1, 2\n3, 4"


def test_json_is_read_as_values_with_the_way_to_them_and_its_line():
    data = json.dumps({"city": "里斯本", "trips": [{"to": "Porto", "days": 2}]}, indent=1).encode()
    assert b"\\u91cc" in data
    (part,) = read_document(data, "application/json").parts
    assert part.text == "city: 里斯本\ntrips[0].to: Porto\ntrips[0].days: 2"
    many = json.dumps([{"text": "x" * 500, "n": number} for number in range(5)], indent=0).encode()
    found = read_document(many, "application/json").parts
    assert [part.line for part in found] == [2, 6, 10, 14, 18]
    (part,) = read_document(b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson").parts
    assert part.text == "a: 1\na: 2"


@pytest.mark.parametrize("data", [b'{"a": ', b"[" * 100_000, b'{"a": 1} trailing', b"{'a': 1}"])
def test_broken_json_is_kept_as_plain_text_with_a_warning(memory, data):
    file = memory.resource.put(data, name="x.json")
    assert file.warnings
    assert file.chunks
    assert memory.resource.open(file.id).read() == data


def test_pages_of_a_pdf_are_known(memory):
    file = memory.resource.put(pdf("The boiler is old", "The plumber is Rui"), name="house.pdf")
    assert (file.media_type, file.chunks, file.warnings) == ("application/pdf", 2, ())
    hit = memory.resource.search("plumber")[0].memory
    assert (hit.content, hit.metadata["page"]) == ("The plumber is Rui", 2)


@pytest.mark.parametrize("data", [b"%PDF-1.4\nnothing", b"%PDF-", pdf("one", "two")[:400]])
def test_a_broken_pdf_is_kept_with_a_warning(memory, data):
    file = memory.resource.put(data, name="broken.pdf")
    assert file.warnings
    assert memory.resource.open(file.id).read() == data


def test_without_pypdf_the_file_is_kept_and_its_text_comes_with_the_next_put(memory, monkeypatch):
    with monkeypatch.context() as hidden:
        hidden.setitem(sys.modules, "pypdf", None)
        file = memory.resource.put(pdf("The plumber is Rui"), name="house.pdf")
    assert file.chunks == 0
    assert "agentmem-core[pdf]" in file.warnings[0]
    assert memory.resource.get(file.id).warnings == file.warnings
    again = memory.resource.put(pdf("The plumber is Rui"), name="house.pdf")
    assert (again.id, again.chunks, again.warnings) == (file.id, 1, ())
    assert memory.resource.search("plumber")[0].memory.metadata["page"] == 1


def test_pictures_and_sound_are_found_by_their_description(memory):
    asked = []

    def describe(data: bytes, media_type: str) -> str:
        asked.append((data, media_type))
        return "a red bicycle. " * 100

    plain = memory.resource.put(b"\x89PNG\r\n\x1a\n1", name="a.png", description="my bicycle in Porto")
    assert (plain.chunks, plain.warnings) == (0, ())
    assert memory.resource.search("bicycle Porto")[0].memory.id == plain.id
    told = memory.resource.put(b"ID3...", name="b.mp3", description="a song", describe=describe)
    assert asked == [(b"ID3...", "audio/mpeg")]
    assert told.chunks == 2
    memory.resource.put(b"text has no need of it", name="c.txt", describe=describe)
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [None, "", "  "])
def test_a_hook_that_has_nothing_to_say_says_nothing(memory, answer):
    assert memory.resource.put(b"GIF89a", name="a.gif", describe=lambda *_: answer).description is None


def test_a_hook_that_cannot_be_used_is_refused_and_one_that_fails_is_heard(memory):
    async def later(data, media_type):
        return "x"

    def fails(data, media_type):
        raise OSError("the model is away")

    for hook, error in (
        (later, InvalidInputError),
        (lambda *_: 7, InvalidInputError),
        ("x", InvalidInputError),
        (fails, OSError),
    ):
        with pytest.raises(error):
            memory.resource.put(b"GIF89a", name="a.gif", describe=hook)
    assert memory.resource.list() == []
    assert blobs(memory) == set()


def test_the_kind_of_a_file_is_seen_from_its_name_or_its_bytes():
    assert media_type_of("a.HTML", b"") == "text/html"
    assert media_type_of(None, b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert media_type_of("no ending", "里斯本".encode()[:-1]) == "text/plain"
    assert media_type_of(None, b"\x00\x01\x02\x03") == "application/octet-stream"
    assert media_type_of("archive.tar.gz", b"\x1f\x8b") == "application/gzip"


# --- who sees what ----------------------------------------------------------------------------------------------------

SCOPES = ({"user_id": "ben"}, {"agent_id": "a"}, {"session_id": "s"})


@pytest.mark.parametrize("other", SCOPES)
def test_a_file_of_another_scope_is_not_there(memory, other):
    file = memory.resource.put(NOTE, name="house.md")
    for call in (memory.resource.get, memory.resource.open, memory.resource.delete):
        for word in (file.id, "house.md", f"{file.id}-1"):
            with pytest.raises(NotFoundError):
                call(word, **other)
    assert memory.resource.list(**other) == []
    assert memory.resource.search("plumber", **other) == []
    mine = memory.resource.put(NOTE, name="house.md", **other)
    assert mine.sha256 == file.sha256
    assert memory.resource.delete(mine.id, **other) == 1
    assert memory.resource.open(file.id).read() == NOTE


def test_a_file_of_another_tenant_is_not_there(tmp_path):
    with opened(tmp_path, tenant="acme") as acme, opened(tmp_path, tenant="other") as other:
        file = acme.resource.put(NOTE, name="house.md")
        with pytest.raises(NotFoundError):
            other.resource.open(file.id)
        assert other.resource.list() == []
        assert other.resource.put(NOTE, name="house.md").id == file.id
        assert blobs(acme) == {file.sha256}
        other.forget(user_id="default")
        assert acme.resource.open(file.id).read() == NOTE
        acme.forget(user_id="default")
        assert blobs(acme) == set()


def test_nothing_tells_a_user_that_another_has_the_same_file(memory):
    def seen(user: str) -> list[object]:
        before = memory.stats(user_id=user)
        file = memory.resource.put(NOTE, name="house.md", user_id=user)
        after = memory.stats(user_id=user)
        receipt = memory.forget(user_id=user)
        return [
            file.model_copy(update={"created_at": None, "scope": None}), before.memories, after.memories,
            receipt.model_copy(update={"forgotten_at": None}),
        ]  # fmt: skip

    alone = seen("ben")
    memory.resource.put(NOTE, name="house.md", user_id="ana")
    assert seen("ben") == alone
    assert memory.resource.open("house.md", user_id="ana").read() == NOTE


# --- letting go -------------------------------------------------------------------------------------------------------


def test_bytes_go_with_the_last_file_that_has_them_also_across_users(memory):
    one = memory.resource.put(NOTE, name="one.md")
    two = memory.resource.put(NOTE, name="two.md")
    his = memory.resource.put(NOTE, name="his.md", user_id="ben")
    for file, scope in ((one, {}), (two, {}), (his, {"user_id": "ben"})):
        assert blobs(memory) == {one.sha256}
        assert memory.resource.delete(file.id, **scope) == 1
    assert blobs(memory) == set()
    assert rows(memory) == 0
    assert memory.resource.search("plumber") == []
    with pytest.raises(NotFoundError, match="none yet"):
        memory.resource.delete(one.id)


@pytest.mark.parametrize("how", ["user", "session", "ids"])
def test_forgetting_takes_bytes_and_chunks_along(tmp_path, how):
    word = "qzforgetmeqz"
    with opened(tmp_path) as memory:
        file = memory.resource.put(f"{word} text {word}".encode(), name=f"{word}.txt", session_id="s")
        kept = memory.resource.put(b"another", name="kept.txt", session_id="t")
        ways: dict[str, Any] = {"user": {"user_id": "default"}, "session": {"session_id": "s"}, "ids": {"ids": file.id}}
        call = ways[how]
        receipt = memory.forget(**call)
        assert (receipt.memories, receipt.files) == ((4, 2) if how == "user" else (2, 1))
        assert blobs(memory) == (set() if how == "user" else {kept.sha256})
    assert [path for path in tmp_path.rglob("*") if path.is_file() and word.encode() in path.read_bytes()] == []


def test_a_deleted_file_comes_back_with_its_chunks_until_it_is_compacted(memory):
    file = memory.resource.put(NOTE, name="house.md")
    assert memory.delete(file.id) == 1
    assert memory.resource.search("plumber") == []
    assert memory.resource.list() == []
    memory.restore(file.id, version=1)
    assert memory.resource.search("plumber")[0].memory.metadata["resource"] == file.id
    assert memory.resource.open("house.md").read() == NOTE
    memory.delete(file.id)
    assert blobs(memory) == {file.sha256}
    memory.compact()
    assert blobs(memory) == set()


def test_a_deleted_file_that_is_put_again_is_whole(memory):
    file = memory.resource.put(NOTE, name="house.md")
    memory.delete(file.id)
    again = memory.resource.put(NOTE, name="house.md")
    assert (again.id, again.chunks) == (file.id, 1)
    assert memory.resource.search("plumber")[0].memory.metadata["resource"] == file.id


def test_common_verbs_leave_a_file_whole(memory):
    file = memory.resource.put(NOTE, name="house.md")
    memory.resource.update(file.id, metadata={"room": "kitchen", "sha256": "0" * 64, "chunks": 99})
    memory.update(f"{file.id}-1", metadata={"resource": "x"})
    assert memory.resource.get(file.id) == file
    assert memory.get(file.id).metadata["room"] == "kitchen"
    assert memory.resource.open(f"{file.id}-1").read() == NOTE
    with pytest.raises(InvalidInputError, match="keeps its type"):
        memory.update(file.id, type="semantic")


def test_a_chunk_is_not_deleted_for_its_file(memory):
    file = memory.resource.put(NOTE, name="house.md")
    with pytest.raises(InvalidInputError, match=file.id):
        memory.resource.delete(f"{file.id}-1")
    memory.forget(f"{file.id}-1")
    assert memory.resource.search("plumber") == []
    memory.resource.put(NOTE, name="house.md")
    assert memory.resource.search("plumber") != []


# --- moving -----------------------------------------------------------------------------------------------------------


def test_files_survive_an_export_and_an_import(tmp_path):
    data = bytes(range(256)) * 1_000
    with opened(tmp_path / "one") as memory:
        note = memory.resource.put(NOTE, name="house.md", session_id="s")
        memory.resource.put(NOTE, name="again.md")
        other = memory.resource.put(data, name="x.bin", user_id="ben")
        trashed = memory.resource.put(b"trashed", name="t.txt")
        memory.delete(trashed.id)
        written = memory.export(tmp_path / "all.jsonl", everyone=True)
        assert written.files == 3
        assert memory.export(tmp_path / "s.jsonl", session_id="s").files == 1
    with opened(tmp_path / "two") as memory:
        for _ in range(2):
            assert memory.import_(tmp_path / "all.jsonl").files == 3
            assert memory.resource.open(note.id).read() == NOTE
            assert memory.resource.open(other.id, user_id="ben").read() == data
            assert len(memory.resource.list()) == 2
        memory.restore(trashed.id, version=1)
        assert memory.resource.open("t.txt").read() == b"trashed"
    with opened(tmp_path / "three") as memory:
        memory.import_(tmp_path / "all.jsonl", user_id="eve", keep_users=False)
        assert memory.resource.open(other.id, user_id="eve").read() == data


def test_an_import_gives_nobody_bytes_that_it_does_not_bring(memory, tmp_path):
    """A digest is no right to read: otherwise who knows one could read another user's file."""
    file = memory.resource.put(NOTE, name="house.md", user_id="ana")
    memory.export(tmp_path / "a.jsonl", user_id="ana")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    memory.import_([line for line in lines if '"kind": "file"' not in line], user_id="eve", keep_users=False)
    assert memory.resource.list(user_id="eve") == []
    with pytest.raises(NotFoundError):
        memory.resource.open(file.id, user_id="eve")
    forged = [line.replace(file.sha256, "0" * 64) if '"kind": "file"' in line else line for line in lines]
    with pytest.raises(InvalidInputError, match="digest"):
        memory.import_(forged, user_id="eve", keep_users=False)


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", ".", "a/b", "a\\b", "a\x00b", "x" * 256, "里" * 86, "", "  ", "a\nb", 7]
)
def test_a_name_that_could_leave_a_folder_is_refused(memory, name):
    with pytest.raises(InvalidInputError, match="name"):
        memory.resource.put(b"x", name=name)
    assert blobs(memory) == set()
    assert rows(memory) == 0


def test_odd_names_that_stay_in_a_folder_are_kept(memory):
    for name in ("..hidden", "a..b.txt", "里" * 85, " spaced ", "con", "-rf"):
        assert memory.resource.open(memory.resource.put(name.encode(), name=name).id).name == name


@pytest.mark.parametrize("word", ["../../etc/passwd", "nonsense", "resource-0", "x" * 256])
def test_an_unknown_file_is_not_found(memory, word):
    for call in (memory.resource.open, memory.resource.get, memory.resource.delete):
        with pytest.raises(NotFoundError, match="none yet"):
            call(word)


@pytest.mark.parametrize("given", ["/nowhere/at/all", "", "a\x00b", ".", 7, None, ["x"], "/dev/null"])
def test_what_is_no_file_is_refused(memory, given):
    with pytest.raises(InvalidInputError, match="file"):
        memory.resource.put(given)


@pytest.mark.parametrize("kind", ["banana", "text/", "../x", "text plain"])
def test_what_is_no_media_type_is_refused(memory, kind):
    with pytest.raises(InvalidInputError, match="media_type"):
        memory.resource.put(b"x", media_type=kind)


def test_a_file_over_the_limit_is_refused_with_both_sizes_before_it_is_read(memory, tmp_path, monkeypatch):
    with (tmp_path / "large.bin").open("wb") as stream:
        stream.truncate(100_000_000)
    with pytest.raises(InvalidInputError, match=r"100,000,000 bytes, the limit is 50,000,000.*AGENTMEM_FILE_LIMIT"):
        memory.resource.put(tmp_path / "large.bin")
    monkeypatch.setenv("AGENTMEM_FILE_LIMIT", "10")
    for source in (b"x" * 11, io.BytesIO(b"x" * 11)):
        with pytest.raises(InvalidInputError, match="limit is 10"):
            memory.resource.put(source, name="x")
    assert memory.resource.put(b"x" * 10).size == 10
    assert len(blobs(memory)) == 1


def test_changed_bytes_are_an_error_and_putting_them_again_mends_it(memory, tmp_path):
    file = memory.resource.put(NOTE, name="house.md")
    place = tmp_path / "store" / "files" / file.sha256[:2] / file.sha256
    place.write_bytes(b"something else")
    with pytest.raises(StoreDamagedError, match="put the file again"):
        memory.resource.open(file.id)
    place.unlink()
    with pytest.raises(StoreDamagedError, match="gone"):
        memory.resource.open(file.id)
    assert memory.resource.put(NOTE, name="house.md") == file
    assert memory.resource.open(file.id).read() == NOTE


KILLED = """
import os, signal, sys
from agentmem_core import AgentMem
from agentmem_core.storage.sqlite.writer import SqliteWriter

def attach(self, row, digest):
    os.kill(os.getpid(), signal.SIGKILL)

SqliteWriter.attach = attach
memory = AgentMem(sys.argv[1], embedder="hashing", index="none")
memory.resource.put(b"the bytes of the killed", name="killed.txt")
"""


def test_a_process_killed_between_bytes_and_row_leaves_a_store_that_is_whole(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    with opened(tmp_path) as memory:
        assert len(blobs(memory)) == 1
        assert memory.resource.list() == []
        assert rows(memory) == 0
        memory.compact()
        assert blobs(memory) == set()
        file = memory.resource.put(b"the bytes of the killed", name="killed.txt")
        assert memory.resource.open(file.id).read() == b"the bytes of the killed"


def _put_and_delete(folder: str, user: str, rounds: int, results) -> None:
    try:
        with opened(folder) as memory:
            for _ in range(rounds):
                file = memory.resource.put(NOTE, name="same.md", user_id=user)
                assert memory.resource.open(file.id, user_id=user).read() == NOTE
                assert memory.resource.delete(file.id, user_id=user) == 1
            memory.resource.put(NOTE, name="same.md", user_id=user)
        results.put("")
    except BaseException as error:
        results.put(repr(error))
        raise


def test_processes_that_put_and_delete_the_same_bytes_never_lose_them(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    users = ["ana", "ben", "cao"]
    workers = [context.Process(target=_put_and_delete, args=(str(tmp_path), user, 6, results)) for user in users]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=100) for _ in workers] == ["", "", ""]
    for worker in workers:
        worker.join()
    with opened(tmp_path) as memory:
        for user in users:
            assert memory.resource.open("same.md", user_id=user).read() == NOTE
            memory.resource.delete("same.md", user_id=user)
        assert blobs(memory) == set()
