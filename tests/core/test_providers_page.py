"""The page of providers says what the table says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentmem_core.llms import PROVIDERS

ROOT = Path(__file__).parents[2]
needs_the_manual = pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="the manual is in the repository only")


@needs_the_manual
def test_the_page_of_providers_is_current():
    checked = subprocess.run(
        [sys.executable, ROOT / ".ci" / "providers.py", "--check"], check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_the_manual
def test_every_provider_says_where_it_was_read():
    for provider in PROVIDERS.values():
        assert provider.source.startswith("https://"), provider.name
        assert provider.url.startswith(("https://", "http://localhost:", "")), provider.name
    page = (ROOT / "docs" / "providers.md").read_text("utf-8")
    assert "None of these was tried against the provider itself" in page


def test_no_two_providers_share_a_name():
    names = [name for provider in PROVIDERS.values() for name in (provider.name, *provider.aliases)]
    assert len(names) == len(set(names))
