"""The decision once more, written plainly from what the registry's words mean, and from nothing of the plugin's rules.

A shop of one product is described by dictionaries of texts, days are counted from a first day, moments are hours. The
model asks everything anew at each hour: no index, no boundary, no shortcut. Where it and the plugin disagree, one of
the two is wrong.

What it says, in sentences:
- A requirement is about a product of its type, or of its category or one below it, or about all; with an intended use,
  about those of them that are meant for it. It holds from its first day to its last, both included.
- A certificate is known from its first event on. It counts while its last event is the issue or a reinstatement, from
  its first day to its last. An end that has passed is an end, even when it was suspended before; a withdrawal is final.
- It speaks of a product that it names. Otherwise of its holder's: the product itself; what a producer makes; what a
  group makes, or somebody who is a member of it on that day; a product of which its lot is the newest.
- If it lists products or types, others of its holder's are out of its scope. If it lists markets, it is wrong
  elsewhere. If it lists areas, the village must lie in one; a geographical indication without areas holds nowhere.
- It is met by one good certificate for the product as a whole; or by good ones for every maker; or for every lot that
  is newest. For so many days of grace an expired certificate that was not suspended passes with a warning.
- What fails is told certificate by certificate, except one that a newer one, applied for and more, took the place of;
  and where nothing can be told, or a maker or lot has none at all while others have, that one is missing.
"""

from typing import Any

Told = list[tuple[int, str, str | None, bool]]
"""Requirement, code, certificate's number or None, whether it blocks."""


def answer(shop: dict[str, Any], hour: int, day: int) -> Told:
    """Everything that is wrong with the shop's product at that hour, which lies in that day."""
    told: Told = []
    for requirement in sorted(shop["requirements"], key=lambda each: each["id"]):
        if _is_asked(requirement, shop["product"], day):
            told.extend(_complaints(requirement, shop, hour, day))
    return told


def _is_asked(requirement: dict[str, Any], product: dict[str, Any], day: int) -> bool:
    if day < requirement["first"]:
        return False
    if requirement["last"] is not None and requirement["last"] < day:
        return False
    if requirement["use"] != "" and requirement["use"] not in product["uses"]:
        return False
    if requirement["type"] != "":
        return bool(requirement["type"] == product["type"])
    if requirement["category"] != "":
        return requirement["category"] in product["categories"]
    return True


def _complaints(requirement: dict[str, Any], shop: dict[str, Any], hour: int, day: int) -> Told:
    on_the_table = []
    for certificate in sorted(shop["certificates"], key=lambda each: (each["number"], each["id"])):
        if certificate["scheme"] != requirement["scheme"]:
            continue
        if state(certificate, hour, day) == "unknown":
            continue
        if _voice(certificate, shop, day) is not None:
            on_the_table.append(certificate)

    troubles = {each["id"]: _trouble(each, shop, hour, day) for each in on_the_table}
    excused = {each["id"] for each in on_the_table if troubles[each["id"]] is None}
    if _suffices([each for each in on_the_table if each["id"] in excused], shop, day):
        return []

    in_grace = {
        each["id"]
        for each in on_the_table
        if requirement["blocks"] and troubles[each["id"]] == "expired" and _has_grace(each, requirement, hour, day)
    }
    if _suffices([each for each in on_the_table if each["id"] in excused | in_grace], shop, day):
        return [
            (requirement["id"], "expired", each["number"], False) for each in on_the_table if each["id"] in in_grace
        ]

    superseded = {each["replaces"] for each in on_the_table if state(each, hour, day) != "applied"}
    told: Told = []
    for each in on_the_table:
        trouble = troubles[each["id"]]
        if trouble is not None and each["id"] not in superseded:
            told.append(
                (requirement["id"], trouble, each["number"], requirement["blocks"] and each["id"] not in in_grace)
            )
    if not told or _somebody_has_none(on_the_table, troubles, shop, day):
        told.append((requirement["id"], "missing", None, requirement["blocks"]))
    return told


