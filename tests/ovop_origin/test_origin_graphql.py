"""What GraphQL answers about the registry: pages of places, producers and products, and the origin of many products."""

import datetime
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from origin_graphql_world import FAR, HIDDEN, ask, codes_of, full_registry, hide, many_villages
from origin_world import AT, HONEY, INSIDERS, JAM, OUTSIDERS, SLIPPERS, STAFF

from ovop_origin import services
from ovop_origin.models import Lot, Membership, Place, Producer, ProductOrigin
from ovop_origin.records import ProducerRow
from ovop_origin.selectors import Page, origins_listing
from ovop_shared.requester import ANONYMOUS, Requester

EVERYBODY = [*OUTSIDERS, *INSIDERS]


@pytest.fixture
def full(registry: None) -> None:
    full_registry()


def is_insider(requester: Requester) -> bool:
    return requester in [each.values[0] for each in INSIDERS]  # type: ignore[attr-defined]


def producers_added(*rows: tuple[str, str, bool]) -> None:
    """Producers of Barskoon, by code, kind and whether they agreed to be named."""
    for code, kind, is_public in rows:
        row = ProducerRow(code, kind, "KG-Y-barskoon", "ky", {"ky": code}, is_name_public=is_public)
        services.producer_save(row, at=AT)


def global_id(kind: str, key: object) -> str:
    return b64encode(f"{kind}:{key}".encode()).decode()


# The origin of products

ORIGINS = """
query ($ids: [ID!]!) {
  productOrigins(productIds: $ids) {
    id productId countryCode gtins
    story russian: story(language: "ru") kyrgyz: story(language: "ky") stories { language text }
    product { id number slug name(language: "ky") }
    village { code kind name(language: "ky") parent { code name } }
    region { code names(language: "ky") { language text isOfficial } }
    district { code }
    country { code }
    makers { share producer { code kind name(language: "ru") names { language text } village { code } } }
    materials { share material { code name(language: "ky") place { code kind } } }
    lots(first: 2) {
      totalCount
      pageInfo { hasNextPage }
      edges { node { code madeOn village { code } quantity makers { code } contributions { quantity producer { code } } } }
    }
  }
}
"""

STORY = "Felted by two.\n\nDyed with <yarrow>."


def origin_of_slippers(*, is_insider: bool) -> dict[str, Any]:
    def lot(code: str, day: int) -> dict[str, Any]:
        producers = ["ak-kiyiz", "m3" if is_insider else None]
        contributions = [
            {"quantity": 20 + day, "producer": {"code": "ak-kiyiz"}},
            {"quantity": 10, "producer": {"code": "m3"}},
        ]
        return {
            "node": {
                "code": code,
                "madeOn": f"2025-03-0{day}",
                "village": {"code": "KG-Y-barskoon"},
                "quantity": 30 + day if is_insider else None,
                "makers": [{"code": each} for each in producers],
                "contributions": contributions if is_insider else None,
            }
        }

    return {
        "id": global_id("ProductOrigin", SLIPPERS),
        "productId": SLIPPERS,
        "countryCode": "KG",
        "story": STORY,
        "russian": STORY,
        "kyrgyz": "Экөө баскан.",
        "stories": [{"language": "en", "text": STORY}, {"language": "ky", "text": "Экөө баскан."}],
        "gtins": ["00000096385074", "04012345678901"],
        "product": {
            "id": global_id("Product", SLIPPERS),
            "number": SLIPPERS,
            "slug": "felt-slippers",
            "name": "Кийиз тапичке",
        },
        "village": {
            "code": "KG-Y-barskoon",
            "kind": "VILLAGE",
            "name": "Барскоон",
            "parent": {"code": "KG-Y-jeti-oguz", "name": "Jeti-Oguz"},
        },
        "region": {"code": "KG-Y", "names": [{"language": "ky", "text": "Ысык-Көл облусу", "isOfficial": False}]},
        "district": {"code": "KG-Y-jeti-oguz"},
        "country": {"code": "KG"},
        "makers": [
            {
                "share": 6667 if is_insider else None,
                "producer": {
                    "code": "ak-kiyiz",
                    "kind": "COOPERATIVE",
                    "name": "Ak Kiyiz",
                    "names": [{"language": "en", "text": "Ak Kiyiz"}, {"language": "ky", "text": "Ак кийиз"}],
                    "village": {"code": "KG-Y-barskoon"},
                },
            },
            {
                "share": 3333 if is_insider else None,
                "producer": {
                    "code": "m3" if is_insider else None,
                    "kind": "PERSON",
                    "name": "Айгерим" if is_insider else None,
                    "names": [{"language": "ru", "text": "Айгерим"}] if is_insider else [],
                    "village": {"code": "KG-Y-barskoon"},
                },
            },
        ],
        "materials": [
            {"share": 9000, "material": {"code": "wool", "name": "Жүн", "place": {"code": "KG-Y", "kind": "REGION"}}},
            {"share": 1000, "material": {"code": "yarrow", "name": "Yarrow", "place": None}},
        ],
        "lots": {
            "totalCount": 3,
            "pageInfo": {"hasNextPage": True},
            "edges": [lot("L2", 2), lot("L3", 2)],
        },
    }


