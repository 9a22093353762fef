"""A committee's file: its members, criteria, and the sittings it has held, with what they decided.

It is `{"version": 1, "members": […], "criteria_sets": […], "sittings": […]}`; products are named by slug. A sitting is
played as it went: applications are taken to its agenda, members score, verdicts are recorded at the moments the file
tells, by the same rules as on the pages. One that is there already (of that day and place) is left alone, and so are
criteria that are published.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction

from ovop_certification.errors import UnknownCommitteeMember
from ovop_certification.grading import BandRule
from ovop_certification.locks import lock_registry
from ovop_certification.models import (
    Application,
    CommitteeMember,
    CriteriaSet,
    ProductRecipe,
    Sitting,
    Stage,
    Verdict,
)
from ovop_certification.services.committee.actors import Actor
from ovop_certification.services.committee.applications import STAGES, application_enter, application_open
from ovop_certification.services.committee.criteria import (
    CriteriaDraft,
    CriterionDraft,
    criteria_draft_save,
    criteria_publish,
)
from ovop_certification.services.committee.members import member_save
from ovop_certification.services.committee.recipes import recipe_record
from ovop_certification.services.committee.scoring import conflict_declare, scores_save
from ovop_certification.services.committee.sittings import (
    assessment_add,
    sitting_close,
    sitting_member_set,
    sitting_open,
)
from ovop_certification.services.committee.verdicts import assessment_close
from ovop_shared.catalogue import Catalogue, UnknownProduct
from ovop_shared.documents import Document, Fields
from ovop_shared.errors import OvopError, RegistryRefused

DOCUMENT_VERSION = 1


@dataclass(frozen=True, slots=True)
class MemberRow:
    code: str
    name: str
    user_id: str
    row: int | None


@dataclass(frozen=True, slots=True)
class CriteriaRow:
    draft: CriteriaDraft
    published_at: datetime.datetime
    row: int | None


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """`scores` are points by member and criterion, `conflicts` reasons by member."""

    scheme: str
    product: str
    producer: str
    applied_at: datetime.datetime
    recipe: str
    scores: Mapping[str, Mapping[str, int]]
    conflicts: Mapping[str, str]
    verdict: str
    conditions: str


@dataclass(frozen=True, slots=True)
class SittingRow:
    held_on: datetime.date
    place: str
    remarks: str
    closed_at: datetime.datetime
    secretary: str
    chair: str
    members: tuple[str, ...]
    agenda: tuple[AgendaRow, ...]
    row: int | None


@transaction.atomic
def committee_load(document: object, *, catalogue: Catalogue) -> int:
    """Bring in what the parsed JSON document tells and is not there yet; how many members, criteria and sittings were
    written. Raises InvalidDocument, and RegistryRefused with the rows that break a rule: then nothing was written."""
    whole = Document(document, DOCUMENT_VERSION)
    members = whole.rows("members", _member)
    criteria = whole.rows("criteria_sets", _criteria)
    sittings = whole.rows("sittings", _sitting)
    whole.finish()
    lock_registry()
    written = 0
    problems: list[OvopError] = []
    loads: list[tuple[str, int | None, Callable[[], int]]] = [
        *(("members", row.row, partial(_load_member, row)) for row in members),
        *(("criteria_sets", row.row, partial(_load_criteria, row)) for row in criteria),
        *(("sittings", row.row, partial(_load_sitting, row, catalogue)) for row in sittings),
    ]
    for section, number, load in loads:
        try:
            with transaction.atomic():
                written += load()
        except OvopError as problem:
            problem.row = number
            problem.params["section"] = section
            problems.append(problem)
    if problems:
        raise RegistryRefused(problems)
    return written


def _load_member(row: MemberRow) -> int:
    there = CommitteeMember.objects.filter(code=row.code).first()
    if there is not None and (there.name, there.user_id) == (row.name, row.user_id or there.user_id):
        return 0
    member_save(row.code, row.name, user_id=row.user_id or (there.user_id if there else ""))
    return 1


def _load_criteria(row: CriteriaRow) -> int:
    if CriteriaSet.objects.filter(code=row.draft.code, published_at__isnull=False).exists():
        return 0
    draft = criteria_draft_save(row.draft)
    criteria_publish(draft.code, draft.version, at=row.published_at)
    return 1


def _load_sitting(row: SittingRow, catalogue: Catalogue) -> int:
    if Sitting.objects.filter(held_on=row.held_on, place=row.place).exists():
        return 0
    secretary = Actor(row.secretary)
    number = sitting_open(row.held_on, place=row.place, remarks=row.remarks).number
    for code in row.members:
        sitting_member_set(number, code, is_chair=code == row.chair)
    members = {member.code: member for member in CommitteeMember.objects.filter(code__in=row.members)}
    products = catalogue.by_slug({item.product for item in row.agenda})
    for item in row.agenda:
        product = products.get(item.product)
        if product is None:
            raise UnknownProduct("The shop has no such product.", field="product", params={"product": item.product})
        if item.recipe and not ProductRecipe.objects.filter(product_pk=product.pk).exists():
            recipe_record(product.pk, item.recipe, actor=row.secretary, at=item.applied_at)
        application = _application(item, product.pk, secretary)
        assessment_add(number, application)
        recipe = ProductRecipe.objects.filter(product_pk=product.pk).order_by("-version").first()
        version = recipe.version if recipe else None
        for code, reason in item.conflicts.items():
            conflict_declare(number, application, code, reason, actor=row.secretary, at=row.closed_at)
        for code, points in item.scores.items():
            if code not in members:
                raise UnknownCommitteeMember("Only who sits there scores.", field="scores", params={"member": code})
            scores_save(number, application, members[code], points, recipe_version=version, at=row.closed_at)
        assessment_close(
            number, application, Verdict(item.verdict), conditions=item.conditions, by=secretary, at=row.closed_at
        )
    sitting_close(number, by=secretary, at=row.closed_at)
    return 1


def _application(item: AgendaRow, product_pk: int, secretary: Actor) -> int:
    """The open application of the product for that label, or a new one that has come to the committee's stage."""
    there = Application.objects.filter(scheme__code=item.scheme, product_pk=product_pk, is_open=True).first()
    if there is not None:
        return there.number
    made = application_open(item.scheme, product_pk, item.producer, actor=secretary.name, at=item.applied_at)
    for stage in STAGES[1 : STAGES.index(Stage.CERTIFICATION) + 1]:
        application_enter(made.number, stage, actor=secretary.name, at=item.applied_at)
    return made.number


