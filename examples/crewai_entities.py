"""Entities: who and what a crew met, how they are related, and what comes of it in a recall. No key, no network."""

from __future__ import annotations

import os
import tempfile

with tempfile.TemporaryDirectory(prefix="agentmem-crewai-", ignore_cleanup_errors=True) as folder:
    os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "CREWAI_TESTING": "true"}
    os.environ |= {"HOME": folder, "CREWAI_STORAGE_DIR": folder}

    from crewai_agentmem import AgentMemMemory

    memory = AgentMemMemory(path=f"{folder}/memory", user_id="ana")
    memory.entities.remember("Ana", "analyses maps", kind="person", relations={"works at": "Rodela"})
    memory.entities.remember("Rodela", "a bike-share company in Lisbon", kind="company")
    memory.entities.remember("ANA", "Moved from Montréal in May.", relations={"knows": ["Wei", "Celeste"]})

    ana = memory.entities.get("Ana")
    assert ana is not None
    print(ana.content)
    assert ana.content.startswith("Ana (person): analyses maps. Moved from Montréal in May.\nAna works at Rodela")

    for who, relation, whom in sorted(memory.entities.relations("Rodela")):
        print("related:", who, relation, whom)
    assert memory.entities.relations("Rodela") == {("Ana", "works at", "Rodela")}

    memory.remember("The bikes of Rodela are repaired on Tuesdays")
    best = memory.recall("who works at Rodela?", limit=3)
    for match in best:
        print(match.format())
    assert best[0].record.id == ana.id
    memory.close()
