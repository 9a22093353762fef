"""The audit: everything that must be true of the ledger, asked of the rows alone, without the code that wrote them."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names the broken rule, `what` the rows."""

    code: str
    what: str


_QUESTIONS = (
    (
        "entry_unbalanced",
        """SELECT 'entry ' || e.reference || ' is off by ' || sum(p.amount_minor) || ' ' || p.currency
            FROM ovop_producer_payouts_posting p JOIN ovop_producer_payouts_entry e ON e.id = p.entry_id
            GROUP BY e.reference, p.currency HAVING sum(p.amount_minor) <> 0 ORDER BY 1""",
    ),
    (
        "entry_empty",
        """SELECT 'entry ' || e.reference || ' has no postings' FROM ovop_producer_payouts_entry e
            WHERE NOT EXISTS (SELECT 1 FROM ovop_producer_payouts_posting p WHERE p.entry_id = e.id) ORDER BY 1""",
    ),
    (
        "currency_mismatch",
        """SELECT 'posting ' || p.id || ' is in ' || p.currency || ' on an account in ' || a.currency
            FROM ovop_producer_payouts_posting p JOIN ovop_producer_payouts_account a ON a.id = p.account_id
            WHERE a.currency <> p.currency ORDER BY 1""",
    ),
    (
        "order_unequal_to_snapshot",
        """SELECT 'order ' || o.number || ' holds ' || coalesce(sum(p.amount_minor), 0) || ' but the shop held '
                || (o.snapshot->>'held_minor')
            FROM ovop_producer_payouts_settledorder o
            LEFT JOIN ovop_producer_payouts_entry e ON e.order_id = o.order_id
            LEFT JOIN ovop_producer_payouts_posting p ON p.entry_id = e.id AND p.step = 'payment'
                AND p.account_id IN (SELECT id FROM ovop_producer_payouts_account WHERE path = 'psp:clearing')
            WHERE o.snapshot IS NOT NULL
            GROUP BY o.id HAVING coalesce(sum(p.amount_minor), 0) <> (o.snapshot->>'held_minor')::bigint ORDER BY 1""",
    ),
    (
        "order_currency_mixed",
        """SELECT 'order ' || o.number || ' is in ' || o.currency || ' and has postings in ' || p.currency
            FROM ovop_producer_payouts_settledorder o JOIN ovop_producer_payouts_entry e ON e.order_id = o.order_id
            JOIN ovop_producer_payouts_posting p ON p.entry_id = e.id WHERE p.currency <> o.currency
            GROUP BY o.number, o.currency, p.currency ORDER BY 1""",
    ),
    (
        "in_transit_unequal_to_payouts",
        """SELECT 'in transit to ' || coalesce(t.code, w.code) || ': ' || coalesce(t.total, 0) || ' '
                || coalesce(t.currency, w.currency) || ' in the ledger, ' || coalesce(w.total, 0) || ' in payouts'
            FROM (SELECT split_part(a.path, ':', 2) AS code, p.currency, -sum(p.amount_minor) AS total
                  FROM ovop_producer_payouts_posting p JOIN ovop_producer_payouts_account a ON a.id = p.account_id
                  WHERE a.path LIKE 'producer:%:in_transit' GROUP BY 1, 2 HAVING sum(p.amount_minor) <> 0) t
            FULL JOIN (SELECT producer_code AS code, currency, sum(amount_minor) AS total
                       FROM ovop_producer_payouts_payout WHERE status IN ('approved', 'submitted') GROUP BY 1, 2) w
                ON w.code = t.code AND w.currency = t.currency
            WHERE coalesce(t.total, 0) <> coalesce(w.total, 0) ORDER BY 1""",
    ),
    (
        "statement_number_gap",
        """SELECT 'statement numbers run from 1 to ' || max(number) || ' but there are ' || count(*)
           FROM ovop_producer_payouts_statement HAVING count(*) <> coalesce(max(number), 0)""",
    ),
    (
        "statement_unequal_to_postings",
        """SELECT 'statement ' || s.number || ' closes at ' || (s.content->>'closing_minor') || ' but its postings say '
                || (s.content->>'opening_minor')::bigint - coalesce(sum(p.amount_minor), 0)
            FROM ovop_producer_payouts_statement s
            LEFT JOIN ovop_producer_payouts_statementposting sp ON sp.statement_id = s.id
            LEFT JOIN ovop_producer_payouts_posting p ON p.id = sp.posting_id
            GROUP BY s.id HAVING (s.content->>'closing_minor')::bigint
                <> (s.content->>'opening_minor')::bigint - coalesce(sum(p.amount_minor), 0) ORDER BY 1""",
    ),
)


def ledger_findings() -> list[Finding]:
    """Everything that is wrong, by rule and row; empty when nothing is. One query per rule."""
    findings: list[Finding] = []
    with connection.cursor() as cursor:
        for code, question in _QUESTIONS:
            cursor.execute(question)
            findings += [Finding(code, str(what)) for (what,) in cursor.fetchall()]
    return findings
