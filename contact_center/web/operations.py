"""One declared route as OpenAPI describes it."""

import inspect
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic_core import to_jsonable_python

from contact_center.web.arguments import Parameter
from contact_center.web.idempotency import HEADER, LONGEST_KEY
from contact_center.web.problems import MEDIA_TYPE
from contact_center.web.routes import Operation

Schema = dict[str, Any]

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# Parts of an operation beside its parameters; no Python argument has such a name.
BODY, ANSWER = "<body>", "<answer>"
_CREDENTIALS: list[Schema] = [{"token": []}, {"session": []}]
_CREDENTIALS_TO_CHANGE: list[Schema] = [{"token": []}, {"session": [], "csrf": []}]


def describe(operation: Operation, schemas: dict[str, Schema]) -> Schema:
    summary, _, description = _documentation(operation).partition("\n\n")
    described: Schema = {
        "operationId": operation.name,
        "summary": summary.rstrip("."),
        "tags": [operation.tag],
        "security": _security(operation),
        "responses": _responses(operation, schemas.get(ANSWER)),
    }
    if description:
        described["description"] = description
    if operation.media_type == "text/event-stream":
        described["x-stream"] = True
    if operation.permission is not None:
        described["x-permission"] = operation.permission
    if parameters := _parameters(operation, schemas):
        described["parameters"] = parameters
    if BODY in schemas:
        media_type = FORM if operation.arguments.body_is_form else JSON
        content = {media_type: {"schema": schemas[BODY]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.takes is not None:
        content = {operation.takes: {"schema": {"type": "string", "format": "binary"}}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def problem_responses(operations: Sequence[Operation], schema: Schema) -> Schema:
    statuses = sorted({status for operation in operations for status in _errors(operation)})
    return {str(status): _problem(status, schema) for status in statuses}


def _documentation(operation: Operation) -> str:
    return inspect.getdoc(operation.handler) or operation.name.replace("_", " ").capitalize()


def _security(operation: Operation) -> list[Schema]:
    if operation.public:
        return []
    return _CREDENTIALS if operation.is_safe else _CREDENTIALS_TO_CHANGE


def _responses(operation: Operation, answer: Schema | None) -> Schema:
    success: Schema = {"description": HTTPStatus(operation.status).phrase}
    if answer is not None:
        success["content"] = {operation.media_type: {"schema": answer}}
    elif operation.media_type != JSON:
        success["content"] = {operation.media_type: {"schema": {"type": "string"}}}
    problems = {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in sorted(_errors(operation))
    }
    return {str(operation.status): success} | problems


def _errors(operation: Operation) -> set[int]:
    """What may go wrong follows from what a route takes; the rest it declares."""
    arguments = operation.arguments
    found = {*operation.errors, 422, 503}
    if not operation.public or operation.limited:
        found.add(429)
    if not operation.public:
        found |= {401, 403}
    if any(p.where == "path" for p in arguments.parameters):
        found.add(404)
    if arguments.body is not None:
        found |= {400, 413, 415}
    if operation.if_match:
        found |= {412} if operation.if_match == "optional" else {412, 428}
    if operation.idempotent:
        found.add(409)
    return found


def _problem(status: int, schema: Schema) -> Schema:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _parameters(operation: Operation, schemas: dict[str, Schema]) -> list[Schema]:
    found = [_parameter(p, schemas[p.name]) for p in operation.arguments.parameters]
    if operation.if_match:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": operation.if_match == "required",
                "description": "The ETag of the version you have seen, or *",
                "schema": {"type": "string"},
            }
        )
    if operation.idempotent:
        found.append(
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "Your own key of this call: repeated, it repeats the answer",
                "schema": {"type": "string", "pattern": f"^[!-~]{{1,{LONGEST_KEY}}}$"},
            }
        )
    return found


def _parameter(parameter: Parameter, schema: Schema) -> Schema:
    if not parameter.required and parameter.default is not None:
        schema = schema | {"default": to_jsonable_python(parameter.default)}
    description = schema.pop("description", None)
    described = {
        "name": parameter.alias,
        "in": parameter.where,
        "required": parameter.required,
        "schema": schema,
    }
    return described | ({"description": description} if description else {})
