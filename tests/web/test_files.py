"""The files of the pages: every word in both languages, nothing fetched from elsewhere, no script or style inside."""

import re
from pathlib import Path

import pytest

import doorstep.web
from config.policies.case_types import case_types
from config.words import LANGS, texts
from doorstep.web.app import environment

WEB = Path(doorstep.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
OWN = sorted([*(WEB / "static").glob("*.js"), *(WEB / "static").glob("*.css")])
KEY = re.compile(r"""\bt\(\s*["']([a-z_]+\.[A-Za-z0-9_.]+)["'](\s*~)?""")


def used():
    """(key, whether it is only a beginning) of every text that pages and handlers name."""
    sources = [*TEMPLATES, *WEB.glob("**/*.py")]
    found = {(key, bool(more)) for path in sources for key, more in KEY.findall(path.read_text(encoding="utf-8"))}
    return sorted(found | {("desk.", True), ("nav.", True)} - {("app.css", False)})


@pytest.mark.parametrize("lang", LANGS)
def test_every_text_that_a_page_names_exists(lang):
    known = texts(lang)
    keys = [(key, part) for key, part in used() if not key.endswith((".css", ".js", ".svg"))]
    assert len(keys) > 150
    missing = [
        key
        for key, part in keys
        if not (any(k.startswith(f"ui.{key}") for k in known) if part else f"ui.{key}" in known)
    ]
    assert missing == []


def test_both_languages_say_the_same_things():
    ui = {lang: {key for key in texts(lang) if key.startswith("ui.")} for lang in LANGS}
    assert ui["zh"] == ui["en"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_a_template_has_no_script_or_style_of_its_own_and_trusts_no_text(path):
    """The security policy would block inline code; `safe` would let strangers' texts be markup."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\|\s*safe|autoescape", text)
    environment(case_types()).get_template(path.name)


@pytest.mark.parametrize("path", [*TEMPLATES, *OWN], ids=lambda p: p.name)
def test_nothing_is_fetched_from_elsewhere(path):
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["htmx", "leaflet"])
def test_what_others_wrote_comes_with_its_licence_and_points_nowhere(name):
    folder = WEB / "static" / "vendor" / name
    assert (folder / "LICENSE").read_text(encoding="utf-8")
    for path in folder.glob("*.*s"):
        assert "sourceMappingURL" not in path.read_text(encoding="utf-8")


def test_static_files_are_served_under_a_name_that_changes_with_them(lin):
    page = lin.get("/").text
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert re.search(r"\?[0-9a-f]{10}$", path)
        reply = lin.get(path)
        assert reply.status_code == 200
        assert "max-age" in reply.headers["cache-control"]
