"""What everybody may know of a product and a lot, and the same as JSON-LD."""

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from origin_public_world import (
    LOT,
    LOT_OF_ONE,
    SLIPPERS_GTIN,
    certificates_issued,
    jam_given_an_origin,
    lots_made,
    materials_made,
)
from origin_world import AT, HONEY, JAM, SLIPPERS

from ovop_origin import services
from ovop_origin.certificates import CertificateMarket, ProductCertificate, certificates_of
from ovop_origin.jsonld import product_jsonld, script_safe_json
from ovop_origin.provenance import lot_provenance, provenances
from ovop_origin.records import ProducerRow

BARSKOON = {
    "@type": "Place",
    "name": "Barskoon",
    "identifier": "KG-Y-barskoon",
    "address": {
        "@type": "PostalAddress",
        "addressLocality": "Barskoon",
        "addressRegion": "Issyk-Kul",
        "addressCountry": "KG",
    },
    "geo": {"@type": "GeoCoordinates", "latitude": 42.16, "longitude": 77.61},
}


def certificate(**changes: Any) -> ProductCertificate:
    given: dict[str, Any] = {
        "scheme_names": {"en": "Brand label"},
        "number": "B/1",
        "issuing_body": "Committee",
        "valid_from_on": datetime.date(2025, 1, 1),
        "valid_until_on": None,
        "status": "valid",
        "markets": (),
        "path": "/b/",
        "url": "https://shop.example/b/",
    }
    return ProductCertificate(**given | changes)


@pytest.fixture
def public_world(registry: None) -> None:
    materials_made()
    lots_made()


def test_a_provenance_holds_what_is_public_and_nothing_of_who_did_not_agree(public_world: None) -> None:
    found = provenances([SLIPPERS, JAM, 999])

    assert list(found) == [SLIPPERS]
    slippers = found[SLIPPERS]
    assert [place.code for place in slippers.places] == ["KG-Y-barskoon", "KG-Y-jeti-oguz", "KG-Y", "KG"]
    assert [(maker.code, maker.kind, maker.names.get("en")) for maker in slippers.makers] == [
        ("ak-kiyiz", "cooperative", "Ak Kiyiz"),
        ("", "person", None),
    ]
    assert [(part.code, part.share, [place.code for place in part.places]) for part in slippers.materials] == [
        ("wool", 9_875, ["KG-Y", "KG"]),
        ("yarrow", 125, []),
    ]
    assert slippers.gtins == (SLIPPERS_GTIN,)
    assert "Айгерим" not in repr(slippers)
    assert "m3" not in repr(slippers)
    # nobody's share of the makers' whole
    assert "6667" not in repr(slippers)


def test_a_lot_has_its_own_village_and_contributors_and_tells_no_quantity(public_world: None) -> None:
    lot = lot_provenance(SLIPPERS, LOT)

    assert lot is not None
    assert [place.code for place in lot.places] == ["UZ-QR-chimbay", "UZ-QR-chimbay-district", "UZ-QR", "UZ"]
    assert [(each.code, each.kind) for each in lot.contributors] == [("ak-kiyiz", "cooperative"), ("", "person")]
    assert lot.made_on == datetime.date(2025, 5, 2)
    assert "4242" not in repr(lot)
    assert "3131" not in repr(lot)
    assert "1111" not in repr(lot)
    assert lot_provenance(SLIPPERS, "none") is None
    assert lot_provenance(JAM, LOT) is None


def test_many_provenances_take_the_same_queries_as_one(public_world: None, django_assert_num_queries: Any) -> None:
    for number in range(40):
        code = f"p{number}"
        services.producer_save(ProducerRow(code, "person", "UZ-QR-chimbay", "ky", {"ky": "Ай"}), at=AT)
        services.product_origin_set(100 + number, "KG-Y-barskoon", {code: 4_000, "ak-kiyiz": 6_000}, at=AT)

    with django_assert_num_queries(15):
        one = provenances([SLIPPERS])
    with django_assert_num_queries(15):
        many = provenances([SLIPPERS, HONEY, *range(100, 140)])
    with django_assert_num_queries(8):
        lot_provenance(SLIPPERS, LOT)

    assert len(one) == 1
    assert len(many) == 42


