"""Where the power can fail: a house has a fuse, which everything that it commits or sends comes by."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import httpx


class PowerCut(BaseException):
    """The power failed. Nothing of the product may catch it: it would not, either."""


@dataclass(slots=True)
class Fuse:
    """Blows at the ``left``-th time that ``point`` is passed. A blown one lets nothing by any more: its house is dead."""

    point: str = ""
    left: int = 0
    blown: bool = False

    def arm(self, point: str, nth: int) -> None:
        self.point, self.left = point, nth

    @property
    def armed(self) -> bool:
        return self.left > 0

    def pass_by(self, point: str) -> None:
        """Raises PowerCut where this is the moment, or was before."""
        if point == self.point and self.left:
            self.left -= 1
            self.blown = self.blown or not self.left
        if self.blown:
            raise PowerCut(point)


class Fused(httpx.AsyncBaseTransport, ABC):
    """A far side that the house sends to: the power can fail just before it is reached, and just after it did what it was told."""

    def __init__(self) -> None:
        self.passing: Callable[[str], None] = Fuse().pass_by

    @abstractmethod
    async def answer(self, request: httpx.Request) -> httpx.Response:
        """What the far side does and says."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.passing("send")
        answered = await self.answer(request)
        self.passing("send")
        return answered
