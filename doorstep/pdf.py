"""A small PDF writer: headings, paragraphs and tables in Latin and Chinese, the same bytes for the same content.

No font is embedded: Helvetica is one of the standard fourteen, STSong-Light one of Adobe's standard Chinese ones, for which
readers use a font of their own (ISO 32000-1, 9.6.2.2 and 9.7.5.2). So a pack stays small, and no font's licence is touched.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

WIDTH, HEIGHT, MARGIN = 595.0, 842.0, 48.0  # A4 in points
BODY, SMALL, HEAD, TITLE = 9.5, 8.0, 12.0, 18.0
LEADING = 1.45
CODE = 68.0
"""The side of a square pattern: 24 mm, which a phone reads from paper."""
GAP = 8.0
MAX_PAGES, MAX_CELL_LINES = 200, 60
"""A pack longer than this is cut, and says so by its last line."""

# Widths of Helvetica from " " to "~", in thousandths of the size: Adobe's font metrics of the standard fourteen.
_HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,
    556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_OTHER_LATIN = 611
_BOLDER = 1.08
"""Helvetica-Bold is some per cent wider; where a line breaks needs no more."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table. ``share``: of the page's width."""

    text: str
    share: float
    bold: bool = False


@dataclass(slots=True)
class Pdf:
    """Add content from top to bottom, then take ``data``. ``foot`` is said at the bottom of each page, with blanks
    ``{n}`` and ``{of}``.
    """

    title: str
    foot: str = ""
    _pages: list[list[str]] = field(default_factory=lambda: [[]])
    _y: float = HEIGHT - MARGIN

    def heading(self, text: str, *, size: float = HEAD) -> None:
        self._space(size * LEADING * 3)
        self._y -= GAP
        self._lines(text, size, bold=True)
        self._y -= GAP / 2

    def gap(self) -> None:
        self._y -= GAP

    def text(self, text: str, *, size: float = BODY) -> None:
        """A paragraph; its own line breaks are kept."""
        for paragraph in _clean(text).split("\n"):
            self._lines(paragraph, size, bold=False)

    def row(self, *cells: Cell, size: float = BODY, code: Sequence[Sequence[int]] = ()) -> None:
        """A row of a table; it isn't broken over two pages. ``code``: a square pattern at its right end (CODE points; 1 is black)."""
        width = WIDTH - 2 * MARGIN
        wrapped = [
            _wrapped(_clean(cell.text).replace("\n", " "), width * cell.share - 6, size, bold=cell.bold)
            for cell in cells
        ]
        lines = max(len(one) for one in wrapped)
        height = max(lines * size * LEADING, CODE + 2 if code else 0) + 4
        self._space(height)
        if code:
            self._pattern(code, WIDTH - MARGIN - CODE, self._y - 3)
        x = MARGIN
        for cell, texts in zip(cells, wrapped, strict=True):
            for index, line in enumerate(texts):
                self._show(line, x, self._y - (index + 1) * size * LEADING + size * 0.4, size, bold=cell.bold)
            x += width * cell.share
        self._y -= height
        self._pages[-1].append(f"0.85 G 0.5 w {MARGIN:g} {self._y + 1:.2f} m {WIDTH - MARGIN:g} {self._y + 1:.2f} l S")

    def _pattern(self, code: Sequence[Sequence[int]], x: float, top: float) -> None:
        """Black squares, those beside each other drawn as one."""
        side = CODE / len(code)
        drawn = []
        for down, line in enumerate(code):
            begin = 0
            for black, run in groupby(line):
                length = len(list(run))
                if black:
                    where = f"{x + begin * side:.2f} {top - (down + 1) * side:.2f}"
                    drawn.append(f"{where} {length * side:.2f} {side:.2f} re")
                begin += length
        self._pages[-1].append(f"0 g {' '.join(drawn)} f")

    def _lines(self, text: str, size: float, *, bold: bool) -> None:
        for line in _wrapped(text, WIDTH - 2 * MARGIN, size, bold=bold):
            self._space(size * LEADING)
            self._y -= size * LEADING
            self._show(line, MARGIN, self._y + size * 0.4, size, bold=bold)

    def _space(self, needed: float) -> None:
        if self._y - needed < MARGIN and len(self._pages) < MAX_PAGES:
            self._pages.append([])
            self._y = HEIGHT - MARGIN

    def _show(self, text: str, x: float, y: float, size: float, *, bold: bool) -> None:
        if y < MARGIN / 2:
            return  # beyond the last page that is written
        shown = []
        for latin, run in _runs(text):
            font = ("/F2" if bold else "/F1") if latin else "/F3"
            weight = "0 G 2 Tr 0.3 w" if bold and not latin else "0 Tr"
            shown.append(f"{font} {size:g} Tf {weight} {_latin(run) if latin else _chinese(run)} Tj")
        self._pages[-1].append(f"BT {x:.2f} {y:.2f} Td {' '.join(shown)} ET")

    def data(self) -> bytes:
        """The finished file."""
        return _file(self.title, [self._finished(index) for index in range(len(self._pages))])

    def _finished(self, index: int) -> bytes:
        foot = self.foot.replace("{n}", str(index + 1)).replace("{of}", str(len(self._pages)))
        page = Pdf("", _pages=[[]])
        page._show(foot, MARGIN, MARGIN / 2 + 2, SMALL, bold=False)
        return "\n".join([*self._pages[index], *page._pages[0]]).encode("latin-1")


