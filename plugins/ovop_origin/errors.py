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
    """A place, a producer or a material has no name in any language."""

    code = "name_missing"


class InvalidName(OvopError):
    """A name is longer than 200 characters, or holds one that cannot be stored."""

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
    """A place stops being valid, or a membership ends, before it starts."""

    code = "validity_reversed"


class UnknownProducer(OvopError):
    """No producer has that code."""

    code = "unknown_producer"


class DuplicateMaker(OvopError):
    """A producer is named twice among the makers of one product."""

    code = "duplicate_maker"


class InvalidShare(OvopError):
    """The share of a maker or of a material is not a whole number from 1 to 10,000."""

    code = "invalid_share"


class SharesDoNotAddUp(OvopError):
    """The shares of a product's makers, or of its materials, add up to something other than 10,000 parts."""

    code = "shares_do_not_add_up"


class TooManyIds(OvopError):
    """One call asks for more things than the endpoint serves at once."""

    code = "too_many_ids"


class InvalidPageSize(OvopError):
    """A page of a connection holds 1 to 100 things."""

    code = "invalid_page_size"


class InvalidText(OvopError):
    """A text is longer than the registry keeps it, or holds a character that cannot be stored."""

    code = "invalid_text"


class InvalidCursor(OvopError):
    """A cursor is none that this list has given."""

    code = "invalid_cursor"


class InvalidDistance(OvopError):
    """A distance is not above zero and at most half the way round the earth."""

    code = "invalid_distance"


class FlagsWithoutConsent(OvopError):
    """Who leads a producer is recorded without the day, today or earlier, on which it agreed to be counted so."""

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


class InvalidBox(OvopError):
    """A bounding box is not four numbers in degrees: west, south, east, north."""

    code = "invalid_box"


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
    """The units accepted from a maker are not a whole number from 1 to 2,147,483,647."""

    code = "invalid_quantity"


class UnreadableFile(OvopError):
    """The file is none of CSV, XLSX and ZIP, or is damaged, or is protected by a password."""

    code = "unreadable_file"


class FileTooLarge(OvopError):
    """A file, what it unpacks to, or one of its lines is larger than an import reads; `params` holds the limit."""

    code = "file_too_large"


class NotUtf8(OvopError):
    """The text of a file is not encoded in UTF-8."""

    code = "not_utf_8"


class EmptyFile(OvopError):
    """A file holds no table, or a table no header."""

    code = "empty_file"


class UnknownTable(OvopError):
    """The name of a file or a sheet is not the name of a table; `params` names the tables."""

    code = "unknown_table"


class UnknownColumn(OvopError):
    """The table has no column of that name; `params` names those it has."""

    code = "unknown_column"


class DuplicateColumn(OvopError):
    """A header names a column twice."""

    code = "duplicate_column"


class MissingColumn(OvopError):
    """A header lacks a column without which no row can be told from another."""

    code = "missing_column"


class TooManyCells(OvopError):
    """A cell is filled in that stands below no header."""

    code = "too_many_cells"


class ValueMissing(OvopError):
    """A cell is empty that has to be filled in."""

    code = "value_missing"


class TextTooLong(OvopError):
    """A text is longer than its column; `params` holds the limit."""

    code = "text_too_long"


class InvalidNumber(OvopError):
    """Not a number of the digits that the column takes, or one that a spreadsheet has already rounded."""

    code = "invalid_number"


class InvalidDay(OvopError):
    """Not a day, written like 2025-01-31 or 31.01.2025."""

    code = "invalid_date"


class InvalidBoolean(OvopError):
    """Not one of yes, no, true, false, 1 and 0."""

    code = "invalid_boolean"


class FormulaInCell(OvopError):
    """A cell of a spreadsheet holds a formula: what it would show is not known before it is computed."""

    code = "formula_in_cell"


class WrongCellType(OvopError):
    """A cell of a spreadsheet holds a date, a time or a truth value where a text or a number is expected."""

    code = "wrong_cell_type"


class UnreadableCell(OvopError):
    """A cell holds a spreadsheet's error, or a character that no text has."""

    code = "unreadable_cell"


class UnknownLabelSize(OvopError):
    """No label or sheet of labels goes by that name; `params` names those that there are."""

    code = "unknown_label_size"


class TooManyLanguages(OvopError):
    """A label is written in one language and has a second name in another, not in more."""

    code = "too_many_languages"


class LabelTooSmall(OvopError):
    """The label has no room for a text at its smallest legible size, or for a QR code that can be scanned."""

    code = "label_too_small"


class InvalidLabelCount(OvopError):
    """No labels are asked for, more than are printed at once, or a start behind the sheet's last label."""

    code = "invalid_label_count"


class UnknownLot(OvopError):
    """The product has no lot of that code."""

    code = "unknown_lot"


class GtinAmbiguous(OvopError):
    """The product has several GTINs, one for each packing, and none of them was chosen."""

    code = "gtin_ambiguous"


class GtinNotOfProduct(OvopError):
    """The GTIN is not one of the product's."""

    code = "gtin_not_of_product"


class InvalidLotCode(OvopError):
    """A lot's code is not 1 to 20 letters, digits, dots, dashes and underscores (GS1 application identifier 10)."""

    code = "invalid_lot_code"


class MadeInTheFuture(OvopError):
    """A lot is said to be made on a day that has not come."""

    code = "made_in_the_future"


class DuplicateContribution(OvopError):
    """A producer is named twice among those that a lot was accepted from."""

    code = "duplicate_contribution"


class OriginHasLots(OvopError):
    """The origin of a product that has lots stays: they say where and by whom they were made."""

    code = "origin_has_lots"


class AmbiguousName(OvopError):
    """Several places or producers have that name; `params` names their codes, one of which has to be given instead."""

    code = "ambiguous_name"


class ChangedMeanwhile(OvopError):
    """Somebody else changed the same thing after the form was opened; what is stored now is shown instead."""

    code = "changed_meanwhile"
    status = 409


class NoFile(OvopError):
    """An upload without a file."""

    code = "no_file"


class UnknownUpload(OvopError):
    """An upload is somebody else's, older than a day, or has been loaded."""

    code = "unknown_upload"
    status = 404


class OutcomeChanged(OvopError):
    """What a load would change is not what was reviewed: the registry has changed meanwhile. Nothing was loaded."""

    code = "outcome_changed"
    status = 409


class NotAMaker(OvopError):
    """A lot of the product cannot hold what a producer gave that is neither its maker nor, that day, a member of one."""

    code = "not_a_maker"
