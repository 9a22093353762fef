"""Who does something in the committee: a name for the record, and the account for the rule of four eyes."""

from dataclasses import dataclass

from ovop_certification.models import CommitteeMember
from ovop_shared.requester import Requester


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is written down. `member` is the committee member whose account it is, None for anybody else."""

    name: str
    member: CommitteeMember | None = None


def actor_of(requester: Requester) -> Actor:
    """A member acts under the name by which the minutes know them, all others under their account's. One query."""
    member = None
    if requester.user_id:
        member = CommitteeMember.objects.filter(user_id=requester.user_id, is_active=True).first()
    return Actor(member.name if member else requester.name or requester.kind.value, member)
