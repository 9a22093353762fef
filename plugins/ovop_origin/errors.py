"""What the registry of origins refuses: one class per broken rule."""

from ovop_shared.errors import OvopError


class InvalidCode(OvopError):
    """A code holds something other than letters, digits, dots, dashes and underscores, or is longer than 64."""

    code = "invalid_code"


class InvalidChoice(OvopError):
    """The value is not one of the few that the field takes; `params` names them."""

    code = "invalid_choice"


class NotInIso3166(OvopError):
    """The code is no country of ISO 3166-1, or no first-level subdivision of that country in ISO 3166-2."""

    code = "not_in_iso_3166"


class NameMissing(OvopError):
    """A place or a producer has no name in any language."""

    code = "name_missing"


class InvalidName(OvopError):
    """A name is longer than 200 characters."""

    code = "invalid_name"


class UnknownPlace(OvopError):
    """No place has that code."""

    code = "unknown_place"


class WrongParent(OvopError):
    """A village lies in a district, a district in a region, a region in a country, all of the same country."""

    code = "wrong_parent"


class PlaceIsFixed(OvopError):
    """The kind and the country of a place never change: other tables hold its code with the meaning it had."""

    code = "place_is_fixed"


class NotAVillage(OvopError):
    """Producers and products come from villages, not from a country, region or district."""

    code = "not_a_village"


class PlaceNotValid(OvopError):
    """The village is not yet or no longer valid on the day."""

    code = "place_not_valid"


class CoordinatesOffMap(OvopError):
    """A latitude is outside -90..90, a longitude outside -180..180, or one of the two is missing."""

    code = "coordinates_off_map"


class ValidityReversed(OvopError):
    """A place stops being valid before it starts."""

    code = "validity_reversed"


class UnknownProducer(OvopError):
    """No producer has that code."""

    code = "unknown_producer"


class DuplicateMaker(OvopError):
    """A producer is named twice among the makers of one product."""

    code = "duplicate_maker"


class InvalidShare(OvopError):
    """A maker's share is not a whole number from 1 to 10,000."""

    code = "invalid_share"


class SharesDoNotAddUp(OvopError):
    """The shares of a product's makers add up to something other than 10,000 parts."""

    code = "shares_do_not_add_up"


class TooManyIds(OvopError):
    """One call asks for more things than the endpoint serves at once."""

    code = "too_many_ids"


class FlagsWithoutConsent(OvopError):
    """Who leads a producer is recorded without the day on which it agreed to be counted so."""

    code = "flags_without_consent"


class InvalidContact(OvopError):
    """A phone number or an e-mail address has not the shape of one."""

    code = "invalid_contact"


class ClassifierMismatch(OvopError):
    """A number of a national classifier is not made of digits, lacks its scheme, or belongs to another place."""

    code = "classifier_mismatch"


class WrongMember(OvopError):
    """A person has no members, and no producer is, directly or through others, a member of itself."""

    code = "wrong_member"


class UnknownMaterial(OvopError):
    """No material has that code."""

    code = "unknown_material"


class DuplicateMaterial(OvopError):
    """A material is named twice among the materials of one product."""

    code = "duplicate_material"


class InvalidGtin(OvopError):
    """Not a GTIN of 8, 12, 13 or 14 digits with the right check digit."""

    code = "invalid_gtin"


class GtinTaken(OvopError):
    """The GTIN is another product's."""

    code = "gtin_taken"


class OriginMissing(OvopError):
    """The registry does not say where the product comes from, so it has no lots."""

    code = "origin_missing"


class InvalidQuantity(OvopError):
    """The units accepted from a maker are not a whole number from 1 on."""

    code = "invalid_quantity"
