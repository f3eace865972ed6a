"""Evidence: adding photos, papers and pasted chats to a case; handing files out so that nothing in them is ever run."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.errors import RuleError
from domain.files import MEDIA, SHOWN
from domain.words import Words
from doorstep.web.context import Acting, Revealing, Shared, Upload, field, files_of, go, render, tongue
from monitor import evidence
from store import files
from store.base import Db
from store.files import FileRow

router = APIRouter()
FILE_POLICY = "default-src 'none'; style-src 'none'; script-src 'none'; sandbox; frame-ancestors 'none'"


@router.post("/cases/{case_id}/evidence")
async def add(request: Request, web: Shared, who: Acting, form: Upload, case_id: int) -> Response:
    """Photos and papers (``photo``) and what was said in a chat (``excerpt``)."""
    photos, excerpt = await files_of(form, "photo"), field(form, "excerpt", 20_000)
    try:
        why = await web.house.store.awrite(
            evidence.add, case_id, photos=photos, excerpt=excerpt, by=who.person.id, now=web.house.now()
        )
    except RuleError as exc:
        why = refusal_of(exc)
    if why:
        said = tongue(web, who.lang).words(why)
        return render(request, who, "not_done.html", status=422, why=said, back=f"/cases/{case_id}")
    web.house.bus.publish("cases")
    return go(f"/cases/{case_id}#evidence")


def refusal_of(exc: RuleError) -> Words:
    """Why a file wasn't taken, in the reader's language."""
    text = str(exc)
    if text.startswith("text:"):
        return Words("refused.excerpt_long", {})
    codes = {"only photos": "refused.file_kind", "MB": "refused.file_large", "files here": "refused.file_many"}
    return Words(next((code for part, code in codes.items() if part in text), "refused.file_kind"), {})


@router.get("/files/{file_id}")
def one_file(web: Shared, who: Revealing, file_id: int) -> Response:
    """A file's bytes: a picture to look at, anything else to save. Never sniffed, never run, kept in no cache."""
    del who
    row, data = web.house.store.read(_file, file_id)
    if row is None or data is None:
        raise HTTPException(404, "file")
    shown = row.kind in SHOWN
    name = f"{row.subject_type}-{row.id}.{row.kind if row.kind != 'text' else 'txt'}"
    headers = {
        "Content-Security-Policy": FILE_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(data, media_type=MEDIA[row.kind], headers=headers)


def _file(db: Db, file_id: int) -> tuple[FileRow | None, bytes | None]:
    row = files.find(db, file_id)
    return row, files.content(db, row) if row else None