@pytest.mark.parametrize("requester", OUTSIDERS)
def test_outsiders_see_what_is_public_and_consented(full: None, requester: Requester) -> None:
    found = ask(ORIGINS, requester, ids=[SLIPPERS, JAM])

    assert found == {"productOrigins": [origin_of_slippers(is_insider=False)]}


@pytest.mark.parametrize("requester", INSIDERS)
def test_those_who_manage_products_see_names_shares_and_quantities(full: None, requester: Requester) -> None:
    found = ask(ORIGINS, requester, ids=[SLIPPERS, JAM])

    assert found == {"productOrigins": [origin_of_slippers(is_insider=True)]}


def test_products_are_named_by_number_or_by_saleors_id_and_come_in_that_order(full: None) -> None:
    query = "query ($ids: [ID!]!) { productOrigins(productIds: $ids) { productId } }"

    found = ask(query, ids=[HONEY, global_id("Product", SLIPPERS), str(SLIPPERS), 999])

    assert [origin["productId"] for origin in found["productOrigins"]] == [HONEY, SLIPPERS]


@pytest.mark.parametrize(
    "product_id", ["", "x", global_id("Category", 11), global_id("Product", "x"), "9" * 19, "\ud800", "１.5"]
)
def test_what_is_no_id_of_a_product_is_refused(full: None, product_id: str) -> None:
    query = "query ($id: ID!) { productOrigin(productId: $id) { productId } }"

    assert codes_of(query, id=product_id) == ["unknown_product"]


def test_one_product_one_lot_and_one_gtin(full: None) -> None:
    found = ask(
        """query ($id: ID!) {
          productOrigin(productId: $id) { productId }
          unknown: productOrigin(productId: 12) { productId }
          byGtin: productByGtin(gtin: "4012345678901") { productId }
          byShortGtin: productByGtin(gtin: " 96385074") { productId }
          byNoGtin: productByGtin(gtin: "4006381333931") { productId }
          lot(productId: $id, code: "L1") { id code madeOn productId origin { village { code } } }
          noLot: lot(productId: $id, code: "L9") { code }
          ofNothing: lot(productId: 12, code: "L1") { code }
        }""",
        id=global_id("Product", SLIPPERS),
    )

    assert found == {
        "productOrigin": {"productId": SLIPPERS},
        "unknown": None,
        "byGtin": {"productId": SLIPPERS},
        "byShortGtin": {"productId": SLIPPERS},
        "byNoGtin": None,
        "lot": {
            "id": global_id("Lot", f"{SLIPPERS}:L1"),
            "code": "L1",
            "madeOn": "2025-03-01",
            "productId": SLIPPERS,
            "origin": {"village": {"code": "KG-Y-barskoon"}},
        },
        "noLot": None,
        "ofNothing": None,
    }


# What is not published


HIDDEN_EVERYWHERE = """{
  productOrigin(productId: 14) { productId }
  productOrigins(productIds: [14, 13]) { productId }
  productByGtin(gtin: "04012345678918") { productId }
  lot(productId: 14, code: "T1") { code }
  origins { totalCount pageInfo { endCursor } edges { node { productId } } }
  place(code: "KG-Y") { products { totalCount edges { node { productId } } } }
  producer(code: "ak-kiyiz") { products { totalCount edges { node { productId } } } }
}"""


def products_listed(connection: dict[str, Any]) -> tuple[int, list[int]]:
    return connection["totalCount"], [edge["node"]["productId"] for edge in connection["edges"]]


