"""Where the bytes of files are kept."""

from agentmem_core.storage.files.folder import FolderBlobs
from agentmem_core.storage.files.memory import MemoryBlobs

__all__ = ["FolderBlobs", "MemoryBlobs"]
