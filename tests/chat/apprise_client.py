"""Apprise's own library, unchanged. Run as a process in the vendors' environment.

apprise_client.py tell URL TITLE BODY        its client of the Apprise API (``apprise://``) sends a text; prints ``True`` or ``False``.
apprise_client.py pass URL                   what its server does with a call's JSON (on the input): hands it to the library, for the
                                             service ``URL``; prints the same.
"""

import json
import sys

import apprise


def main(do: str, url: str, *texts: str) -> None:
    told = apprise.Apprise()
    assert told.add(url), f"{url} is no service"
    if do == "tell":
        print(
            bool(told.notify(title=texts[0], body=texts[1], notify_type=apprise.NotifyType.WARNING, body_format="text"))
        )
        return
    call = json.loads(sys.stdin.read())
    print(
        bool(told.notify(title=call["title"], body=call["body"], notify_type=call["type"], body_format=call["format"]))
    )


main(*sys.argv[1:])
