"""What an optional part needs is asked for by the name of its extra."""

from __future__ import annotations

from importlib.util import find_spec

from agentmem_core import NotConfiguredError


class MissingExtraError(NotConfiguredError, ImportError):
    """A package that an extra brings is not installed."""


def require(what: str, extra: str, package: str) -> None:
    """Nothing when ``package`` is installed; else an error that says how to install it."""
    try:
        found = find_spec(package) is not None
    except (ImportError, ValueError):  # a finder refuses it; sys.modules holds None or a module without a spec
        found = False
    if not found:
        raise missing(what, extra, package)


def missing(what: str, extra: str, package: str) -> MissingExtraError:
    """The error that says how to install it."""
    return MissingExtraError(f'{what} needs {package}: pip install "langchain-agentmem[{extra}]"', name=package)
