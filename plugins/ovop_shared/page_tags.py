"""Template tags of the page frame: texts, money, numbers, dates and addresses."""

import datetime
from collections.abc import Mapping
from decimal import Decimal

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from django import template
from django.template import Context
from django.utils.html import format_html

from ovop_shared.money import format_minor, number_locale
from ovop_shared.mounting import page_url
from ovop_shared.shop_time import shop_day
from ovop_shared.staff_pages import staff_door
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
def number(context: Context, value: int) -> str:
    return format_decimal(value, locale=number_locale(context["language"]))


@register.simple_tag(takes_context=True)
def percent(context: Context, part: int, whole: int) -> str:
    """A part as a percentage with up to two decimals, none of which is lost when the whole is 10,000."""
    share = Decimal(part) / Decimal(whole)
    locale = number_locale(context["language"])
    return format_percent(
        share, format=locale.percent_formats[None].pattern.replace("#,##0", "#,##0.##"), locale=locale
    )


@register.simple_tag(takes_context=True)
def day(context: Context, value: datetime.datetime | datetime.date | str) -> str:
    """A date as people of the page's language write it, a moment as its day in the shop."""
    return written_day(value, context["language"])


def written_day(value: datetime.datetime | datetime.date | str, language: str, width: str = "medium") -> str:
    """A date as people of that language write it; `width` is CLDR's ("long" writes the month out).

    The ISO date where CLDR has no words for the language's calendar: it would write "2026 M09 4".
    """
    moment = datetime.date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if isinstance(moment, datetime.datetime):
        moment = shop_day(moment)
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return moment.isoformat()
    if locale.months["format"]["wide"][1] == "M01":
        return moment.isoformat()
    return format_date(moment, format=width, locale=locale)


@register.simple_tag
def page(name: str, **parameters: object) -> str:
    return page_url(name, **parameters)


@register.simple_tag(takes_context=True)
def form_token(context: Context) -> str:
    """What every form that posts has to carry on this host, as a hidden field."""
    field = staff_door().form_field(context["request"])
    return format_html('<input type="hidden" name="{}" value="{}">', *field) if field else ""


@register.simple_tag
def order_name(numbers: Mapping[str, str], order_id: str) -> str:
    """`#15` where the host told its number, else the id."""
    return f"#{numbers[order_id]}" if order_id in numbers else order_id
