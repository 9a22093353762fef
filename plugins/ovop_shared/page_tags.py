"""Template tags of the page frame: texts, money, numbers, dates and addresses."""

import datetime

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from django import template
from django.template import Context

from ovop_shared.money import format_minor
from ovop_shared.mounting import page_url
from ovop_shared.shop_time import shop_day
from ovop_shared.translations import translate

register = template.Library()


@register.simple_tag(takes_context=True, name="t")
def text(context: Context, message: str, **values: object) -> str:
    """`{% t "Sold on {day}" day=… %}`: the text in the page's language; names in braces are filled in, escaped later."""
    translated = translate(message, context["language"])
    return translated.format(**values) if values else translated


@register.simple_tag(takes_context=True)
def money(context: Context, amount_minor: int, currency: str) -> str:
    return format_minor(amount_minor, currency, context["language"])


@register.simple_tag(takes_context=True)
def day(context: Context, value: datetime.datetime | datetime.date | str) -> str:
    """A date as people of the page's language write it, a moment as its day in the shop.

    The ISO date where CLDR has no words for the language's calendar: it would write "2026 M09 4".
    """
    moment = datetime.date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if isinstance(moment, datetime.datetime):
        moment = shop_day(moment)
    try:
        locale = Locale.parse(context["language"], sep="-")
    except (UnknownLocaleError, ValueError):
        return moment.isoformat()
    if locale.months["format"]["wide"][1] == "M01":
        return moment.isoformat()
    return format_date(moment, format="medium", locale=locale)


@register.simple_tag
def page(name: str, **parameters: object) -> str:
    return page_url(name, **parameters)
