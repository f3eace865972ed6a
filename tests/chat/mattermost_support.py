"""A house with one Mattermost channel at the simulated server, over real sockets."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chat_support import PEOPLE, read_settings, settings_file
from engines import a_store
from slack_support import Desk

from doorstep.chats import channels_of
from doorstep.clock import SetClock
from doorstep.wiring import open_house
from sim.chats.mattermost import Kept, MattermostGateway, an_id
from store import chat_people, mail, people

TOKEN, SECRET = "simulated-mattermost-token", "simulated-button-secret"
BOT, CHANNEL = an_id("bot"), an_id("desk")
USERS = {one: an_id(one) for one in ("li", "sam", "eve", "gone")}
HOOK = "/chats/mattermost/desk"
JSON = {"content-type": "application/json"}


def a_gateway() -> MattermostGateway:
    return MattermostGateway(TOKEN, BOT, CHANNEL)


def table(url: str) -> str:
    return (
        f'[chats.mattermost.desk]\nurl = "{url}"\ntoken = "{TOKEN}"\nbot = "{BOT}"\nchannel = "{CHANNEL}"\nlang = "en"\n'
        f'callback = "http://localhost:8722"\nsecret = "{SECRET}"\nper_minute = 6000\n'
    )


class MattermostDesk(Desk):
    """A house, its channel and the team's people."""

    gateway: MattermostGateway  # type: ignore[assignment]

    def message(self, case_id: int) -> Kept:  # type: ignore[override]
        """A case's post as the channel sees it."""
        letters = self.house.store.read(mail.letters_about, "case", str(case_id))
        return self.gateway.posts[next(x.remote_id for x in letters if x.channel == self.channel.name and x.remote_id)]

    def press(self, user: str, post: str, name: str, times: int = 1) -> list[Any]:
        """Somebody presses a button: the server calls our hook with it, ``times`` at once."""
        body = json.dumps(self.gateway.press(user, post, name)).encode()
        return self.run(self.calls([(JSON, body)] * times, path=HOOK))


def a_desk(folder: Path, gateway: MattermostGateway, url: str, *, link: bool = True, more: str = "") -> MattermostDesk:
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    gateway.clock = lambda: clock().timestamp()
    store = a_store(folder / "chat.sqlite3")
    house = replace(open_house(read_settings(settings_file(folder, table(url) + more)), store, now=clock), wall=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
        if link:
            store.write(chat_people.link, "mattermost", USERS[person.id], person.id, now=clock.at)
    [channel] = channels_of(house)
    return MattermostDesk(house, channel, gateway, clock)  # type: ignore[arg-type]
