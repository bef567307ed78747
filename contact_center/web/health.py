"""For load balancers and monitoring."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from contact_center.web.addresses import is_loopback
from contact_center.web.admission import identify
from contact_center.web.call import Call
from contact_center.web.metrics import METRICS
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("health", prefix="", documented=False)

Check = Callable[[], Awaitable[bool]]
# What must work before this process takes requests: name → whether it does.
READY_CHECKS: web.AppKey[dict[str, Check]] = web.AppKey("ready checks")


class Health(BaseModel):
    status: str


@routes.get("/healthz", public=True, limited=False, transaction=False)
async def healthz(call: Call) -> Health:
    """The process answers."""
    return Health(status="ok")


@routes.get("/readyz", public=True, limited=False, transaction=False)
async def readyz(call: Call) -> web.Response:
    """The process can do its work."""
    checks = call.request.app[READY_CHECKS]
    failed = [name for name, check in checks.items() if not await _passes(check)]
    return web.json_response(
        {"status": "failed" if failed else "ok", "failed": failed}, status=503 if failed else 200
    )


@routes.get("/metrics", public=True, limited=False, transaction=False)
async def metrics(call: Call) -> web.Response:
    """For this machine, and for tokens that may read it, unless the settings open it to all."""
    if not (call.runtime.settings.server.open_metrics or is_loopback(call.request)):
        (await identify(call)).require(Permission.METRICS_READ)
    body = generate_latest(call.request.app[METRICS].registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _passes(check: Check) -> bool:
    try:
        return await check()
    except Exception:  # noqa: BLE001  whatever it is, we are not ready
        return False
