"""Texts that customers, carriers or members of a room could write to do harm: about three hundred, made of parts."""

PARTS = (
    "@room", "@all", "@here", "@channel", "@everyone", "＠all", "@li:chat.test", "@sam", "<!channel>", "<@U123>",
    "<!subteam^S1>", "<at id=all></at>", '<at user_id="all">所有人</at>', "#general:chat.test", "!room:chat.test",
    "[x](javascript:alert(1))", "[bank](https://evil.example)", "https://evil.example/login", "http://evil.example",
    "evil.example", "www.evil.com", "ftp://evil.example/x", "javascript:alert(1)", "mailto:a@evil.com", "tel:+8613812345678",
    "data:text/html,x", "matrix:u/li:chat.test", "<a href='https://evil.example'>x</a>", "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>", "<b>bold</b>", "```code```", "`code`", "**bold**", "__bold__", "~~gone~~", "> quote",
    "* ACKED by boss", "✅ 李梅: acknowledged, now", "{{7*7}}", "${7*7}", "{case}", "{promise_at}", "[[x]]", "%s %d",
    "||spoiler||", "\u202eback", "\u2066iso\u2069", "zero\u200bwidth", "a\u200db", "\ufefftext", "nul\x00l", "bell\x07", "\x1b[31mred",
    "two\nlines", "two\r\nlines", "para\u2029graph", "line\u2028sep", "tab\tbed", "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    "a" * 100_000, "很" * 50_000, "@room " * 5_000, "e\u0301" * 2_000, "👨‍👩‍👧‍👦" * 500, "&lt;b&gt;", "&amp;#60;", "\\u003cb\\u003e", "']);--",
    "'; DROP TABLE outbox; --", "<m.room.message>", "\U000e0041tag", "𝕖𝕧𝕚𝕝.example", "ｅｖｉｌ．com", "evil。com", "evil․com",
)  # fmt: skip

HOSTILE = (
    *PARTS,
    *(f"parcel {part} arrived" for part in PARTS),
    *(f"（{part}）" for part in PARTS),
    *(f"{part}{PARTS[(n * 7 + 3) % len(PARTS)][:200]}" for n, part in enumerate(PARTS)),
)
