from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.mail import Desk, a_desk, mail_settings


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, mail_settings()) as desk:
        yield desk
