#!/usr/bin/env python3
"""Judges deliveries with PyPI's `standardwebhooks`. Each line of the input is one, as JSON: `secret`, `headers`, `body`; and each of the
output is a verdict: `accepted`, or `refused: ` and why."""

import json
import sys

from standardwebhooks import Webhook

for line in sys.stdin:
    delivery = json.loads(line)
    try:
        Webhook(delivery["secret"]).verify(delivery["body"].encode(), delivery["headers"])
        print("accepted", flush=True)
    except Exception as refusal:
        print(f"refused: {refusal}", flush=True)
