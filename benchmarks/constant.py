"""What the server is measured against: FastAPI and uvicorn, and a route that returns a constant."""

from __future__ import annotations

import argparse

import uvicorn
from fastapi import FastAPI

from agentmem_core.server.serving import LISTENING, listening, url_of
from agentmem_core.server.settings import ServerSettings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=5_000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--path")
    given = parser.parse_args()
    app = FastAPI()
    constant = "x" * (given.size - 2)

    @app.post("/constant")
    async def answer() -> str:
        return constant

    listener = listening(ServerSettings(host=given.host, port=given.port))
    print(LISTENING + url_of(listener), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
