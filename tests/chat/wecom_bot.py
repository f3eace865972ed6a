"""WeCom's own client for smart bots, unchanged, run apart.

python wecom_bot.py URL CERTIFICATE BOT SECRET CHAT
Says who it is, sends a card, answers one press by an edit of the card, reads one text, ends. The certificate of the platform at URL is put among
those that the client trusts; nothing else of it is touched.
"""

import asyncio
import os
import sys

import aibot
from aibot import WSClient, WSClientOptions
from aibot import ws as aibot_ws


def tell(*words: object) -> None:
    print(*words, flush=True)


class Quiet:
    """A log that keeps still: its words would mix with ours."""

    def debug(self, message: str, *args: object) -> None: ...

    info = warn = error = debug


CARD = {
    "card_type": "button_interaction", "main_title": {"title": "a case"}, "task_id": "task-1",
    "button_list": [{"text": "ack", "style": 1, "key": "ack"}],
}  # fmt: skip
TAKEN = {
    "card_type": "text_notice", "main_title": {"title": "taken"}, "task_id": "task-1",
    "card_action": {"type": 1, "url": "https://desk.example.com"},
}  # fmt: skip


async def main(url: str, certificate: str, bot: str, secret: str, chat: str) -> None:
    aibot_ws._SSL_CONTEXT.load_verify_locations(certificate)
    client = WSClient(WSClientOptions(bot_id=bot, secret=secret, ws_url=url, logger=Quiet()))
    done = asyncio.Event()

    async def authenticated() -> None:
        answer = await client.send_message(chat, {"msgtype": "template_card", "template_card": CARD})
        tell("sent", answer["errcode"])

    async def pressed(frame: aibot.WsFrame) -> None:
        press = frame["body"]["event"]["template_card_event"]
        tell("pressed", frame["body"]["from"]["userid"], press["event_key"], press["task_id"])
        answer = await client.update_template_card(frame, TAKEN)
        tell("edited", answer["errcode"])

    async def written(frame: aibot.WsFrame) -> None:
        tell("written", frame["body"]["from"]["userid"], frame["body"]["text"]["content"])
        done.set()

    client.on("authenticated", lambda: asyncio.ensure_future(authenticated()))
    client.on("event.template_card_event", pressed)
    client.on("message.text", written)
    await client.connect()
    await done.wait()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
