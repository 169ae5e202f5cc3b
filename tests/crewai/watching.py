"""Import it first: every address that a process wants to reach from then on."""

import sys

_REACHING = {
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg",
}  # fmt: skip
opened: list[list[str]] = []


def _watch(event, details):
    if event in _REACHING:
        opened.append([event, repr(details[1:])])


sys.addaudithook(_watch)
