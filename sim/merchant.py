"""The merchant's own system: takes each instruction once, however often it is told, and counts what it did.

It goes by the id of the message alone, as the Standard Webhooks specification asks: two messages about one instruction are two
effects here, and a checker says so.
"""

import json

import httpx

from sim.fuse import Fused


class MerchantSystem(Fused):
    """Where the house sends its webhooks. ``taken``: how often each instruction had an effect."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, int] = {}
        self._seen: set[str] = set()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        told, message = json.loads(await request.aread()), request.headers["webhook-id"]
        if message not in self._seen:
            self._seen.add(message)
            instruction = str(told["data"]["id"])
            self.taken[instruction] = self.taken.get(instruction, 0) + 1
        return httpx.Response(204, request=request)
