"""Memberships: who is a part of which group. No producer is, through others, a part of itself."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from ovop_origin.errors import WrongMember
from ovop_origin.models import Membership, Producer, ProducerKind
from ovop_origin.records import MembershipRow
from ovop_origin.rules import check_membership, is_code
from ovop_origin.services.load import Load, unknown_producer
from ovop_origin.services.sections.base import Section
from ovop_origin.services.writing import upsert

# UNION drops what was found already, so it ends whatever the table holds.
_ABOVE = """
WITH RECURSIVE above(member_id, group_id) AS (
    SELECT member_id, group_id FROM ovop_origin_membership WHERE member_id = ANY(%s)
    UNION
    SELECT next.member_id, next.group_id FROM ovop_origin_membership next JOIN above ON next.member_id = above.group_id
)
SELECT member_id, group_id FROM above
"""


class Memberships(Section[MembershipRow]):
    name = "memberships"
    tables = (Membership,)

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self._producers: dict[str, tuple[int, str]] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        self._groups_above: dict[int, set[int]] = {}

    @staticmethod
    def key(row: MembershipRow) -> str:
        return f"{row.group}/{row.member}"

    def read(self, rows: Sequence[MembershipRow]) -> None:
        """Three queries: the producers, their memberships, and all that lies above the groups."""
        codes = {code for row in rows for code in (row.group, row.member) if is_code(code)}
        found = Producer.objects.filter(code__in=codes).values_list("code", "pk", "kind")
        self._producers = {code: (pk, kind) for code, pk, kind in found}
        codes_by_id = {pk: code for code, (pk, _) in self._producers.items()}
        group_ids = {self._producers[row.group][0] for row in rows if row.group in self._producers}
        member_ids = {self._producers[row.member][0] for row in rows if row.member in self._producers}
        memberships = Membership.objects.filter(group__in=group_ids, member__in=member_ids)
        self._stored = {
            f"{codes_by_id[group_id]}/{codes_by_id[member_id]}": {"since": since, "until": until}
            for group_id, member_id, since, until in memberships.values_list("group_id", "member_id", "since", "until")
        }
        self._groups_above = {}
        with connection.cursor() as cursor:
            cursor.execute(_ABOVE, [list(group_ids)])
            for member_id, group_id in cursor.fetchall():
                self._groups_above.setdefault(member_id, set()).add(group_id)

    def check(self, row: MembershipRow) -> MembershipRow | None:
        row = check_membership(row)
        if self.load.has_refused("producers", (row.group, row.member)):
            return None
        for field_name, code in (("group", row.group), ("member", row.member)):
            if code not in self._producers:
                raise unknown_producer(field_name, code, row.row)
        (group_id, kind), (member_id, _) = self._producers[row.group], self._producers[row.member]
        if kind == ProducerKind.PERSON:
            raise WrongMember(f"{row.group} is a person, and has no members.", field="group", row=row.row)
        if self._lies_above(member_id, group_id):
            raise WrongMember(
                f"{row.group} is a part of {row.member} already; no producer is a part of itself.",
                field="member",
                row=row.row,
            )
        self._groups_above.setdefault(member_id, set()).add(group_id)
        return row

    def write(self, rows: Sequence[MembershipRow]) -> None:
        """At most one query."""
        created = changed = 0
        written = []
        for row in rows:
            key = self.key(row)
            difference = self.compare(key, self._stored.get(key), {"since": row.since, "until": row.until})
            created += difference is None
            changed += difference is True
            if difference is not False:
                group_id, member_id = self._producers[row.group][0], self._producers[row.member][0]
                written.append(Membership(group_id=group_id, member_id=member_id, since=row.since, until=row.until))
        upsert(written, ("group", "member"), ("since", "until"))
        self.load.count(self.name, len(rows), created, changed)

    def _lies_above(self, wanted: int, start: int) -> bool:
        """Whether `wanted` is among the groups that `start` is, directly or through others, a part of."""
        seen, waiting = {start}, [start]
        while waiting:
            for group_id in self._groups_above.get(waiting.pop(), ()):
                if group_id == wanted:
                    return True
                if group_id not in seen:
                    seen.add(group_id)
                    waiting.append(group_id)
        return False
