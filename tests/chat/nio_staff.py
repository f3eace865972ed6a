"""A member of the desk at a Matrix client that isn't ours: matrix-nio, run by tests in Synapse's environment.

Arguments: homeserver, user id, password, room, how many alerts to acknowledge. It joins the room and reacts ✅ to every new
message of somebody else that isn't an edit; it prints the event id of each as it goes, and ends when it has done so many.
"""

import asyncio
import sys

from nio import AsyncClient, LoginResponse, RoomMessageText, RoomSendResponse

PATIENCE_S = 2 * 3_600


async def main(homeserver: str, user: str, password: str, room: str, count: int) -> None:
    client = AsyncClient(homeserver, user)
    signed_in = await client.login(password)
    assert isinstance(signed_in, LoginResponse), signed_in
    await client.join(room)
    seen: asyncio.Queue[str] = asyncio.Queue()
    known: set[str] = set()

    async def see(_room: object, event: RoomMessageText) -> None:
        relation = event.source["content"].get("m.relates_to", {}).get("rel_type")
        if event.sender != user and relation is None and event.event_id not in known:
            known.add(event.event_id)
            await seen.put(event.event_id)

    client.add_event_callback(see, RoomMessageText)  # type: ignore[arg-type]
    looking = asyncio.create_task(client.sync_forever(timeout=5_000, full_state=True))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(count):
            event_id = await seen.get()
            content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event_id, "key": "✅"}}
            done = await client.room_send(room, "m.reaction", content)
            assert isinstance(done, RoomSendResponse), done
            print(event_id, flush=True)
    looking.cancel()
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5], int(sys.argv[5])))
