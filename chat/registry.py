"""Every chat that Doorstep knows."""

from collections.abc import Mapping

from chat import apprise, console, dingtalk, feishu, matrix, mattermost, slack, telegram, wecom, wecom_app
from chat.base import Chat

CHATS: Mapping[str, Chat] = {
    chat.id: chat
    for chat in (
        apprise.CHAT,
        console.CHAT,
        dingtalk.CHAT,
        feishu.CHAT,
        matrix.CHAT,
        mattermost.CHAT,
        slack.CHAT,
        telegram.CHAT,
        wecom.CHAT,
        wecom_app.CHAT,
    )
}
