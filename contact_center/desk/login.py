"""Logging in and out."""

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.desk.render import go_to, page
from contact_center.errors import TooMany, Unauthenticated
from contact_center.logins import actions
from contact_center.web.addresses import client_network
from contact_center.web.arguments import Form
from contact_center.web.call import Call
from contact_center.web.cookies import check_same_origin, clear_cookie, set_cookie
from contact_center.web.principal import AUTHENTICATOR
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)
front_door = Routes("front door", prefix="", documented=False)

HOME = "/desk/queues/unclaimed"


class Credentials(BaseModel):
    email: Annotated[str, Field(max_length=320)] = ""
    password: Annotated[str, Field(max_length=200)] = ""
    next: Annotated[str, Field(max_length=500)] = ""


class Nothing(BaseModel):
    """A form with nothing but its token."""


@routes.get("", transaction=False)
async def show_home(call: Call) -> web.Response:
    return go_to(call, HOME)


@front_door.get("/", public=True, transaction=False)
async def lead_to_desk(call: Call) -> web.Response:
    return go_to(call, "/desk")


@routes.get("/login", public=True, transaction=False)
async def show_login(call: Call, next_: str = "") -> web.Response:
    return page(call, "login.html", next=_inside(next_), email="", problem="")


@routes.post("/login", public=True, transaction=False)
async def log_in_here(call: Call, form: Form[Credentials]) -> web.Response:
    check_same_origin(call)
    user_agent = call.request.headers.get("User-Agent", "").encode(errors="replace").decode()
    try:
        logged_in = await call.request.app[AUTHENTICATOR].log_in(
            email=form.email,
            password=form.password,
            address=client_network(call),
            user_agent=user_agent,
            now=call.now,
        )
    except (Unauthenticated, TooMany) as error:
        problem, status = ("slow", 429) if isinstance(error, TooMany) else ("wrong", 401)
        return page(
            call,
            "login.html",
            status=status,
            next=_inside(form.next),
            email=form.email,
            problem=problem,
        )
    set_cookie(call, logged_in.cookie, max_age=logged_in.max_age)
    return go_to(call, _inside(form.next) or HOME)


@routes.post("/logout")
async def log_out_here(call: Call, form: Form[Nothing]) -> web.Response:
    await actions.log_out(
        call.session, call.agent.id, id_hash=call.agent.session or "", now=call.now
    )
    clear_cookie(call)
    return go_to(call, "/desk/login")


def _inside(address: str) -> str:
    """Where to go on after the login: a page of the desk, never another site."""
    return address if address.startswith("/desk/") and "\\" not in address else ""
