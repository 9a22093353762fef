"""The registry as files: imported after a look at the differences, exported as CSV and XLSX."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ovop_origin.errors import NoFile, OutcomeChanged
from ovop_origin.records import SECTIONS
from ovop_origin.selectors.exports import export_tables
from ovop_origin.services.results import Change, LoadResult, Tally
from ovop_origin.services.uploads import (
    UPLOAD_MAX_BYTES,
    Upload,
    check_upload_size,
    upload_find,
    upload_keep,
    upload_load,
    upload_review,
)
from ovop_origin.staff_views.frame import for_product_staff, form_problems, problem_text
from ovop_origin.table_files import CsvWriter, write_xlsx, write_zip
from ovop_origin.tables import TABLES
from ovop_shared.catalogue import host_catalogue
from ovop_shared.downloads import download
from ovop_shared.errors import OvopError, RegistryRefused
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.shop_time import shop_day
from ovop_shared.snapshot import one_snapshot
from ovop_shared.staff_frame import back_to, staff_frame
from ovop_shared.translations import translate

SHOWN = 200
"""How many differences and problems a page shows; a CSV file holds all of them."""

SECTION_TEXTS = {
    "places": "Places",
    "producers": "Producers",
    "memberships": "Memberships",
    "materials": "Materials",
    "products": "Products",
    "lots": "Lots",
}
NOTICE_TEXTS = {
    "loaded": "Everything in the files is loaded.",
    "outcome_changed": "The registry has changed since you looked: nothing was loaded. Look at the differences again.",
    "refused": "Nothing was loaded: a row breaks a rule by now.",
}
EXPORT_TYPES = {
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CHANGE_HEADER = ("section", "key", "field", "before", "after")
PROBLEM_HEADER = ("file", "row", "column", "code", "value", "message")


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """A refused row: its place in the files, the column, the stable code, what stands there and what is wrong."""

    file: str
    row: str
    column: str
    code: str
    value: str
    message: str


@dataclass(slots=True)
class _Shown:
    """The first differences and problems of a review."""

    language: str
    changes: list[Change] = field(default_factory=list)
    problems: list[ShownProblem] = field(default_factory=list)

    def change(self, change: Change) -> None:
        if len(self.changes) < SHOWN:
            self.changes.append(change)

    def problem(self, problem: OvopError) -> None:
        if len(self.problems) < SHOWN:
            self.problems.append(shown_problem(problem, self.language))


@require_http_methods(["GET", "HEAD", "POST"])
@for_product_staff
def files(request: HttpRequest) -> HttpResponseBase:
    """Choose files to import, or a format to export."""
    language = request_language(request)
    problems = form_problems(language)
    if request.method == "POST":
        try:
            key = upload_keep(_uploaded(request), by=_uploader(request), at=timezone.now())
        except OvopError as error:
            problems.add("files", error)
        else:
            return back_to(request, "ovop_origin:staff-review", key=key)
    return staff_frame(
        request,
        "ovop_origin/staff_files.html",
        translate("Import and export", language),
        {
            "problems": problems.at("files"),
            "notice": NOTICE_TEXTS.get(request.GET.get("done", "")),
            "counts": [
                (SECTION_TEXTS[section], int(request.GET[section]))
                for section in SECTIONS
                if request.GET.get(section, "").isdecimal()
            ],
            "tables": list(TABLES),
            "limit_mib": UPLOAD_MAX_BYTES // (1024 * 1024),
        },
        status=400 if problems else 200,
    )


@require_safe
@for_product_staff
def review(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What an upload would change, or why it cannot be loaded."""
    return _review_page(request, _upload(request, key))


@require_POST
@for_product_staff
def load(request: HttpRequest, key: uuid.UUID) -> HttpResponseBase:
    """Load what was reviewed, or say that it is not that any more."""
    try:
        result = upload_load(
            key,
            by=_uploader(request),
            sha256=request.POST.get("sha256", ""),
            outcome=request.POST.get("outcome", ""),
            catalogue=host_catalogue(),
            at=timezone.now(),
        )
    except (OutcomeChanged, RegistryRefused) as refusal:
        notice = "refused" if isinstance(refusal, RegistryRefused) else refusal.code
        return _review_page(request, _upload(request, key), notice=NOTICE_TEXTS[notice], code=refusal.code, status=409)
    written = {
        section: f"{tally.created + tally.changed}"
        for section in SECTIONS
        if (tally := getattr(result, section)).created or tally.changed
    }
    return back_to(request, "ovop_origin:staff-files", "loaded", counts=written)


