"""The money over HTTP: who sees what, with exact statuses and codes; the signed link; pages in several languages."""

import datetime
import json
from typing import Any

import pytest
from batch_steps import JAM_MINOR, sold
from django.core import signing
from django.test import Client
from django.utils import timezone
from payouts_world import AT, client_for, line, order, settle
from test_statements import issue

from ovop_producer_payouts.snapshot import OrderState
from ovop_producer_payouts.statement_links import VALID_SECONDS, statement_number, statement_token
from ovop_shared.errors import InvalidToken
from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.requester import ANONYMOUS, HANDLE_PAYMENTS, Requester, RequesterKind
from ovop_standalone.tokens import make_token

pytestmark = pytest.mark.usefixtures("money")

BASE = "/plugins/ovop.producer_payouts/"
RIGHT = frozenset({HANDLE_PAYMENTS})

# Ak Kiyiz's Saleor account is user 5, Aigerim's is user 6.
CLIENTS = {
    "anonymous": ANONYMOUS,
    "own customer": Requester(RequesterKind.CUSTOMER, name="ak@example.com", user_id="5"),
    "other customer": Requester(RequesterKind.CUSTOMER, name="aigerim@example.com", user_id="6"),
    "customer with a right it cannot have": Requester(RequesterKind.CUSTOMER, user_id="7", permissions=RIGHT),
    "staff without": Requester(RequesterKind.STAFF, user_id="8", permissions=frozenset({"manage_orders"})),
    "staff with": Requester(RequesterKind.STAFF, user_id="9", permissions=RIGHT),
    "staff of another channel": Requester(
        RequesterKind.STAFF, user_id="10", permissions=RIGHT, channels=frozenset({"japan-jpy"})
    ),
    "app without": Requester(RequesterKind.APP, name="an app"),
    "app with": Requester(RequesterKind.APP, name="an app", permissions=RIGHT),
}
OK = (200, "")
SIGN_IN = (401, "authentication_required")
FORBIDDEN = (403, "permission_denied")
MISSING = (404, "not_found")
OF_STAFF = {
    "anonymous": SIGN_IN,
    "own customer": FORBIDDEN,
    "other customer": FORBIDDEN,
    "customer with a right it cannot have": FORBIDDEN,
    "staff without": FORBIDDEN,
    "staff with": OK,
    "staff of another channel": OK,
    "app without": FORBIDDEN,
    "app with": OK,
}
OF_THE_PRODUCER = {client: MISSING if answer == FORBIDDEN else answer for client, answer in OF_STAFF.items()} | {
    "own customer": OK
}
OF_NOBODY = {client: MISSING if answer == OK else answer for client, answer in OF_STAFF.items()}
TABLE = {
    "ledger/": OF_STAFF,
    "orders/o1/": OF_STAFF | {"staff of another channel": MISSING},
    "orders/o9/": OF_NOBODY,
    "statements/1/": OF_THE_PRODUCER,
    "statements/99/": OF_THE_PRODUCER
    | dict.fromkeys(("own customer", "staff with", "staff of another channel", "app with"), MISSING),
}
ROWS = [
    pytest.param(path, client, answer, id=f"{path} {client}")
    for path, answers in TABLE.items()
    for client, answer in answers.items()
]

BALANCES = "{ balances { account amount { minor currency } } }"
SPLIT = """
{ orderSplit(orderId: "o1") {
  number channel currency
  sections { title rule isResolved parts { name account amount { minor } } }
  postings { entry kind account lineId step amount { minor currency } }
} }
"""
ACCOUNT = """
{ producerAccount(code: "ak-kiyiz") {
  code
  balances { account amount { minor currency } }
  statements { number currency periodFromOn periodUntilOn opening { minor } closing { minor } sha256 link }
} }
"""


@pytest.fixture
def money(world: None) -> None:
    """One sale of Ak Kiyiz's jam, on its statement in Kyrgyz."""
    settle(sold(lines=(line(product_pk=12, product_name="Jam <b>& honey</b>"),)))
    issue()


def answer_to(client: str, path: str) -> tuple[int, str]:
    response = client_for(CLIENTS[client]).get(BASE + path)
    if response.status_code == 200:
        return 200, ""
    (error,) = response.json()["errors"]
    return response.status_code, error["code"]


def graphql(query: str, client: str = "staff with", **variables: object) -> dict[str, Any]:
    response = client_for(CLIENTS[client]).post(
        BASE + "graphql/", json.dumps({"query": query, "variables": variables}), content_type="application/json"
    )
    answer: dict[str, Any] = response.json()
    return answer


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


