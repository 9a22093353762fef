"""Issuing statements: once, numbered without gaps, never changed."""

import datetime

from django.db import transaction

from ovop_origin.selectors import ProducerFacts, best_name, producers
from ovop_producer_payouts import accounts
from ovop_producer_payouts.errors import PeriodInFuture, StatementExists
from ovop_producer_payouts.locks import lock_statement_counter
from ovop_producer_payouts.models import Posting, SettledLine, SettledOrder, Statement, StatementPosting
from ovop_producer_payouts.selectors import payable_minor
from ovop_producer_payouts.split import TAX
from ovop_producer_payouts.split_rules import terms_from_document
from ovop_producer_payouts.statement_content import StatementLine, content_sha256, line_parts, statement_content
from ovop_shared.errors import NotFound
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS, UnknownLanguage, page_language
from ovop_shared.money import minor_digits
from ovop_shared.records import translated_name
from ovop_shared.shop_time import shop_day, shop_zone
from ovop_shared.translations import translate

DISPUTE_DAYS = 30


def statement_issue(
    *,
    producer_code: str,
    currency: str,
    period_from_on: datetime.date,
    period_until_on: datetime.date,
    at: datetime.datetime,
    language: str | None = None,
) -> Statement:
    """Issue the statement of a producer for a period (both days included), or return the one issued before.

    It lists what was posted on the producer's accounts until the period's end and stands on no statement yet, so a
    posting that came late, or later on its last day, is on the next one and none is on two. Raises NotFound for an
    unknown producer, PeriodInFuture, UnknownLanguage, StatementExists when the period overlaps another statement's.
    """
    minor_digits(currency)
    if period_until_on < period_from_on or period_until_on > shop_day(at):
        raise PeriodInFuture("A statement is not for days to come.", field="period_until_on")
    if language is not None and language not in LANGUAGE_TAGS:
        raise UnknownLanguage(f"Statements are not written in {language!r}.", field="language")
    facts = producers([producer_code]).get(producer_code)
    if facts is None:
        raise NotFound(f"There is no producer {producer_code}.", field="producer_code")
    with transaction.atomic():
        counter = lock_statement_counter()
        earlier = Statement.objects.filter(producer_code=producer_code, currency=currency)
        same = earlier.filter(period_from_on=period_from_on, period_until_on=period_until_on).first()
        if same is not None:
            return same
        if earlier.filter(period_until_on__gte=period_from_on).exists():
            raise StatementExists("The period overlaps an issued statement's.", field="period_from_on")
        counter.last_number += 1
        counter.save(update_fields=["last_number"])
        return _issue(
            counter.last_number,
            facts,
            currency,
            period_from_on,
            period_until_on,
            at,
            language or page_language(facts.language, default=DEFAULT_LANGUAGE),
        )


def _issue(
    number: int,
    facts: ProducerFacts,
    currency: str,
    period_from_on: datetime.date,
    period_until_on: datetime.date,
    at: datetime.datetime,
    language: str,
) -> Statement:
    period_end = datetime.datetime.combine(
        period_until_on + datetime.timedelta(days=1), datetime.time(), tzinfo=shop_zone()
    )
    own = [accounts.producer_payable(facts.code), accounts.producer_in_transit(facts.code)]
    mine = Posting.objects.filter(account__path__in=own, currency=currency)
    fresh = list(
        mine.filter(statement_posting=None, entry__posted_at__lt=period_end)
        .select_related("entry", "account")
        .order_by("entry__posted_at", "entry_id", "line_id", "pk")
    )
    covered = mine.exclude(statement_posting=None).values_list("amount_minor", flat=True)
    content = statement_content(
        number=number,
        producer={
            "code": facts.code,
            "name": best_name(facts.names, language),
            "village": best_name(facts.village_names, language),
            "region": best_name(facts.region_names, language),
        },
        currency=currency,
        period_from_on=period_from_on,
        period_until_on=period_until_on,
        language=language,
        opening_minor=-sum(covered),
        lines=_lines(fresh, facts.code, language),
        payable_minor=payable_minor(currency, period_end).get(facts.code, 0),
        dispute_until_on=shop_day(at) + datetime.timedelta(days=DISPUTE_DAYS),
    )
    statement = Statement.objects.create(
        number=number,
        producer_code=facts.code,
        currency=currency,
        period_from_on=period_from_on,
        period_until_on=period_until_on,
        language=language,
        content=content,
        content_sha256=content_sha256(content),
        issued_at=at,
    )
    StatementPosting.objects.bulk_create([StatementPosting(statement=statement, posting=posting) for posting in fresh])
    return statement


def _lines(fresh: list[Posting], producer_code: str, language: str) -> list[StatementLine]:
    order_ids = {posting.entry.order_id for posting in fresh if posting.entry.order_id}
    orders = {order.order_id: order for order in SettledOrder.objects.filter(order_id__in=order_ids)}
    sold = {
        (line.order.order_id, line.line_id): line
        for line in SettledLine.objects.filter(order__order_id__in=order_ids).select_related("order")
    }
    whole: dict[tuple[int, str], list[tuple[str, str, int]]] = {}
    legs = Posting.objects.filter(entry__in={posting.entry_id for posting in fresh}).exclude(line_id="")
    for entry_id, line_id, path, step, amount_minor in legs.order_by("pk").values_list(
        "entry_id", "line_id", "account__path", "step", "amount_minor"
    ):
        whole.setdefault((entry_id, line_id), []).append((path, step, amount_minor))
    amounts: dict[tuple[int, str], int] = {}
    firsts: dict[tuple[int, str], Posting] = {}
    for posting in fresh:
        key = (posting.entry_id, posting.line_id)
        amounts[key] = amounts.get(key, 0) - posting.amount_minor
        firsts.setdefault(key, posting)
    return [
        _line(
            firsts[key],
            amount_minor,
            orders.get(firsts[key].entry.order_id),
            sold.get((firsts[key].entry.order_id, key[1])),
            whole.get(key, []),
            producer_code,
            language,
        )
        for key, amount_minor in amounts.items()
        if amount_minor
    ]


def _line(
    posting: Posting,
    amount_minor: int,
    order: SettledOrder | None,
    sold: SettledLine | None,
    legs: list[tuple[str, str, int]],
    producer_code: str,
    language: str,
) -> StatementLine:
    names = {TAX: translate("Tax", language)}
    share = shares = 0
    outlet = ""
    if sold is not None:
        terms = terms_from_document(sold.terms)
        names |= {step.code: best_name(step.names, language) for step in terms.steps}
        outlet = terms.outlet
        share = sum(maker.share for maker in terms.makers if maker.producer_code == producer_code)
        shares = sum(maker.share for maker in terms.makers)
    gross_minor, parts, makers_minor = line_parts(legs, names)
    return StatementLine(
        on=shop_day(posting.entry.posted_at),
        kind=posting.entry.kind,
        order_number=order.number if order else "",
        outlet=outlet,
        product_name=translated_name(sold.facts["product_names"], sold.product_name, language) if sold else "",
        quantity=posting.entry.quantities.get(posting.line_id, 0),
        share=share,
        shares=shares,
        line_gross_minor=gross_minor if sold else 0,
        parts=parts if sold else (),
        makers_minor=makers_minor if sold else 0,
        amount_minor=amount_minor,
        reference=posting.entry.reason if posting.entry.kind.startswith("payout") else posting.entry.reference,
    )
