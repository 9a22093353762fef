"""Queries that are compiled once per process and then only executed: building a large one costs more than running it.

A query is written with Django's ORM, so that every plugin can give its part as an expression; where a value comes in
with each execution there stands a `Parameter`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Expression,
    Field,
    Func,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.sql.compiler import SQLCompiler


class _Slot(str):
    """The name of a value that is filled in at each execution."""

    __slots__ = ()


class Parameter(Expression):
    """A value that each execution gives. `sql_type` is PostgreSQL's, for instance `bigint[]`."""

    def __init__(self, name: str, sql_type: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field)
        self.name = name
        self.sql_type = sql_type

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"%s::{self.sql_type}", (_Slot(self.name),)


class Fragment(Expression):
    """A piece of SQL that the code itself wrote, in brackets and without a value from outside."""

    def __init__(self, sql: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field)
        self.sql = sql

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"({self.sql})", ()


class AnyOf(Func):
    """Whether the first is an element of the second, an array: `pk = ANY (array)`."""

    template = "(%(expressions)s)"
    arg_joiner = ") = ANY ("
    output_field = BooleanField()


def in_keys(field: str, keys: Collection[int]) -> AnyOf:
    """Whether the field is one of these keys, as one array: a hundred thousand of them are one parameter."""
    return AnyOf(field, Value(list(keys), ArrayField(BigIntegerField())))


def in_texts(field: str, texts: Collection[str]) -> AnyOf:
    return AnyOf(field, Value(list(texts), ArrayField(TextField())))


class JsonList(Subquery):
    """The one column of a query as a JSON list, in the query's order."""

    template = "(SELECT COALESCE(JSON_AGG(listed.value), '[]'::json) FROM (%(subquery)s) AS listed(value))"


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled query. Columns come as psycopg reads them: JSON is text."""

    sql: str
    parameters: tuple[Any, ...]

    @classmethod
    def of(cls, queryset: "QuerySet[Any, Any]", **shared: "QuerySet[Any, Any]") -> "Statement":
        """`shared` are queries of one column, `value`, that are run once and may be read by their names (Fragment)."""
        parts, parameters = [], []
        for name, each in shared.items():
            sql, given = each.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
            parts.append(f"{name}(value) AS MATERIALIZED ({sql})")
            parameters += given
        sql, given = queryset.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        beginning = f"WITH {', '.join(parts)} " if parts else ""
        return cls(beginning + sql, (*parameters, *given))

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """One query, on the database that writes go to."""
        filled = [values[each] if isinstance(each, _Slot) else each for each in self.parameters]
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(self.sql, filled)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
