"""Moving in: what other systems remember, taken over with dates, users and ids."""

from agentmem_core.moving.mover import move
from agentmem_core.moving.record import Earlier, Misfit, SourceRecord
from agentmem_core.moving.report import MoveExample, MoveMisfit, MoveReport
from agentmem_core.moving.source import KINDS, Source, open_source

__all__ = [
    "KINDS",
    "Earlier",
    "Misfit",
    "MoveExample",
    "MoveMisfit",
    "MoveReport",
    "Source",
    "SourceRecord",
    "move",
    "open_source",
]
