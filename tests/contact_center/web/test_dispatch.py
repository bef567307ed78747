import io

import pytest

from tests.contact_center.web.conftest import COOKIE, CSRF, TOKEN

PROBLEM = "application/problem+json"


async def problem_of(response, status: int) -> dict:
    assert response.status == status, await response.text()
    assert response.content_type == PROBLEM
    problem = await response.json()
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["X-Request-Id"]
    return problem


async def test_arguments_come_from_path_query_and_headers(client) -> None:
    response = await client.get(
        "/api/v1/samples/12?limit=5&tags=a&tags=b", headers={"Accept-Language": "zh"}
    )

    assert await response.json() == {"id": 12, "limit": 5, "tags": ["a", "b"], "language": "zh"}


async def test_a_body_is_validated_and_the_answer_serialised(client) -> None:
    response = await client.post("/api/v1/samples", json={"text": "hello", "score": 3})

    assert response.status == 201
    assert await response.json() == {"text": "hello", "score": 3, "weight": 0}


@pytest.mark.parametrize("path", ["x", "0", "99999999999999999999", "9223372036854775808", "%00"])
async def test_a_path_that_cannot_be_an_id_is_not_found(client, path) -> None:
    await problem_of(await client.get(f"/api/v1/samples/{path}"), 404)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("colour=red", "colour"),
        ("sample_id=3", "sample_id"),
        ("tags=a%00b", "tags"),
    ],
)
async def test_a_wrong_query_names_the_parameter(client, query, parameter) -> None:
    problem = await problem_of(await client.get(f"/api/v1/samples/1?{query}"), 422)

    assert [error["parameter"] for error in problem["errors"]] == [parameter]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b'{"text": "\xff"}', 400, None),
        (b"[" * 5000, 400, None),
        (b"[]", 422, "#"),
        (b'{"score": 1}', 422, "#/text"),
        (b'{"text": "a\\u0000b"}', 422, "#/text"),
        (b'{"text": "a\\\\u0000b"}', 201, None),
        (b'{"text": "\\ud800"}', 400, None),
        (b'{"text": "\\udc00x"}', 400, None),
        (b'{"text": "", "score": 9223372036854775808}', 422, "#/score"),
        (b'{"text": "", "score": 1' + b"0" * 5000 + b"}", 400, None),
        (b'{"text": "", "weight": 1e999}', 422, "#/weight"),
        (b'{"text": "", "weight": NaN}', 422, "#/weight"),
        (b'{"text": "", "a/b~c": 1}', 422, "#/a~1b~0c"),
        (b'{"text": "", "score": "3"}', 422, "#/score"),
        (b'{"text": "", "score": true}', 422, "#/score"),
        (b'{"text": "' + b"x" * 101 + b'"}', 422, "#/text"),
    ],
)
async def test_a_body_that_cannot_be_kept_is_refused_precisely(
    client, body, status, pointer
) -> None:
    response = await client.post(
        "/api/v1/samples", data=body, headers={"Content-Type": "application/json"}
    )

    if status == 201:
        assert response.status == 201
        return
    problem = await problem_of(response, status)
    if pointer:
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json; charset=latin-1"]
)
async def test_a_body_must_be_json_in_utf8(client, content_type) -> None:
    response = await client.post(
        "/api/v1/samples", data=b"{}", headers={"Content-Type": content_type}
    )

    await problem_of(response, 415)


async def test_a_body_beyond_the_limit_is_too_large(client) -> None:
    response = await client.post(
        "/api/v1/samples",
        data=io.BytesIO(b'{"text": "' + b"x" * 1_100_000 + b'"}'),
        headers={"Content-Type": "application/json"},
    )

    await problem_of(response, 413)


async def test_what_is_not_there_is_a_problem_too(client) -> None:
    await problem_of(await client.get("/api/v1/nowhere"), 404)
    response = await client.delete("/api/v1/samples")
    await problem_of(response, 405)
    assert response.headers["Allow"] == "POST"