def state(certificate: dict[str, Any], hour: int, day: int) -> str:
    """unknown, applied, early, good, suspended, expired or withdrawn."""
    happened = [kind for when, kind in certificate["events"] if when <= hour]
    if not happened:
        return "unknown"
    if "withdrawn" in happened:
        return "withdrawn"
    if "issued" not in happened:
        return "applied"
    if certificate["last"] is not None and certificate["last"] < day:
        return "expired"
    if happened[-1] == "suspended":
        return "suspended"
    return "early" if day < certificate["first"] else "good"


def _voice(certificate: dict[str, Any], shop: dict[str, Any], day: int) -> Any:
    """Of what the certificate speaks that day: "whole", a set of makers, a lot's code; None when not of this product."""
    product = shop["product"]
    kind, holder = certificate["holder"]
    if kind == "lot":
        pk, code = holder.split("/")
        return code if int(pk) == product["pk"] and code in _newest(product, day) else None
    if product["pk"] in certificate["products"]:
        return "whole"
    if kind == "product":
        return "whole" if holder == str(product["pk"]) else None
    voices = {holder} & set(product["makers"])
    if kind == "group":
        for group, member, first, last in shop["memberships"]:
            is_current = (first is None or first <= day) and (last is None or day <= last)
            if group == holder and is_current and member in product["makers"]:
                voices.add(member)
    return voices or None


def _newest(product: dict[str, Any], day: int) -> set[str]:
    made = [(when, code) for code, when in product["lots"].items() if when <= day]
    return {code for when, code in made if when == max(made)[0]}


def _trouble(certificate: dict[str, Any], shop: dict[str, Any], hour: int, day: int) -> str | None:
    product = shop["product"]
    lists = bool(certificate["products"] or certificate["types"])
    if lists and product["pk"] not in certificate["products"] and product["type"] not in certificate["types"]:
        return "out_of_scope"
    if certificate["markets"] and shop["market"] not in certificate["markets"]:
        return "wrong_market"
    needs_area = certificate["areas"] or certificate["is_geographical"]
    if needs_area and not set(certificate["areas"]) & set(product["places"]):
        return "wrong_area"
    return {
        "applied": "not_yet_valid",
        "early": "not_yet_valid",
        "suspended": "suspended",
        "expired": "expired",
        "withdrawn": "withdrawn",
        "good": None,
    }[state(certificate, hour, day)]


def _has_grace(certificate: dict[str, Any], requirement: dict[str, Any], hour: int, day: int) -> bool:
    happened = [kind for when, kind in certificate["events"] if when <= hour]
    return happened[-1] != "suspended" and day <= certificate["last"] + requirement["grace"]


def _suffices(certificates: list[dict[str, Any]], shop: dict[str, Any], day: int) -> bool:
    makers: set[str] = set()
    lots: set[str] = set()
    for each in certificates:
        voice = _voice(each, shop, day)
        if voice == "whole":
            return True
        if isinstance(voice, str):
            lots.add(voice)
        else:
            makers |= voice
    newest = _newest(shop["product"], day)
    all_makers = set(shop["product"]["makers"])
    return (bool(all_makers) and all_makers <= makers) or (bool(newest) and newest <= lots)


def _somebody_has_none(
    certificates: list[dict[str, Any]], troubles: dict[int, str | None], shop: dict[str, Any], day: int
) -> bool:
    makers: set[str] = set()
    lots: set[str] = set()
    for each in certificates:
        voice = _voice(each, shop, day)
        if voice == "whole" or troubles[each["id"]] == "out_of_scope":
            continue
        if isinstance(voice, str):
            lots.add(voice)
        else:
            makers |= voice
    is_maker_left = bool(makers) and bool(set(shop["product"]["makers"]) - makers)
    is_lot_left = bool(lots) and bool(_newest(shop["product"], day) - lots)
    return is_maker_left or is_lot_left
