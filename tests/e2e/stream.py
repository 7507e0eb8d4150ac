# SPDX-License-Identifier: GPL-2.0-or-later
"""A listener to /api/events, as a browser would be one."""
import http.client
import json
import urllib.parse

from waiting import PATIENCE


class Stream:
    """Events one after the other; `at` is the id to come back with."""

    def __init__(self, mill, query="", at=None):
        place = urllib.parse.urlsplit(mill.url)
        self.at = at
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30 * PATIENCE)
        self.connection.request("GET", "/api/events" + query, headers={"Last-Event-ID": at} if at else {})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def next(self):
        """The next event's object; None when the stream ended."""
        event = None
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "id":
                self.at = value
            elif name == "data":
                event = json.loads(value)
            elif not name and event is not None:
                return event
        return None

    def until(self, found):
        """The first event for which found(event) is true; every one that came is in the list beside it."""
        events = []
        while event := self.next():
            events.append(event)
            if found(event):
                return event, events
        raise AssertionError(f"the stream ended after {len(events)} events")

    def close(self):
        self.answer.close()
        self.connection.close()
