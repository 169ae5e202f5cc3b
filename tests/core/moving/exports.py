"""The exports beside these tests, unpacked where a test wants them."""

import gzip
import hashlib
import tarfile
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"


class Export(NamedTuple):
    """One export: where it lies, and what moving it must say."""

    kind: str
    file: str
    moved: int
    misfits: int = 0
    dated: bool = True
    users: tuple[str, ...] = ("default",)


EXPORTS = [
    Export("mem0", "mem0.json.gz", 235, users=("ana", "bo", "小伟")),
    Export("mem0", "mem0_chroma.tar.gz", 235, users=("ana", "bo", "小伟")),
    Export("mem0", "mem0_qdrant.tar.gz", 235, users=("ana", "bo", "小伟")),
    Export("mem0", "mem0_platform.json.gz", 241, 1, users=("ana", "bo", "default")),
    Export("zep", "zep.json.gz", 242, 2, users=("ana", "bo")),
    Export("letta", "letta.af.gz", 242, 7),
    Export("letta", "letta_old.af.gz", 241),
    Export("langchain", "langchain.db.gz", 252, 6, dated=False),
    Export("langchain", "langchain_file.json.gz", 252, 6, dated=False),
    Export("langchain", "langchain_dicts.json.gz", 252, 6, dated=False),
    Export("langchain", "langchain_redis.json.gz", 252, 6, dated=False),
    Export("llamaindex", "llamaindex_chat_store.json.gz", 240, dated=False),
    Export("llamaindex", "llamaindex_memory.db.gz", 240),
    Export("llamaindex", "llamaindex_storage.tar.gz", 210, users=("ana", "bo")),
    Export("crewai", "crewai_lance.tar.gz", 240),
    Export("crewai", "crewai_old.tar.gz", 240, dated=False),
    Export("chat", "chatgpt.json.gz", 240, 24),
    Export("chat", "claude.json.gz", 248),
    Export("chat", "chat.jsonl.gz", 240, users=("ana", "bo")),
    Export("chat", "chat.log.gz", 240),
]


def unpacked(export: Export | str, folder: Path) -> Path:
    """The export as its system left it: a folder, a database, or a file."""
    name = export if isinstance(export, str) else export.file
    packed = DATA / name
    if name.endswith(".tar.gz"):
        target = folder / name.removesuffix(".tar.gz")
        with tarfile.open(packed) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)  # there since 3.11.4
            archive.extractall(target)
        return target
    target = folder / name.removesuffix(".gz")
    target.write_bytes(gzip.decompress(packed.read_bytes()))
    return target


def state_of(path: Path) -> dict[str, str]:
    """Every file at a place with a digest of its bytes."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    beside = [file for file in path.parent.iterdir() if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in {*files, *beside}}