# --- text ----------------------------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    """Without control characters; what isn't in the basic plane (emoji) is a box, since the font has no such signs."""
    return "".join(
        "□" if ord(char) > 0xFFFF or 0xD800 <= ord(char) <= 0xDFFF else char
        for char in text.replace("\t", " ")
        if char == "\n" or char.isprintable()
    )


def _is_latin(char: str) -> bool:
    try:
        return char.encode("cp1252") != b""
    except UnicodeEncodeError:
        return False


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Pieces of a line by the font that they need."""
    run, latin = "", True
    for char in _clean(text):
        if run and _is_latin(char) is not latin:
            yield latin, run
            run = ""
        latin = _is_latin(char)
        run += char
    if run:
        yield latin, run


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text will be, in points."""
    return sum(map(_width, text)) * size / 1000 * (_BOLDER if bold else 1)


def _width(char: str) -> int:
    if " " <= char <= "~":
        return _HELVETICA[ord(char) - 32]
    return _OTHER_LATIN if _is_latin(char) else 1000


def _wrapped(text: str, width: float, size: float, *, bold: bool) -> list[str]:
    """Lines that fit: broken at spaces and between Chinese characters, a longer word anywhere."""
    lines, line, used = [], "", 0.0
    for word in _words(text):
        wide = width_of(word, size, bold=bold)
        if used + wide > width and line.strip():
            lines.append(line.rstrip())
            line, used, word = "", 0.0, word.lstrip()  # noqa: PLW2901 - a line doesn't begin with a space
            wide = width_of(word, size, bold=bold)
        for char in word if wide > width else (word,):
            more = width_of(char, size, bold=bold)
            if used + more > width and line:
                lines.append(line)
                line, used = "", 0.0
            line, used = line + char, used + more
    cut = [*lines, line.rstrip()][:MAX_CELL_LINES]
    return cut if len(lines) < MAX_CELL_LINES else [*cut[:-1], "…"]


NEVER_FIRST = frozenset("，。；：、！？）》」』】”’,.;:!?)]")
"""What no line begins with."""


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        if char in NEVER_FIRST and word:
            word += char
        elif not _is_latin(char):
            if word:
                yield word
            word = char
        elif word and not _is_latin(word[-1]) and char != " ":
            yield word
            word = char
        elif char == " ":
            yield word
            word = " "
        else:
            word += char
    if word:
        yield word


def _latin(run: str) -> str:
    escaped = run.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return f"({escaped.decode('latin-1')})"


def _chinese(run: str) -> str:
    return f"<{run.encode('utf-16-be').hex()}>"


# --- the file ------------------------------------------------------------------------------------------------------

_FONTS = (
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UCS2-H /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
    (
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /FontDescriptor 7 0 R"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>"
    ),
    (
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
        " /Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>"
    ),
)
_FIRST_PAGE = 4 + len(_FONTS)


def _file(title: str, pages: Sequence[bytes]) -> bytes:
    kids = " ".join(f"{_FIRST_PAGE + 2 * index} 0 R" for index in range(len(pages)))
    named = f"<feff{_clean(title).encode('utf-16-be').hex()}>"  # feff: UTF-16, its high byte first
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        *(font.encode() for font in _FONTS),
        f"<< /Title {named} /Producer (Doorstep) >>".encode(),
    ]
    for index, page in enumerate(pages):
        packed = zlib.compress(page, 9)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH:g} {HEIGHT:g}] /Contents {_FIRST_PAGE + 2 * index + 1} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >> >>".encode(),
            f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream",
        ]
    return _written(objects, info=_FIRST_PAGE - 1)


def _written(objects: Sequence[bytes], *, info: int) -> bytes:
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