@pytest.mark.parametrize("requester", OUTSIDERS)
def test_a_product_that_is_not_published_is_nowhere_for_outsiders(full: None, requester: Requester) -> None:
    found = ask(HIDDEN_EVERYWHERE, requester)

    assert found["productOrigin"] is None
    assert found["productOrigins"] == [{"productId": HONEY}]
    assert found["productByGtin"] is None
    assert found["lot"] is None
    assert products_listed(found["origins"]) == (2, [SLIPPERS, HONEY])
    assert products_listed(found["place"]["products"]) == (1, [SLIPPERS])
    assert products_listed(found["producer"]["products"]) == (1, [SLIPPERS])
    assert ask("query ($id: ID!) { node(id: $id) { id } }", requester, id=global_id("ProductOrigin", HIDDEN)) == {
        "node": None
    }
    assert ask("query ($id: ID!) { node(id: $id) { id } }", requester, id=global_id("Lot", f"{HIDDEN}:T1")) == {
        "node": None
    }


@pytest.mark.parametrize("requester", INSIDERS)
def test_those_who_manage_products_see_unpublished_ones(full: None, requester: Requester) -> None:
    found = ask(HIDDEN_EVERYWHERE, requester)

    assert found["productOrigin"] == {"productId": HIDDEN}
    assert found["productOrigins"] == [{"productId": HIDDEN}, {"productId": HONEY}]
    assert found["productByGtin"] == {"productId": HIDDEN}
    assert found["lot"] == {"code": "T1"}
    assert products_listed(found["origins"]) == (3, [SLIPPERS, HONEY, HIDDEN])
    assert products_listed(found["place"]["products"]) == (2, [SLIPPERS, HIDDEN])
    assert products_listed(found["producer"]["products"]) == (2, [SLIPPERS, HIDDEN])


def test_pages_are_full_although_much_is_hidden(full: None) -> None:
    # given thirty products of which the shop publishes every tenth
    many_villages(3, products=10)
    hide([FAR + number for number in range(30) if number % 10 != 7])
    shown = [SLIPPERS, HONEY, FAR + 7, FAR + 17, FAR + 27]

    assert walk("origins", "productId", size=2) == shown
    assert walk("origins", "productId", size=2, is_backward=True) == shown
    page = ask("{ origins(first: 5) { totalCount pageInfo { hasNextPage } edges { node { productId } } } }")["origins"]
    assert page["pageInfo"] == {"hasNextPage": False}
    assert products_listed(page) == (5, shown)
    below = """{ place(code: "KG-Y-jeti-oguz") { children(first: 3, after: $after) { edges { node {
        code products(first: 1) { pageInfo { hasNextPage } edges { node { productId } } }
    } } } } }""".replace(", after: $after", "")
    children = ask(below)["place"]["children"]["edges"]
    assert [[edge["node"]["productId"] for edge in child["node"]["products"]["edges"]] for child in children] == [
        [SLIPPERS],
        [FAR + 7],
        [FAR + 17],
    ]
    assert {child["node"]["products"]["pageInfo"]["hasNextPage"] for child in children} == {False}


# Places and producers


@pytest.mark.parametrize("requester", EVERYBODY)
def test_places_are_public(registry: None, requester: Requester) -> None:
    query = """{
      place(code: "KG-Y-barskoon") {
        id codeScheme countryCode latitude longitude validFrom validUntil classifierScheme classifierCode
        names { language text isOfficial }
      }
      unknown: place(code: "nowhere") { code }
      impossible: place(code: "\\u0000") { code }
      districts: places(kind: DISTRICT, parent: "KG-Y") { edges { node { code parent { parent { code } } } } }
    }"""

    assert ask(query, requester) == {
        "place": {
            "id": global_id("Place", "KG-Y-barskoon"),
            "codeScheme": "ovop",
            "countryCode": "KG",
            "latitude": 42.16,
            "longitude": 77.61,
            "validFrom": None,
            "validUntil": None,
            "classifierScheme": None,
            "classifierCode": None,
            "names": [
                {"language": "en", "text": "Barskoon", "isOfficial": False},
                {"language": "ky", "text": "Барскоон", "isOfficial": True},
            ],
        },
        "unknown": None,
        "impossible": None,
        "districts": {"edges": [{"node": {"code": "KG-Y-jeti-oguz", "parent": {"parent": {"code": "KG"}}}}]},
    }


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ("kind: VILLAGE", ["KG-Y-barskoon", "UZ-QR-chimbay"]),
        ('kind: VILLAGE, within: "UZ"', ["UZ-QR-chimbay"]),
        ('within: "KG"', ["KG-Y", "KG-Y-barskoon", "KG-Y-jeti-oguz"]),
        ('parent: "KG"', ["KG-Y"]),
        ('search: "шымб"', ["UZ-QR-chimbay"]),
        ('search: "SHIMBAY"', ["UZ-QR-chimbay"]),
        ('search: "BARS"', ["KG-Y-barskoon"]),
        ('search: "ysyk"', []),
        ('search: "ысык-көл"', ["KG-Y"]),
        ('search: "chimbay", kind: DISTRICT', ["UZ-QR-chimbay-district"]),
        ('search: "100%"', []),
        ('kind: COUNTRY, search: "an"', ["KG", "UZ"]),
    ],
)
def test_places_are_found_by_kind_place_and_name_in_any_language(
    registry: None, filters: str, codes: list[str]
) -> None:
    found = ask(f"{{ places({filters}) {{ totalCount edges {{ node {{ code }} }} }} }}")["places"]

    assert ([edge["node"]["code"] for edge in found["edges"]], found["totalCount"]) == (codes, len(codes))


