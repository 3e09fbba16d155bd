#!/usr/bin/env python3
"""A platform as a channel (docs/connector.md): says what customers say, and prints what agents reply.

    YINGDA_HOOK=https://…/api/v1/hooks/731… YINGDA_SECRET=chsec_… python3 connector.py 9000

Each line that is typed is a customer's message. Replies are taken at http://localhost:9000/, the channel's reply address.
Only Python's own library is needed.
"""

import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time
import urllib.request
import uuid

HOOK, SECRET = os.environ["YINGDA_HOOK"], os.environ["YINGDA_SECRET"].encode()


def signature(at, body):
    return f"t={at},v1=" + hmac.new(SECRET, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def is_signed(given, body):
    at = given.removeprefix("t=").split(",")[0]
    fresh = at.isdigit() and abs(time.time() * 1000 - int(at)) < 300_000
    return fresh and hmac.compare_digest(given, signature(at, body))


def tell(what):
    """Posts to Yingda. A message keeps its id when it is sent again, so that it never counts twice."""
    body = json.dumps(what).encode()
    at = int(time.time() * 1000)
    headers = {"Content-Type": "application/json", "X-Yingda-Signature": signature(at, body)}
    return urllib.request.urlopen(urllib.request.Request(HOOK, body, headers)).status


class Replies(http.server.BaseHTTPRequestHandler):
    seen = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_signed(self.headers.get("X-Yingda-Signature", ""), body):
            return self.answer(401)
        reply = json.loads(body)
        if "ping" in reply:
            return self.answer(200)
        # The same reply may come twice when the network breaks.
        if reply["id"] not in self.seen:
            self.seen[reply["id"]] = str(uuid.uuid4())
            print(f"{reply['agent'] or 'Yingda'} to {reply['to']}: {reply.get('text') or reply['file']['name']}", flush=True)
        name = self.seen[reply["id"]]
        self.answer(200, {"id": name})
        threading.Timer(1, tell, [{"receipt": {"id": name, "state": "delivered"}}]).start()

    def answer(self, status, body=None):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body or {}).encode())

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Replies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        tell({"message": {"id": str(uuid.uuid4()), "from": {"id": "u7", "name": "Wang"}, "text": line.strip()}})
