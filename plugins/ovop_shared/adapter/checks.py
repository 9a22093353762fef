"""Django system checks that run wherever Saleor starts with the plugins."""

from typing import Any

import saleor
from django.core.checks import CheckMessage, Error, register

from ovop_shared.compatibility import saleor_version_problem


@register("ovop")
def check_saleor_version(**_: Any) -> list[CheckMessage]:
    """Refuse to start on a Saleor these plugins were not tested on."""
    problem = saleor_version_problem(saleor.__version__)
    if problem is None:
        return []
    return [Error(problem, hint="Install a release of saleor-ovop made for this Saleor.", id="ovop.E001")]
