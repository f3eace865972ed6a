"""slack_sdk's Socket Mode client, unchanged, as an app: posts, waits for a press and a reply, answers both, edits. Run as a process.

python slack_bot.py BASE_URL TOKEN APP_TOKEN CHANNEL
Prints ``sent TS``, then ``pressed TEAM USER ACTION``, ``edited``, then ``heard USER TEXT``.
"""

import sys
import threading

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse


def main(url: str, token: str, app_token: str, channel: str) -> None:
    web, over = WebClient(token, base_url=f"{url}/api/"), threading.Event()
    button = {
        "type": "button",
        "action_id": "ack",
        "value": "ack",
        "text": {"type": "plain_text", "text": "Acknowledge"},
    }
    client = SocketModeClient(app_token, web_client=WebClient(base_url=f"{url}/api/"))

    def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        payload = request.payload
        if request.type == "interactive":
            print(
                "pressed", payload["team"]["id"], payload["user"]["id"], payload["actions"][0]["action_id"], flush=True
            )
            web.chat_update(channel=channel, ts=payload["container"]["message_ts"], text="taken", blocks=[])
            print("edited", flush=True)
        elif request.type == "events_api":
            print("heard", payload["event"]["user"], payload["event"]["text"], flush=True)
            over.set()

    client.socket_mode_request_listeners.append(hear)
    client.connect()
    sent = web.chat_postMessage(channel=channel, text="a case", blocks=[{"type": "actions", "elements": [button]}])
    print("sent", sent["ts"], flush=True)
    over.wait(30)
    client.close()


main(*sys.argv[1:5])
