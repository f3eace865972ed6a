"""Files that people add: told by their bytes, kept once, erased for good."""

from pathlib import Path

import pytest
from store_support import at, opened

from domain.errors import RuleError
from domain.files import MAX_FILE_BYTES, MAX_FILES, FileKind, sniff
from store import check, files
from store.base import Db, Store
from store.files import FileRow

pytestmark = pytest.mark.usefixtures("engine")

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture"
JPEG = b"\xff\xd8\xff\xe0 a photo"


def add(store: Store, data: bytes, subject: str = "1", *, hours: float = 1) -> FileRow:
    return store.write(files.add, data, subject_type="case", subject_id=subject, by="li", at=at(hours))


def stored(folder: Path) -> list[str]:
    return sorted(path.parent.name + path.name for path in (folder / "files").glob("??/*"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe1Exif", FileKind.JPEG),
        (b"\x89PNG\r\n\x1a\n", FileKind.PNG),
        (b"RIFF\x10\0\0\0WEBPVP8 ", FileKind.WEBP),
        (b"\0\0\0\x18ftypheic\0\0\0\0", FileKind.HEIC),
        (b"%PDF-1.7", FileKind.PDF),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>", None),
        (b"<!doctype html>", None),
        (b"GIF89a", None),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"MZ\x90\0", None),
        (b"#!/bin/sh", None),
        (b"\0\0\0\x18ftypqt  ", None),
        (b"", None),
    ],
)
def test_the_kind_is_told_by_the_bytes(head: bytes, kind: FileKind | None) -> None:
    """What can carry a script, a film or a program is none of ours, whatever it is called."""
    assert sniff(head) is kind


def test_bytes_are_kept_once_under_their_digest(tmp_path: Path) -> None:
    """The same photo of two cases is two rows and one file, readable by nobody else on the machine."""
    with opened(tmp_path) as store:
        first, again, second = add(store, PNG), add(store, PNG), add(store, PNG, "2")
        assert first == again
        assert second.id != first.id
        assert stored(tmp_path) == [first.digest]
        [path] = (tmp_path / "files").glob("??/*")
        assert path.read_bytes() == PNG
        assert path.stat().st_mode & 0o777 == 0o600
        assert store.read(files.content, first) == PNG
        assert [row.kind for row in store.read(files.of_subject, "case", "1")] == [FileKind.PNG]


@pytest.mark.parametrize("data", [b"<html>", b"", JPEG + b"x" * MAX_FILE_BYTES])
def test_what_is_not_kept_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    """Neither a row nor a file of what is refused; the refusal says what would be taken."""
    with opened(tmp_path) as store:
        with pytest.raises(RuleError, match="file: "):
            add(store, data)
        assert stored(tmp_path) == []
        assert store.read(files.how_many) == 0


def test_a_subject_has_a_limit(tmp_path: Path) -> None:
    """Nobody fills the disk through one case; another case still takes its own."""
    with opened(tmp_path) as store:
        for n in range(MAX_FILES):
            add(store, PNG + bytes([n]))
        with pytest.raises(RuleError, match="at most"):
            add(store, JPEG)
        assert add(store, JPEG, "2").subject_id == "2"


def test_erased_bytes_are_gone_and_the_row_tells_it(tmp_path: Path) -> None:
    """What another subject still keeps stays; the last one's erasure takes the bytes away, and a row remains."""
    with opened(tmp_path) as store:
        first, second = add(store, PNG), add(store, PNG, "2")
        store.write(files.erase, [first], now=at(5))
        assert store.write(files.sweep) == 0
        assert store.read(files.content, first) == PNG
        erased = store.read(files.find, first.id)
        assert erased is not None
        assert erased.erased_at == at(5)
        assert store.read(files.content, erased) is None
        store.write(files.erase, [second], now=at(6))
        assert store.write(files.sweep) == 1
        assert stored(tmp_path) == []
        assert store.read(check.differences, now=at(9)) == []


def test_a_crash_before_the_commit_leaves_bytes_that_are_swept(tmp_path: Path) -> None:
    """Bytes are written before their row: where the row never comes, they belong to nobody."""

    def add_and_die(db: Db) -> None:
        files.add(db, PNG, subject_type="case", subject_id="1", by="li", at=at(1))
        raise KeyboardInterrupt

    with opened(tmp_path) as store:
        kept = add(store, JPEG)
        with pytest.raises(KeyboardInterrupt):
            store.write(add_and_die)
        assert len(stored(tmp_path)) == 2
        assert store.write(files.sweep) == 1
        assert stored(tmp_path) == [kept.digest]


def test_lost_and_altered_bytes_are_told(tmp_path: Path) -> None:
    """`doorstep check` compares each file with its digest."""
    with opened(tmp_path) as store:
        row = add(store, PNG)
        [path] = (tmp_path / "files").glob("??/*")
        path.chmod(0o600)
        path.write_bytes(b"something else")
        assert [d.subject for d in store.read(check.differences, now=at(9))] == [f"file {row.id}"]
        path.unlink()
        assert [d.stored for d in store.read(check.differences, now=at(9))] == ["missing"]
        assert store.read(files.content, row) is None


def test_a_pasted_text_is_kept_apart_from_the_facts(tmp_path: Path) -> None:
    """A chat is personal: it is a file, and goes like one."""
    with opened(tmp_path) as store:
        said = "客户：我没收到\n客服：我们查一下"
        row = store.write(files.add_text, said, subject_type="case", subject_id="1", by="li", at=at(1))
        assert row.kind is FileKind.TEXT
        assert store.read(files.content, row) == said.encode()
        with pytest.raises(RuleError, match="text: "):
            store.write(files.add_text, "  ", subject_type="case", subject_id="1", by="li", at=at(1))
