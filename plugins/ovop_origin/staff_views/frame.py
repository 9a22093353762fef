"""What the registry's staff pages have in common: the right they need, and the words for its problems."""

from ovop_origin.staff_views.problem_texts import PROBLEM_TEXTS
from ovop_shared.errors import OvopError
from ovop_shared.requester import MANAGE_PRODUCTS
from ovop_shared.staff_frame import FormProblems
from ovop_shared.staff_frame import problem_text as text_of_problem
from ovop_shared.staff_pages import staff_page

for_product_staff = staff_page(MANAGE_PRODUCTS)


def form_problems(language: str) -> FormProblems:
    return FormProblems(language, PROBLEM_TEXTS)


def problem_text(error: OvopError, language: str) -> str:
    return text_of_problem(error, language, PROBLEM_TEXTS)
