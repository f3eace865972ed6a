"""Every chat that Doorstep knows."""

from collections.abc import Mapping

from chat import console, matrix, telegram
from chat.base import Chat

CHATS: Mapping[str, Chat] = {chat.id: chat for chat in (console.CHAT, matrix.CHAT, telegram.CHAT)}
