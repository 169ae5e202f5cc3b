"""Who is let in, what they may, how much they may ask, and what is written down of it."""

from agentmem_core.server.security.archive import Archive, archive_trail, examine_trail
from agentmem_core.server.security.chain import Chain, Head, Verdict
from agentmem_core.server.security.findings import Findings
from agentmem_core.server.security.gate import KeyGate
from agentmem_core.server.security.keys import Keys, Shown
from agentmem_core.server.security.settings import SecuritySettings, audit_keys, gate_for
from agentmem_core.server.security.tokens import Tokens, TokenSettings

__all__ = [
    "Archive",
    "Chain",
    "Findings",
    "Head",
    "KeyGate",
    "Keys",
    "SecuritySettings",
    "Shown",
    "TokenSettings",
    "Tokens",
    "Verdict",
    "archive_trail",
    "audit_keys",
    "examine_trail",
    "gate_for",
]