async def test_headers_of_64_kilobytes_are_refused(client) -> None:
    response = await client.get("/api/v1/samples/1", headers={"X-Long": "x" * 65536})

    assert 400 <= response.status < 500


async def test_errors_of_ours_have_their_own_type_and_facts(client) -> None:
    problem = await problem_of(await client.post("/api/v1/samples", json={"text": "taken"}), 409)

    assert problem["type"] == "/api/docs#problem-already-taken"
    assert (problem["code"], problem["detail"]) == ("ticket.with_somebody", "T-1 is with Li")
    assert problem["facts"] == {"reference": "T-1", "name": "Li"}


async def test_an_unexpected_error_is_logged_and_gives_nothing_away(client, caplog) -> None:
    response = await client.post(
        "/api/v1/samples", json={"text": "broken"}, headers={"X-Request-Id": "request-4711"}
    )

    problem = await problem_of(response, 500)
    assert "secret detail" not in str(problem)
    [record] = [r for r in caplog.records if r.levelname == "ERROR"]
    assert record.request_id == "request-4711"
    assert "secret detail" in str(record.exc_info)


async def test_a_caller_needs_a_login_or_a_token(client) -> None:
    response = await client.get("/api/v1/whoami")

    await problem_of(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("headers", "actor"), [(TOKEN, "token:3"), (COOKIE, "agent:7")], ids=["token", "cookie"]
)
async def test_a_caller_is_known_by_token_or_cookie(client, headers, actor) -> None:
    response = await client.get("/api/v1/whoami", headers=headers)

    assert await response.json() == {"actor": actor}


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic YTpi", "Bearer", "Bearer \xe4"])
async def test_an_unknown_token_is_refused_even_beside_a_good_cookie(client, header) -> None:
    response = await client.get("/api/v1/whoami", headers={**COOKIE, "Authorization": header})

    await problem_of(response, 401)


async def test_a_caller_needs_the_permission(client) -> None:
    problem = await problem_of(await client.delete("/api/v1/samples/1", headers=TOKEN), 403)

    assert problem["facts"] == {"permission": "tickets:write"}


@pytest.mark.parametrize(
    ("if_match", "status"),
    [(None, 428), ('"1"', 412), ('W/"2"', 412), ('"2"', 200), ("*", 200)],
)
async def test_a_change_can_be_bound_to_the_version_that_was_seen(client, if_match, status) -> None:
    headers = {**TOKEN, **({"If-Match": if_match} if if_match else {})}

    response = await client.put("/api/v1/samples/1", json={"text": "x"}, headers=headers)

    assert response.status == status
    if status == 200:
        assert response.headers["ETag"] == '"3"'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (CSRF, 200),
        ({}, 403),
        ({"X-CSRF-Token": "guess"}, 403),
        ({**CSRF, "Sec-Fetch-Site": "same-origin"}, 200),
        ({**CSRF, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**CSRF, "Sec-Fetch-Site": "same-site"}, 403),
        ({**CSRF, "Origin": "https://evil.example"}, 403),
        ({**CSRF, "Origin": "http://localhost:8080"}, 200),
    ],
)
async def test_a_change_with_a_cookie_must_be_meant(client, headers, status) -> None:
    response = await client.put(
        "/api/v1/samples/1", json={"text": "x"}, headers={**COOKIE, "If-Match": "*", **headers}
    )

    assert response.status == status


async def test_a_form_is_validated_like_a_body(client) -> None:
    response = await client.post("/api/v1/forms", data={"text": "hello", "score": "4"})
    assert await response.json() == {"text": "hello", "score": 4, "weight": 0}

    await problem_of(await client.post("/api/v1/forms", data={"score": "x"}), 422)
    await problem_of(await client.post("/api/v1/forms", json={"text": "hello"}), 415)


async def test_every_answer_carries_security_headers(client) -> None:
    for path in ("/api/v1/samples/1", "/api/v1/nowhere", "/healthz"):
        response = await client.get(path)
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