def test_a_shopper_is_told_the_valid_certificates_or_what_became_of_the_last(
    registry: None, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVOP_PUBLIC_URL", "https://shop.example")
    jam_given_an_origin()
    certificates_issued()

    with django_assert_num_queries(4):
        found = certificates_of([SLIPPERS, JAM, HONEY, 999], AT)

    assert found == {
        SLIPPERS: (
            certificate(
                scheme_names={"en": "Brand label", "ky": "Бренд"},
                issuing_body="Brand <Committee>",
                valid_until_on=datetime.date(2099, 12, 31),
                markets=(CertificateMarket({"en": "Kyrgyzstan"}, ("KG",)),),
                path="/plugins/ovop.certification/certificates/brand/B/1/",
                url="https://shop.example/plugins/ovop.certification/certificates/brand/B/1/",
                badge_path="/plugins/ovop.certification/badges/brand/B/1.png?body=committee",
                badge_url="https://shop.example/plugins/ovop.certification/badges/brand/B/1.png?body=committee",
            ),
        ),
        JAM: (
            certificate(
                scheme_names={"en": "Brand label", "ky": "Бренд"},
                issuing_body="Brand <Committee>",
                number="J/1",
                status="suspended",
                path="/plugins/ovop.certification/certificates/brand/J/1/",
                url="https://shop.example/plugins/ovop.certification/certificates/brand/J/1/",
                badge_path="/plugins/ovop.certification/badges/brand/J/1.png?body=committee",
                badge_url="https://shop.example/plugins/ovop.certification/badges/brand/J/1.png?body=committee",
            ),
        ),
    }


def test_without_the_certification_plugin_there_are_no_certificates(
    registry: None, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "ovop_certification"]

    with django_assert_num_queries(0):
        assert certificates_of([SLIPPERS], AT) == {}


# JSON-LD


def test_a_product_is_told_in_the_words_of_schema_org_and_gs1(public_world: None) -> None:
    data = product_jsonld(
        provenances([SLIPPERS])[SLIPPERS],
        language="en",
        name="Felt slippers",
        url="https://shop.example/s",
        certificates=[
            certificate(
                valid_until_on=datetime.date(2025, 12, 31),
                badge_url="https://shop.example/badge.png?body=c",
                stars=4,
                audited_on=datetime.date(2025, 3, 1),
                markets=(
                    CertificateMarket({"en": "Union"}, ("KG", "KZ")),
                    CertificateMarket({"en": "Fairs"}, ()),
                ),
            ),
            certificate(number="B/3", status="not_yet_valid"),
        ],
    )

    assert data == {
        "@context": ["https://schema.org/", {"gs1": "https://ref.gs1.org/voc/"}],
        "@type": ["Product", "gs1:Product"],
        "@id": "https://shop.example/s",
        "url": "https://shop.example/s",
        "name": "Felt slippers",
        "countryOfOrigin": {"@type": "Country", "identifier": "KG", "name": "Kyrgyzstan"},
        "gs1:provenanceStatement": {"@value": "Barskoon, Jeti-Oguz, Issyk-Kul, Kyrgyzstan", "@language": "en"},
        "manufacturer": [
            {"@type": "Organization", "name": "Ak Kiyiz", "identifier": "ak-kiyiz", "location": BARSKOON},
            {"@type": ["Organization", "Person"], "location": BARSKOON},
        ],
        "material": ["Sheep's wool", "Yarrow <dye>"],
        "gtin": SLIPPERS_GTIN,
        "description": "Felted by two.\n\nDyed with <yarrow>.",
        "hasCertification": {
            "@type": "Certification",
            "name": "Brand label",
            "certificationIdentification": "B/1",
            "certificationStatus": "https://schema.org/CertificationActive",
            "issuedBy": {"@type": "Organization", "name": "Committee"},
            "validFrom": "2025-01-01",
            "url": "https://shop.example/b/",
            "expires": "2025-12-31",
            "auditDate": "2025-03-01",
            "certificationRating": {"@type": "Rating", "ratingValue": 4, "bestRating": 5, "worstRating": 1},
            "logo": {
                "@type": "ImageObject",
                "contentUrl": "https://shop.example/badge.png?body=c&lang=en",
                "encodingFormat": "image/png",
            },
            "validIn": [
                {"@type": "Country", "identifier": "KG"},
                {"@type": "Country", "identifier": "KZ"},
                {"@type": "AdministrativeArea", "name": "Fairs"},
            ],
        },
    }


# Of https://schema.org/Certification and of Thing, as they were on 2025-11-22 (release 29.3).
CERTIFICATION_PROPERTIES = {
    *("about", "auditDate", "certificationIdentification", "certificationRating", "certificationStatus"),
    *("datePublished", "expires", "hasMeasurement", "issuedBy", "logo", "validFrom", "validIn"),
    *("additionalType", "alternateName", "description", "disambiguatingDescription", "identifier", "image"),
    *("mainEntityOfPage", "name", "potentialAction", "sameAs", "subjectOf", "url"),
}


def test_a_certification_has_no_property_that_schema_org_does_not_know(public_world: None) -> None:
    full = certificate(
        valid_until_on=datetime.date(2025, 12, 31),
        badge_url="https://shop.example/badge.png?body=c",
        stars=4,
        audited_on=datetime.date(2025, 3, 1),
        markets=(CertificateMarket({"en": "Union"}, ("KG",)),),
    )

    data = product_jsonld(provenances([HONEY])[HONEY], language="en", name="H", url="/h", certificates=[full])

    told = data["hasCertification"].keys() - {"@type"}
    assert told <= CERTIFICATION_PROPERTIES
    assert told >= {"auditDate", "certificationRating", "expires", "issuedBy", "logo", "url", "validFrom", "validIn"}


@pytest.mark.parametrize("status", ["expired", "suspended", "withdrawn"])
def test_a_certificate_that_holds_no_longer_is_inactive(registry: None, status: str) -> None:
    data = product_jsonld(
        provenances([HONEY])[HONEY], language="en", name="H", url="/h", certificates=[certificate(status=status)]
    )

    assert data["hasCertification"]["certificationStatus"] == "https://schema.org/CertificationInactive"
    assert "expires" not in data["hasCertification"]


def test_a_lot_is_told_with_its_day_number_village_and_contributors(public_world: None) -> None:
    slippers = provenances([SLIPPERS])[SLIPPERS]

    data = product_jsonld(slippers, language="en", name="S", url="/s", lot=lot_provenance(SLIPPERS, LOT))
    of_one = product_jsonld(slippers, language="en", name="S", url="/s", lot=lot_provenance(SLIPPERS, LOT_OF_ONE))

    assert data["productionDate"] == "2025-05-02"
    assert data["gs1:hasBatchLotNumber"] == LOT
    assert data["countryOfOrigin"]["identifier"] == "UZ"
    assert of_one["countryOfOrigin"]["identifier"] == "KG"
    assert of_one["manufacturer"] == {"@type": ["Organization", "Person"], "location": BARSKOON}


def test_the_statement_says_which_language_it_is_in(registry: None) -> None:
    """The village has no Japanese name: a Russian statement is not called Japanese."""
    data = product_jsonld(provenances([HONEY])[HONEY], language="ja", name="H", url="/h")

    assert data["gs1:provenanceStatement"] == {
        "@value": "Чимбай, Chimbay, Karakalpakstan, Uzbekistan",
        "@language": "ru",
    }


def test_forty_members_who_are_not_named_are_told_once(registry: None) -> None:
    for number in range(40):
        row = ProducerRow(f"p{number}", "household", "KG-Y-barskoon", "ky", {"ky": "Ай"})
        services.producer_save(row, at=AT)
    services.product_origin_set(JAM, "KG-Y-barskoon", {f"p{number}": 250 for number in range(40)}, at=AT)

    data = product_jsonld(provenances([JAM])[JAM], language="en", name="J", url="/j")

    assert data["manufacturer"] == {"@type": "Organization", "location": BARSKOON}


@given(st.dictionaries(st.text(), st.text()), st.text())
def test_json_in_a_script_is_the_same_json_and_cannot_end_the_script(names: dict[str, str], text: str) -> None:
    data = {"names": names, "text": f"</script><!--{text}&\u2028\u2029"}

    safe = script_safe_json(data)

    assert json.loads(safe) == data
    assert not set(safe) & set("<>&\u2028\u2029")
