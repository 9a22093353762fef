"""What a GraphQL document would cost to answer: how many values the answer may hold, known before anything runs.

The rule, for every schema that the endpoint serves:

- A field costs 1, and what is selected below it costs its own, once for each thing the field may give.
- A field that takes `first` and `last` gives as many things as they say, DEFAULT_PAGE when neither is given. A field that
  takes a list of ids (`productIds: [ID!]!`) and returns a list gives one thing for each id.
- A connection's page counts where it lies, at the list below it (`edges`): `totalCount` and `pageInfo` are counted once.
- Any other list counts as LIST_SIZE things. What gives one thing at most counts once.
- Variables count with their values or defaults, fragments as often as they are spread, at the most expensive type.
  A page size that is no number counts as MAX_PAGE, and none counts less than 1: validation refuses it later.
- Introspection counts each list once, so that tools can read the schema, but a list inside another one of its own name
  (`fields { type { fields` …) as MAX_PAGE things, because that is how a short document asks for a huge answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLList, GraphQLNonNull, GraphQLSchema
from graphql.language import ast

DEFAULT_PAGE = 20
MAX_PAGE = 100
LIST_SIZE = 5

INTROSPECTION = frozenset({"__schema", "__type"})


def query_cost(
    schema: GraphQLSchema,
    operation: ast.OperationDefinition,
    fragments: Mapping[str, Any],
    variables: Mapping[str, object],
) -> int:
    """The cost of one operation as a number of values, at least 0.

    The document need not be valid: what the schema does not know counts 1, and the validation refuses it later.
    """
    root = {
        "query": schema.get_query_type,
        "mutation": schema.get_mutation_type,
        "subscription": schema.get_subscription_type,
    }[operation.operation]()
    defaults = {
        definition.variable.name.value: _literal(definition.default_value, {})
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    return _Costs(schema, fragments, {**defaults, **variables}).of_selections(operation.selection_set, root, None)


@dataclass(slots=True)
class _Costs:
    schema: GraphQLSchema
    fragments: Mapping[str, Any]
    variables: Mapping[str, object]
    measured: dict[tuple[str, int | None, frozenset[str] | None], int] = field(default_factory=dict)

    def of_selections(
        self, selections: Any, parent: Any, page: int | None, lists_above: frozenset[str] | None = None
    ) -> int:
        """`page` is the size of the connection that `parent` is; `lists_above` the lists around an introspection field,
        None outside introspection."""
        return sum(
            self.of_selection(selection, parent, page, lists_above)
            for selection in (selections.selections if selections else ())
        )

    def of_selection(self, selection: Any, parent: Any, page: int | None, lists_above: frozenset[str] | None) -> int:
        if isinstance(selection, ast.FragmentSpread):
            return self.of_fragment(selection.name.value, page, lists_above)
        if isinstance(selection, ast.InlineFragment):
            condition = selection.type_condition
            on = self.schema.get_type(condition.name.value) if condition else parent
            return self.of_selections(selection.selection_set, on, page, lists_above)
        name = selection.name.value
        if lists_above is not None or name in INTROSPECTION:
            return self.of_introspection(selection, lists_above or frozenset())
        definition = _fields(parent).get(name)
        if definition is None:
            return 1 + self.of_selections(selection.selection_set, None, None)
        size = self.size(selection, definition)
        named, is_list = _named(definition.type)
        if not is_list:
            return 1 + self.of_selections(selection.selection_set, named, size)
        count = size or page or LIST_SIZE
        return 1 + count * self.of_selections(selection.selection_set, named, None)

    def of_fragment(self, name: str, page: int | None, lists_above: frozenset[str] | None) -> int:
        """Measured once for each place it can stand in: fragments that double each other would take for ever.

        A fragment inside itself counts nothing; the validation refuses it later.
        """
        key = (name, page, lists_above)
        if key not in self.measured:
            self.measured[key] = 0
            fragment = self.fragments.get(name)
            if fragment is not None:
                on = self.schema.get_type(fragment.type_condition.name.value)
                self.measured[key] = self.of_selections(fragment.selection_set, on, page, lists_above)
        return self.measured[key]

    def of_introspection(self, selection: Any, lists_above: frozenset[str]) -> int:
        name = selection.name.value
        below = self.of_selections(selection.selection_set, None, None, lists_above | {name})
        return 1 + (MAX_PAGE if name in lists_above and name in _INTROSPECTION_LISTS else 1) * below

    def size(self, selection: Any, definition: Any) -> int | None:
        """How many things the arguments ask for; None where they do not say."""
        given = {argument.name.value: argument.value for argument in selection.arguments or ()}
        is_list = _named(definition.type)[1]
        sizes = []
        for name, argument in definition.args.items():
            if name in ("first", "last"):
                value = _literal(given.get(name), self.variables)
                value = argument.default_value if value is None else value
                if value is not None:
                    sizes.append(_number(value))
            elif is_list and _named(argument.type)[1]:
                values = _literal(given.get(name), self.variables)
                values = argument.default_value if values is None else values
                if values is not None:
                    sizes.append(len(values) if isinstance(values, list) else 1)
        if sizes:
            return max(1, *sizes)
        return DEFAULT_PAGE if "first" in definition.args else None


# ofType is one type and stands in itself in every introspection query.
_INTROSPECTION_LISTS = frozenset(
    {"types", "fields", "args", "interfaces", "possibleTypes", "enumValues", "inputFields"}
)


def _fields(parent: Any) -> Mapping[str, Any]:
    """The fields of an object or an interface; a union and a scalar have none."""
    return getattr(parent, "fields", None) or {}


def _named(kind: Any) -> tuple[Any, bool]:
    """The type without its wrappings, and whether one of them is a list."""
    is_list = False
    while isinstance(kind, GraphQLList | GraphQLNonNull):
        is_list = is_list or isinstance(kind, GraphQLList)
        kind = kind.of_type
    return kind, is_list


def _literal(value: Any, variables: Mapping[str, object]) -> Any:
    """The value of an argument: variables resolved, lists as lists, numbers as numbers, anything else as its text."""
    if isinstance(value, ast.Variable):
        return variables.get(value.name.value)
    if isinstance(value, ast.ListValue):
        return list(value.values)
    if isinstance(value, ast.IntValue):
        return _number(value.value)
    return getattr(value, "value", value)


def _number(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError, OverflowError):
        return MAX_PAGE
