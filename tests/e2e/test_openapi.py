# SPDX-License-Identifier: GPL-2.0-or-later
"""/api/openapi.json describes what a running mill answers: every path is asked, and no answer says less or more than its schema."""
import json

import jsonschema

from stream import Stream
from waiting import wait_until


def strict(schema):
    """The same, but a member that the description does not have is an error: an answer must not say more than it."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema["additionalProperties"] = False
    return schema


def check(description, schema, answer):
    jsonschema.Draft202012Validator({**schema, "components": description["components"]}).validate(answer)


def test_answers_are_as_described(mill, pictures):
    photo = pictures.picture(width=640, height=480, ending=".png")
    mill.drop(photo, "mono", "good.png")
    with open(mill.path("stage", "bad.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n no picture follows")
    mill.drop(mill.path("stage", "bad.png"), "mono", "bad.png")
    mill.pipeline("broken", "steps:\n  - blurr\n")
    mill.wait_idle(done=1, failed=1)
    wait_until(lambda: any(p["error"] for p in mill.json("/api/pipelines")["pipelines"]), "the broken definition")
    description = strict(mill.json("/api/openapi.json"))
    jsonschema.Draft202012Validator.check_schema({"components": description["components"]})
    jobs = {job["state"]: job["id"] for job in mill.jobs()}
    asked = 0
    for path, methods in description["paths"].items():
        documented = methods["get"]["responses"]
        if path == "/api/events":
            continue
        for job in [jobs["done"], jobs["failed"], "none"] if "{id}" in path else [None]:
            status, headers, body = mill.get(path.replace("{id}", str(job)).replace("{n}", "0"))
            assert str(status) in documented, (path, status, body[:200])
            kind = headers["Content-Type"].split(";")[0]
            content = documented[str(status)].get("content", {})
            assert not content or kind in content or kind == "text/plain" or path.startswith("/jobs/"), (path, kind)
            if kind == "application/json" and kind in content:
                schema = content[kind]["schema"]
                check(description, schema, json.loads(body))
                asked += 1
    assert asked >= 9
    for query in ("?state=lost", "?page=0"):
        status, _, body = mill.get("/api/jobs" + query)
        assert status == 400
        check(description, {"$ref": "#/components/schemas/Error"}, json.loads(body))
    stream = Stream(mill, f"?tasks=1&job={jobs['done']}")
    for _ in range(2):
        check(description, {"$ref": "#/components/schemas/Event"}, stream.next())
    stream.close()
