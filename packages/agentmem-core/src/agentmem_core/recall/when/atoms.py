"""One expression of a text before it is joined with its neighbours, and the ways a name without a year finds its year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from agentmem_core.recall.when.calendar import DAY, MONTH, WEEK, YEAR, Interval, date_of, day_start

Within = Callable[[int], Interval | None]
"""The interval of a name (May, Friday, the 5th) inside the unit that begins at a moment (a year, a week, a month)."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A time named at ``at`` to ``to``.

    ``unit`` is what it can be to others ("2024" is a year that places "in May"), ``needs`` the unit that it lacks itself, with
    ``within`` to place it there. A ``weak`` one counts only in company: "May" alone may be a verb. ``name`` is where
    a word stands that tells more than a time: Christmas. ``recurs`` when other years may be meant as well.
    """

    at: int
    to: int
    span: Interval
    grain: int
    explicit: bool = False
    unit: str = ""
    needs: str = ""
    within: Within | None = None
    weak: bool = False
    name: tuple[int, int] | None = None
    recurs: bool = False

    def placed(self, other: Atom) -> Atom | None:
        """This one inside the year, month or week that the other names; None where it does not exist there."""
        found = None if self.within is None else self.within(other.span[0])
        if found is None:
            return None
        at, to = min(self.at, other.at), max(self.to, other.to)
        return replace(
            self,
            at=at,
            to=to,
            span=found,
            explicit=other.explicit,
            needs="",
            within=None,
            weak=False,
            name=self.name or other.name,
            recurs=False,
        )


def yearly(of_year: Callable[[int], Interval | None]) -> Within:
    """Inside a year that is given by its first moment."""
    return lambda start: of_year(date_of(start).year)


_LENGTH = {"year": YEAR, "month": MONTH, "week": WEEK}
_REACH = 10
"""Units that are looked through: 29 February may be eight years away."""


def _found(needs: str, within: Within, now: int, step: int) -> Iterator[Interval]:
    """The intervals from the unit of ``now`` on, backwards or forwards."""
    middle = day_start(now)
    if needs == "month":
        middle -= (date_of(now).day - 15) * DAY
    elif needs == "year":
        middle -= (date_of(now).timetuple().tm_yday - 180) * DAY
    found = (within(middle + number * step * _LENGTH[needs]) for number in range(_REACH))
    return (interval for interval in found if interval is not None)


def latest(needs: str, within: Within, now: int) -> Interval | None:
    """The latest one that has begun."""
    return next((interval for interval in _found(needs, within, now, -1) if interval[0] <= now), None)


def past(needs: str, within: Within, now: int) -> Interval | None:
    """The latest one that is over."""
    return next((interval for interval in _found(needs, within, now, -1) if interval[1] <= now), None)


def coming(needs: str, within: Within, now: int) -> Interval | None:
    """The first one that has not begun."""
    return next((interval for interval in _found(needs, within, now, 1) if interval[0] > now), None)


def unfinished(needs: str, within: Within, now: int) -> Interval | None:
    """The first one that is not over."""
    begun = latest(needs, within, now)
    return begun if begun is not None and begun[1] > now else coming(needs, within, now)


def current(needs: str, within: Within, now: int) -> Interval | None:
    """The one that holds ``now``, or else the one of this year, month or week."""
    found = latest(needs, within, now)
    if found and found[0] <= now < found[1]:
        return found
    return within(day_start(now))


CHOICES = {
    "last": past, "past": past, "previous": past, "this": current, "current": current, "next": coming, "coming": coming,
    "": latest,
}  # fmt: skip
"""Which of several Mays or Fridays a word before the name means."""
