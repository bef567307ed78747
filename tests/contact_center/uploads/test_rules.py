import pytest

from contact_center.errors import Invalid
from contact_center.settings import Attachments
from contact_center.uploads.rules import check_type

ALLOWED = Attachments().types


@pytest.mark.parametrize("content_type", ["image/png", "text/plain", "application/pdf"])
def test_what_the_settings_name_is_accepted(content_type) -> None:
    check_type(content_type, allowed=ALLOWED)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "image",
        "image/",
        "image/png; charset=x",
        "image/*",
        "image/png\n",
        "application/x-sh",
        "application/pdf+x",
        "image/" + "x" * 200,
    ],
)
def test_everything_else_is_refused(content_type) -> None:
    with pytest.raises(Invalid, match="not accepted"):
        check_type(content_type, allowed=ALLOWED)
