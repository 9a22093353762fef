"""The form for labels: which size, in which languages, how many."""

import re
from dataclasses import dataclass

from django.http import QueryDict

from ovop_origin.errors import InvalidLabelCount
from ovop_origin.labels import LABELS_MAX, label_content, render_pdf, render_png
from ovop_origin.staff_views.frame import form_problems
from ovop_shared.errors import OvopError
from ovop_shared.languages import name_tag
from ovop_shared.staff_frame import FormProblems

LABEL_TYPES = {"pdf": "application/pdf", "png": "image/png"}

_NUMBER = re.compile(r"^\d{1,6}$")
_FIELDS = {
    "unknown_label_size": "size",
    "label_too_small": "size",
    "unknown_language": "first",
    "gtin_ambiguous": "gtin",
    "gtin_not_of_product": "gtin",
}


@dataclass(slots=True)
class LabelForm:
    """As it was typed; `copies` and `start` are numbers, `format` is one of LABEL_TYPES."""

    size: str
    first: str
    second: str
    lot: str
    gtin: str
    copies: str
    start: str
    format: str
    problems: FormProblems


def empty_label_form(language: str) -> LabelForm:
    return LabelForm("58x40", language, "", "", "", "1", "1", "pdf", form_problems(language))


def typed_label_form(data: QueryDict, language: str) -> LabelForm:
    return LabelForm(
        size=data.get("size", ""),
        first=data.get("first", ""),
        second=data.get("second", ""),
        lot=data.get("lot", ""),
        gtin=data.get("gtin", ""),
        copies=data.get("copies", "1").strip(),
        start=data.get("start", "1").strip(),
        format=data.get("format", "pdf") if data.get("format") in LABEL_TYPES else "pdf",
        problems=form_problems(language),
    )


def make_labels(product_pk: int, form: LabelForm) -> bytes | None:
    """The file; None when it was refused: the form's problems say why."""
    for name, text in (("copies", form.copies), ("start", form.start)):
        if not _NUMBER.match(text):
            error = InvalidLabelCount(f"{text!r} is no number from 1 to {LABELS_MAX}.", params={"limit": LABELS_MAX})
            form.problems.add(name, error)
    if form.problems:
        return None
    try:
        content = label_content(
            product_pk, form.lot or None, languages=(name_tag(form.first), form.second), gtin=form.gtin or None
        )
        if form.format == "png":
            return render_png(content, form.size)
        return render_pdf([content], form.size, start=int(form.start), copies=int(form.copies))
    except OvopError as error:
        form.problems.add(_FIELDS.get(error.code, error.field if error.field in ("copies", "start") else "form"), error)
    return None
