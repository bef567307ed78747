"""The interface's description: as OpenAPI, and as a page to read."""

from aiohttp import web

from contact_center.web.call import Call
from contact_center.web.routes import API, Operation, Routes

routes = Routes("docs", prefix="", documented=False)

OPERATIONS: web.AppKey[list[Operation]] = web.AppKey("operations")
DOCUMENT: web.AppKey[dict[str, object]] = web.AppKey("openapi document")


@routes.get(f"{API}/openapi.json", public=True, transaction=False)
async def openapi(call: Call) -> web.Response:
    return web.json_response(call.request.app[DOCUMENT])
