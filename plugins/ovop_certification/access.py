"""Who may do what: staff who manage products read; managers decide; members of the committee score.

Managers are those who hold Saleor's right to manage product types and attributes too: they set the shop's rules.
"""

from collections.abc import Iterable

from ovop_certification.errors import UnknownCommitteeMember
from ovop_certification.models import CommitteeMember
from ovop_certification.selectors.committee import SeatFacts
from ovop_shared.errors import PermissionDenied
from ovop_shared.requester import MANAGE_PRODUCT_TYPES, MANAGE_PRODUCTS, Requester


def require_reader(requester: Requester) -> None:
    """Raises AuthenticationRequired, PermissionDenied."""
    requester.require(MANAGE_PRODUCTS)


def require_manager(requester: Requester) -> None:
    """Raises AuthenticationRequired, PermissionDenied."""
    require_reader(requester)
    requester.require(MANAGE_PRODUCT_TYPES)


def is_manager(requester: Requester) -> bool:
    return requester.has(MANAGE_PRODUCTS) and requester.has(MANAGE_PRODUCT_TYPES)


def committee_member_of(requester: Requester) -> CommitteeMember:
    """The active member whose account this is. Raises as require_reader, and UnknownCommitteeMember."""
    require_reader(requester)
    member = None
    if requester.user_id:
        member = CommitteeMember.objects.filter(user_id=requester.user_id, is_active=True).first()
    if member is None:
        raise UnknownCommitteeMember("Your account is not of a member of the committee.")
    return member


def is_closer(requester: Requester, seats: Iterable[SeatFacts]) -> bool:
    """Who records verdicts and closes a sitting: its chair, and managers as secretaries."""
    if is_manager(requester):
        return True
    is_reader = bool(requester.user_id) and requester.has(MANAGE_PRODUCTS)
    return is_reader and any(seat.is_chair and seat.user_id == requester.user_id for seat in seats)


def require_closer(requester: Requester, seats: Iterable[SeatFacts]) -> None:
    """Raises AuthenticationRequired, PermissionDenied."""
    require_reader(requester)
    if not is_closer(requester, seats):
        raise PermissionDenied("Only the chair or a manager does this.")
