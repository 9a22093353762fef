"""Plain records of what a host's shop holds; the Saleor adapters produce them, recorded files hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product as the shop knows it. `pk` is Saleor's integer key; `slug` is unique in the shop.

    `product_type` and `categories` are slugs, categories from the product's own up to the root. `names` maps BCP 47
    tags to the translated names; the untranslated one is `name`. `is_published` says whether anybody may see the
    product in at least one channel that is active, `was_published` whether it has ever been published in one: only
    then can anybody outside know of it. `intended_uses` are slugs of what it is meant for (food, gift, …); a market may
    ask other certificates of each.
    """

    pk: int
    slug: str
    name: str
    product_type: str
    categories: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    is_published: bool = True
    was_published: bool = True
    intended_uses: tuple[str, ...] = ()


def product_name(product: ProductRecord, language: str) -> str:
    """The product's name for a reader."""
    return translated_name(product.names, product.name, language)


def translated_name(names: Mapping[str, str], untranslated: str, language: str) -> str:
    """The shop's translation into that language, else the untranslated name. Saleor writes tags in lower case and
    often without the script."""
    folded = {tag.lower(): text for tag, text in names.items() if text}
    return folded.get(language.lower()) or folded.get(language.partition("-")[0].lower()) or untranslated
