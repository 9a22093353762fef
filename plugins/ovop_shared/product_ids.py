"""How a client of the API names a product: by the shop's number, or by the global id that Saleor's own API gives it."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from ovop_shared.catalogue import UnknownProduct


def product_pk(product_id: str, field: str) -> int:
    """The shop's key for `12` or for base64 of `Product:12`. Raises UnknownProduct, naming `field`, for anything else."""
    text = product_id
    if not text.isdecimal():
        try:
            kind, _, text = b64decode(text, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError, ValueError):
            kind = ""
        if kind != "Product" or not text.isdecimal():
            raise unknown_product(product_id, field)
    pk = int(text[:20])
    if pk >= 2**63:
        raise unknown_product(product_id, field)
    return pk


def product_global_id(pk: int) -> str:
    """What Saleor's own API calls the product."""
    return b64encode(f"Product:{pk}".encode()).decode()


def unknown_product(product_id: str, field: str) -> UnknownProduct:
    return UnknownProduct("The shop has no such product.", field=field, params={"product": product_id})
