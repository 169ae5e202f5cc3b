"""A chat service over HTTP whose memory is a server of AgentMem: it knows its users again after a restart. No key, no network."""

import asyncio
import subprocess
import sys
import tempfile
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import BaseModel


class Turn(BaseModel):
    """What a user says."""

    user: str
    text: str


def model(system: str, text: str) -> str:
    """Any language model goes here. This one answers from what it is told to know, so that the example runs anywhere."""
    known = [line.removeprefix("- ") for line in system.splitlines() if line.startswith("- ")]
    if not text.endswith("?"):
        return "I will remember that."
    return f"You told me: {known[0]}" if known else "I do not know yet."


def chat_service(memory: httpx.AsyncClient) -> FastAPI:
    """One route. ``user`` would come from the session that a real service has authenticated."""
    app = FastAPI()

    @app.post("/chat")
    async def chat(turn: Turn) -> dict[str, str]:
        found = await asked(memory, "/v1/memories/search", query=turn.text, user_id=turn.user, limit=3)
        notes = [hit["memory"]["content"] for hit in found if hit["memory"]["role"] == "user"]
        answer = model("You know of the user:\n" + "\n".join(f"- {note}" for note in notes), turn.text)
        said = [{"role": "user", "content": turn.text}, {"role": "assistant", "content": answer}]
        await asked(memory, "/v1/memories", messages=said, user_id=turn.user)
        return {"answer": answer}

    return app


async def asked(memory: httpx.AsyncClient, path: str, **said: Any) -> Any:
    answer = await memory.post(path, json=said)
    if answer.is_error:
        problem = answer.json()
        raise RuntimeError(f"{problem['code']}: {problem['detail']} (request {problem['request_id']})")
    return answer.json()


def started(folder: str) -> tuple[subprocess.Popen[str], str]:
    """A memory server on a free port, which is on the line that it prints."""
    command = [sys.executable, "-m", "agentmem_core.server", "--port", "0", "--path", folder]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 - ourselves
    assert server.stdout is not None
    return server, server.stdout.readline().removeprefix("listening on ").strip()


async def conversation(url: str, turns: list[tuple[str, str]]) -> list[str]:
    """Ask the service, here without a port of its own; `uvicorn` would give it one."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as memory:
        transport = httpx.ASGITransport(chat_service(memory))
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as browser:
            answers = []
            for user, text in turns:
                answer = await browser.post("/chat", json={"user": user, "text": text})
                answers.append(answer.json()["answer"])
                print(f"{user}: {text}\n  -> {answers[-1]}")
            return answers


def main(folder: str) -> None:
    """Two days; between them the server is stopped."""
    days = [
        [
            ("ana", "I moved to Lisbon in May"),
            ("安娜", "我喜欢喝绿茶"),
            ("ana", "Where do I live in Lisbon since May?"),
        ],
        [("ana", "When did I move to Lisbon?"), ("安娜", "我喜欢喝什么茶?"), ("bo", "When did I move to Lisbon?")],
    ]
    for turns in days:
        server, url = started(folder)
        try:
            answers = asyncio.run(conversation(url, turns))
        finally:
            server.terminate()
            assert server.wait(60) == 0
            if server.stdout is not None:
                server.stdout.close()
    assert "I moved to Lisbon in May" in answers[0]
    assert "绿茶" in answers[1]
    assert answers[2] == "I do not know yet."


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(made)
