#!/usr/bin/env python3
"""Does a contact's whole life through the API alone: customer, conversation, answer, record, report, audit.

    YINGDA_URL=http://127.0.0.1:8080 YINGDA_KEY=yk_… python3 client.py

Only Python's own library is needed. The key is made under Administration -> API keys; this program needs the actions
conversation_serve, conversation_read, customer_read, customer_write, consult_read, consult_write, manage_tags,
report_read and audit_read.
"""

import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Problem(Exception):
    """An error as RFC 9457 tells it; `code` is for programs, `title` and `detail` are for people."""

    def __init__(self, body):
        self.code, self.body = body.get("code", ""), body
        super().__init__(f"{body.get('title')} {body.get('detail') or ''} {body.get('fields') or ''}")


class Yingda:
    def __init__(self, url, key, lang="en"):
        self.url, self.key, self.lang = url.rstrip("/") + "/api/v1", key, lang

    def ask(self, method, path, body=None, version=None, **query):
        """One request. Creating calls carry an Idempotency-Key, so trying again never does a thing twice."""
        query = {name: value for name, value in query.items() if value is not None}
        address = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": f"Bearer {self.key}", "Accept-Language": self.lang}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        for attempt in range(5):
            try:
                with urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method)) as answer:
                    text = answer.read().decode()
                    is_json = answer.headers.get_content_type() == "application/json"
                    return json.loads(text) if is_json and text else text
            except urllib.error.HTTPError as error:
                problem = Problem(json.loads(error.read() or b"{}"))
                # Too many at once, or the store is away for a moment: the same request, with the same key.
                if error.code not in (429, 503) or attempt == 4:
                    raise problem from None
                time.sleep(float(error.headers.get("Retry-After") or 1))

    def every(self, path, **query):
        """All items of a list, page by page."""
        cursor = None
        while True:
            page = self.ask("GET", path, cursor=cursor, limit=100, **query)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def act(self, conversation, **act):
        return self.ask("POST", f"/conversations/{conversation}/acts", act)


def is_genuine(secret, signature, body, now_ms, tolerance_ms=300_000):
    """Whether a webhook's request came from Yingda: X-Yingda-Signature is `t=<ms>,v1=<hex>` over `t.body`.

    Keep the `id` of what was carried out: a delivery may come again, and its id is the same then.
    """
    parts = dict(part.split("=", 1) for part in signature.split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(now_ms - int(parts["t"])) <= tolerance_ms


def answers(fields):
    """Something for every field of a form."""

    def leaf(option):
        return leaf(option["children"][0]) if option.get("children") else option["key"]

    usual = {"number": "1", "date": "2026-01-31", "phone": "13812345678", "email": "li@example.com", "consent": "yes"}
    return {
        field["key"]: leaf(field["options"][0]) if field["shape"] == "choice" else usual.get(field["shape"], "asks for a refund")
        for field in fields
    }


def main():
    api = Yingda(os.environ["YINGDA_URL"], os.environ["YINGDA_KEY"])

    name = f"Refund {uuid.uuid4().hex[:6]}"
    tag = api.ask("POST", "/records/tag", {"kind": "tag", "name": {"zh": "", "en": name}, "colour": "amber"})
    print("tag", tag["id"])

    customer = api.ask("POST", "/customers", {"name": "Li Lei", "phone": "13812345678", "company": "Example Ltd"})
    changed = {**customer["customer"], "vip": True}
    customer = api.ask("PUT", f"/customers/{customer['id']}", changed, version=customer["version"])
    try:
        api.ask("PUT", f"/customers/{customer['id']}", changed, version=1)
    except Problem as problem:
        print("an old version is refused:", problem.code)
    print("customer", customer["id"], [it["id"] for it in api.ask("GET", "/customers", q="Li Lei")["items"]])

    queue = next(api.every("/records/queue"))
    made = api.ask("POST", "/conversations", {
        "queue": queue["id"], "customer": customer["id"], "lang": "en", "text": "I want my money back.",
    })
    conversation = made["conversation"]
    print("conversation", conversation)
    api.act(conversation, do="post", type="text", text="Hello, we are looking into it.")
    api.act(conversation, do="note", text="Third time this month.")
    api.act(conversation, do="tag", tag=tag["id"])
    for event in api.ask("GET", f"/conversations/{conversation}/events")["events"]:
        print("  ", event["seq"], event["kind"], event.get("text", ""))
    for assignment in api.ask("GET", f"/conversations/{conversation}/assignments"):
        print("  assigned to", assignment["agent"], "because", assignment["why"]["cause"])

    form = next(api.every("/records/form"))
    record = {"form": form["id"], "values": answers(form["record"]["fields"])}
    consult = api.ask("PUT", f"/conversations/{conversation}/consult", record)
    print("record complete:", consult["complete"])
    api.act(conversation, do="close")
    print(api.ask("GET", f"/conversations/{conversation}/transcript", format="txt"))
    found = [row["id"] for row in api.every("/conversations", tag=tag["id"])]
    print("found again by its tag:", found == [conversation])

    report = api.ask("GET", "/reports/live", by="queue")
    print("report of today with", len(report), "parts")
    chain = api.ask("GET", "/audit/verify")
    print("audit log:", chain["checked"], "events,", "broken" if chain["broken_at"] else "whole")


if __name__ == "__main__":
    main()
