"""What our entrance is measured against: a bare aiohttp handler that parses the same JSON."""

import json
import sys

from aiohttp import web


async def accept(request: web.Request) -> web.Response:
    body = json.loads(await request.read())
    return web.json_response({"id": body["external_id"]}, status=201)


def main() -> None:
    app = web.Application()
    app.router.add_post("/api/v1/messages", accept)
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