@pytest.mark.parametrize(
    ("filters", "public", "all_of_them"),
    [
        ("first: 9", ["ak-kiyiz", "boyan"], ["ak-kiyiz", "boyan", "m3"]),
        ('village: "KG-Y-barskoon"', ["ak-kiyiz"], ["ak-kiyiz", "m3"]),
        ('region: "KG-Y"', ["ak-kiyiz"], ["ak-kiyiz", "m3"]),
        ('region: "UZ-QR", kind: GROUP', ["boyan"], ["boyan"]),
        ("kind: PERSON", [], ["m3"]),
    ],
)
def test_producers_are_found_by_village_region_and_kind(
    registry: None, filters: str, public: list[str], all_of_them: list[str]
) -> None:
    query = f"{{ producers({filters}) {{ totalCount edges {{ node {{ code }} }} }} }}"

    for requester, codes in ((ANONYMOUS, public), (STAFF, all_of_them)):
        found = ask(query, requester)["producers"]
        assert ([edge["node"]["code"] for edge in found["edges"]], found["totalCount"]) == (codes, len(codes))


@pytest.mark.parametrize("code", ["KG", "KG-Y", "KG-Y-jeti-oguz", "KG-Y-barskoon"])
def test_below_a_place_of_any_kind_lies_what_lies_within_it(full: None, code: str) -> None:
    query = """query ($code: String!) { place(code: $code) {
        producers { totalCount edges { node { code } } }
        products { totalCount edges { node { productId } } }
    } }"""

    found = ask(query, code=code)["place"]

    assert found["producers"] == {"totalCount": 1, "edges": [{"node": {"code": "ak-kiyiz"}}]}
    assert products_listed(found["products"]) == (1, [SLIPPERS])


def test_members_and_groups_name_only_who_agreed(full: None) -> None:
    query = """{
      group: producer(code: "ak-kiyiz") {
        members { totalCount edges { cursor node { since until group { code } member { id code name } } } }
      }
      member: producer(code: "boyan") { groups { totalCount edges { node { group { code } } } } }
    }"""

    public, private = ask(query), ask(query, STAFF)

    assert public["group"]["members"]["totalCount"] == 1
    members = [edge["node"] for edge in public["group"]["members"]["edges"]]
    assert [(each["member"]["code"], each["member"]["name"]) for each in members] == [("boyan", "Boyan")]
    assert {(each["since"], each["until"]) for each in members} == {(None, None)}
    assert public["member"] == {"groups": {"totalCount": 1, "edges": [{"node": {"group": {"code": "ak-kiyiz"}}}]}}
    members = [edge["node"] for edge in private["group"]["members"]["edges"]]
    assert [(each["member"]["code"], each["since"], each["until"]) for each in members] == [
        ("boyan", "2023-02-03", "2025-01-01"),
        ("m3", "2024-05-01", None),
    ]


