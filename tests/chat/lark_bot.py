"""Feishu's own client, unchanged, run apart: its imports take seconds and it owns an event loop.

``lark_bot.py talk URL APP SECRET CHAT``: sends a card, connects, answers one click, edits the card, answers one text, ends.
``lark_bot.py check KEY TOKEN``: for each line of JSON {headers, body} on its input what the vendor's dispatcher answers.
"""

import json
import os
import sys
import threading

import lark_oapi as lark
from lark_oapi.api.im.v1 import (
    CreateMessageRequest,
    CreateMessageRequestBody,
    PatchMessageRequest,
    PatchMessageRequestBody,
)
from lark_oapi.core.model import RawRequest
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTrigger, P2CardActionTriggerResponse

CARD = {
    "schema": "2.0", "config": {"update_multi": True}, "header": {"title": {"tag": "plain_text", "content": "hello"}},
    "body": {"elements": [{
        "tag": "button", "text": {"tag": "plain_text", "content": "ack"}, "behaviors": [{"type": "callback", "value": {"do": "ack"}}]
    }]},
}  # fmt: skip


def tell(*words: object) -> None:
    print(*words, flush=True)


def talk(url: str, app_id: str, secret: str, chat: str) -> None:
    client = lark.Client.builder().app_id(app_id).app_secret(secret).domain(url).build()
    body = (
        CreateMessageRequestBody.builder()
        .receive_id(chat)
        .msg_type("interactive")
        .content(json.dumps(CARD))
        .uuid("u1")
        .build()
    )
    sent = client.im.v1.message.create(
        CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
    )
    tell("sent", sent.success(), sent.data.message_id)
    message_id = sent.data.message_id

    def clicked(event: P2CardActionTrigger) -> P2CardActionTriggerResponse:
        tell(
            "clicked", event.event.operator.open_id, event.event.action.value["do"], event.event.context.open_message_id
        )
        return P2CardActionTriggerResponse({"toast": {"type": "success", "content": "done"}})

    def written(event: lark.im.v1.P2ImMessageReceiveV1) -> None:
        tell("written", event.event.sender.sender_id.open_id, json.loads(event.event.message.content)["text"])
        content = json.dumps({**CARD, "body": {"elements": []}})
        patch = PatchMessageRequestBody.builder().content(content).build()
        edited = client.im.v1.message.patch(
            PatchMessageRequest.builder().message_id(message_id).request_body(patch).build()
        )
        tell("edited", edited.success())
        threading.Timer(0.5, lambda: os._exit(0)).start()

    handler = (
        lark.EventDispatcherHandler.builder("", "")
        .register_p2_card_action_trigger(clicked).register_p2_im_message_receive_v1(written).build()
    )  # fmt: skip
    lark.ws.Client(app_id, secret, event_handler=handler, domain=url, log_level=lark.LogLevel.ERROR).start()


def check(key: str, token: str) -> None:
    def clicked(event: P2CardActionTrigger) -> P2CardActionTriggerResponse:
        return P2CardActionTriggerResponse({"toast": {"type": "info", "content": event.event.operator.open_id}})

    handler = lark.EventDispatcherHandler.builder(key, token).register_p2_card_action_trigger(clicked).build()
    for line in sys.stdin:
        told = json.loads(line)
        request = RawRequest()
        request.uri, request.body = "/", told["body"].encode()
        request.headers = {name.title().replace("X-Lark", "X-Lark"): value for name, value in told["headers"].items()}
        answer = handler.do(request)
        tell(json.dumps({"status": answer.status_code, "body": answer.content.decode()}))


if __name__ == "__main__":
    {"talk": talk, "check": check}[sys.argv[1]](*sys.argv[2:])
