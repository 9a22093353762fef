"""The forms of a product as they are typed, checked and carried out: its origin, one more lot, labels."""

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from django.db import transaction
from django.http import QueryDict

from ovop_origin import selectors, services
from ovop_origin.errors import (
    AmbiguousName,
    ChangedMeanwhile,
    DuplicateMaker,
    InvalidDay,
    InvalidQuantity,
    InvalidShare,
    NotAVillage,
    OriginHasLots,
    UnknownPlace,
    UnknownProducer,
)
from ovop_origin.locks import registry_lock
from ovop_origin.models import SHARE_WHOLE
from ovop_origin.records import ContributionRow, LotRow
from ovop_origin.selectors import PlaceFacts, ProducerFacts
from ovop_origin.staff_views.frame import form_problems
from ovop_shared.errors import DuplicateRow, OvopError
from ovop_shared.staff_frame import FormProblems

MAKERS_MAX = 60
"""A product with more makers is corrected by an import: its form leaves them alone."""

_EMPTY_LINES = 3
_WHOLE_NUMBER = re.compile(r"^\d{1,9}$")
_PER_CENT = re.compile(r"^\d{1,3}([.,]\d{1,2})?$")

Found = TypeVar("Found", PlaceFacts, ProducerFacts)


@dataclass(slots=True)
class PartLine:
    """A line as it was typed: a producer's code or name, and its share as per cent or its units."""

    producer: str = ""
    amount: str = ""


@dataclass(slots=True)
class StoryLine:
    """A story as it was typed, in the language `tag`."""

    tag: str = ""
    text: str = ""


@dataclass(slots=True)
class OriginForm:
    """`seen` tells what was stored when the form was opened; `has_makers` is False where there are too many of them."""

    village: str
    makers: list[PartLine]
    stories: list[StoryLine]
    gtins: str
    seen: str
    has_makers: bool
    problems: FormProblems


@dataclass(slots=True)
class LotForm:
    code: str
    made_on: str
    village: str
    parts: list[PartLine]
    problems: FormProblems


def per_cent(share: int) -> str:
    """A part of SHARE_WHOLE as per cent without needless zeros: 3333 -> "33.33", 5000 -> "50"."""
    text = f"{Decimal(share) * 100 / SHARE_WHOLE:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def stored_origin_form(product_pk: int, language: str) -> OriginForm:
    """The form filled in with what is stored. Nine queries."""
    origin = selectors.product_origins([product_pk]).get(product_pk)
    details = selectors.product_details([product_pk]).get(product_pk)
    makers = origin.makers if origin else ()
    has_makers = len(makers) <= MAKERS_MAX
    lines = [PartLine(maker.producer_code, per_cent(maker.share)) for maker in makers] if has_makers else []
    return OriginForm(
        village=origin.village_code if origin else "",
        makers=_with_empty_lines(lines),
        stories=_with_empty_story([StoryLine(*each) for each in details.stories.items()] if details else []),
        gtins="\n".join(details.gtins) if details else "",
        seen=_digest(product_pk),
        has_makers=has_makers,
        problems=form_problems(language),
    )


def typed_origin_form(data: QueryDict, product_pk: int, language: str) -> OriginForm:
    return OriginForm(
        village=data.get("village", "").strip(),
        makers=_with_empty_lines(_typed_lines(data, "producer", "share")),
        stories=_with_empty_story(_typed_stories(data)),
        gtins=data.get("gtins", ""),
        seen=data.get("seen", ""),
        has_makers="has_makers" in data,
        problems=form_problems(language),
    )


@transaction.atomic
def remove_origin(product_pk: int, form: OriginForm) -> bool:
    """Forget the origin; False when it was refused: `form.problems` say why, and nothing was written."""
    registry_lock()
    if form.seen != _digest(product_pk):
        form.problems.add("form", ChangedMeanwhile("Somebody else has changed this product meanwhile."))
        return False
    try:
        with transaction.atomic():
            services.product_origin_remove(product_pk)
    except OriginHasLots as refusal:
        form.problems.add("form", refusal)
        return False
    return True


@transaction.atomic
def save_origin(product_pk: int, form: OriginForm, *, at: datetime.datetime) -> bool:
    """Carry the form out; False when it was refused: its problems say why, and nothing was written."""
    registry_lock()
    problems = form.problems
    if form.seen != _digest(product_pk):
        problems.add("form", ChangedMeanwhile("Somebody else has changed this product meanwhile."))
        return False
    village = _resolved(form.village, "village", problems, selectors.villages_like, _no_village)
    details = selectors.product_details([product_pk]).get(product_pk)
    if form.has_makers:
        makers = _makers(form, problems)
    else:
        origin = selectors.product_origins([product_pk])[product_pk]
        makers = {maker.producer_code: maker.share for maker in origin.makers}
    stories = _stories(form, problems)
    if problems or village is None:
        return False
    materials = {each.code: each.share for each in details.materials} if details else {}
    try:
        with transaction.atomic():
            services.product_origin_set(
                product_pk,
                village.code,
                makers,
                stories=stories,
                materials=materials,
                gtins=form.gtins.replace(",", " ").split(),
                at=at,
            )
    except OvopError as error:
        problems.add(error.field if error.field in ("village", "makers", "stories", "gtins") else "form", error)
        return False
    return True


