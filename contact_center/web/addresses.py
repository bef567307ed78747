"""Where a request comes from."""

import ipaddress
from functools import lru_cache

from aiohttp import web

from contact_center.web.call import Call


def client_address(call: Call) -> str:
    """The peer, or behind a proxy what that proxy saw: the last hop, which no client can forge."""
    request = call.request
    if call.runtime.settings.server.behind_proxy:
        hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        if last := _parse(hops[-1].strip()):
            return str(last)
    return request.remote or "unknown"


def client_network(call: Call) -> str:
    """What limits count by: one customer's IPv6 network holds more addresses than we remember."""
    return _network(client_address(call))


def is_loopback(request: web.Request) -> bool:
    """Whether it comes from this machine, and not through a proxy that runs here."""
    address = _parse(request.remote or "")
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & set(request.headers)
    return address is not None and address.is_loopback and not forwarded


@lru_cache(maxsize=4096)
def _network(text: str) -> str:
    address = _parse(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or "unknown")


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
