"""A courier at a Matrix client that isn't ours: matrix-nio, run by tests in Synapse's environment.

Arguments: homeserver, user id, password. It joins every room it is invited to. Each line of its input is JSON ``{"room", "text"}``, which it
says; it prints a line of JSON for each room it joined (``joined``), each text of somebody else's (``told``, ``room``) and each of its own
that the homeserver took (``said``). It ends with its input.
"""

import asyncio
import json
import sys
from typing import Any

from nio import AsyncClient, InviteMemberEvent, JoinResponse, LoginResponse, RoomMessageText, RoomSendResponse


def out(**line: Any) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


async def main(homeserver: str, user: str, password: str) -> None:
    client = AsyncClient(homeserver, user)
    signed_in = await client.login(password)
    assert isinstance(signed_in, LoginResponse), signed_in
    joined: set[str] = set()

    async def invited(room: Any, event: InviteMemberEvent) -> None:
        if event.membership == "invite" and event.state_key == user and room.room_id not in joined:
            joined.add(room.room_id)
            assert isinstance(await client.join(room.room_id), JoinResponse)
            out(joined=room.room_id)

    async def told(room: Any, event: RoomMessageText) -> None:
        if event.sender != user:
            out(told=event.body, room=room.room_id)

    client.add_event_callback(invited, InviteMemberEvent)  # type: ignore[arg-type]
    client.add_event_callback(told, RoomMessageText)  # type: ignore[arg-type]
    looking = asyncio.create_task(client.sync_forever(timeout=2_000, full_state=True))
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        content = {"msgtype": "m.text", "body": wanted["text"]}
        done = await client.room_send(wanted["room"], "m.room.message", content)
        assert isinstance(done, RoomSendResponse), done
        out(said=done.event_id)
    looking.cancel()
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
