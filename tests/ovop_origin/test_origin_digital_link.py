"""Addresses of GS1 Digital Links, and the address the world knows the host by."""

import pytest

from ovop_origin.digital_link import digital_link, gtin_of_link
from ovop_origin.errors import InvalidGtin
from ovop_shared import mounting
from ovop_shared.mounting import absolute_url, set_public_address


def test_a_link_names_the_product_or_one_of_its_lots() -> None:
    assert digital_link("09506000134352") == "/plugins/ovop.origin/01/09506000134352"
    assert digital_link("09506000134352", "A-1.2") == "/plugins/ovop.origin/01/09506000134352/10/A-1.2"


@pytest.mark.parametrize(
    ("written", "gtin"),
    [
        ("09506000134352", "09506000134352"),
        ("9506000134352", "09506000134352"),
        ("614141000036", "00614141000036"),
        ("96385074", "00000096385074"),
    ],
)
def test_every_length_of_gtin_is_the_same_number_in_fourteen_digits(written: str, gtin: str) -> None:
    assert gtin_of_link(written) == gtin


@pytest.mark.parametrize(
    "written", ["09506000134353", "9506000134353", "950600013435", "", "abc", "9506-000134352", "٩٥٠٦٠٠٠١٣٤٣٥٢"]
)
def test_what_is_no_gtin_is_refused(written: str) -> None:
    with pytest.raises(InvalidGtin) as refused:
        gtin_of_link(written)

    assert refused.value.as_dict()["params"] == {"gtin": written}


def test_the_address_is_the_hosts_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounting, "_public_address", [mounting._environment_address])
    monkeypatch.setenv("OVOP_PUBLIC_URL", "https://shop.example/")
    assert absolute_url("/a/") == "https://shop.example/a/"

    set_public_address(lambda: "https://other.example")
    assert absolute_url("/a/") == "https://other.example/a/"

    monkeypatch.setattr(mounting, "_public_address", [mounting._environment_address])
    monkeypatch.delenv("OVOP_PUBLIC_URL")
    with pytest.raises(RuntimeError, match="OVOP_PUBLIC_URL"):
        absolute_url("/a/")
