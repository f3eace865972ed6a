"""python-telegram-bot, unchanged, as a bot on a Bot API server: sends, waits for a press, answers it, edits. Run as a process.

python ptb_bot.py BASE_URL TOKEN GROUP
Prints ``sent MESSAGE_ID``, then ``pressed USER DATA``, then ``edited``.
"""

import asyncio
import sys

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.request import HTTPXRequest


async def main(url: str, token: str, group: int) -> None:
    bot = Bot(token, base_url=f"{url}/bot", request=HTTPXRequest(), get_updates_request=HTTPXRequest())
    async with bot:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Acknowledge", callback_data="ack")]])
        message = await bot.send_message(group, "a <b>case</b>", parse_mode="HTML", reply_markup=keyboard)
        print("sent", message.message_id, flush=True)
        offset = None
        while True:
            for update in await bot.get_updates(offset=offset, timeout=5):
                offset = update.update_id + 1
                if update.callback_query is None:
                    continue
                query = update.callback_query
                print("pressed", query.from_user.id, query.data, flush=True)
                await query.answer("done")
                await query.edit_message_text("taken", reply_markup=InlineKeyboardMarkup([]))
                print("edited", flush=True)
                return


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
