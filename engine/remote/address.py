"""Where a server is: its two roots, and whether the way to it must be encrypted.

It must not know HTTP.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.contract import ModelUnusable

_API = "/v1"
_SCHEMES = ("", "http", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """``root`` is what a server's own paths stand under, ``api`` those of the OpenAI protocol.

    ``shown`` is fit for messages: no user, no password. ``loopback``: it is this machine.
    """

    root: str
    api: str
    shown: str
    loopback: bool

    @property
    def encrypted(self) -> bool:
        return self.root.startswith("https:")

    @classmethod
    def of(cls, text: str, tls: bool = True) -> Address:
        """``host:port`` or a URL, with ``/v1`` or without. Raises `ModelUnusable`.

        Without a scheme it is https, on this machine http. http to another machine is refused under ``tls``.
        """
        given = text.strip()
        try:
            parts = urlsplit(given if "://" in given else f"//{given}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if (
            not host
            or len(given.split()) != 1
            or parts.scheme not in ("", "http", "https")
            or "@" in parts.netloc
            or parts.query
        ):
            raise ModelUnusable(
                f"{_bare(given)!r} is no address of a server: give http(s)://HOST:PORT; a key belongs into "
                "MODESHARE_SERVER_KEY"
            )
        local = loopback(host)
        scheme = parts.scheme or ("http" if local or not tls else "https")
        if scheme == "http" and tls and not local:
            raise ModelUnusable(
                f"{host} is another machine, and http:// would send everything in the clear: use https://, "
                "or allow it with server_tls = false where the network is yours"
            )
        named = f"[{host}]" if ":" in host else host
        place = f"{named}:{port}" if port else named
        root = f"{scheme}://{place}{parts.path.rstrip('/').removesuffix(_API)}"
        return cls(root, root + _API, root, local)


def loopback(host: str) -> bool:
    """Whether ``host`` is this machine, told without asking a name server."""
    if host.casefold().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bare(text: str) -> str:
    """``text`` without what may be a password."""
    return text.rpartition("@")[2].partition("?")[0]
