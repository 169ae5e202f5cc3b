"""Where the command ``agentmem`` begins."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module

INTERRUPTED = 130
"""The exit code of Ctrl-C."""


def main() -> None:
    """Run what the command line says; without the extra ``cli`` say what to install."""
    sys.unraisablehook = _unraisable
    try:
        code = _run()
    except KeyboardInterrupt:  # before the commands are there, or after
        code = INTERRUPTED
    raise SystemExit(code)


def _run() -> int:
    try:
        import typer as _typer  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        sys.stderr.write('agentmem: the command line needs an extra; run: pip install "agentmem-core[cli]"\n')
        return 1
    commands = import_module("agentmem_core.cli.app")  # by name: it would import this package in a circle
    return int(commands.run(sys.argv[1:]))


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C that falls into a callback of Python (of a module's lock, a ``__del__``) is lost there: it comes again."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(0.05, _interrupt)
    again.daemon = True
    with suppress(RuntimeError):  # the command has ended
        again.start()


def _interrupt() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # it also wakes who waits for a network
    else:
        _thread.interrupt_main()
