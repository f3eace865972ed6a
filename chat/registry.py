"""Every chat that Doorstep knows."""

from collections.abc import Mapping

from chat import console, matrix
from chat.base import Chat

CHATS: Mapping[str, Chat] = {chat.id: chat for chat in (console.CHAT, matrix.CHAT)}
