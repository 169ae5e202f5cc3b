"""What the engine asks of the world."""

from agentmem_core.model.usage import Usage
from agentmem_core.ports.backend import Backend
from agentmem_core.ports.blobs import Blobs
from agentmem_core.ports.embedder import Embedder, Fingerprint
from agentmem_core.ports.index import Near, VectorIndex
from agentmem_core.ports.ledger import (
    Collection,
    Erased,
    Feature,
    Ledger,
    LedgerReader,
    LedgerWriter,
    Listing,
    Packed,
    Partition,
    Record,
    Tally,
)
from agentmem_core.ports.lessons import Lesson, LessonReader, LessonWriter
from agentmem_core.ports.model import LanguageModel, Prompt, Reply
from agentmem_core.ports.vault import Vault

__all__ = [
    "Backend",
    "Blobs",
    "Collection",
    "Embedder",
    "Erased",
    "Feature",
    "Fingerprint",
    "LanguageModel",
    "Ledger",
    "LedgerReader",
    "LedgerWriter",
    "Lesson",
    "LessonReader",
    "LessonWriter",
    "Listing",
    "Near",
    "Packed",
    "Partition",
    "Prompt",
    "Record",
    "Reply",
    "Tally",
    "Usage",
    "Vault",
    "VectorIndex",
]
