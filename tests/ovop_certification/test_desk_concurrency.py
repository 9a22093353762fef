"""The desk in many hands at once; real commits on connections of their own."""

import threading
from collections.abc import Callable
from typing import Any

from certification_world import AT, PRODUCTS, certificate_row, registry_document
from desk_world import applied, filed
from django.db import connection

from ovop_certification.models import Certificate, MarketChannel, RecordedChange, Requirement
from ovop_certification.records import RequirementRow
from ovop_certification.services import (
    certificate_apply,
    certificate_issue,
    certificate_verify,
    market_places_set,
    registry_load,
    requirement_edit,
)
from ovop_certification.services.requirements import RequirementAdd
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError
from ovop_standalone.catalogue import known_products_store


def world() -> None:
    known_products_store(PRODUCTS)
    registry_load(registry_document(), catalogue=host_catalogue(), at=AT)


def at_once(number: int, work: Callable[[int], object]) -> list[str]:
    """What each came to: the code of its refusal, or `done`."""
    outcomes: list[str] = []

    def run(index: int) -> None:
        try:
            work(index)
            outcomes.append("done")
        except OvopError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def test_of_the_same_requirement_from_many_one_is_asked(committed_database: str) -> None:
    world()
    row = RequirementRow("jp", "eac", AT.date(), category="honey")

    outcomes = at_once(6, lambda index: requirement_edit([RequirementAdd(row)], actor=f"{index}", at=AT))

    assert outcomes == ["done"] + ["requirement_exists"] * 5
    assert (Requirement.objects.filter(category="honey").count(), RecordedChange.objects.count()) == (1, 1)


def test_a_channel_that_two_markets_take_at_once_goes_to_one(committed_database: str) -> None:
    world()

    def take(index: int) -> Any:
        code = ("kg", "jp")[index % 2]
        return market_places_set(code, channels={"fairs"}, countries=(), actor="Bakyt", at=AT)

    outcomes = at_once(6, take)

    assert outcomes == ["channel_in_two_markets"] * 3 + ["done"] * 3
    assert MarketChannel.objects.filter(channel="fairs").count() == 1


def test_of_many_who_issue_at_once_one_does_and_never_who_verified(committed_database: str) -> None:
    world()
    certificate = filed(applied())
    certificate_verify(certificate.pk, actor="Aida", at=AT, reason="seen")
    names = ["Aida", "Bakyt", "Chynara", "aida", "Damira", "Aida"]

    outcomes = at_once(6, lambda index: certificate_issue(certificate.pk, actor=names[index], at=AT))

    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "four_eyes_required", "illegal_transition"}
    issue = certificate.events.get(kind="issued")
    assert issue.actor in {"Bakyt", "Chynara", "Damira"}


def test_the_same_application_from_many_is_registered_once(committed_database: str) -> None:
    world()

    outcomes = at_once(6, lambda index: certificate_apply(certificate_row(), actor="Aida", at=AT))

    assert Certificate.objects.filter(number="EAC-NEW").count() == 1
    assert set(outcomes) <= {"done", "certificate_exists"}
