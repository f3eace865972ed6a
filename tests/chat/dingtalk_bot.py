"""DingTalk's own client, unchanged, run apart (it wants its platform's address in the environment).

python dingtalk_bot.py CLIENT_ID SECRET GROUP TEMPLATE
Sends a card, connects, answers one press and edits the card, answers one text, ends.
"""

import asyncio
import os
import sys

import dingtalk_stream
from dingtalk_stream import AckMessage, CallbackMessage, CardCallbackMessage, ChatbotMessage
from dingtalk_stream.card_replier import CardReplier
from dingtalk_stream.chatbot import reply_specified_group_chat


def tell(*words: object) -> None:
    print(*words, flush=True)


class OnPress(dingtalk_stream.CallbackHandler):
    """Answers a press on the card for who pressed, then changes it for everybody."""

    def __init__(self, replier: CardReplier) -> None:
        super().__init__()
        self.replier = replier

    async def process(self, message: CallbackMessage) -> tuple[int, object]:
        press = CardCallbackMessage.from_dict(message.data)
        params = press.content["cardPrivateData"]["params"]
        tell("pressed", press.user_id, params["do"], press.card_instance_id, press.corp_id)
        await self.replier.async_put_card_data(press.card_instance_id, {"title": "taken", "status": "over"})
        told = {"userPrivateData": {"cardParamMap": {"told": "done"}}}
        return AckMessage.STATUS_OK, told


class OnText(dingtalk_stream.ChatbotHandler):
    """Reads one text that mentions it, and ends."""

    async def process(self, message: CallbackMessage) -> tuple[int, object]:
        text = ChatbotMessage.from_dict(message.data)
        tell("written", text.sender_staff_id, text.text.content.strip(), text.conversation_id)
        asyncio.get_running_loop().call_later(0.5, os._exit, 0)
        return AckMessage.STATUS_OK, "OK"


def main(client_id: str, secret: str, group: str, template: str) -> None:
    client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(client_id, secret))
    replier = CardReplier(client, reply_specified_group_chat(group))
    card = replier.create_and_deliver_card(template, {"title": "a case", "status": "open"})
    tell("sent", card)
    client.register_callback_handler(dingtalk_stream.CallbackHandler.TOPIC_CARD_CALLBACK, OnPress(replier))
    client.register_callback_handler(ChatbotMessage.TOPIC, OnText())
    client.start_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
