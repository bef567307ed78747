"""Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.patience import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # the suite may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDED = (
    "Browser tests need Chromium: apt-get install chromium, or set CC_TEST_CHROMIUM=/path/to/it"
)
expect.set_options(timeout=PATIENCE * 1000)


def chromium() -> str | None:
    """Its path, or None where there is none."""
    return os.environ.get("CC_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def new_page(browser: Browser, *, width: int = 1280, height: int = 800) -> Page:
    """In a profile of its own; what the page complains of fails the test that looks."""
    context = await new_context(browser, viewport={"width": width, "height": height})
    return await context.new_page()


async def new_context(browser: Browser, **options: Any) -> BrowserContext:
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    return context
