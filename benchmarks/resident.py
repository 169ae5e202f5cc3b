"""How much memory a process takes with the index in use, and whether it grows."""

from __future__ import annotations

from agentmem_core import AgentMem
from benchmarks.report import Report
from benchmarks.timing import asked, folder
from benchmarks.workload import Workload

_CHILD = """
import json, sys
from pathlib import Path
from agentmem_core import AgentMem

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}

limit = int(sys.argv[2]) or None
more, queries = int(sys.argv[3]), json.load(sys.stdin)
memory = AgentMem(sys.argv[1], exact_limit=limit)
seen = [resident()]
memory.search(queries[0], user_id="user-0")
memory._backend._engine.follower.wait(600)
for number in range(100):
    memory.search(queries[number % len(queries)], user_id="user-0")
seen.append(resident())
for part in range(4):
    for number in range(more // 4):
        memory.search(queries[number % len(queries)], user_id="user-0")
    seen.append(resident())
print(json.dumps([seen, "chromadb" in sys.modules]))
"""


def resident_memory(report: Report) -> None:
    """10,000 memories of one user; with ``exact_limit`` lowered so that Chroma holds them, and as it comes."""
    more = 1000 if report.quick else 10_000
    work = Workload(3)
    queries = work.queries(500)
    for name, limit in (("index in use", 1000), ("exact", 0)):
        with folder() as place:
            with AgentMem(place) as memory:
                memory.add_many([{"content": text, "user_id": "user-0"} for text in work.sentences(10_000)])
            seen, chroma = asked(_CHILD, place, limit, more, given=queries)
        assert chroma == (limit > 0)
        rss = [point["VmRSS"] for point in seen]
        report.add("memory", f"{name}: after opening", rss[0], "MB")
        report.add("memory", f"{name}: after 100 searches", rss[1], "MB", at_most=300)
        report.add("memory", f"{name}: peak", seen[-1]["VmHWM"], "MB")
        report.add("memory", f"{name}: growth over {more:,} further searches", rss[-1] - rss[1], "MB", at_most=8)
        report.add("memory", f"{name}: of that in the last quarter", rss[-1] - rss[-2], "MB")
