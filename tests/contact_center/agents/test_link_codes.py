import base64
import re
import struct
from datetime import timedelta

import pytest

from contact_center.agents.rules import LINK_VALID, agent_of_code, link_code
from contact_center.errors import Invalid
from tests.conftest import NOON

SECRET = b"a secret"


def test_a_code_names_its_agent_until_it_runs_out():
    code = link_code(SECRET, 7, now=NOON)

    assert agent_of_code(SECRET, code, now=NOON + LINK_VALID - timedelta(seconds=1)) == 7
    with pytest.raises(Invalid, match="run out"):
        agent_of_code(SECRET, code, now=NOON + LINK_VALID)


def test_a_code_fits_into_a_deep_link():
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", link_code(SECRET, 2**62, now=NOON))


def test_a_code_made_with_another_secret_is_refused():
    with pytest.raises(Invalid):
        agent_of_code(b"another", link_code(SECRET, 7, now=NOON), now=NOON)


@pytest.mark.parametrize("signature", [b"", b"\0" * 12])
def test_a_code_somebody_made_up_is_refused(signature):
    ends = int((NOON + LINK_VALID).timestamp())
    forged = base64.urlsafe_b64encode(struct.pack(">QI", 7, ends) + signature).decode()

    with pytest.raises(Invalid):
        agent_of_code(SECRET, forged, now=NOON)


def test_a_code_for_one_agent_is_no_code_for_another():
    raw = bytearray(base64.urlsafe_b64decode(link_code(SECRET, 7, now=NOON)))
    raw[7] = 8

    with pytest.raises(Invalid):
        agent_of_code(SECRET, base64.urlsafe_b64encode(raw).decode(), now=NOON)
