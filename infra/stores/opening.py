"""Opening a store by its address, as it stands in the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import Misconfigured
from infra.stores.store import Store

REMOTE_SCHEMES = ("s3", "oss", "cos", "obs")


def open_store(url: str, position: int, store_keys: Mapping[str, str] | None = None) -> Store:
    """The store at `file:///directory` or `s3|oss|cos|obs://bucket/prefix`; raises Misconfigured or Unavailable.

    `store_keys` are the settings of all stores, each name behind its store's number: `2_access_key_id`,
    `2_secret_access_key`, `2_endpoint` (s3 alone may leave it out) and, for s3, `2_region`.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return _open_local(url, position)
    if scheme in REMOTE_SCHEMES:
        return _open_remote(url, position, _own_keys(position, store_keys or {}))
    raise Misconfigured(f"store {position}: an address begins with file://, s3://, oss://, cos:// or obs://")


def _open_local(url: str, position: int) -> Store:
    from infra.stores.local import LocalStore

    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or parts.query or not path.is_absolute() or path == Path("/"):
        raise Misconfigured(f"store {position}: write file:///absolute/directory")
    return LocalStore(path, position)


def _open_remote(url: str, position: int, credentials: Mapping[str, str]) -> Store:
    # opendal is 40 MB; an installation with local disks alone never loads it.
    from infra.stores.remote import RemoteStore

    parts = urlsplit(url)
    if not parts.hostname or "@" in parts.netloc or parts.query:
        raise Misconfigured(f"store {position}: write {parts.scheme}://bucket/prefix, and its keys as settings of their own")
    return RemoteStore(parts.scheme, parts.netloc, unquote(parts.path).strip("/"), position, credentials)


def _own_keys(position: int, store_keys: Mapping[str, str]) -> dict[str, str]:
    mine = f"{position}_"
    return {name.removeprefix(mine): value for name, value in store_keys.items() if name.startswith(mine)}
