"""One folder, three processes, each with another framework: after one another, and at the same time."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.together.telling import ASKING, TELLING, fact

from agentmem_core import AgentMem

ROOT = Path(__file__).parents[2]
SPEAKING = Path(__file__).parent / "speaking.py"
OF = {"langchain": ("chain",), "llamaindex": ("chat", "index"), "crewai": ("crew",)}
pytestmark = pytest.mark.timeout(300)  # a process needs seconds to import CrewAI, more where the machine is busy


class Speaker:
    """A process that does turns."""

    def __init__(self, process, errors):
        self._process = process
        self._errors = errors

    def send(self, who, user, said, answer="I see"):
        self._process.stdin.write(json.dumps([who, user, said, answer]) + "\n")
        self._process.stdin.flush()

    def receive(self):
        line = self._process.stdout.readline()
        assert line, self._errors.read_text("utf-8")
        return json.loads(line)

    def turn(self, who, user, said, answer="I see"):
        self.send(who, user, said, answer)
        return self.receive()


@contextmanager
def speaker(folder, name):
    errors = folder.parent / f"{name}.txt"
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with (
        errors.open("w") as sink,
        subprocess.Popen(
            [sys.executable, str(SPEAKING), str(folder)],
            cwd=folder.parent, env=surroundings, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink,
        ) as process,
    ):  # fmt: skip
        try:
            yield Speaker(process, errors)
            process.communicate()
            assert process.returncode == 0, errors.read_text("utf-8")
        finally:
            process.kill()


@pytest.mark.parametrize(
    "order", [("langchain", "llamaindex", "crewai"), ("crewai", "llamaindex", "langchain")], ids=["there", "back"]
)
def test_each_process_has_what_those_before_it_were_told(folder, order):
    told: list[str] = []
    for name in order:
        with speaker(folder, name) as here:
            for asker in OF[name]:
                for teller in told:
                    for user, other in (("ana", "bo"), ("bo", "ana")):
                        prompt = here.turn(asker, user, fact(teller, user).question)
                        assert fact(teller, user).word in prompt
                        assert fact(teller, other).word not in prompt
            teller = OF[name][0]
            for user in ("ana", "bo"):
                here.turn(teller, user, fact(teller, user).said, fact(teller, user).answer)
        told.append(teller)


def test_three_processes_at_once_hear_of_each_other(folder):
    with ExitStack() as running:
        speakers = {name: running.enter_context(speaker(folder, name)) for name in OF}
        at = {who: speakers[name] for name, kinds in OF.items() for who in kinds}

        def all_at_once(turns):
            """Send everything, then read: every process has its turns before any has answered."""
            for who, user, said, answer in turns:
                at[who].send(who, user, said, answer)
            return [at[who].receive() for who, *_ in turns]

        all_at_once([
            (teller, user, fact(teller, user).said, fact(teller, user).answer)
            for teller in TELLING for user in ("ana", "bo")
        ])  # fmt: skip
        all_at_once([(who, "cy", f"Parcel {number} came", f"Put parcel {number} away")
                     for number in range(10) for who in TELLING])  # fmt: skip
        asked = [(asker, teller, user) for teller in TELLING for asker in ASKING for user in ("ana", "bo")]
        prompts = all_at_once([(asker, user, fact(teller, user).question, "I see") for asker, teller, user in asked])
        for (asker, teller, user), prompt in zip(asked, prompts, strict=True):
            assert fact(teller, user).word in prompt, (asker, teller)
            assert fact(teller, "bo" if user == "ana" else "ana").word not in prompt

    with AgentMem(folder, user_id="cy") as client:
        texts = [memory.content for memory in client.list(limit=1_000).items]
        for number in range(10):
            assert texts.count(f"Parcel {number} came") == 2, "the turns of both chats"
            assert any(f"Result: Put parcel {number} away" in text for text in texts)