@pytest.mark.parametrize("requester", EVERYBODY)
def test_the_order_of_makers_does_not_tell_the_codes_of_the_unnamed(full: None, requester: Requester) -> None:
    # given makers whose codes stand before, between and behind those of the named ones
    producers_added(("a0", "household", False), ("m9", "household", False), ("zz", "group", True))
    makers = ["a0", "ak-kiyiz", "m3", "m9", "zz"]
    services.product_origin_set(JAM, "KG-Y-barskoon", dict.fromkeys(makers, 2_000), at=AT)
    lot = Lot.objects.create(
        origin=ProductOrigin.objects.get(product_pk=JAM),
        code="J1",
        village=Place.objects.get(code="KG-Y-barskoon"),
        made_on=datetime.date(2025, 5, 1),
    )
    for code in makers:
        lot.contributions.create(producer=Producer.objects.get(code=code), quantity=1)

    found = ask(
        """query ($id: ID!) {
          productOrigin(productId: $id) { makers { producer { code kind } } }
          lot(productId: $id, code: "J1") { makers { code kind } }
        }""",
        requester,
        id=JAM,
    )

    of_lot = [(each["code"], each["kind"]) for each in found["lot"]["makers"]]
    assert [each["producer"] for each in found["productOrigin"]["makers"]] == found["lot"]["makers"]
    assert of_lot == (
        [("a0", "HOUSEHOLD"), ("ak-kiyiz", "COOPERATIVE"), ("m3", "PERSON"), ("m9", "HOUSEHOLD"), ("zz", "GROUP")]
        if is_insider(requester)
        else [("ak-kiyiz", "COOPERATIVE"), ("zz", "GROUP"), (None, "HOUSEHOLD"), (None, "HOUSEHOLD"), (None, "PERSON")]
    )


@pytest.mark.parametrize("requester", EVERYBODY)
def test_members_and_groups_are_listed_by_the_codes_that_the_requester_may_see(
    full: None, requester: Requester
) -> None:
    # given members that were recorded in another order than that of their codes
    producers_added(("zz", "person", True), ("p5", "person", False), ("c1", "person", True), ("a0", "group", False))
    group, hidden_group = (Producer.objects.get(code=code) for code in ("ak-kiyiz", "a0"))
    for code in ("zz", "p5", "c1"):
        member = Producer.objects.get(code=code)
        Membership.objects.create(group=group, member=member)
        Membership.objects.create(group=hidden_group, member=member)

    found = ask(
        """{
          producer(code: "ak-kiyiz") { memberCount members { totalCount edges { cursor node { member { code } } } } }
          member: producer(code: "zz") { groups { totalCount edges { cursor node { group { code } } } } }
        }""",
        requester,
    )

    def listed(page: dict[str, Any], other: str) -> list[tuple[str, list[str]]]:
        assert page["totalCount"] == len(page["edges"])
        return [(e["node"][other]["code"], json.loads(urlsafe_b64decode(e["cursor"]))) for e in page["edges"]]

    def rows(*codes: str) -> list[tuple[str, list[str]]]:
        return [(code, [code]) for code in codes]

    insider = is_insider(requester)
    assert listed(found["producer"]["members"], "member") == (
        rows("boyan", "c1", "m3", "p5", "zz") if insider else rows("boyan", "c1", "zz")
    )
    assert listed(found["member"]["groups"], "group") == (rows("a0", "ak-kiyiz") if insider else rows("ak-kiyiz"))
    # of today: the fifth has left
    assert found["producer"]["memberCount"] == 4


def test_members_are_read_page_by_page(full: None) -> None:
    producers_added(("zz", "person", True), ("p5", "person", False), ("c1", "person", True))
    group = Producer.objects.get(code="ak-kiyiz")
    for code in ("zz", "p5", "c1"):
        Membership.objects.create(group=group, member=Producer.objects.get(code=code))
    query = """query ($first: Int, $after: String, $last: Int, $before: String) { producer(code: "ak-kiyiz") {
        members(first: $first, after: $after, last: $last, before: $before) {
            pageInfo { hasNextPage hasPreviousPage endCursor startCursor } edges { node { member { code } } }
        } } }"""

    def page(**arguments: object) -> tuple[list[str], dict[str, Any]]:
        members = ask(query, **arguments)["producer"]["members"]
        return [edge["node"]["member"]["code"] for edge in members["edges"]], members["pageInfo"]

    codes, info = page(first=2)
    assert (codes, info["hasNextPage"]) == (["boyan", "c1"], True)
    codes, info = page(first=2, after=info["endCursor"])
    assert (codes, info["hasNextPage"]) == (["zz"], False)
    codes, info = page(last=2, before=info["startCursor"])
    assert (codes, info["hasPreviousPage"]) == (["boyan", "c1"], False)


