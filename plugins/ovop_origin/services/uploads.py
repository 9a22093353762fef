"""Files that staff upload: kept for a day, looked at as differences, and loaded exactly as they were looked at."""

import datetime
import hashlib
import io
import uuid
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from ovop_origin.errors import FileTooLarge, OutcomeChanged, UnknownUpload
from ovop_origin.locks import registry_lock
from ovop_origin.models import RegistryUpload
from ovop_origin.services.files import import_tables
from ovop_origin.services.results import Change, LoadResult
from ovop_origin.table_files import TableFile
from ovop_shared.catalogue import Catalogue
from ovop_shared.errors import OvopError, RegistryRefused

KEPT_FOR = datetime.timedelta(days=1)
UPLOAD_MAX_BYTES = 32 * 1024 * 1024

_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """What was uploaded at one time. `name` lists the files, `sha256` is that of what is kept."""

    key: uuid.UUID
    name: str
    uploaded_at: datetime.datetime
    content: bytes
    sha256: str

    @property
    def expires_at(self) -> datetime.datetime:
        return self.uploaded_at + KEPT_FOR


@dataclass(slots=True)
class Review:
    """What an upload would do now. `result` is None when it is refused; then `problem_count` is above 0.

    `outcome` is a digest of all differences: two reviews with the same one change the same things in the same way.
    """

    change_count: int = 0
    problem_count: int = 0
    result: LoadResult | None = None
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def outcome(self) -> str:
        return self._digest.hexdigest()

    def note(self, change: Change) -> None:
        self.change_count += 1
        parts = (change.section, change.key, change.field, change.before, change.after)
        for part in parts:
            encoded = part.encode()
            self._digest.update(f"{len(encoded)}:".encode() + encoded)


def check_upload_size(size_bytes: int) -> None:
    """Raises FileTooLarge."""
    if size_bytes > UPLOAD_MAX_BYTES:
        limit = UPLOAD_MAX_BYTES // (1024 * 1024)
        message = f"The files have more than {limit} MiB; import them with the command."
        raise FileTooLarge(message, params={"limit": limit})


@transaction.atomic
def upload_keep(files: Sequence[tuple[str, bytes]], *, by: str, at: datetime.datetime) -> uuid.UUID:
    """Keep files, as (name, content), for `by`, and forget what was kept for too long; the key to ask for them with.

    Raises FileTooLarge for more than UPLOAD_MAX_BYTES together.
    """
    check_upload_size(sum(len(content) for _, content in files))
    RegistryUpload.objects.filter(uploaded_at__lte=at - KEPT_FOR).delete()
    row = RegistryUpload.objects.create(
        key=uuid.uuid4(),
        name=", ".join(name for name, _ in files)[:_NAME_CHARACTERS],
        content=_packed(files),
        uploaded_by=by,
        uploaded_at=at,
    )
    return row.key


def upload_find(key: uuid.UUID, *, by: str, at: datetime.datetime) -> Upload:
    """Raises UnknownUpload when it is not there, has expired, was loaded already, or is somebody else's."""
    row = RegistryUpload.objects.filter(key=key, uploaded_by=by, uploaded_at__gt=at - KEPT_FOR).first()
    if row is None:
        raise UnknownUpload("This upload is not there any more. Choose the files again.")
    content = bytes(row.content)
    return Upload(row.key, row.name, row.uploaded_at, content, hashlib.sha256(content).hexdigest())


def upload_review(
    upload: Upload,
    *,
    catalogue: Catalogue,
    at: datetime.datetime,
    on_change: Callable[[Change], None] | None = None,
    on_problem: Callable[[OvopError], None] | None = None,
) -> Review:
    """What loading the upload would do now; nothing is written."""
    return _run(upload, catalogue, at, is_dry_run=True, on_change=on_change, on_problem=on_problem)


@transaction.atomic
def upload_load(
    key: uuid.UUID, *, by: str, sha256: str, outcome: str, catalogue: Catalogue, at: datetime.datetime
) -> LoadResult:
    """Load the upload as it was reviewed, all rows or none, and forget it.

    Raises UnknownUpload as `upload_find`, RegistryRefused when a row breaks a rule by now, and OutcomeChanged when
    the files or what they change are not what was reviewed.
    """
    registry_lock()  # first, so that of two who press the button at once the second finds the upload gone
    upload = upload_find(key, by=by, at=at)
    review = _run(upload, catalogue, at, is_dry_run=False)
    if review.result is None:
        raise RegistryRefused([])
    if upload.sha256 != sha256 or review.outcome != outcome:
        raise OutcomeChanged("The registry has changed since: look at the differences again.")
    RegistryUpload.objects.filter(key=key).delete()
    return review.result


def _run(
    upload: Upload,
    catalogue: Catalogue,
    at: datetime.datetime,
    *,
    is_dry_run: bool,
    on_change: Callable[[Change], None] | None = None,
    on_problem: Callable[[OvopError], None] | None = None,
) -> Review:
    review = Review()

    def change(each: Change) -> None:
        review.note(each)
        if on_change is not None:
            on_change(each)

    def problem(each: OvopError) -> None:
        review.problem_count += 1
        if on_problem is not None:
            on_problem(each)

    try:
        with transaction.atomic():
            review.result = import_tables(
                _unpacked(upload.content),
                catalogue=catalogue,
                at=at,
                is_dry_run=is_dry_run,
                on_change=change,
                on_problem=problem,
            )
    except RegistryRefused:
        review.result = None
    return review


def _packed(files: Sequence[tuple[str, bytes]]) -> bytes:
    """The files as one archive; their places keep apart those of one name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, content) in enumerate(files):
            archive.writestr(zipfile.ZipInfo(f"{number}/{name}"), content)
    return packed.getvalue()


def _unpacked(content: bytes) -> list[TableFile]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    return [TableFile(name.partition("/")[2], partial(_part, content, name)) for name in names]


def _part(content: bytes, name: str) -> io.BytesIO:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return io.BytesIO(archive.read(name))
