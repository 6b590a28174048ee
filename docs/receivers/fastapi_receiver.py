"""Receives webhooks with FastAPI: checks who sent each event, and handles each once.

    pip install fastapi uvicorn standardwebhooks
    WEBHOOK_SECRET=whsec_… uvicorn fastapi_receiver:app --port 8080
"""

import asyncio
import os
import sqlite3
from contextlib import closing

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from standardwebhooks import Webhook, WebhookVerificationError

app = FastAPI()
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
DATABASE = os.environ.get("WEBHOOK_DATABASE", "webhooks.sqlite3")

with closing(sqlite3.connect(DATABASE)) as database:
    database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")


@app.post("/webhooks", status_code=204)
async def receive(request: Request):
    body = await read(request)  # The exact bytes: JSON that was read and written again is another body.
    try:
        event = webhook.verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):
        raise HTTPException(401) from None
    await run_in_threadpool(handle_once, request.headers["webhook-id"], event)


async def read(request, most=2_000_000, seconds=30):
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)


def handle_once(delivery_id, event):
    with closing(sqlite3.connect(DATABASE)) as database, database:
        new = database.execute("INSERT OR IGNORE INTO handled VALUES (?)", [delivery_id])
        if new.rowcount:
            handle(event)  # In the same transaction: if it fails, the event comes again.


def handle(event):
    print("handled", event["id"], event["type"], flush=True)