def _member(fields: Fields) -> MemberRow:
    return MemberRow(
        fields.take_code("code"), fields.take_code("name", 200), fields.take("user_id", str, ""), fields.row
    )


def _criteria(fields: Fields) -> CriteriaRow:
    criteria = []
    for value in fields.take("criteria", list):
        each = fields.within(value)
        criteria.append(
            CriterionDraft(
                each.take_code("code"), each.need_names(), each.take("weight", int), each.take("max_points", int)
            )
        )
        each.finish()
    bands = []
    for value in fields.take("bands", list):
        each = fields.within(value)
        bands.append(
            BandRule(each.take("stars", int), each.take("min_total", int), each.take("is_positive", bool, False))
        )
        each.finish()
    return CriteriaRow(
        CriteriaDraft(
            code=fields.take_code("code"),
            scheme=fields.take_code("scheme"),
            issuing_body=fields.take_code("issuing_body"),
            names=fields.need_names(),
            valid_months=fields.take("valid_months", int),
            criteria=tuple(criteria),
            bands=tuple(bands),
        ),
        fields.need_moment("published_at"),
        fields.row,
    )


def _sitting(fields: Fields) -> SittingRow:
    return SittingRow(
        held_on=fields.need_date("held_on"),
        place=fields.take_code("place", 200),
        remarks=fields.take("remarks", str, ""),
        closed_at=fields.need_moment("closed_at"),
        secretary=fields.take_code("secretary", 200),
        chair=fields.take_code("chair"),
        members=tuple(sorted(fields.take_set("members"))),
        agenda=tuple(_agenda(fields, value) for value in fields.take("agenda", list)),
        row=fields.row,
    )


def _agenda(sitting: Fields, value: object) -> AgendaRow:
    fields = sitting.within(value)
    row = AgendaRow(
        scheme=fields.take_code("scheme"),
        product=fields.take_code("product", 255),
        producer=fields.take_code("producer"),
        applied_at=fields.need_moment("applied_at"),
        recipe=fields.take("recipe", str, ""),
        scores=_by_member(fields, "scores", dict),
        conflicts=_by_member(fields, "conflicts", str),
        verdict=fields.take_choice("verdict", Verdict.values),
        conditions=fields.take("conditions", str, ""),
    )
    for points in row.scores.values():
        if not all(type(each) is int for each in points.values()):
            raise fields.refusal("Points are whole numbers by criterion.", "scores")
    fields.finish()
    return row


def _by_member(fields: Fields, name: str, kind: type) -> dict[str, Any]:
    values = fields.take(name, dict, {})
    if not all(isinstance(value, kind) for value in values.values()):
        raise fields.refusal(f"{name!r} maps members to values of the type {kind.__name__}.", name)
    return values
