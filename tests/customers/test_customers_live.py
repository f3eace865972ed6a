"""The daemon as people run it: a customer's word comes in, a mail goes out through a real server, and its link opens their page."""

import re

import httpx
from running_support import daemon, doorstep, free_port, wait_for
from smtp_server import Behaviour, smtp


def run(folder, *arguments):
    done = doorstep(*arguments, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_the_customers_word_to_the_answer_on_their_page(tmp_path):
    """A dispute by the interface; the mail about it; its link; what they answer there is on their page."""
    does, port = Behaviour(), free_port()
    with smtp(does) as mail_port:
        (tmp_path / "doorstep.toml").write_text(
            f'[doorstep]\nport = {port}\nlang = "en"\nshop = "Mugs"\n'
            '[customers]\nfirst_after_min = 0\nquiet_from = "00:00"\nquiet_to = "00:00"\n'
            f'[customers.mail]\nhost = "127.0.0.1"\nport = {mail_port}\nsecurity = "none"\n'
            'sender = "Mugs <care@mugs.example>"\n',
            "utf-8",
        )
        run(tmp_path, "init", "--person", "Lin")
        key = re.search(r"ds_\S+", run(tmp_path, "keys", "create", "shop"))[0]
        with daemon(tmp_path, "run", port=port) as running:
            order = {
                "order": "A1", "items": [{"sku": "MUG", "name": "Mug", "qty": 1, "price_cents": 4900}],
                "customer": "Zhang Wei", "email": "zhang@example.com",
            }  # fmt: skip
            headers = {"Authorization": f"Bearer {key}"}
            assert httpx.post(f"{running.url}/api/orders", json=order, headers=headers).status_code == 201
            said = {"order": "A1", "type": "not_received", "text": "Where is it?"}
            assert httpx.post(f"{running.url}/api/disputes", json=said, headers=headers).status_code == 201
            [taken] = wait_for(lambda: does.taken)
            text = taken.message.get_content()
            assert taken.recipients == ["zhang@example.com"]
            assert "Hello Zhang Wei," in text
            link = re.search(r"http\S+/s/\S+", text)[0]
            page = httpx.get(link, headers={"Accept-Language": "en"})
            assert "What we are working on: disputed by the customer" in page.text
            fields = {
                "id": re.search(r'name="id" value="([^"]+)"', page.text)[1],
                "word": "words",
                "words": "Found it.",
            }
            after = httpx.post(f"{link}/say", data=fields, follow_redirects=True)
            assert "Found it." in after.text
            assert "Zhang" not in after.text
            assert running.stop() == 0, running.log()
        run(tmp_path, "check")
    assert len(does.taken) == 1
