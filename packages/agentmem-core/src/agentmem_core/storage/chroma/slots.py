"""The slots of an index on disk, of which Chroma writes the first hundred before it has put anything into them.

They come from ``malloc`` as they are (``initPersistentIndex`` of its hnswlib), with whatever this process had freed: a text that was
forgotten since, a key. Rows are written over them when a thousand changes have gathered.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_HEADER = struct.Struct("=iQQQQ")
"""Version, offset, slots, used slots, bytes a slot; more follows."""

_VERSION = 1


def blank_unused(folder: Path) -> bool:
    """Write zeros over the slots that no row was written to; False when no index has been begun in the folder.

    Nobody may write to the folder meanwhile: the number of used slots is taken from the file.
    """
    begun = False
    for header in folder.glob("*/header.bin"):
        with header.open("rb") as file:
            start = file.read(_HEADER.size)
        if len(start) == _HEADER.size:
            begun = True
            version, _, _, used, width = _HEADER.unpack(start)
            if version == _VERSION:
                _blank(header.with_name("data_level0.bin"), used * width)
                _blank(header.with_name("length.bin"), used * 4)
    return begun


def _blank(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        rest = len(file.read().rstrip(b"\0"))
        if rest:
            file.seek(start)
            file.write(bytes(rest))
            file.flush()
            os.fsync(file.fileno())
