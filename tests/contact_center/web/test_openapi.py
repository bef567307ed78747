import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel

from contact_center.app import TABLES
from contact_center.web.openapi import document
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

OPERATIONS = [operation for table in TABLES for operation in table.operations]


def described(routes: Routes) -> dict:
    return document(routes.operations, title="test", version="1")


def test_the_description_is_valid_openapi() -> None:
    validate(document(OPERATIONS, title="test", version="1"))


def test_everything_under_the_api_is_described() -> None:
    hidden = {o.name for o in OPERATIONS if o.path.startswith("/api/v1") and not o.documented}

    assert hidden == {"openapi"}


def test_every_route_needs_a_login_unless_listed_here() -> None:
    public = {operation.name for operation in OPERATIONS if operation.public}

    assert public == {
        *("healthz", "readyz", "metrics"),  # for machines
        *("openapi", "show_docs", "show_docs_style"),  # hold nothing of ours
        "log_in",
        "receive_call",  # carries a signature
    }


def test_what_a_handler_says_is_in_the_description() -> None:
    routes = Routes("things")

    @routes.put("/things/{thing}", permission=Permission.AUDIT_READ, if_match="required")
    async def change_thing(call: object, thing: str, dry: bool = False) -> list[int]:
        """Change a thing.

        Slowly.
        """
        return []

    operation = described(routes)["paths"]["/api/v1/things/{thing}"]["put"]

    assert operation["operationId"] == "change_thing"
    assert (operation["summary"], operation["description"]) == ("Change a thing", "Slowly.")
    assert operation["x-permission"] == "audit:read"
    assert operation["security"] == [{"token": []}, {"session": [], "csrf": []}]
    assert [(p["in"], p["name"], p["required"]) for p in operation["parameters"]] == [
        ("path", "thing", True),
        ("query", "dry", False),
        ("header", "If-Match", True),
    ]
    assert operation["parameters"][1]["schema"]["default"] is False
    answers = ["200", "401", "403", "404", "412", "422", "428", "429", "503"]
    assert list(operation["responses"]) == answers


def test_models_of_the_same_name_are_told_apart() -> None:
    routes = Routes("things")

    def view(field: str) -> type[BaseModel]:
        return type("View", (BaseModel,), {"__annotations__": {field: int}, "__module__": field})

    for field in ("left", "right"):

        async def show(call: object) -> None: ...

        show.__name__ = f"show_{field}"
        show.__annotations__ = {"return": view(field)}
        routes.get(f"/{field}")(show)

    schemas = described(routes)["components"]["schemas"]
    assert len([name for name in schemas if name.endswith("View")]) == 2


def test_two_handlers_of_one_name_are_refused() -> None:
    routes = Routes("things")
    for path in ("/a", "/b"):

        @routes.get(path)
        async def show(call: object) -> None: ...

    with pytest.raises(ValueError, match="show"):
        described(routes)


async def test_the_page_shows_every_operation_and_every_problem(client) -> None:
    response = await client.get("/api/docs")

    page = await response.text()
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "<script" not in page
    assert "style=" not in page
    for operation in OPERATIONS:
        assert not operation.documented or f'<section id="{operation.name}">' in page
    for anchor in ("problem-stale", "problem-last-admin", "status-422", "schema-AgentView"):
        assert f'id="{anchor}"' in page
    assert (await client.get("/api/docs.css")).content_type == "text/css"
