"""A small client of Saleor's GraphQL over HTTP: one request in, data out; a refusal is an exception unless it is asked for."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import requests

# GraphQL answers have as many shapes as there are queries; `scenarios` and `shop_builder` turn them into dataclasses.
Data = dict[str, Any]
T = TypeVar("T")

TIMEOUT_SECONDS = 60
TOKEN_SECONDS = 240  # Saleor's own tokens live five minutes


@dataclass(frozen=True, slots=True)
class Refusal:
    """One entry of a mutation's `errors`. `variants` and `lines` hold the global ids that Saleor names, if it names any."""

    field: str | None
    code: str
    message: str
    variants: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class GraphQLFailed(Exception):
    """The request itself failed: a top-level `errors` entry, or an answer that is no GraphQL."""


class MutationRefused(Exception):
    """A mutation answered with errors that nobody asked for."""

    def __init__(self, mutation: str, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(f"{mutation}: " + "; ".join(f"{r.field} {r.code}: {r.message}" for r in refusals))
        self.mutation = mutation
        self.refusals = refusals


class Client:
    """Speaks as whoever `token` says: nobody, a customer, staff or an app. `token` is called before every request."""

    def __init__(self, url: str, token: Callable[[], str] | None = None) -> None:
        self.url = url
        self._token = token
        self._session = requests.Session()

    def query(self, document: str, **variables: object) -> Data:
        """Runs a document and returns `data`; money comes back as Decimal, and may be sent as Decimal. Raises GraphQLFailed."""
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token()}"
        body = json.dumps({"query": document, "variables": variables}, default=str)
        answer = self._session.post(self.url, data=body.encode(), headers=headers, timeout=TIMEOUT_SECONDS)
        try:
            content = answer.json(parse_float=Decimal)
        except requests.JSONDecodeError as error:
            raise GraphQLFailed(f"HTTP {answer.status_code}: {answer.text[:500]}") from error
        if content.get("errors"):
            raise GraphQLFailed(json.dumps(content["errors"], ensure_ascii=False, default=str)[:3000])
        data: Data = content["data"]
        return data

    def mutate(self, document: str, **variables: object) -> Data:
        """Runs a document of one mutation and returns its payload. Raises MutationRefused when it has errors."""
        name, payload, refusals = self._run(document, variables)
        if refusals:
            raise MutationRefused(name, refusals)
        return payload

    def try_mutate(self, document: str, **variables: object) -> tuple[Data, tuple[Refusal, ...]]:
        """As `mutate`, but hands back the errors instead of raising them."""
        _, payload, refusals = self._run(document, variables)
        return payload, refusals

    def _run(self, document: str, variables: dict[str, object]) -> tuple[str, Data, tuple[Refusal, ...]]:
        ((name, payload),) = self.query(document, **variables).items()
        return name, payload, tuple(_refusal(error) for error in payload["errors"])


def _refusal(error: Data) -> Refusal:
    return Refusal(
        field=error.get("field"),
        code=error["code"],
        message=error.get("message") or "",
        variants=tuple(error.get("variants") or ()),
        lines=tuple(error.get("lines") or ()),
    )


class Login:
    """A person's token, renewed before it ends."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._anonymous = Client(url)
        self._credentials = {"email": email, "password": password}
        self._token = ""
        self._renew_at = 0.0

    def __call__(self) -> str:
        if time.monotonic() >= self._renew_at:
            document = """mutation($email: String!, $password: String!) {
              tokenCreate(email: $email, password: $password) { token errors { field code message } } }"""
            self._token = self._anonymous.mutate(document, **self._credentials)["token"]
            self._renew_at = time.monotonic() + TOKEN_SECONDS
        return self._token


def anonymous(url: str) -> Client:
    return Client(url)


def person(url: str, email: str, password: str) -> Client:
    """A customer or staff; the first request logs in."""
    return Client(url, Login(url, email, password))


def app(url: str, token: str) -> Client:
    return Client(url, lambda: token)


class NotInTime(AssertionError):
    """What was waited for did not come before the deadline."""


def wait_until(what: str, look: Callable[[], T | None], *, seconds: float = 30.0) -> T:
    """Asks `look` again and again until it returns something truthy, and returns that. Raises NotInTime."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotInTime(f"After {seconds:g} s still not: {what}. Last seen: {found!r}")
        time.sleep(0.1)
