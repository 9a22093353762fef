"""Posting entries: the only way into the ledger."""

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from ovop_producer_payouts.accounts import checked_path
from ovop_producer_payouts.errors import EntryUnbalanced, ReferenceTaken
from ovop_producer_payouts.models import Account, Entry, EntryKind
from ovop_shared.money import minor_digits


@dataclass(frozen=True, slots=True)
class PostingDraft:
    """One leg: positive minor units are received by the account, negative ones given. Never zero."""

    account: str
    currency: str
    amount_minor: int
    line_id: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry to be. `reference` makes it happen once; the moment `posted_at` is not part of its content."""

    reference: str
    kind: EntryKind
    posted_at: datetime.datetime
    postings: tuple[PostingDraft, ...]
    order_id: str = ""
    reason: str = ""
    corrects_id: int | None = None
    quantities: Mapping[str, int] = field(default_factory=dict)

    def content_sha256(self) -> str:
        content = [
            self.kind.value,
            self.order_id,
            self.reason,
            self.corrects_id,
            sorted(self.quantities.items()),
            sorted((leg.account, leg.currency, leg.amount_minor, leg.line_id, leg.step) for leg in self.postings),
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def entries_post(drafts: Sequence[EntryDraft]) -> int:
    """Post the entries, all or none, and say how many were new.

    A draft whose reference is posted with the same content is passed over; with other content it raises
    ReferenceTaken. Raises EntryUnbalanced and InvalidAccount before anything is written; PostgreSQL checks the
    balance again at commit. Five queries at most, whatever the number of drafts.
    """
    by_reference: dict[str, EntryDraft] = {}
    for draft in drafts:
        _check(draft)
        first = by_reference.setdefault(draft.reference, draft)
        if first is not draft and first.content_sha256() != draft.content_sha256():
            raise _taken(draft)
    if not drafts:
        return 0
    drafts = list(by_reference.values())
    with transaction.atomic(savepoint=False):
        entry_pks = _insert_entries(drafts)
        _check_the_rest(drafts, entry_pks)
        fresh = [draft for draft in drafts if draft.reference in entry_pks]
        account_pks = _account_pks({(leg.account, leg.currency) for draft in fresh for leg in draft.postings})
        _copy_postings(
            (entry_pks[draft.reference], account_pks[leg.account, leg.currency], leg)
            for draft in fresh
            for leg in draft.postings
        )
    return len(fresh)


def _check(draft: EntryDraft) -> None:
    sums: dict[str, int] = {}
    for leg in draft.postings:
        checked_path(leg.account)
        minor_digits(leg.currency)
        sums[leg.currency] = sums.get(leg.currency, 0) + leg.amount_minor
    if not sums or any(sums.values()) or not all(leg.amount_minor for leg in draft.postings):
        raise EntryUnbalanced(
            f"Entry {draft.reference} does not sum to zero, or a posting of it is zero.",
            field="postings",
            params={"reference": draft.reference, "sums": sums},
        )


def _insert_entries(drafts: Sequence[EntryDraft]) -> dict[str, int]:
    """Reference -> pk of the entries that were new."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ovop_producer_payouts_entry
                (reference, kind, order_id, reason, corrects_id, quantities, content_sha256, posted_at)
            SELECT * FROM unnest(%s::varchar[], %s::varchar[], %s::varchar[], %s::text[], %s::bigint[], %s::jsonb[],
                                 %s::varchar[], %s::timestamptz[])
            ON CONFLICT (reference) DO NOTHING
            RETURNING reference, id
            """,
            [
                [draft.reference for draft in drafts],
                [draft.kind.value for draft in drafts],
                [draft.order_id for draft in drafts],
                [draft.reason for draft in drafts],
                [draft.corrects_id for draft in drafts],
                [json.dumps(dict(draft.quantities)) for draft in drafts],
                [draft.content_sha256() for draft in drafts],
                [draft.posted_at for draft in drafts],
            ],
        )
        return dict(cursor.fetchall())


def _check_the_rest(drafts: Sequence[EntryDraft], fresh: dict[str, int]) -> None:
    known = [draft for draft in drafts if draft.reference not in fresh]
    if not known:
        return
    contents = dict(
        Entry.objects.filter(reference__in=[draft.reference for draft in known]).values_list(
            "reference", "content_sha256"
        )
    )
    for draft in known:
        if contents[draft.reference] != draft.content_sha256():
            raise _taken(draft)


def _taken(draft: EntryDraft) -> ReferenceTaken:
    return ReferenceTaken(
        f"Entry {draft.reference} is posted with other content.",
        field="reference",
        params={"reference": draft.reference},
    )


def _account_pks(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    found = _find_accounts(wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        Account.objects.bulk_create(
            [Account(path=path, currency=currency) for path, currency in missing], ignore_conflicts=True
        )
        found |= _find_accounts(set(missing))
    return found


def _find_accounts(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    rows = Account.objects.filter(
        path__in={path for path, _ in wanted}, currency__in={currency for _, currency in wanted}
    ).values_list("path", "currency", "pk")
    return {(path, currency): pk for path, currency, pk in rows}


def _copy_postings(rows: Iterable[tuple[int, int, PostingDraft]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY ovop_producer_payouts_posting (entry_id, account_id, currency, amount_minor, line_id, step) FROM STDIN"
        ) as copy,
    ):
        for entry_pk, account_pk, leg in rows:
            copy.write_row((entry_pk, account_pk, leg.currency, leg.amount_minor, leg.line_id, leg.step))