@pytest.mark.parametrize(("path", "client", "answer"), ROWS)
def test_a_page_is_shown_to_whom_it_concerns(path: str, client: str, answer: tuple[int, str]) -> None:
    assert answer_to(client, path) == answer


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("query", "answers"), [(BALANCES, OF_STAFF), (SPLIT, TABLE["orders/o1/"]), (ACCOUNT, OF_THE_PRODUCER)]
)
def test_graphql_answers_as_the_pages_do(query: str, answers: dict[str, tuple[int, str]], client: str) -> None:
    answer = graphql(query, client)

    expected = answers[client][1]
    assert codes(answer) == ([expected] if expected else [])
    if expected:
        assert not answer["data"] or not any(answer["data"].values())


def test_graphql_tells_the_balances_in_strings_of_minor_units() -> None:
    assert graphql(BALANCES) == {
        "data": {
            "balances": [
                {"account": account, "amount": {"minor": minor, "currency": "KGS"}}
                for account, minor in [
                    ("association:fee", "-850"),
                    ("outlet:karakol:commission", "-1500"),
                    ("producer:ak-kiyiz:payable", str(-JAM_MINOR)),
                    ("psp:clearing", "10000"),
                    ("village:KG-Y-barskoon:fund", "-500"),
                ]
            ]
        }
    }


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ('prefix: "producer:"', 1),
        ('currency: "KGS"', 5),
        ('currency: "USD"', 0),
        ('prefix: "association:", currency: "KGS"', 1),
        ('prefix: ""', 5),
    ],
)
def test_graphql_narrows_the_balances(arguments: str, count: int) -> None:
    answer = graphql(f"{{ balances({arguments}) {{ account }} }}")

    assert codes(answer) == []
    assert len(answer["data"]["balances"]) == count


def test_graphql_tells_an_orders_split_step_by_step() -> None:
    split = graphql(SPLIT)["data"]["orderSplit"]

    assert (split["number"], split["channel"], split["currency"]) == ("1001", "issyk-kul-kgs", "KGS")
    (of_line,) = split["sections"]
    assert (of_line["title"], of_line["rule"], of_line["isResolved"]) == ("Jam <b>& honey</b>", "standard v1", True)
    assert {part["account"]: (part["name"], part["amount"]["minor"]) for part in of_line["parts"]} == {
        "association:fee": ("Association fee", "850"),
        "outlet:karakol:commission": ("Outlet commission", "1500"),
        "producer:ak-kiyiz:payable": ("Ak Kiyiz", str(JAM_MINOR)),
        "village:KG-Y-barskoon:fund": ("Village fund", "500"),
    }
    assert sum(int(each["amount"]["minor"]) for each in split["postings"]) == 0
    assert {each["entry"] for each in split["postings"]} == {"settle:o1:1"}


def test_graphql_knows_no_order_that_was_never_settled() -> None:
    assert graphql('{ orderSplit(orderId: "o9") { number } }') == {"data": {"orderSplit": None}}


def test_a_producer_sees_what_it_is_owed_and_its_statements() -> None:
    account = graphql(ACCOUNT, "own customer")["data"]["producerAccount"]

    assert account["code"] == "ak-kiyiz"
    assert account["balances"] == [
        {"account": "producer:ak-kiyiz:payable", "amount": {"minor": str(-JAM_MINOR), "currency": "KGS"}}
    ]
    (statement,) = account["statements"]
    assert (statement["number"], statement["periodFromOn"], statement["periodUntilOn"]) == (
        1,
        "2025-06-01",
        "2025-06-30",
    )
    assert (statement["opening"]["minor"], statement["closing"]["minor"]) == ("0", str(JAM_MINOR))
    assert Client().get(statement["link"]).status_code == 200


def test_amounts_beyond_32_bits_are_told_exactly() -> None:
    settle(order(line(gross_minor=9_007_199_254_740_993), order_id="o2", state=OrderState.CANCELLED))

    answer = graphql('{ balances(prefix: "customer:") { amount { minor } } }')

    assert answer["data"]["balances"] == [{"amount": {"minor": "-9007199254740993"}}]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_signed_link_opens_its_statement_for_whoever_holds_it(client: str) -> None:
    response = client_for(CLIENTS[client]).get(f"{BASE}s/{statement_token(1)}/")

    assert response.status_code == 200
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def altered(token: str) -> str:
    return ("A" if token[0] != "A" else "B") + token[1:]


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "1",
        altered(statement_token(1)),
        statement_token(1)[:-1],
        statement_token(1) + "A",
        ":".join(["Mg", *statement_token(1).split(":")[1:]]),  # another's number under this one's signature
        signing.dumps(1),
        signing.dumps(1, salt="ovop_standalone.tokens"),
        signing.dumps("1", salt="ovop_producer_payouts.statement"),
        signing.dumps(True, salt="ovop_producer_payouts.statement"),
        signing.dumps([1], salt="ovop_producer_payouts.statement"),
        make_token(CLIENTS["staff with"], at=timezone.now()),
    ],
)
def test_a_link_that_is_not_ours_is_refused(token: str) -> None:
    response = Client().get(f"{BASE}s/{token}/")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (401, "invalid_token")


