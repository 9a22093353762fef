"""One frame for every page: language, escaping, security headers. Rendered by an engine of its own.

The host's TEMPLATES setting is not used: Saleor's differs from release to release and marks missing variables in
the text. Templates live in each plugin's `templates/<app>/`; a host with pages of its own names their folders in the
setting OVOP_TEMPLATE_FOLDERS.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.utils.cache import get_conditional_response
from django.utils.safestring import mark_safe

from ovop_shared.errors import OvopError
from ovop_shared.languages import LANGUAGES, page_language
from ovop_shared.translations import is_reviewed, translate

_PLUGINS_FOLDER = Path(__file__).parent.parent
_STYLE = (Path(__file__).parent / "templates" / "ovop_shared" / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@cache
def _engine() -> Engine:
    folders = [*sorted(_PLUGINS_FOLDER.glob("ovop_*/templates")), *getattr(settings, "OVOP_TEMPLATE_FOLDERS", ())]
    return Engine(
        dirs=[str(folder) for folder in folders],
        libraries={"ovop": "ovop_shared.page_tags"},
        builtins=["ovop_shared.page_tags"],
        loaders=[("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
    )


def request_language(request: HttpRequest, default: str = "en") -> str:
    """`?lang=` first, then the browser's languages, then `default`."""
    wanted = request.GET.get("lang")
    return page_language(wanted, request.headers.get("Accept-Language", ""), default)


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in another language; `query` starts with a question mark."""

    tag: str
    autonym: str
    query: str


def language_links(request: HttpRequest) -> list[LanguageLink]:
    """The page in every language, with everything else that was asked for in the address."""
    links = []
    for language in LANGUAGES:
        asked = request.GET.copy()
        asked["lang"] = language.tag
        links.append(LanguageLink(language.tag, language.autonym, f"?{asked.urlencode()}"))
    return links


def render_fragment(template: str, context: Mapping[str, object], language: str) -> str:
    """A template as text, without the frame's headers; the same input gives the same bytes."""
    return _engine().get_template(template).render(Context({**context, "language": language}))


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    *,
    language: str | None = None,
    status: int = 200,
    is_indexed: bool = False,
    cache_seconds: int = 0,
) -> HttpResponse:
    """A whole page. `cache_seconds` > 0 makes it cacheable by anyone: only for pages that are the same for all."""
    language = language or request_language(request)
    body = render_fragment(
        template,
        {
            **context,
            "request": request,
            "style": mark_safe(_STYLE),  # noqa: S308 - our own file
            "languages": language_links(request),
            "path": request.path,
            "is_reviewed": is_reviewed(language),
            "is_indexed": is_indexed,
        },
        language,
    )
    response = HttpResponse(body, status=status)
    response["Content-Language"] = language
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response["Referrer-Policy"] = "no-referrer" if not is_indexed else "strict-origin-when-cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    response["Vary"] = "Accept-Language"
    if not is_indexed:
        response["X-Robots-Tag"] = "noindex, nofollow"
    if cache_seconds:
        return cacheable(request, response, cache_seconds)
    response["Cache-Control"] = "private, no-store"
    return response


def cacheable(request: HttpRequest, response: HttpResponse, seconds: int) -> HttpResponse:
    """An answer that is the same for all, kept by anyone for that long; 304 to who has these very bytes already
    (RFC 9110, 13.1.2). The strong entity tag is the content's digest."""
    digest = hashlib.sha256(response.content).hexdigest()[:32]
    response["ETag"] = f'"{digest}"'
    response["Cache-Control"] = f"public, max-age={seconds}"
    conditional = get_conditional_response(request, etag=response["ETag"], response=response)
    assert conditional is not None
    return conditional


def error_page(request: HttpRequest, error: OvopError) -> HttpResponse:
    """A refusal as a page: what is wrong, in the visitor's language where we have it, and the stable code."""
    language = request_language(request)
    return render_page(
        request,
        "ovop_shared/error.html",
        {"title": translate("This cannot be shown", language), "error": error},
        language=language,
        status=error.status,
    )
