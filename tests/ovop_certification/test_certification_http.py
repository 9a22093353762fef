"""The public edge: the verification page and GraphQL, the same for everybody who may ask."""

import datetime
import json
from base64 import b64encode
from typing import Any

import graphene
import pytest
from certification_world import HONEY, JUICE, registry_document
from django.test import Client
from django.utils import timezone

from ovop_certification.models import Certificate, EventKind, Market
from ovop_certification.rules import Reason, ReasonCode, Rulebook
from ovop_certification.schema.queries import Query as PublicQuery
from ovop_certification.services import certificate_event_add, registry_load
from ovop_certification.texts import REASON_TEXTS, STATUS_TEXTS, refusal_message, undecided_message
from ovop_shared.catalogue import host_catalogue
from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.mounting import page_url
from ovop_shared.requester import MANAGE_PLUGINS, MANAGE_PRODUCTS, Requester, RequesterKind
from ovop_shared.translations import translate
from ovop_standalone.tokens import make_token

GRAPHQL = "/plugins/ovop.certification/graphql/"
HOST = "http://testserver/plugins/ovop.certification"
REQUESTERS = {
    "anonymous": None,
    "customer": Requester(RequesterKind.CUSTOMER, "customer", "7"),
    "staff without the right": Requester(RequesterKind.STAFF, "staff", "8"),
    "staff": Requester(RequesterKind.STAFF, "staff", "9", frozenset({MANAGE_PRODUCTS, MANAGE_PLUGINS})),
    "app": Requester(RequesterKind.APP, "app", permissions=frozenset({MANAGE_PRODUCTS})),
}


def today_document() -> dict[str, Any]:
    """The small registry with the honey's certificate valid on the day the test runs."""
    document = registry_document()
    document["certificates"][0]["valid_until_on"] = (timezone.now() + datetime.timedelta(days=30)).date().isoformat()
    return document


@pytest.fixture
def current(shop: None) -> None:
    registry_load(today_document(), catalogue=host_catalogue(), at=timezone.now())


