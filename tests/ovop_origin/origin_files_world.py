"""A registry in which every table has rows, as files and as what is stored of it."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from origin_world import AT

from ovop_origin.models import (
    Lot,
    LotContribution,
    Maker,
    Material,
    MaterialName,
    Membership,
    Place,
    PlaceName,
    Producer,
    ProducerName,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
)
from ovop_origin.selectors.exports import export_rows, export_tables
from ovop_origin.services import Change, LoadResult
from ovop_origin.services.files import import_tables
from ovop_origin.table_files import TableFile
from ovop_origin.tables import TABLES
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError
from ovop_shared.snapshot import one_snapshot

STORED = (
    Place,
    PlaceName,
    Producer,
    ProducerName,
    Membership,
    Material,
    MaterialName,
    ProductOrigin,
    ProductGtin,
    Maker,
    ProductMaterial,
    Lot,
    LotContribution,
)

Export = Callable[..., int]

FULL = {
    "places": """code,kind,parent,latitude,longitude,official,classifier_scheme,classifier_code,valid_from,name:en,name:ky
KG-Y-barskoon,village,KG-Y-jeti-oguz,42.16,77.61,ky,soate,41702,1920-01-01,Barskoon,Барскоон
KG-Y-tamga,village,KG-Y-jeti-oguz,,,,,,,Tamga,
KG-Y-jeti-oguz,district,KG-Y,,,,,,,Jeti-Oguz,
KG-Y,region,KG,,,,,,,Issyk-Kul,Ысык-Көл облусу
KG,country,,,,,,,,Kyrgyzstan,Кыргызстан
""",
    "producers": """code;kind;village;language;status;stage;is_name_public;phone;is_women_led;flags_consented_on;name:ky;name:ru
ak-kiyiz;cooperative;KG-Y-barskoon;ky;active;markets;yes;'+996 555 000001;yes;01.02.2024;Ак кийиз;
m3;person;KG-Y-barskoon;ru;;;;;;;;Айгерим
m4;person;KG-Y-tamga;ru;paused;;no;;;;;Бурул
""",
    "memberships": "group,member,since,until\nak-kiyiz,m3,2020-01-01,\nak-kiyiz,m4,,2024-12-31\n",
    "materials": "code\tplace\tname:en\nwool\tKG-Y\tWool\ndye\t\tYarrow\n",
    "products": """product,village,gtins,story:en,story:ky
felt-slippers,KG-Y-barskoon,4006381333931 96385074,"Felted by two.

Dyed with ""yarrow"".",Экөө баскан.
wild-berry-jam,KG-Y-tamga,,,
""",
    "makers": "product,producer,share\nfelt-slippers,m3,3333\nwild-berry-jam,m4,10000\nfelt-slippers,ak-kiyiz,6667\n",
    "product_materials": "product,material,share\nfelt-slippers,wool,9000\nfelt-slippers,dye,1000\n",
    "lots": "product,lot,made_on,village\nfelt-slippers,L1,2025-05-01,KG-Y-tamga\nfelt-slippers,L2,2025-05-02,\n",
    "lot_contributions": "product,lot,producer,quantity\nfelt-slippers,L1,m3,30\nfelt-slippers,L1,ak-kiyiz,10\n",
}


def as_file(name: str, content: bytes) -> TableFile:
    return TableFile(name, lambda: io.BytesIO(content))


def csv_files(**tables: str) -> list[TableFile]:
    return [as_file(f"{name}.csv", text.encode()) for name, text in tables.items()]


def do_import(files: Sequence[TableFile], **options: Any) -> LoadResult:
    return import_tables(files, catalogue=host_catalogue(), at=AT, **options)


def changes_of(files: Sequence[TableFile], **options: Any) -> list[tuple[str, str, str, str, str]]:
    """What an import, as a dry run unless it is said otherwise, tells of differences."""
    changes: list[Change] = []
    do_import(files, **{"is_dry_run": True, "on_change": changes.append, **options})
    return [(change.section, change.key, change.field, change.before, change.after) for change in changes]


def where(problem: OvopError) -> tuple[object, ...]:
    """File, row, column, code and value of a problem."""
    return problem.params["file"], problem.row, problem.field, problem.code, problem.params["value"]


def exported(write: Export) -> bytes:
    stream = io.BytesIO()
    with one_snapshot():
        write(stream, export_tables(catalogue=host_catalogue()))
    return stream.getvalue()


def table_rows(name: str) -> list[dict[str, str]]:
    """The rows of an export of one table, without the empty cells."""
    rows = export_rows(name, catalogue=host_catalogue())
    return [{key: cell for key, cell in zip(TABLES[name].header, row, strict=True) if cell} for row in rows]


def everything() -> list[list[dict[str, Any]]]:
    """Every row that is stored, to see that nothing changed."""
    return [list(table.objects.order_by("pk").values()) for table in STORED]
