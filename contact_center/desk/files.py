"""Files customers and colleagues have sent."""

from urllib.parse import quote

from aiohttp import web

from contact_center.messages.queries import get_attachment
from contact_center.tickets.queries import check_may_see
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

# Shown in the browser; all others are only saved, for a page of a stranger must not run as ours.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@routes.get("/files/{attachment_id}", permission=Permission.TICKETS_READ, transaction=False)
async def show_file(call: Call, attachment_id: Id) -> web.Response:
    async with call.runtime.db.read() as session:
        attachment, message = await get_attachment(session, attachment_id)
        await check_may_see(session, message.ticket_id, reader=call.agent.id)
    content = await call.runtime.storage.load(attachment.storage_key)
    is_shown = attachment.content_type in SHOWN
    kind = attachment.content_type if is_shown else "application/octet-stream"
    place = "inline" if is_shown else "attachment"
    headers = {
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=3600",
    }
    return web.Response(body=content, content_type=kind, headers=headers)
