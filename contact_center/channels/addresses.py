"""Which addresses of the outside world we may call, so that nobody sends us into our own network.

An administrator of one company types the address of a webhook; our server would call it from
inside. Every name is resolved by us and every address it resolves to is judged here.
"""

import ipaddress
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address

from yarl import URL

from contact_center.errors import Invalid

LONGEST_URL = 2000  # characters

_Address = IPv4Address | IPv6Address
# Beyond what `ipaddress` calls private: reserved for protocols (Oracle's metadata service lives
# there), old 6to4 relays, and the host agent of Azure's machines.
_REFUSED_V4 = [
    ipaddress.ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
]
# Everything public lies in 2000::/3. Outside of it are, among others, IPv4-mapped and NAT64
# addresses, which lead into IPv4 networks; inside of it are Teredo, 6to4 and documentation.
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_REFUSED_V6 = [
    ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


def is_public(address: str) -> bool:
    """Whether this is an address on the open Internet; anything unreadable is not."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.is_multicast or not parsed.is_global:
        return False
    if isinstance(parsed, IPv6Address):
        return parsed in _PUBLIC_V6 and not any(parsed in net for net in _REFUSED_V6)
    return not any(parsed in net for net in _REFUSED_V4)


def check_url(
    url: str, *, allow_http: bool, allow_private_networks: bool, ports: Collection[int]
) -> URL:
    """Raises Invalid. An empty `ports` allows any; names are judged when they are resolved."""
    parsed = _parse(url)
    if parsed.scheme not in ({"http", "https"} if allow_http else {"https"}):
        raise Invalid(code="address.https_only")
    if parsed.user is not None or parsed.password is not None:
        raise Invalid(code="address.no_user")
    if ports and parsed.port not in ports:
        raise Invalid(code="address.port", port=parsed.port, ports=sorted(ports))
    if not allow_private_networks and not _may_be_public(parsed.host or ""):
        raise Invalid(code="address.not_public", host=parsed.host)
    return parsed


def _parse(url: str) -> URL:
    if len(url) > LONGEST_URL or any(char.isspace() or not char.isprintable() for char in url):
        raise Invalid(code="address.too_long", most=LONGEST_URL)
    try:
        parsed = URL(url)
    except ValueError as error:
        raise Invalid(code="address.malformed", problem=str(error)) from error
    if not parsed.absolute or not parsed.host:
        raise Invalid(code="address.no_host")
    return parsed


def _may_be_public(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rstrip(".").rsplit(".", 1)[-1].lower()
        # 2130706433, 0x7f000001 and 0177.0.0.1 are 127.0.0.1 to a resolver.
        is_number = last.isdigit() or last.startswith("0x")
        return "." in host.strip(".") and not is_number and last not in {"localhost", "internal"}
    return is_public(host)
