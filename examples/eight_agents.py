"""A day of an assistant that uses all eight agents, from a clean folder; then a new process shows that it is all there.

Run it from anywhere: ``python examples/eight_agents.py``. It needs no key and no network; the extra ``vault`` for the secret.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentmem_core import AgentMem, AgentTask, new_vault_key

MORNING = datetime(2026, 5, 12, 7, 40, tzinfo=UTC)
HANDBOOK = """# House rules of the flat in Graca

## Heating
The boiler is in the kitchen cupboard. It needs 1.5 bar; top it up with the black valve when it shows less than 1.

## Rubbish
Paper on Mondays, glass on Thursdays. The key to the yard hangs behind the door.

## 邻居
楼下的邻居是科斯塔太太，她有备用钥匙。
"""


def main() -> None:
    """The day, and the day after."""
    if sys.argv[1:2] == ["--next-day"]:
        next_day(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory(prefix="agentmem-agents-", ignore_cleanup_errors=True) as name:
        os.environ.setdefault(
            "AGENTMEM_VAULT_KEY", new_vault_key()
        )  # yours comes from a safe place, and stays the same
        folder = Path(name)
        with AgentMem(folder, user_id="ana", agent_id="butler") as memory:
            wake_up(memory)
            morning(memory)
            afternoon(memory)
            evening(memory)
        print("\n== The next day, in a new process", flush=True)
        subprocess.run([sys.executable, __file__, "--next-day", name], check=True)  # noqa: S603 - ourselves


def wake_up(memory: AgentMem) -> None:
    """What stands in every prompt, and what is around the user now."""
    print("== 07:40 Who is who (core), and what is going on (contextual)")
    memory.core.set("persona", "Butler. Brief, warm, never guesses. Answers in the language it is asked in.")
    memory.core.set("human", "Ana Ribeiro, 31, moved to Lisbon in May 2024. Vegetarian.", limit=300)
    memory.core.append("human", "Allergic to wasps; the adrenaline pen is in the green bag.")
    memory.contextual.set("location", "home, Graca", source="phone")
    memory.contextual.set("weather", {"now": "rain", "max": 19}, ttl=timedelta(hours=6), source="ipma.pt")
    print(memory.core.compile(max_tokens=200))
    print(memory.contextual.compile())


def morning(memory: AgentMem) -> None:
    """A scratchpad, a file, and a secret."""
    print("\n== 08:05 Notes for today (working), the handbook (resource), the wifi (knowledge)")
    memory.working.push("Ana is late: keep answers short until 9", priority=9, ttl=timedelta(hours=1))
    memory.working.push("Rita calls back about the flat this afternoon", priority=5)
    memory.add("Remind me to buy a birthday present for Wei")  # where a text goes is decided by a rule
    for item in memory.working.items():
        print(f"  [{item.metadata.get('priority', '-')}] {item.content}")

    stored = memory.resource.put(HANDBOOK.encode(), name="handbook.md", description="House rules of the flat")
    hit = memory.resource.search("How much pressure does the boiler need?")[0].memory
    print(f"  {stored.name}: {stored.size} bytes in {stored.chunks} parts; found: {line_with('bar', hit.content)}")

    memory.knowledge.put("wifi", "caravela-1755", sensitivity="secret", description="Password of the wifi at home")
    print(f"  known, not shown: {[entry.name for entry in memory.knowledge.list()]}")
    password = memory.knowledge.reveal("wifi", reason="Ana asked for it at breakfast")
    print(f"  revealed once, {len(password)} characters; the audit says why: {memory.knowledge.audit()[-1].reason}")


def afternoon(memory: AgentMem) -> None:
    """Facts that change, and skills that are tried."""
    print("\n== 14:30 What is true, and since when (semantic); how things are done (procedural)")
    memory.semantic.learn(
        "Ana works at the city archive", subject="Ana", predicate="works at", object="the city archive",
        valid_from=MORNING - timedelta(days=600),
    )  # fmt: skip
    memory.semantic.learn(
        "Ana works at the maritime museum now", subject="Ana", predicate="works at", object="the maritime museum",
        valid_from=MORNING,
    )  # fmt: skip
    memory.semantic.relate("Rita", "sister of", "Ana")
    memory.semantic.relate("the maritime museum", "is in", "Belem")
    now = memory.semantic.search("Where does Ana work?")[0].memory.content
    then = memory.semantic.search("Where does Ana work?", as_of=MORNING - timedelta(days=30))[0].memory.content
    print(f"  now: {now}; a month ago: {then}")
    print("  " + " - ".join(memory.semantic.path("Rita", "Belem").nodes))

    memory.procedural.teach(
        "boiler", ["open the cupboard", "turn the black valve", "stop at 1.5 bar"], when="the heating is cold"
    )
    memory.procedural.teach("plumber", ["call Senhor Matos", "say it is urgent", "wait"], when="the heating is cold")
    for worked, name in ((True, "boiler"), (True, "boiler"), (False, "plumber")):
        memory.procedural.record_run(name, success=worked, seconds=240)
    for skill in memory.procedural.best("The heating is cold again, what do I do?"):
        print(
            f"  {skill.procedure.name}: score {skill.score:.2f}, {skill.procedure.successes} of {skill.procedure.runs} runs worked"
        )


def evening(memory: AgentMem) -> None:
    """What happened, and what is worth keeping."""
    print("\n== 22:10 What happened (episodic), and what to keep")
    for hours, text in (
        (1, "Left for work in the rain"),
        (7, "Rita called: the flat is hers"),
        (13, "和小伟在海边吃了晚饭"),
    ):
        memory.episodic.record(text, occurred_at=MORNING + timedelta(hours=hours), actor="Ana")
    for period in memory.episodic.timeline(by="day", zone="Europe/Lisbon"):
        print(f"  {period.start:%d %B}: " + "; ".join(event.content for event in period.memories))

    rita = next(item for item in memory.working.items() if "Rita" in item.content)
    kept = memory.working.promote(rita.id)
    reply = memory.agents.dispatch(
        AgentTask(type="contextual", operation="set", parameters={"key": "location", "value": "in bed"})
    )
    print(f"  kept for good: {kept.content} ({kept.type}); {reply.agent} took {reply.data.key} = {reply.data.value}")
    print(f"  {str(memory.maintain()).splitlines()[0]}")


def next_day(folder: Path) -> None:
    """Nothing was lost, and nobody else sees it."""
    with AgentMem(folder, user_id="ana", agent_id="butler") as memory:
        for agent in memory.agents:
            print(f"  {agent.name}: {len(agent.list())}")
        hit = memory.search("谁有备用钥匙？", types=["resource"])[0].memory
        print(f"  谁有备用钥匙？ {line_with('钥匙', hit.content)}")
        print(f"  the handbook is {len(memory.resource.open(hit.metadata['resource']).read())} bytes, as it was")
        assert memory.knowledge.reveal("wifi", reason="the next morning") == "caravela-1755"
        assert memory.core.get("human").text.startswith("Ana Ribeiro")
        assert not memory.search("wifi", user_id="ben")


def line_with(word: str, text: str) -> str:
    """The line of a text that answers."""
    return next(line for line in text.splitlines() if word in line)


if __name__ == "__main__":
    main()
