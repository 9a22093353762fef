"""What the benches read from the ledger's tables, and the plain copy of those tables that shows the limit."""

from dataclasses import dataclass

from django.db import connection

ENTRY = "ovop_producer_payouts_entry"
POSTING = "ovop_producer_payouts_posting"
ENTRY_COPY = "bench_copy_entry"
POSTING_COPY = "bench_copy_posting"
ENTRY_COLUMNS = "id, reference, kind, order_id, reason, corrects_id, content_sha256, posted_at"
POSTING_COLUMNS = "entry_id, account_id, currency, amount_minor, line_id, step"


@dataclass(frozen=True, slots=True)
class Leg:
    account: str
    currency: str
    amount_minor: int
    description: str


def tidy_up() -> None:
    """What autovacuum would do at a moment of its own choosing."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def last_entry_pk() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {ENTRY}")
        return int(cursor.fetchone()[0])


def count_postings(table: str, after_entry_pk: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE entry_id > %s", [after_entry_pk])
        return int(cursor.fetchone()[0])


def legs_by_entry(after_entry_pk: int) -> dict[str, list[Leg]]:
    """Reference -> the legs of each entry that came after, as they were posted."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT entry.reference, account.path, posting.currency, posting.amount_minor, posting.line_id, posting.step
            FROM {POSTING} posting JOIN {ENTRY} entry ON entry.id = posting.entry_id
            JOIN ovop_producer_payouts_account account ON account.id = posting.account_id
            WHERE entry.id > %s ORDER BY posting.id
            """,
            [after_entry_pk],
        )
        found: dict[str, list[Leg]] = {}
        for reference, path, currency, amount_minor, line_id, step in cursor.fetchall():
            found.setdefault(reference, []).append(Leg(path, currency, amount_minor, f"{line_id} {step}".strip()))
        return found


def make_copies() -> None:
    """Empty tables with the columns, defaults, checks, indexes and foreign keys of the ledger's, without its triggers."""
    with connection.cursor() as cursor:
        for original, copy in ((ENTRY, ENTRY_COPY), (POSTING, POSTING_COPY)):
            cursor.execute(f"CREATE TABLE {copy} (LIKE {original} INCLUDING ALL)")
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
                [original],
            )
            for (definition,) in cursor.fetchall():
                own = definition.replace(f"REFERENCES {ENTRY}(", f"REFERENCES {ENTRY_COPY}(")
                cursor.execute(f"ALTER TABLE {copy} ADD {own}")


def copied_out(table: str, columns: str, where: str, after_entry_pk: int) -> bytes:
    """The rows after that entry in COPY's own format."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY (SELECT {columns} FROM {table} WHERE {where} > {after_entry_pk} ORDER BY id) TO STDOUT"
        ) as out,
    ):
        return b"".join(bytes(block) for block in out)


def copy_in(table: str, columns: str, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        copy.write(rows)
