"""Documents of certificates: filed by managers, given to staff alone, and never shown by us in a page of ours."""

from functools import wraps
from urllib.parse import quote

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import require_manager
from ovop_certification.errors import EvidenceRefused, UnknownCertificate, UnknownEvidence
from ovop_certification.selectors.desk import desk_certificate
from ovop_certification.services.evidence import (
    evidence_content,
    evidence_file,
    evidence_max_bytes,
    evidence_size_check,
)
from ovop_certification.staff_views.certificate_pages import certificate_page
from ovop_certification.staff_views.frame import for_product_staff, form_problems
from ovop_shared.endpoint import refuse
from ovop_shared.errors import NotFound, OvopError
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import back_to
from ovop_shared.staff_pages import View
from ovop_shared.uploads import BodyTooLarge, is_body_cut, limit_body

# What a browser sends around the file: the other fields and the boundaries.
_FORM_BYTES = 64 * 1024


def _limited(view: View[[int]]) -> View[[int]]:
    """Refuse a body that says to be too large before anything of it is read, and stop one that does not say so."""

    @wraps(view)
    def limited(request: HttpRequest, /, pk: int) -> HttpResponseBase:
        try:
            limit_body(request, evidence_max_bytes() + _FORM_BYTES)
        except BodyTooLarge as error:
            return refuse(request, error)
        return view(request, pk)

    return limited


@require_POST
@_limited
@for_product_staff
def evidence_upload(request: HttpRequest, pk: int) -> HttpResponseBase:
    """File a document with a certificate."""
    requester = requester_of(request)
    require_manager(requester)
    details = desk_certificate(pk, timezone.now()) if pk < 2**63 else None
    if details is None:
        raise NotFound("There is no such certificate.", params={"certificate": pk})
    problems = form_problems(request_language(request))
    try:
        file = request.FILES.get("document")
        if is_body_cut(request):
            evidence_size_check(evidence_max_bytes() + 1)
        if not isinstance(file, UploadedFile):
            raise EvidenceRefused("Choose a file.", field="document", params={"why": "empty"})
        evidence_size_check(file.size or 0)
        _, is_new = evidence_file(pk, file.name or "", file.chunks(), actor=requester.name, at=timezone.now())
    except UnknownCertificate as error:
        raise NotFound("There is no such certificate.", params={"certificate": pk}) from error
    except OvopError as error:
        problems.add("document", error)
        return certificate_page(request, details, problems=problems, status=error.status)
    return back_to(request, "ovop_certification:staff-certificate", "filed" if is_new else "filed_before", pk=pk)


@require_safe
@for_product_staff
def evidence_download(request: HttpRequest, pk: int) -> HttpResponse:
    """The document as a file to keep, under the type that was found in its content. Whatever is in it, a browser neither
    runs it, nor guesses another type, nor keeps a copy."""
    try:
        evidence, content = evidence_content(pk if pk < 2**63 else 0)
    except UnknownEvidence as error:
        raise NotFound("There is no such document.", params={"evidence": pk}) from error
    response = HttpResponse(content, content_type=evidence.content_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(evidence.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
