"""Whose page asks: what a browser says of itself in Origin (RFC 6454), compared with the address that we give out."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from infra.settings import Settings

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def is_ours(origin: str, settings: Settings) -> bool:
    """True for a page of `CLOUDFILM_PUBLIC_URL`; in a demo on this machine also under the machine's other names for itself.

    Compared as text, since browsers write it in one way only.
    """
    base = urlsplit(settings.base_url.lower())
    return origin == f"{base.scheme}://{base.netloc}" or (settings.demo and _is_this_machine(origin, base))


def _is_this_machine(origin: str, base: SplitResult) -> bool:
    try:
        asked = urlsplit(origin)
        same_door = (asked.scheme, asked.port) == (base.scheme, base.port)
    except ValueError:  # no address at all
        return False
    bare = origin == f"{asked.scheme}://{asked.netloc}" and "@" not in asked.netloc
    return bare and same_door and {asked.hostname, base.hostname} <= THIS_MACHINE
