"""What staff pages have in common: their frame, pages of long lists, the way back after a form, problems of forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from ovop_shared.errors import OvopError
from ovop_shared.languages import DEFAULT_LANGUAGE
from ovop_shared.mounting import page_url
from ovop_shared.pages import render_page, request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_pages import SeeOther
from ovop_shared.translations import translate

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as a form shows it: a sentence in the page's language and the stable code."""

    text: str
    code: str


@dataclass(slots=True)
class FormProblems:
    """The refusals of one form by the name of its field; those of no field stand above the form.

    `texts` has one sentence for every code, a page text.
    """

    language: str
    texts: Mapping[str, str]
    by_field: dict[str, list[Problem]] = field(default_factory=dict)

    def add(self, name: str, error: OvopError) -> None:
        text = problem_text(error, self.language, self.texts)
        self.by_field.setdefault(name, []).append(Problem(text, error.code))

    def __bool__(self) -> bool:
        return bool(self.by_field)

    def at(self, name: str) -> list[Problem]:
        return self.by_field.get(name, [])

    def __getitem__(self, name: str) -> list[Problem]:
        """For templates: `form.problems.village`. The problems of no field are at `form`."""
        return self.at(name)


@dataclass(frozen=True, slots=True)
class Pages:
    """Where in a long list a page is; `previous` and `next` are queries of addresses, empty where there is none."""

    first: int
    last: int
    total: int
    previous: str
    next: str


def staff_frame(
    request: HttpRequest, template: str, title: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """A staff page; `title` is in the page's language."""
    language = request_language(request)
    return render_page(
        request,
        template,
        {
            **context,
            "title": title,
            "signed_in_as": requester_of(request).name,
            "has_sign_out": not request.headers.get("Authorization"),
        },
        language=language,
        status=status,
    )


def back_to(
    request: HttpRequest,
    name: str,
    done: str = "",
    counts: Mapping[str, str] = MappingProxyType({}),
    **parameters: object,
) -> HttpResponse:
    """After a form: to a page by GET, in the same language, saying what was done (a key the page knows) how often."""
    query = {"lang": request_language(request)} | ({"done": done} if done else {}) | dict(counts)
    # A browser would keep the form's own fragment, and show its place instead of what was done.
    return SeeOther(f"{page_url(name, **parameters)}?{urlencode(query)}#{'done' if done else 'top'}")


def page_number(request: HttpRequest) -> int:
    """The 1-based page asked for; the first one when what is asked for is no number."""
    wanted = request.GET.get("page", "")
    return max(1, int(wanted)) if wanted.isdecimal() and len(wanted) < 7 else 1


def pages_of(request: HttpRequest, number: int, shown: int, total: int) -> Pages:
    def query(page: int) -> str:
        return urlencode({**request.GET.dict(), "page": page})

    first = (number - 1) * PAGE_SIZE + 1
    last = first + shown - 1
    return Pages(
        first=first if shown else 0,
        last=last if shown else 0,
        total=total,
        previous=query(number - 1) if number > 1 else "",
        next=query(number + 1) if last < total and shown else "",
    )


def problem_text(error: OvopError, language: str, texts: Mapping[str, str]) -> str:
    """In English the error's own sentence, which names the values; elsewhere the sentence of its code."""
    if language == DEFAULT_LANGUAGE or error.code not in texts:
        return error.message
    return translate(texts[error.code], language)
