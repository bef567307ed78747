"""Where we refuse to call."""

import pytest

from contact_center.channels.addresses import check_url, is_public
from contact_center.errors import Invalid

PORTS = [80, 443, 8443]

PRIVATE = [
    "127.0.0.1", "127.255.0.1", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192",
    "198.18.0.1", "192.88.99.1", "168.63.129.16", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "3fff::1", "100::1",
    "5f00::1", "not an address", "127.1", "2130706433", "0x7f000001", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "/hook",
        "https://",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://:word@example.com/",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://exam ple.com/",
        "https://example.com/\r\nX-Evil: 1",
        "https://example.com/" + "a" * 2000,
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.0x1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://１２７.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://localhost./",
        "https://api.localhost/",
        "https://metadata.google.internal/",
        "https://intranet/",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, allow_http=False, allow_private_networks=False, ports=PORTS)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?key=1",
        "https://例え.jp/",
        "https://8.8.8.8:8443/",
        "https://a.b./",
    ],
)
def test_allowed(url: str) -> None:
    check_url(url, allow_http=False, allow_private_networks=False, ports=PORTS)


def test_a_developer_may_open_everything() -> None:
    check_url("http://localhost:5000/", allow_http=True, allow_private_networks=True, ports=[])
    with pytest.raises(Invalid, match="user name"):
        check_url("http://a@b/", allow_http=True, allow_private_networks=True, ports=[])
