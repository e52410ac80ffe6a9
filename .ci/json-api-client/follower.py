"""Follows an account's events with the package requests-sse. Prints `following` when it does for the first time, and from then
on the id and the type of each event."""
import json
import sys

from requests_sse import EventSource

address, key = sys.argv[1:]
is_new = True
with EventSource(
    f"{address}/v2/events?types=order.*", max_connect_retry=10, headers={"Authorization": f"Bearer {key}"}
) as source:
    for event in source:
        kind = json.loads(event.data)["type"]
        if kind != "position":
            print(event.last_event_id, kind, flush=True)
        elif is_new:
            print("following", flush=True)
            is_new = False
