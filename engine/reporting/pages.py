"""Tables as PDF pages: plain text in a font that every viewer has, after PDF 1.4 (ISO 32000-1, 9.6.2.2)."""

from collections.abc import Sequence

LINES_PER_PAGE = 56
LEADING = 13
"""Distance of lines [points]."""
A4 = (595, 842)
"""Width and height of a page [points]."""


def table_pages(title: str, heading: str, lines: Sequence[str]) -> bytes:
    """PDF file of a table, with title, heading of the columns and page number on every page.

    Args:
        title: What the table is about.
        heading: Above the lines.
        lines: Text of each line, in columns of a font whose letters are all as wide.
    """
    parts = [lines[begin : begin + LINES_PER_PAGE] for begin in range(0, len(lines), LINES_PER_PAGE)] or [()]
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>")
    kids = []
    for number, part in enumerate(parts, start=1):
        rows = [title, "", heading, *part, "", f"Page {number} of {len(parts)}"]
        text = b"\n".join(b"(" + _escaped(row) + b") Tj T*" for row in rows)
        stream = b"BT /F1 10 Tf %d TL 56 790 Td\n%b\nET" % (LEADING, text)
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d]" % A4
        objects.append(page + b" /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % len(objects))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b" ".join(kids), len(kids))
    written, places = b"%PDF-1.4\n", []
    for key, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (key, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n%b%b" % (len(objects) + 1, table, end)


def _escaped(text: str) -> bytes:
    """Text in the encoding of the font; what it does not have becomes a question mark."""
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252", "replace")
