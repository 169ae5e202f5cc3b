"""The installed wheel works, away from its sources: typed, complete, every entry point loads, a memory is found."""

from importlib.metadata import distribution, entry_points, version
from pathlib import Path

import agentmem_core
from agentmem_core import AgentMem

DISTRIBUTION = "agentmem-core"
GROUPS = ("agentmem.embedders", "agentmem.indexes")


def shipped() -> None:
    package = Path(agentmem_core.__file__).parent
    if package.parent.name != "site-packages":
        raise SystemExit(f"{package} is a source tree, not an installed wheel")
    names = {Path(str(file)).name for file in distribution(DISTRIBUTION).files or ()}
    if missing := {"py.typed", "LICENSE"} - names:
        raise SystemExit(f"the wheel of {DISTRIBUTION} lacks {sorted(missing)}")


def loaded() -> int:
    found = [entry for group in GROUPS for entry in entry_points(group=group)]
    for group in GROUPS:
        if group not in {entry.group for entry in found}:
            raise SystemExit(f"no entry point in {group}")
    for entry in found:
        entry.load()
    return len(found)


def remembered() -> None:
    memory = AgentMem()
    try:
        memory.add("I moved to Lisbon in May", user_id="ana")
        memory.add("The oven timer is set to twelve minutes", user_id="ana")
        first = memory.search("Lisbon", user_id="ana")[0].memory.content
    finally:
        memory.close()
    if "Lisbon" not in first:
        raise SystemExit(f"searched for Lisbon and found {first!r}")


if __name__ == "__main__":
    shipped()
    entries = loaded()
    remembered()
    print(f"{DISTRIBUTION} {version(DISTRIBUTION)}: {entries} entry points load, a memory is found again")