def test_a_link_is_good_for_its_days_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    token = statement_token(1)
    now = timezone.now().timestamp()

    monkeypatch.setattr("django.core.signing.time.time", lambda: now + VALID_SECONDS - 5)
    assert statement_number(token) == 1

    monkeypatch.setattr("django.core.signing.time.time", lambda: now + VALID_SECONDS + 5)
    with pytest.raises(InvalidToken):
        statement_number(token)


def test_a_link_opens_no_other_statement() -> None:
    other = issue(producer="aigerim")

    mine = Client().get(f"{BASE}s/{statement_token(1)}/").content.decode()
    others = Client().get(f"{BASE}s/{statement_token(other.number)}/").content.decode()

    assert ("ak-kiyiz" in mine, "aigerim" in mine) == (True, False)
    assert ("ak-kiyiz" in others, "aigerim" in others) == (False, True)


def test_a_link_to_a_statement_that_is_not_there_finds_nothing() -> None:
    response = Client().get(f"{BASE}s/{statement_token(99)}/")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "not_found")


def test_a_refusal_is_a_page_for_a_browser() -> None:
    response = Client().get(f"{BASE}ledger/", headers={"accept": "text/html"})

    assert response.status_code == 401
    assert response.headers["Content-Type"].startswith("text/html")
    assert "authentication_required" in response.content.decode()


@pytest.mark.parametrize("language", LANGUAGE_TAGS)
@pytest.mark.parametrize("path", ["statements/1/", "ledger/", "orders/o1/"])
def test_every_page_speaks_every_language(path: str, language: str) -> None:
    response = client_for(CLIENTS["staff with"]).get(f"{BASE}{path}?lang={language}")

    text = response.content.decode()
    assert response.status_code == 200
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}"' in text
    assert "<b>& honey</b>" not in text


def test_a_statement_is_in_the_producers_language_whatever_the_browser_speaks() -> None:
    response = Client().get(f"{BASE}s/{statement_token(1)}/", headers={"accept-language": "ja"})

    text = response.content.decode()
    assert response.headers["Content-Language"] == "ky"
    assert "Сатуу түйүнүнүн комиссиясы" in text
    assert "Jam &lt;b&gt;&amp; honey&lt;/b&gt;" in text
    assert "71,50\N{NO-BREAK SPACE}KGS" in text


def test_the_same_statement_is_the_same_page_byte_for_byte() -> None:
    first, again = (Client().get(f"{BASE}s/{statement_token(1)}/").content for _ in range(2))

    assert first == again


# Two o'clock on the third of September in Bishkek.
EVENING = datetime.datetime(2025, 9, 2, 20, tzinfo=datetime.UTC)


def test_a_statement_tells_the_shops_day_it_was_issued_on() -> None:
    issue((datetime.date(2025, 7, 1), datetime.date(2025, 7, 31)), at=EVENING)

    page = Client().get(f"{BASE}s/{statement_token(2)}/?lang=en").content.decode()

    assert "Sep 3, 2025" in page
    assert "Sep 2, 2025" not in page


def test_an_orders_page_tells_the_shops_day_it_was_placed_on() -> None:
    settle(sold("o2", placed_at=EVENING))

    page = client_for(CLIENTS["staff with"]).get(f"{BASE}orders/o2/?lang=en").content.decode()

    assert "Sep 3, 2025" in page


def test_a_balance_asked_for_with_empty_variables_is_not_narrowed() -> None:
    query = "query ($prefix: String, $currency: String) { balances(prefix: $prefix, currency: $currency) { account } }"

    assert len(graphql(query, prefix=None, currency=None)["data"]["balances"]) == 5


def test_an_unknown_address_is_refused_with_a_code() -> None:
    response = Client().get(f"{BASE}nothing/")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "not_found")


def test_a_statements_number_beyond_every_table_is_not_found() -> None:
    assert answer_to("staff with", f"statements/{10**30}/") == MISSING


def test_the_sale_was_on_the_day_the_order_was_posted() -> None:
    assert issue().content["lines"][0]["on"] == AT.date().isoformat()
