"""What the public pages show beyond the small registry: materials, GTINs, lots, and a certificate."""

import datetime

from origin_world import AT, HONEY, JAM, SLIPPERS

from ovop_certification.services import registry as certification
from ovop_origin import services
from ovop_origin.models import (
    Lot,
    LotContribution,
    Material,
    MaterialName,
    Place,
    Producer,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
)
from ovop_shared.catalogue import host_catalogue

SLIPPERS_GTIN, HONEY_GTIN = "04600000000015", "04780000000014"
LOT, LOT_OF_ONE = "S-2025.05", "S-2025.04"


def materials_made() -> None:
    """Slippers: wool from Barskoon's region and a dye of unknown origin; the honey is all licorice."""
    wool = Material.objects.create(code="wool", place=Place.objects.get(code="KG-Y"))
    dye = Material.objects.create(code="yarrow")
    MaterialName.objects.create(material=wool, language="en", text="Sheep's wool")
    MaterialName.objects.create(material=wool, language="ky", text="Кой жүнү")
    MaterialName.objects.create(material=dye, language="en", text="Yarrow <dye>")
    origin = ProductOrigin.objects.get(product_pk=SLIPPERS)
    ProductMaterial.objects.bulk_create(
        [
            ProductMaterial(origin=origin, material=wool, share=9_875),
            ProductMaterial(origin=origin, material=dye, share=125),
        ]
    )
    ProductGtin.objects.create(origin=origin, gtin=SLIPPERS_GTIN)
    ProductGtin.objects.create(origin=ProductOrigin.objects.get(product_pk=HONEY), gtin=HONEY_GTIN)


def lots_made() -> None:
    """Two lots of the slippers: one by both makers in the other village, one by the maker without consent at home."""
    origin = ProductOrigin.objects.get(product_pk=SLIPPERS)
    chimbay, barskoon = Place.objects.get(code="UZ-QR-chimbay"), Place.objects.get(code="KG-Y-barskoon")
    named, unnamed = Producer.objects.get(code="ak-kiyiz"), Producer.objects.get(code="m3")
    both = Lot.objects.create(origin=origin, code=LOT, village=chimbay, made_on=datetime.date(2025, 5, 2))
    LotContribution.objects.create(lot=both, producer=named, quantity=3131)
    LotContribution.objects.create(lot=both, producer=unnamed, quantity=1111)
    one = Lot.objects.create(origin=origin, code=LOT_OF_ONE, village=barskoon, made_on=datetime.date(2025, 4, 1))
    LotContribution.objects.create(lot=one, producer=unnamed, quantity=7077)


def certificates_issued() -> None:
    """The slippers' brand label is valid in Kyrgyzstan, an older one has expired, another was applied for; the jam's
    only one is suspended, the honey's only one applied for."""

    def certificate(number: str, product: str, *events: str, **changes: object) -> dict[str, object]:
        return {
            "scheme": "brand",
            "issuing_body": "committee",
            "number": number,
            "holder": {"product": product},
            "valid_from_on": "2025-01-01",
            "events": [
                {"kind": kind, "at": f"2025-0{place}-01T09:00:00+06:00", "actor": "Desk", "reason": "a private one"}
                for place, kind in enumerate(events, 1)
            ],
            **changes,
        }

    certification.registry_load(
        {
            "version": 1,
            "schemes": [{"code": "brand", "kind": "brand_label", "names": {"en": "Brand label", "ky": "Бренд"}}],
            "issuing_bodies": [{"code": "committee", "name": "Brand <Committee>"}],
            "markets": [{"code": "kg", "names": {"en": "Kyrgyzstan"}, "channels": ["kgs"], "countries": ["KG"]}],
            "requirements": [],
            "certificates": [
                certificate("B/1", "felt-slippers", "issued", valid_until_on="2099-12-31", markets=["kg"]),
                certificate("B/0", "felt-slippers", "issued", valid_until_on="2025-02-01"),
                certificate("B/2", "felt-slippers", "applied"),
                certificate("J/1", "wild-berry-jam", "issued", "suspended"),
                certificate("H/1", "licorice-honey", "applied"),
            ],
        },
        catalogue=host_catalogue(),
        at=AT,
    )


def jam_given_an_origin() -> None:
    services.product_origin_set(JAM, "KG-Y-barskoon", {"m3": 10_000}, at=AT)
