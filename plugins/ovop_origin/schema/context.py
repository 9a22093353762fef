"""What every resolver asks: may the requester see this, and a loader that reads many things at once."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from promise import Promise
from promise.dataloader import DataLoader

from ovop_origin.rules import is_storable
from ovop_origin.selectors import OriginFacts, ProducerFacts
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord
from ovop_shared.requester import MANAGE_PRODUCTS, requester_of

Read = Callable[[Collection[Any]], Mapping[Any, Any]]


class _Loader(DataLoader):
    """Collects the keys that one query asks for and reads them at once; None for what is not found."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read

    def batch_load_fn(self, keys: Sequence[Any]) -> "Promise[Any]":
        found = self.read(keys)
        return Promise.resolve([found.get(key) for key in keys])


def load(info: Any, read: Read, key: Hashable, *, name: Hashable | None = None) -> Any:
    """A promise of what `read` finds for the key, read together with the other keys of the request.

    One loader for each `read`; functions made for one call share a loader by their `name`.
    """
    loaders: dict[Hashable, _Loader] = info.context.__dict__.setdefault("ovop_origin_loaders", {})
    name = read if name is None else name
    if name not in loaders:
        loaders[name] = _Loader(read)
    return loaders[name].load(key)


def load_all(info: Any, read: Read, keys: Iterable[Hashable]) -> Any:
    """A promise of what `read` finds for the keys, in their order; what is not found is left out."""
    found = Promise.all([load(info, read, key) for key in keys])
    return found.then(lambda things: [thing for thing in things if thing is not None])


def forget(info: Any) -> None:
    """After a change: what was read before is read again."""
    info.context.__dict__.pop("ovop_origin_loaders", None)


def manages_products(info: Any) -> bool:
    return requester_of(info.context).has(MANAGE_PRODUCTS)


def is_named(producer: ProducerFacts, info: Any) -> bool:
    """Whether the requester may know which producer this is."""
    return producer.is_name_public or manages_products(info)


def in_shown_order(producers: Iterable[ProducerFacts], info: Any) -> list[ProducerFacts]:
    """Named ones by their codes, then the others by what is shown of them: their hidden codes tell no order."""

    def place(producer: ProducerFacts) -> tuple[bool, str, str, str]:
        is_hidden = not is_named(producer, info)
        return is_hidden, "" if is_hidden else producer.code, producer.kind, producer.village_code

    return sorted(producers, key=place)


def published(pks: Collection[int]) -> Mapping[int, bool]:
    """Those of these products that the shop shows to everybody."""
    return dict.fromkeys(host_catalogue().published(pks), True)


def records(pks: Collection[int]) -> Mapping[int, ProductRecord]:
    """The shop's records of these products."""
    return host_catalogue().by_pk(pks)


def is_shown(info: Any, product_pk: int) -> Any:
    """A promise of whether the requester may know of the product: a published one is everybody's."""
    if manages_products(info):
        return Promise.resolve(True)
    return load(info, published, product_pk).then(bool)


def shown_origin(info: Any, origin: OriginFacts | None) -> Any:
    """A promise of the origin, or of None where the requester may not know of the product."""
    if origin is None:
        return Promise.resolve(None)
    return is_shown(info, origin.product_pk).then(lambda shown: origin if shown else None)


def plain(text: str) -> str:
    """The text if a database can hold it, else nothing: then nothing is found by it."""
    return text if is_storable(text) else ""
