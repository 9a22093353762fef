"""Who is in the committee."""

from django.db import IntegrityError, transaction

from ovop_certification.errors import InvalidMember, MemberExists
from ovop_certification.models import CommitteeMember
from ovop_certification.services.committee.criteria import CODE
from ovop_certification.services.committee.texts import typed_line


@transaction.atomic
def member_save(code: str, name: str, *, user_id: str = "", is_active: bool = True) -> CommitteeMember:
    """Add a member, or change the one of that code. `user_id` is the host's id of their staff account.

    Raises InvalidMember, and MemberExists when the account is another member's.
    """
    if not CODE.fullmatch(code):
        raise InvalidMember("A code is of small letters, digits, - and _.", field="code")
    name = typed_line(name, InvalidMember, "name")
    user_id = typed_line(user_id, InvalidMember, "user_id", limit=64, needed=False)
    try:
        with transaction.atomic():
            member, _ = CommitteeMember.objects.update_or_create(
                code=code, defaults={"name": name, "user_id": user_id, "is_active": is_active}
            )
    except IntegrityError as error:
        raise MemberExists("Another member has that account.", field="user_id", params={"user_id": user_id}) from error
    return member
