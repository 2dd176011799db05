"""Links in the words of a template: only ours may stand there, so that no message of a hospital leads anywhere else."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

_WITH_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):/*/([^\s/?#\\，。；、！）]*)", re.ASCII)
# What a phone makes a link of by itself: names that end in letters, and addresses of IPv4.
_BARE = re.compile(r"(?<![a-z0-9.-])((?:[a-z0-9-]+\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)|(?:[0-9]{1,3}\.){3}[0-9]{1,3})", re.ASCII)
_WEB = frozenset({"http", "https"})


def leads_elsewhere(text: str, public_url: str) -> bool:
    """True when a link stands in the text that is not below our public address, however it is written."""
    plain, own = unicodedata.normalize("NFKC", text).lower().replace("。", "."), urlsplit(public_url.lower())
    if any(scheme not in _WEB or place != own.netloc for scheme, place in _WITH_SCHEME.findall(plain)):
        return True
    return any(host != own.hostname for host in _BARE.findall(plain))
