"""What the committee's pages share: texts, names of products and producers, forms that tell what was refused."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest

from ovop_certification.access import is_manager
from ovop_certification.models import MAX_STARS, Stage, StepKind, Verdict
from ovop_certification.staff_views.frame import form_problems
from ovop_origin.selectors import best_language, best_name, producers
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import AuthenticationRequired, OvopError, PermissionDenied
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import FormProblems

STAGE_TEXTS: Mapping[str, str] = {
    Stage.MOBILISATION: "Mobilisation",
    Stage.DEVELOPMENT: "Product development",
    Stage.WORKSHOP: "Workshop and equipment",
    Stage.CERTIFICATION: "Certification",
    Stage.MARKETS: "Domestic and international markets",
}
STEP_TEXTS: Mapping[str, str] = {
    StepKind.ENTERED: "Entered",
    StepKind.REOPENED: "Reopened",
    StepKind.CLOSED: "Closed",
}
VERDICT_TEXTS: Mapping[str, str] = {
    Verdict.GRANTED: "Granted",
    Verdict.CONDITIONAL: "Granted on conditions",
    Verdict.DEFERRED: "Deferred to another sitting",
    Verdict.REFUSED: "Refused",
}
DONE_TEXTS: Mapping[str, str] = {
    "opened": "The application was opened.",
    "step": "The step was written down.",
    "recipe": "The recipe was kept as a new version.",
    "recipe_same": "The recipe is the same: no new version was made.",
    "sitting": "The sitting was prepared.",
    "changed": "The change is saved.",
    "agenda": "The agenda was changed.",
    "seats": "Who sits was changed.",
    "scored": "Your points were saved.",
    "conflict": "The conflict of interest was written down. Points given before do not count.",
    "decided": "The verdict was recorded.",
    "sitting_closed": "The sitting is closed. Its minutes are final.",
    "draft": "The draft was saved.",
    "published": "The criteria were published.",
    "removed": "The draft was thrown away.",
    "member": "The member was saved.",
}


@dataclass(slots=True)
class Form:
    """A form as it was typed, and what was refused of it."""

    problems: FormProblems
    values: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """For templates: `form.place`; what was not typed is empty. `form.problems` is no field."""
        if name == "problems":
            raise KeyError(name)
        return self.values.get(name, "")


def empty_form(request: HttpRequest, **values: str) -> Form:
    return Form(form_problems(request_language(request)), values)


def typed_form(request: HttpRequest) -> Form:
    return Form(
        form_problems(request_language(request)),
        {name: str(value) for name, value in request.POST.items()},
    )


def is_done(form: Form, write: Callable[[], object], fields: Collection[str] = ()) -> bool:
    """Carry out; False when a rule refuses it, which the form then shows at its field or above the form."""
    try:
        write()
    except (AuthenticationRequired, PermissionDenied):
        raise
    except OvopError as error:
        form.problems.add(error.field if error.field and error.field in fields else "form", error)
        return False
    return True


def done_text(request: HttpRequest) -> str:
    return DONE_TEXTS.get(request.GET.get("done", ""), "")


def may_decide(request: HttpRequest) -> bool:
    return is_manager(requester_of(request))


def whole_number(text: str, most: int = 1_000_000) -> int | None:
    """The number typed, None when it is none or too large to be meant."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 and int(text) <= most else None


def stars_text(stars: int | None) -> str:
    """Four of five: ★★★★☆. Empty where nothing was graded."""
    return "" if stars is None else "★" * stars + "☆" * (MAX_STARS - stars)


@dataclass(frozen=True, slots=True)
class Named:
    """A name as somebody gave it, in the language it is in."""

    code: str
    name: str
    language: str


def product_names(pks: Collection[int], language: str) -> dict[int, str]:
    """What the shop calls them; a product that it does not hold any more is told by its number. One query."""
    found = host_catalogue().by_pk(set(pks))
    return {pk: product_name(found[pk], language) if pk in found else f"#{pk}" for pk in pks}


def producer_names(codes: Collection[str], language: str) -> dict[str, Named]:
    """Names as they were given, in whatever script; the code of one that the registry does not hold any more."""
    found = producers(set(codes))
    return {
        code: Named(
            code, best_name(found[code].names, language), best_language(found[code].names, language) or language
        )
        if code in found
        else Named(code, code, language)
        for code in codes
    }


def name_of(names: Mapping[str, str], language: str, otherwise: str) -> str:
    return best_name(names, language) or otherwise
