"""The whole service, and a browser to visit it with."""

import pytest

from tests.support.browser import a_browser
from tests.support.house import open_house


@pytest.fixture
async def house(tmp_path, database_url, monkeypatch):
    async with open_house(tmp_path, database_url=database_url, monkeypatch=monkeypatch) as house:
        yield house


@pytest.fixture
async def browser():
    async with a_browser() as browser:
        yield browser
