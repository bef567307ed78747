"""What the documentation tells integrators to do, done."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from contact_center.channels.signatures import standard_headers
from contact_center.deliveries import rules

PAGE = Path("docs/webhooks.md").read_text("utf-8")
SECRET = "whsec_" + "bmV3" * 8
BODY = '{"type":"ticket.claimed","who":"王"}'


def snippet(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)[0]


def signed() -> dict[str, str]:
    return standard_headers(
        message_id="webhook:1:2", body=BODY, secrets=[SECRET, SECRET], at=datetime.now(UTC)
    )


def test_the_python_snippet_verifies_a_call() -> None:
    names: dict[str, Any] = {"SECRET": SECRET}
    exec(snippet("python"), names)  # noqa: S102  our own page
    receive = names["receive"]
    assert receive(signed(), BODY.encode())["who"] == "王"
    with pytest.raises(Exception, match="signature"):
        receive(signed(), BODY.encode() + b" ")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize(("body", "accepted"), [(BODY, True), (BODY + " ", False)])
def test_the_javascript_snippet_verifies_a_call(tmp_path: Path, body: str, accepted: bool) -> None:
    import json

    call = f"console.log(receive({json.dumps(signed())}, {json.dumps(body)}).who)"
    script = tmp_path / "receive.mjs"
    script.write_text(f"const SECRET = {SECRET!r};\n{snippet('javascript')}\n{call}", "utf-8")
    done = subprocess.run(["node", script], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is accepted, done.stderr
    assert ("王" in done.stdout) is accepted


def test_the_retry_table_is_what_is_done() -> None:
    class Never:
        def uniform(self, low: float, high: float) -> float:
            return low

    [row] = re.findall(r"\| after the one before \| at once \|(.*)\|\n", PAGE)
    units = {"s": 1, "min": 60, "h": 3600}
    told = [int(n) * units[unit] for n, unit in re.findall(r"(\d+) (s|min|h)", row)]
    done = []
    while (wait := rules.delay("webhook", attempts=len(done) + 1, random=Never())) is not None:
        done.append(wait.total_seconds())
    assert told == done
    assert len(done) + 1 >= 8
    assert list(accumulate(done))[-1] >= 24 * 3600
