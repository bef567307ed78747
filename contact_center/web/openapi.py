"""The OpenAPI 3.1 document, from the declared routes alone."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from contact_center.web.operations import ANSWER, BODY, Schema, describe, problem_responses
from contact_center.web.problems import Problem
from contact_center.web.routes import Operation
from contact_center.web.storable import LARGEST, SMALLEST

_REFERENCES = "#/components/schemas/{model}"
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, `cc_…`"},
    "session": {"type": "apiKey", "in": "cookie", "name": "cc"},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
}

Key = tuple[str, str]  # which operation, which part of it

PROBLEM: Key = ("", "problem")


class _JsonSchema(GenerateJsonSchema):
    """Integers end where the database's do."""

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {"minimum": SMALLEST, "maximum": LARGEST} | super().int_schema(schema)


def document(operations: Sequence[Operation], *, title: str, version: str) -> Schema:
    shown = [operation for operation in operations if operation.documented]
    _check_names(shown)
    schemas, components = _schemas(shown)
    paths: dict[str, Schema] = {}
    for operation in shown:
        parts = {part: schema for (name, part), schema in schemas.items() if name == operation.name}
        paths.setdefault(operation.path, {})[operation.method.lower()] = describe(operation, parts)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in shown)],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": problem_responses(shown, schemas[PROBLEM]),
            "securitySchemes": _SCHEMES,
        },
    }


def _check_names(operations: Iterable[Operation]) -> None:
    seen: set[str] = set()
    for operation in operations:
        if operation.name in seen:
            raise ValueError(f"two handlers are called {operation.name}: rename one")
        seen.add(operation.name)


def _schemas(operations: Sequence[Operation]) -> tuple[dict[Key, Schema], Schema]:
    """All models at once, so that two of the same name get different ones."""
    inputs: list[tuple[Key, JsonSchemaMode, TypeAdapter[Any]]] = [
        (PROBLEM, "serialization", TypeAdapter(Problem))
    ]
    for operation in operations:
        name, arguments = operation.name, operation.arguments
        inputs += [
            ((name, p.name), "validation", TypeAdapter(p.annotation)) for p in arguments.parameters
        ]
        if arguments.body is not None:
            inputs.append(((name, BODY), "validation", arguments.body))
        if operation.answer is not None:
            inputs.append(((name, ANSWER), "serialization", operation.answer))
    schemas, rest = TypeAdapter.json_schemas(
        inputs, ref_template=_REFERENCES, schema_generator=_JsonSchema
    )
    return {key: dict(schema) for (key, _), schema in schemas.items()}, rest.get("$defs", {})
