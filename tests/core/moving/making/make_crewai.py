"""Run in the project's environment (CrewAI of today): writes crewai_lance.tar.gz beside ../data."""

import os
import tarfile
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

folder = Path(tempfile.mkdtemp())
os.environ |= {"CREWAI_STORAGE_DIR": str(folder), "CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true"}

from crewai.memory.storage.lancedb_storage import LanceDBStorage  # noqa: E402
from crewai.memory.types import MemoryRecord  # noqa: E402
from texts import sentences  # noqa: E402

DATA = Path(__file__).parent.parent / "data"
storage = LanceDBStorage(path=str(folder / "memory"))
began = datetime(2025, 3, 1, 9)
records = [
    MemoryRecord(
        content=text,
        scope=f"/crew/travel/agent/{('researcher', 'writer')[number % 2]}" if number % 3 else "/crew/travel",
        categories=["travel", f"c{number % 4}"],
        metadata={"number": number},
        importance=(number % 10) / 10,
        created_at=began + timedelta(hours=number),
        source="ana" if number % 5 == 0 else None,
        private=number % 7 == 0,
        embedding=[number / 240, 1 - number / 240, 0.5, 0.25],
    )
    for number, text in enumerate(sentences(240))
]
for start in range(0, 240, 80):
    storage.save(records[start : start + 80])
storage._table.optimize()


def clean(info):
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


with tarfile.open(DATA / "crewai_lance.tar.gz", "w:gz") as archive:
    archive.add(folder / "memory", arcname="memory", filter=clean)
