"""The customer's page in a real browser on a phone, without script: read, choose, attach a photo, send."""

import contextlib
import struct
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from browser_support import PHONE, Watch, chromium
from customer_support import a_house, add_order, open_case, settings
from running_support import free_port, wait_for

from doorstep.web.app import create_app
from store import cases, files

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 0, b"IEND") + b"\xae\x42\x60\x82"


@contextlib.contextmanager
def served(house) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(house), port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.browser
def test_a_customer_on_a_phone_says_that_it_is_damaged(tmp_path):
    """Nothing is wider than the phone, nobody else is asked for anything, and what they said is on the page and on the case."""
    house = a_house(tmp_path, settings(live_help_url="https://shop.example/help"))
    case_id = house.store.write(open_case, house.store.write(add_order))
    photo = tmp_path / "photo.png"
    photo.write_bytes(PNG)
    with served(house) as url, chromium() as browser:
        watch = Watch(url)
        context = watch.over(browser.new_context(**PHONE, locale="en-GB", java_script_enabled=False))
        page = context.new_page()
        page.goto(url + house.status_link("A1").removeprefix(house.settings.doorstep.public_url))
        assert page.get_by_text("failed attempt").count() == 1
        widths = [
            box["x"] + box["width"] for one in page.locator("main *:visible").all() if (box := one.bounding_box())
        ]
        assert max(widths) <= 390
        page.get_by_role("radio", name="It is damaged").check()
        page.get_by_label("Anything else").fill("The corner is crushed.")
        page.get_by_label("A photo").set_input_files(photo)
        page.get_by_role("button", name="Send").click()
        assert (
            page.get_by_role("status")
            .inner_text()
            .startswith("Thank you, we have it and are on it; you hear from us by")
        )
        assert page.get_by_text("The corner is crushed.").count() >= 1
        page.get_by_role("button", name="中文").click()
        assert page.get_by_text("包裹现在在哪里").count() == 1
        assert (watch.strangers, watch.complaints) == ([], [])
    [dispute] = [one for one in house.store.read(cases.list_cases) if one.id != case_id]
    assert dispute.kind == "disputed"
    assert len(house.store.read(files.of_subject, "case", str(dispute.id))) == 1
    house.store.close()
