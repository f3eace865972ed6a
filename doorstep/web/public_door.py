"""The port that the world may reach, where one is set: signed links, pushes and chats' calls. Everything else isn't there."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/s/", "/courier/", "/collector/", "/push/", "/pickup-callback/", "/chats/", "/static/")
"""What proves itself by a signature: in its address, or over its body."""
ALSO = frozenset({"/healthz", "/favicon.ico"})


class PublicDoor:
    """Answers 404 on ``port`` to whatever isn't open there; the console's own port answers everything."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app, self.port = app, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope.get("server") or ("", 0))[1] == self.port and not is_open(scope["path"]):
            await PlainTextResponse("not here", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_open(path: str) -> bool:
    return path in ALSO or path.startswith(OPEN)
