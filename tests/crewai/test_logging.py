"""The storages of CrewAI's older memories log what a crew takes no notice of."""

import logging

import pytest

from agentmem_core import AgentMem, InvalidInputError, StoreClosedError
from crewai_agentmem.bound import Bound
from crewai_agentmem.legacy_storage import EntityStorage, LongTermStorage, ViewStorage


@pytest.fixture
def closed():
    client = AgentMem(":memory:")
    client.close()
    return Bound(client, "run")


async def test_what_fails_in_the_older_storages_is_logged_and_raised(closed, caplog):
    view, entity, lessons = ViewStorage(closed, "short_term"), EntityStorage(closed), LongTermStorage(closed)
    with caplog.at_level(logging.ERROR, "crewai_agentmem"):
        for call in (
            lambda: view.save("tea"), lambda: view.search("tea"), lambda: entity.save("Rodela(company): sells tea"),
            lambda: lessons.save("t", {}, "0", 5.0), lambda: lessons.load("t", 2),
        ):  # fmt: skip
            with pytest.raises(StoreClosedError):
                call()
        for acall in (
            lambda: view.asave("tea"), lambda: view.asearch("tea"), lambda: entity.asave("Rodela(company): sells tea"),
            lambda: lessons.asave("t", {}, "0", 5.0), lambda: lessons.aload("t", 2),
        ):  # fmt: skip
            with pytest.raises(StoreClosedError):
                await acall()
    said = [record.getMessage().split(":")[0] for record in caplog.records]
    kinds = ["remembered", "recalled", "remembered", "remembered", "recalled"]
    assert said == [f"nothing was {kind}" for kind in kinds] * 2


def test_what_the_caller_did_wrong_is_raised_only(closed, caplog):
    with pytest.raises(InvalidInputError):
        LongTermStorage(closed).save("t", [], "0", 5.0)  # type: ignore[arg-type]  # it is what is tested
    assert not caplog.records