def ask(query: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    response = Client().post(GRAPHQL, json.dumps({"query": query}), content_type="application/json", headers=headers)
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def bearer(name: str) -> dict[str, str]:
    requester = REQUESTERS[name]
    return {"Authorization": f"Bearer {make_token(requester, at=timezone.now())}"} if requester else {}


@pytest.mark.usefixtures("current")
@pytest.mark.parametrize("name", REQUESTERS)
def test_everybody_is_told_the_same_public_facts(name: str) -> None:
    answer = ask(
        """{
          refused: decision(productId: 3, channel: "kgs") {
            allowed reasons { code scheme certificateNumber isBlocking } nextChangeAt message ru: message(language: "RU")
          }
          allowed: decision(productId: 1, channel: "kgs", country: "KG") { allowed reasons { code } message }
          certificates(productIds: [1, 2, 2]) {
            productId certificates {
              scheme number issuingBody validFromOn validUntilOn status stars replacedBy
              name ru: name(language: "ru") names { language text } one: names(language: "RU") { text }
              markets { code name(language: "ru") countries } verificationUrl
              badgeUrl big: badgeUrl(size: LARGE, language: "ky")
            }
          }
        }""",
        bearer(name),
    )

    until = today_document()["certificates"][0]["valid_until_on"]
    assert answer == {
        "data": {
            "refused": {
                "allowed": False,
                "reasons": [{"code": "SUSPENDED", "scheme": "eac", "certificateNumber": "EAC/2", "isBlocking": True}],
                "nextChangeAt": None,
                "message": "Wild-berry jam cannot be sold in Kyrgyzstan: its certificate “EAC declaration” EAC/2 is suspended.",
                "ru": "Товар «Wild-berry jam» нельзя продавать на рынке «Кыргызстан»: действие сертификата "
                "«Декларация ЕАЭС» EAC/2 приостановлено.",
            },
            "allowed": {"allowed": True, "reasons": [], "message": None},
            "certificates": [
                {
                    "productId": HONEY,
                    "certificates": [
                        {
                            "scheme": "eac",
                            "number": "EAC-1",
                            "issuingBody": "Sample conformity body",
                            "validFromOn": "2025-01-01",
                            "validUntilOn": until,
                            "status": "VALID",
                            "stars": None,
                            "replacedBy": [],
                            "name": "EAC declaration",
                            "ru": "Декларация ЕАЭС",
                            "names": [
                                {"language": "en", "text": "EAC declaration"},
                                {"language": "ru", "text": "Декларация ЕАЭС"},
                            ],
                            "one": [{"text": "Декларация ЕАЭС"}],
                            "markets": [{"code": "kg", "name": "Кыргызстан", "countries": ["KG"]}],
                            "verificationUrl": f"{HOST}/certificates/eac/EAC-1/",
                            "badgeUrl": f"{HOST}/badges/eac/EAC-1.png?body=body&size=medium&lang=en",
                            "big": f"{HOST}/badges/eac/EAC-1.png?body=body&size=large&lang=ky",
                        }
                    ],
                },
                {"productId": JUICE, "certificates": []},
            ],
        }
    }


def test_the_schema_has_these_public_facts_and_no_more() -> None:
    """What staff may ask besides is in modules of its own, each with its own table of rights."""
    public = graphene.Schema(query=PublicQuery)
    types = {
        name: sorted(kind.fields)
        for name, kind in public.get_type_map().items()
        if hasattr(kind, "fields") and not name.startswith("__")
    }

    assert types == {
        "Query": ["certificates", "decision"],
        "Decision": ["allowed", "message", "nextChangeAt", "reasons"],
        "Reason": ["certificateNumber", "code", "isBlocking", "scheme"],
        "ProductCertificates": ["certificates", "productId"],
        "CertificateMarket": ["code", "countries", "name"],
        "SchemeName": ["language", "text"],
        "Certificate": [
            "badgeUrl",
            "issuingBody",
            "markets",
            "name",
            "names",
            "number",
            "replacedBy",
            "scheme",
            "stars",
            "status",
            "validFromOn",
            "validUntilOn",
            "verificationUrl",
        ],
    }
    assert public.get_mutation_type() is None


@pytest.mark.usefixtures("current")
def test_a_product_is_found_by_saleors_own_id_too() -> None:
    global_id = b64encode(f"Product:{JUICE}".encode()).decode()

    answer = ask(f'{{ decision(productId: "{global_id}", channel: "kgs") {{ allowed reasons {{ code }} }} }}')

    assert answer["data"]["decision"] == {"allowed": False, "reasons": [{"code": "MISSING"}]}


@pytest.mark.usefixtures("current")
@pytest.mark.parametrize(
    "product", ["99", "-1", "nonsense", "", "99999999999999999999", "²", b64encode(b"Order:1").decode()]
)
def test_an_unknown_product_is_refused_with_its_code(product: str) -> None:
    answer = ask(f'{{ decision(productId: "{product}", channel: "kgs") {{ allowed }} }}')

    assert answer["errors"][0]["extensions"]["code"] == "unknown_product"
    assert answer["errors"][0]["extensions"]["field"] == "productId"


@pytest.mark.usefixtures("current")
def test_more_than_a_hundred_products_at_once_are_refused() -> None:
    answer = ask(f"{{ certificates(productIds: {list(range(101))}) {{ productId }} }}")

    assert answer["errors"][0]["extensions"]["code"] == "too_many_products"


def page(number: str, lang: str = "en", scheme: str = "eac", client: Client | None = None) -> tuple[int, str]:
    address = page_url("ovop_certification:certificate", scheme=scheme, number=number)
    response = (client or Client()).get(address, {"lang": lang}, headers={"Accept": "text/html"})
    if response.status_code == 200:
        assert response["Cache-Control"] == "private, no-store"
    return response.status_code, response.content.decode()


@pytest.mark.usefixtures("current")
@pytest.mark.parametrize("name", REQUESTERS)
def test_the_verification_page_is_for_everybody_and_tells_the_truth_of_now(name: str) -> None:
    client = Client(headers=bearer(name))

    status, text = page("EAC-1", client=client)
    assert status == 200
    assert '<p class="total good">Valid</p>' in text
    for shown in ("EAC declaration", "Sample conformity body", "Mountain honey", "Kyrgyzstan"):
        assert shown in text

    certificate_event_add(
        Certificate.objects.get(number="EAC-1").pk,
        EventKind.WITHDRAWN,
        actor="A private person",
        reason="a private reason",
        at=timezone.now(),
    )
    text = page("EAC-1", client=client)[1]
    assert '<p class="total bad">Withdrawn</p>' in text
    assert "private" not in text.replace("private, no-store", "")


@pytest.mark.usefixtures("current")
def test_a_number_with_a_slash_has_a_page_and_an_unknown_one_has_none() -> None:
    status, text = page("EAC/2")
    assert (status, "Suspended" in text, "a private one" in text) == (200, True, False)
    assert page("EAC-3")[0] == 404
    assert page("EAC-1", scheme="brand")[0] == 404


@pytest.mark.usefixtures("current")
def test_the_page_escapes_what_the_registry_holds() -> None:
    Market.objects.filter(code="kg").update(names={"en": "<script>alert(1)</script>"})

    text = page("EAC-1")[1]

    assert "<script>" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.usefixtures("current")
def test_the_page_is_shown_in_every_language() -> None:
    assert "Горный мёд" in page("EAC-1", lang="ru")[1]
    for language in LANGUAGE_TAGS:
        status, text = page("EAC-1", lang=language)
        assert (status, f'<html lang="{language}">' in text) == (200, True)


@pytest.mark.usefixtures("current")
def test_the_page_takes_a_constant_number_of_queries(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(10):
        page("EAC-1")


def test_a_refusal_names_product_market_and_reason_in_the_readers_language() -> None:
    book = Rulebook("kg", {"en": "Kyrgyzstan", "ru": "Кыргызстан"}, {"eac": {"en": "EAC declaration"}})
    reasons = [
        Reason(ReasonCode.MISSING, "eac", 1, None, "block"),  # type: ignore[arg-type]
        Reason(ReasonCode.MISSING, "eac", 2, None, "block"),  # type: ignore[arg-type]
        Reason(ReasonCode.EXPIRED, "eac", 1, "EAC-1", "block"),  # type: ignore[arg-type]
    ]

    assert refusal_message("Honey", reasons, book, "en") == (
        "Honey cannot be sold in Kyrgyzstan: the required certificate “EAC declaration” is missing; "
        "its certificate “EAC declaration” EAC-1 has expired."
    )
    assert "Кыргызстан" in refusal_message("Мёд", reasons, book, "ru")


def test_every_text_keeps_its_braces_in_every_language() -> None:
    book = Rulebook("kg")
    for language in LANGUAGE_TAGS:
        assert "Honey" in undecided_message("Honey", language)
        for code in REASON_TEXTS:
            reason = Reason(code, "eac", 1, "N-1", "block")  # type: ignore[arg-type]
            message = refusal_message("Honey", [reason], book, language)
            assert all(part in message for part in ("Honey", "kg", "eac"))
            assert ("N-1" in message) is (code is not ReasonCode.MISSING)
        assert all(translate(text, language) for text in STATUS_TEXTS.values())