def empty_lot_form(product_pk: int, language: str) -> LotForm:
    """A lot of the product's makers, whose units are still to be written."""
    origin = selectors.product_origins([product_pk]).get(product_pk)
    makers = origin.makers if origin and len(origin.makers) <= MAKERS_MAX else ()
    lines = [PartLine(maker.producer_code) for maker in makers]
    return LotForm("", "", "", _with_empty_lines(lines, 1), form_problems(language))


def typed_lot_form(data: QueryDict, language: str) -> LotForm:
    return LotForm(
        code=data.get("code", "").strip(),
        made_on=data.get("made_on", "").strip(),
        village=data.get("village", "").strip(),
        parts=_with_empty_lines(_typed_lines(data, "producer", "quantity"), 1),
        problems=form_problems(language),
    )


def save_lot(product_pk: int, form: LotForm, *, at: datetime.datetime) -> bool:
    """Add the lot, or change the one of that code; False when it was refused: its problems say why."""
    problems = form.problems
    village = ""
    if form.village:
        found = _resolved(form.village, "lot_village", problems, selectors.villages_like, _no_village)
        village = found.code if found else ""
    made_on = datetime.date.min
    try:
        made_on = datetime.date.fromisoformat(form.made_on)
    except ValueError:
        problems.add("made_on", InvalidDay("Write a day as 2026-03-31.", params={"value": form.made_on}))
    parts = []
    for line in form.parts:
        if not line.producer or not line.amount:
            continue  # a maker who gave nothing to this lot
        producer = _resolved(line.producer, "contributions", problems, selectors.producers_like, UnknownProducer)
        if not _WHOLE_NUMBER.match(line.amount):
            error = InvalidQuantity(f"{line.amount!r} is no whole number.", params={"value": line.amount})
            problems.add("contributions", error)
        elif producer is not None:
            parts.append(ContributionRow(producer.code, int(line.amount)))
    if problems:
        return False
    try:
        services.lot_save(product_pk, LotRow("", form.code, made_on, village, tuple(parts)), at=at)
    except OvopError as error:
        fields = {"code": "code", "lot": "code", "made_on": "made_on", "village": "lot_village"}
        fields["contributions"] = "contributions"
        problems.add(fields.get(error.field or "", "form"), error)
        return False
    return True


def _makers(form: OriginForm, problems: FormProblems) -> dict[str, int]:
    makers: dict[str, int] = {}
    for line in form.makers:
        if not line.producer and not line.amount:
            continue
        producer = _resolved(line.producer, "makers", problems, selectors.producers_like, UnknownProducer)
        if not _PER_CENT.match(line.amount):
            error = InvalidShare(f"{line.amount!r} is no share as per cent.", params={"value": line.amount})
            problems.add("makers", error)
            continue
        if producer is None:
            continue
        if producer.code in makers:
            error_twice = DuplicateMaker(f"{producer.code} is named twice.", params={"producer": producer.code})
            problems.add("makers", error_twice)
        makers[producer.code] = int(Decimal(line.amount.replace(",", ".")) * SHARE_WHOLE / 100)
    return makers


def _no_village(message: str, *, params: Mapping[str, object]) -> OvopError:
    if selectors.places([str(params["value"])]):
        return NotAVillage(f"{params['value']} is no village.", params=params)
    return UnknownPlace(message, params=params)


def _stories(form: OriginForm, problems: FormProblems) -> dict[str, str]:
    stories: dict[str, str] = {}
    for line in form.stories:
        if not line.text:
            continue  # an emptied story is taken away
        if line.tag in stories:
            problems.add("stories", DuplicateRow(f"There are two stories in {line.tag}.", params={"tag": line.tag}))
        stories[line.tag] = line.text
    return stories


def _resolved(
    text: str,
    name: str,
    problems: FormProblems,
    look: Callable[[str], Sequence[Found]],
    unknown: Callable[..., OvopError],
) -> Found | None:
    """The one thing of that code, or of that name; a problem at the field `name` when it is not one."""
    found = look(text)
    if len(found) == 1:
        return found[0]
    codes = [each.code for each in found]
    if found:
        problems.add(name, AmbiguousName(f"{text!r} may be {', '.join(codes)}.", params={"codes": codes}))
    else:
        problems.add(name, unknown(f"There is no {text!r}.", params={"value": text}))
    return None


def _typed_lines(data: QueryDict, producer: str, amount: str) -> list[PartLine]:
    typed = zip(data.getlist(producer), data.getlist(amount), strict=False)
    lines = [PartLine(code.strip(), number.strip().removesuffix("%").strip()) for code, number in typed]
    return [line for line in lines if line.producer or line.amount]


def _typed_stories(data: QueryDict) -> list[StoryLine]:
    typed = zip(data.getlist("story_language"), data.getlist("story"), strict=False)
    lines = [StoryLine(tag.strip(), text.replace("\r\n", "\n").strip()) for tag, text in typed]
    return [line for line in lines if line.text]


def _with_empty_story(lines: list[StoryLine]) -> list[StoryLine]:
    return [*lines, StoryLine()]


def _with_empty_lines(lines: list[PartLine], number: int = _EMPTY_LINES) -> list[PartLine]:
    return lines + [PartLine() for _ in range(number)]


def _digest(product_pk: int) -> str:
    """A text that differs when what the form shows is stored differently."""
    stored = (selectors.product_origins([product_pk]), selectors.product_details([product_pk]))
    return hashlib.sha256(repr(stored).encode()).hexdigest()[:32]
