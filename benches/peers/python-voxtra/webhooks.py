"""Events by the webhook emitter of the Python package voxtra, as its documentation says: webhooks.py URL idle|sustained EVENTS

URL is the receiver of voxtra-webhook's example `throughput`, which says what it saw. `sustained` is with as many emits at a time as ours
has requests, 16. Nothing is kept on a disk: the emitter has no such thing.
"""

import asyncio
import http.client
import json
import resource
import sys
import time
from urllib.parse import urlsplit

from voxtra.config import WebhookConfig
from voxtra.events import EventType, VoxtraEvent
from voxtra.webhooks import BackendWebhook

AT_A_TIME = 16
BODY = 400


def seen(url):
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/")
    return json.load(connection.getresponse())


def event(number):
    data = {"at": time.time_ns(), "filler": "x" * (BODY - 210)}
    return VoxtraEvent(type=EventType.DTMF_RECEIVED, session_id=f"session {number % 200}", data=data)


async def idle(webhook, url, count):
    for number in range(count):
        await webhook.emit(event(number))
        await asyncio.sleep(0.02)
    return seen(url)


async def sustained(webhook, url, count):
    numbers = iter(range(count))

    async def worker():
        for number in numbers:
            await webhook.emit(event(number))

    began = time.time_ns()
    await asyncio.gather(*(worker() for _ in range(AT_A_TIME)))
    report = seen(url)
    return {"taken": report["taken"], "per_second": count * 1e9 / max(1, report["last"] - began)}


async def main():
    url, what, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    webhook = BackendWebhook(WebhookConfig(url=url, signing_secret="s3cret"))
    figures = await {"idle": idle, "sustained": sustained}[what](webhook, url, count)
    await webhook.aclose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"what": what, "events": count, "peak_memory_bytes": memory, "figures": figures}))


asyncio.run(main())
