"""Receives webhooks with Flask: checks who sent each event, and handles each once.

    pip install flask standardwebhooks
    WEBHOOK_SECRET=whsec_… flask --app flask_receiver run --port 8080
"""

import os
import sqlite3
from contextlib import closing

from flask import Flask, abort, request
from standardwebhooks import Webhook, WebhookVerificationError

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2_000_000
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
DATABASE = os.environ.get("WEBHOOK_DATABASE", "webhooks.sqlite3")

with closing(sqlite3.connect(DATABASE)) as database:
    database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")


@app.post("/webhooks")
def receive():
    body = request.get_data()  # The exact bytes: JSON that was read and written again is another body.
    try:
        event = webhook.verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):
        abort(401)
    with closing(sqlite3.connect(DATABASE)) as database, database:
        new = database.execute("INSERT OR IGNORE INTO handled VALUES (?)", [request.headers["webhook-id"]])
        if new.rowcount:
            handle(event)  # In the same transaction: if it fails, the event comes again.
    return "", 204


def handle(event):
    print("handled", event["id"], event["type"], flush=True)
