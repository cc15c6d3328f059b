"""``python -m tests.refresh``: writes anew what documents and golden files say that commands print.

Nothing else does. Read the diff before it is committed: a refresh makes any output the expected one, but for that of a
program that broke, which it refuses.
"""

from __future__ import annotations

from tests import differences
from tests.documents import DOCUMENTS, replayed
from tests.golden.golden_cases import CASES, EXPECTED, produce, write_files
from tests.picture import PICTURE, draw, shown
from tests.transcript import alike, scratch


def refresh() -> None:
    differences.PAGE.write_text(differences.page(), encoding="utf-8")
    for file in DOCUMENTS:
        before = file.read_text(encoding="utf-8")
        with scratch():
            after = replayed(file)
        if not alike(before, after):
            file.write_text(after, encoding="utf-8")
    picture = draw()
    if not PICTURE.exists() or shown(PICTURE.read_text(encoding="utf-8")) != shown(picture):
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(picture, encoding="utf-8")
    EXPECTED.mkdir(exist_ok=True)
    for file in EXPECTED.iterdir():
        if file.stem not in CASES:
            file.unlink()
    for name in CASES:
        _write(name)


def _write(name: str) -> None:
    with scratch() as folder:
        write_files(folder)
        text = produce(name)
    file = EXPECTED / f"{name}.txt"
    if not file.exists() or not alike(file.read_bytes().decode(), text):
        file.write_bytes(text.encode())


if __name__ == "__main__":
    refresh()
