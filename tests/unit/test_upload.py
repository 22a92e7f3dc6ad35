"""An uploaded file as the author's function sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.upload import Upload


@pytest.fixture
def book(tmp_path: Path) -> Upload:
    path = tmp_path / "book.txt"
    path.write_bytes("Größe\r\nzwei\n".encode())
    return Upload.of(path)


def test_an_upload_is_made_of_a_file_at_hand(book: Upload) -> None:
    assert (book.name, book.size) == ("book.txt", 14)
    assert (book.sha256, book.store, book.key) == ("", "", "")
    assert Upload.of(str(book.path)) == book


def test_there_is_no_upload_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Upload.of(tmp_path / "nothing")


def test_bytes_and_text(book: Upload) -> None:
    assert book.read_bytes() == "Größe\r\nzwei\n".encode()
    assert book.read_text() == "Größe\nzwei\n"
    assert book.read_text("latin-1").startswith("GrÃ")
    with pytest.raises(UnicodeDecodeError):
        book.read_text("ascii")
    assert book.read_text("ascii", "ignore") == "Gre\nzwei\n"
    with book.open() as file:
        assert file.read(2) == b"Gr"


@pytest.mark.parametrize("size", [1, 3, 7, 14, 15, 1000])
def test_blocks_make_up_the_whole(book: Upload, size: int) -> None:
    blocks = list(book.blocks(size))
    assert b"".join(blocks) == book.read_bytes()
    assert {len(block) for block in blocks[:-1]} <= {size}
    assert 0 < len(blocks[-1]) <= size


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    upload = Upload.of(tmp_path / "empty")
    assert upload.size == 0
    assert list(upload.blocks()) == []
