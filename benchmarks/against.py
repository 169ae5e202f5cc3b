"""How fast, against other memories: the same sentences, the same embedder, no model, in turns on one machine."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.bars import measured
from benchmarks.cell import MEASURED, Shape
from benchmarks.peers.environments import COMPARED, OURS
from benchmarks.report import Report
from benchmarks.steps import Step

SIZES, USERS, CALLERS = (1_000, 10_000, 100_000), (1, 100, 10_000), (1, 8, 32)
EMBEDDERS = ("bundled", "free")


@dataclass(frozen=True, slots=True)
class Plan:
    """What of the grid is wanted; empty is the usual."""

    only: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    callers: tuple[int, ...] = ()
    embedders: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    patience: float = 1800.0

    def shapes(self, *, quick: bool) -> list[Shape]:
        """The stores, smallest first; none has more users than memories."""
        return [
            Shape(
                size, users, embedder,
                callers=self.callers or ((1, 8) if quick else CALLERS), works=self.works or MEASURED,
                rounds=20 if quick else 200, patience=self.patience,
            )
            for embedder in self.embedders or (EMBEDDERS[:1] if quick else EMBEDDERS)
            for size in self.sizes or (SIZES[:1] if quick else SIZES)
            for users in self.users or ((100,) if quick else USERS)
            if users <= size
        ]  # fmt: skip

    def systems(self) -> tuple[str, ...]:
        """All, or ours and those named."""
        return tuple(dict.fromkeys((OURS, *self.only))) if self.only else COMPARED


def steps(report: Report, plan: Plan) -> list[Step]:
    """A step a store."""
    names = plan.systems()
    shapes = plan.shapes(quick=report.quick)
    return [Step(shape.name, shape.seconds(names), measured(shape, names)) for shape in shapes]