def test_nothing_leads_from_a_product_to_an_unnamed_producer(full: None) -> None:
    query = """{ productOrigin(productId: 11) { makers { producer {
        id code products { totalCount edges { node { productId } } } groups { totalCount } members { totalCount }
        private { status }
    } } } }"""

    once, again = (ask(query)["productOrigin"]["makers"][1]["producer"] for _ in range(2))

    # then its id finds nothing and is another one each time, and its lists are empty
    assert once["id"] != again["id"]
    assert ask("query ($id: ID!) { node(id: $id) { id } }", id=once["id"]) == {"node": None}
    assert {**once, "id": ""} == {
        "id": "",
        "code": None,
        "products": {"totalCount": 0, "edges": []},
        "groups": {"totalCount": 0},
        "members": {"totalCount": 0},
        "private": None,
    }
    insider = ask(query, STAFF)["productOrigin"]["makers"][1]["producer"]
    assert insider["id"] == global_id("Producer", "m3")
    assert insider["groups"] == {"totalCount": 1}


# Nodes


@pytest.mark.parametrize(
    ("node_id", "for_outsiders", "for_insiders"),
    [
        (global_id("Place", "KG-Y"), "Place", "Place"),
        (global_id("Producer", "ak-kiyiz"), "Producer", "Producer"),
        (global_id("Producer", "m3"), None, "Producer"),
        (global_id("Material", "wool"), "Material", "Material"),
        (global_id("ProductOrigin", SLIPPERS), "ProductOrigin", "ProductOrigin"),
        (global_id("ProductOrigin", "x"), None, None),
        (global_id("Lot", f"{SLIPPERS}:L1"), "Lot", "Lot"),
        (global_id("Lot", "L1"), None, None),
        (global_id("Name", "x"), None, None),
        (global_id("Place", "\0"), None, None),
        ("x", None, None),
    ],
)
def test_every_thing_with_an_id_is_found_by_it(
    full: None, node_id: str, for_outsiders: str | None, for_insiders: str | None
) -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"

    for requester, kind in ((ANONYMOUS, for_outsiders), (STAFF, for_insiders)):
        assert ask(query, requester, id=node_id)["node"] == (kind and {"__typename": kind, "id": node_id})


# Pages


def walk(field: str, key: str, *, size: int, is_backward: bool = False, arguments: str = "") -> list[Any]:
    """Every row of a list, page by page, in the list's order."""
    found: list[Any] = []
    cursor = None
    for _ in range(100):
        sizes = "last: $size, before: $cursor" if is_backward else "first: $size, after: $cursor"
        page = ask(
            f"query ($size: Int, $cursor: String) {{ list: {field}({sizes} {arguments}) {{"
            f" pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {key} }} }} }} }}",
            size=size,
            cursor=cursor,
        )["list"]
        rows = [edge["node"][key] for edge in page["edges"]]
        info = page["pageInfo"]
        assert 0 < len(rows) <= size
        assert [info["startCursor"], info["endCursor"]] == [page["edges"][0]["cursor"], page["edges"][-1]["cursor"]]
        found = rows + found if is_backward else found + rows
        cursor = info["startCursor" if is_backward else "endCursor"]
        assert info["hasPreviousPage" if not is_backward else "hasNextPage"] is False
        if not info["hasPreviousPage" if is_backward else "hasNextPage"]:
            return found
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("is_backward", [False, True])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_pages_forward_and_backward_make_the_whole_list(full: None, size: int, is_backward: bool) -> None:
    many_villages(4)

    villages = [*(f"v{number:03}" for number in range(4))]
    assert walk("places", "code", size=size, is_backward=is_backward, arguments="kind: VILLAGE") == [
        "KG-Y-barskoon",
        "UZ-QR-chimbay",
        *villages,
    ]
    products = [SLIPPERS, HONEY, *range(FAR, FAR + 12)]
    assert walk("origins", "productId", size=size, is_backward=is_backward) == products
    producers = ["ak-kiyiz", "boyan", *(f"{village}-{number}" for village in villages for number in (0, 1))]
    assert walk("producers", "code", size=size, is_backward=is_backward) == producers
    assert walk("materials", "code", size=size, is_backward=is_backward) == ["wool", "yarrow"]