@require_safe
@for_product_staff
def review_file(request: HttpRequest, key: uuid.UUID, what: str) -> HttpResponseBase:
    """All differences, or all problems, of an upload as CSV."""
    upload = _upload(request, key)
    language = request_language(request)

    def write(stream: BinaryIO) -> None:
        rows = CsvWriter(stream, CHANGE_HEADER if what == "changes" else PROBLEM_HEADER)

        def change(each: Change) -> None:
            rows.write((each.section, each.key, each.field, each.before, each.after))

        def problem(each: OvopError) -> None:
            shown = shown_problem(each, language)
            rows.write((shown.file, shown.row, shown.column, shown.code, shown.value, shown.message))

        upload_review(
            upload,
            catalogue=host_catalogue(),
            at=timezone.now(),
            on_change=change if what == "changes" else None,
            on_problem=problem if what == "problems" else None,
        )
        rows.finish()

    return download(request, write, name=f"{what}.csv", content_type="text/csv; charset=utf-8")


@require_safe
@for_product_staff
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """All tables, as they were at one moment: CSV files in a ZIP file, or sheets of an XLSX file."""
    write_file = write_zip if kind == "zip" else write_xlsx

    def write(stream: BinaryIO) -> None:
        with one_snapshot():
            write_file(stream, export_tables(catalogue=host_catalogue()))

    day = shop_day(timezone.now()).isoformat()
    return download(request, write, name=f"ovop-registry-{day}.{kind}", content_type=EXPORT_TYPES[kind])


def shown_problem(problem: OvopError, language: str) -> ShownProblem:
    place = problem.params.get("file") or problem.params.get("table") or problem.params.get("section") or ""
    return ShownProblem(
        file=str(place),
        row="" if problem.row is None else str(problem.row),
        column=problem.field or "",
        code=problem.code,
        value=str(problem.params.get("value", "")),
        message=problem_text(problem, language),
    )


def _review_page(
    request: HttpRequest, upload: Upload, *, notice: str | None = None, code: str = "", status: int = 200
) -> HttpResponse:
    language = request_language(request)
    shown = _Shown(language)
    found = upload_review(
        upload, catalogue=host_catalogue(), at=timezone.now(), on_change=shown.change, on_problem=shown.problem
    )
    return staff_frame(
        request,
        "ovop_origin/staff_review.html",
        translate("What the files would change", language),
        {
            "upload": upload,
            "review": found,
            "tallies": _tallies(found.result),
            "changes": [(SECTION_TEXTS[each.section], each) for each in shown.changes],
            "problems": shown.problems,
            "notice": notice,
            "code": code,
            "shown": SHOWN,
        },
        status=status,
    )


def _tallies(result: LoadResult | None) -> list[tuple[str, Tally]]:
    if result is None:
        return []
    tallies = [(SECTION_TEXTS[section], getattr(result, section)) for section in SECTIONS]
    return [(text, tally) for text, tally in tallies if tally.total]


def _upload(request: HttpRequest, key: uuid.UUID) -> Upload:
    return upload_find(key, by=_uploader(request), at=timezone.now())


def _uploader(request: HttpRequest) -> str:
    """Who an upload belongs to, on every host: the kind keeps a person and an app of one name apart."""
    requester = requester_of(request)
    return f"{requester.kind}:{requester.user_id or requester.name}"[:200]


def _uploaded(request: HttpRequest) -> Sequence[tuple[str, bytes]]:
    """The posted files, whose sizes are known before they are read. Raises NoFile."""
    posted = [each for each in request.FILES.getlist("files") if each.name]
    if not posted:
        raise NoFile("Choose at least one file.")
    check_upload_size(sum(each.size or 0 for each in posted))
    return [(PurePosixPath(each.name or "").name, each.read()) for each in posted]