def test_lots_come_newest_first_on_every_page(full: None) -> None:
    query = """query ($after: String, $before: String, $first: Int, $last: Int) { productOrigin(productId: 11) {
        lots(first: $first, last: $last, after: $after, before: $before) {
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage } edges { node { code } }
        }
    } }"""

    def lots(**arguments: object) -> tuple[list[str], dict[str, Any]]:
        page = ask(query, **arguments)["productOrigin"]["lots"]
        return [edge["node"]["code"] for edge in page["edges"]], page["pageInfo"]

    codes, info = lots(first=2)
    assert (codes, info["hasNextPage"]) == (["L2", "L3"], True)
    assert lots(first=2, after=info["endCursor"])[0] == ["L1"]
    codes, info = lots(last=1)
    assert (codes, info["hasPreviousPage"]) == (["L1"], True)
    assert lots(last=1, before=info["startCursor"])[0] == ["L3"]
    assert lots(first=2, last=1)[0] == ["L3"]
    assert lots()[0] == ["L2", "L3", "L1"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"{{ productOrigins(productIds: {list(range(101))}) {{ productId }} }}", "too_many_ids"),
        ("{ places(first: 101) { totalCount pageInfo { endCursor } } }", "invalid_page_size"),
        ("{ places(last: 0) { pageInfo { endCursor } } }", "invalid_page_size"),
        ("{ places(first: -1) { pageInfo { endCursor } } }", "invalid_page_size"),
        ('{ place(code: "KG") { products(first: 101) { totalCount } } }', "invalid_page_size"),
        ("{ villagesNear(latitude: 42, longitude: 77, first: 101) { metres } }", "invalid_page_size"),
        ('{ places(parent: "nowhere") { totalCount } }', "not_found"),
        ('{ places(within: "\\u0000") { totalCount } }', "not_found"),
        ('{ places(search: " ") { totalCount } }', "not_found"),
        ('{ producers(village: "nowhere") { totalCount } }', "not_found"),
        ('{ origins(within: "nowhere") { totalCount } }', "not_found"),
        ('{ productByGtin(gtin: "5") { productId } }', "invalid_gtin"),
        ("{ places(kind: HAMLET) { totalCount } }", "graphql_invalid"),
        ('{ places(after: "x") { totalCount } }', "invalid_cursor"),
        ("{ villagesNear(latitude: 91, longitude: 77) { metres } }", "coordinates_off_map"),
        ("{ villagesNear(latitude: 42, longitude: 77, kilometres: 0) { metres } }", "invalid_distance"),
        ("{ villagesNear(latitude: 42, longitude: 77, kilometres: 20017) { metres } }", "invalid_distance"),
        ('{ place(code: "KG") { ' + "parent { " * 12 + "code" + " }" * 12 + " } }", "query_too_complex"),
        (
            "{ places(first: 100) { edges { node { producers(first: 100) { edges { node { code name kind } } } } } } }",
            "query_too_complex",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_code(full: None, query: str, code: str) -> None:
    assert codes_of(query) == [code]


@pytest.mark.parametrize("text", ["[]", '["a","b"]', "[1]", "{}", '["\\u0000"]', '["\\ud800"]', "[null]", "[[]]"])
@pytest.mark.parametrize("argument", ["after", "before"])
def test_a_cursor_that_was_made_up_is_refused(registry: None, text: str, argument: str) -> None:
    query = f"query ($cursor: String) {{ places({argument}: $cursor) {{ edges {{ cursor }} }} }}"

    assert codes_of(query, cursor=urlsafe_b64encode(text.encode()).decode()) == ["invalid_cursor"]


@pytest.mark.parametrize("text", ['["a"]', "[9223372036854775808]", "[-1]", "[1.5]", "[true]"])
def test_a_cursor_of_another_list_is_refused(registry: None, text: str) -> None:
    query = "query ($cursor: String) { origins(after: $cursor) { edges { cursor } } }"

    assert codes_of(query, cursor=urlsafe_b64encode(text.encode()).decode()) == ["invalid_cursor"]


def test_villages_near_a_point_come_nearest_first(registry: None) -> None:
    Place.objects.filter(code="UZ-QR-chimbay").update(latitude=Decimal("42.95"), longitude=Decimal("59.78"))
    query = """query ($kilometres: Float, $first: Int) {
      villagesNear(latitude: 42.0, longitude: 77.61, kilometres: $kilometres, first: $first) { metres village { code } }
    }"""

    # then a hundredth of a degree of latitude is 1111.95 metres on that sphere
    near = {"metres": 17_791, "village": {"code": "KG-Y-barskoon"}}
    assert ask(query, kilometres=50.0, first=5) == {"villagesNear": [near]}
    assert [each["village"]["code"] for each in ask(query, kilometres=2_000, first=5)["villagesNear"]] == [
        "KG-Y-barskoon",
        "UZ-QR-chimbay",
    ]
    assert ask(query, kilometres=2_000, first=1) == {"villagesNear": [near]}
    assert ask(query, kilometres=17.0, first=5) == {"villagesNear": []}


# The number of queries


def test_a_hundred_villages_take_the_queries_of_two(full: None, django_assert_num_queries: Any) -> None:
    many_villages(100)
    query = """query ($first: Int!) { places(first: $first, kind: VILLAGE, search: "v") {
        totalCount
        edges { node {
            code name parent { name }
            producers(first: 2) { totalCount edges { node { code name } } }
            products(first: 2) { totalCount pageInfo { hasNextPage } edges { node { productId story } } }
        } }
    } }"""

    # then: 1 page of villages and 1 count, 2 for the villages and 2 for their districts; below them 1 page and 1 count of
    # producers and 3 for those; 1 page of products, 1 for all their keys, 2 for which are published, 4 for the
    # origins and 5 for their stories and the like
    with django_assert_num_queries(24):
        few = ask(query, first=2)["places"]
    with django_assert_num_queries(24):
        many = ask(query, first=100)["places"]

    assert (few["totalCount"], many["totalCount"]) == (100, 100)
    assert (len(few["edges"]), len(many["edges"])) == (2, 100)
    last = many["edges"][-1]["node"]
    assert last["producers"] == {
        "totalCount": 2,
        "edges": [{"node": {"code": f"v099-{number}", "name": f"v099-{number}"}} for number in (0, 1)],
    }
    assert products_listed(last["products"]) == (3, [FAR + 297, FAR + 298])
    assert last["products"]["pageInfo"] == {"hasNextPage": True}


@pytest.mark.parametrize("requester", [ANONYMOUS, STAFF])
def test_a_hundred_origins_with_everything_take_the_queries_of_two(
    full: None, requester: Requester, django_assert_num_queries: Any
) -> None:
    many_villages(50)
    number = 20 if requester == ANONYMOUS else 19

    with django_assert_num_queries(number):
        few = ask(ORIGINS, requester, ids=[FAR, FAR + 1])["productOrigins"]
    with django_assert_num_queries(number):
        many = ask(ORIGINS, requester, ids=list(range(FAR, FAR + 100)))["productOrigins"]

    assert (len(few), len(many)) == (2, 100)
    assert many[99]["lots"]["edges"][0]["node"]["makers"] == [{"code": "v033-0"}]


def test_members_of_many_groups_take_the_queries_of_two(full: None, django_assert_num_queries: Any) -> None:
    many_villages(50)
    query = """query ($first: Int!) { producers(first: $first, kind: GROUP) { edges { node {
        code memberCount
        members(first: 5) { totalCount edges { node { member { name } } } }
        groups(first: 5) { edges { node { group { name } } } }
        products(first: 1) { edges { node { productId } } }
    } } } }"""

    with django_assert_num_queries(18):
        few = ask(query, first=3)["producers"]["edges"]
    with django_assert_num_queries(18):
        many = ask(query, first=100)["producers"]["edges"]

    assert (len(few), len(many)) == (3, 100)
    assert many[2]["node"]["members"]["totalCount"] == many[2]["node"]["memberCount"] == 1


def test_nothing_is_counted_or_listed_that_is_not_asked_for(full: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert ask("{ producers { totalCount } }") == {"producers": {"totalCount": 2}}
    with django_assert_num_queries(1):
        ask("{ places { pageInfo { hasNextPage } } }")


def test_of_a_long_list_a_page_and_one_row_come_over_the_wire(full: None) -> None:
    # given lists of ten products below each of three villages, and one of thirty
    many_villages(3, products=10)
    read: list[int] = []

    def count_rows(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        read.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(count_rows):
        origins_listing().pages_below("village__code", ["v000", "v001", "v002"], Page(2))
        origins_listing().pages_below("village__code", ["v000", "v001"], Page(3, is_last=True))
        origins_listing(within="KG").page(Page(4))

    assert read == [3 * 3, 2 * 4, 5]
