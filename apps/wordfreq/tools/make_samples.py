"""Make the samples and their expected results: one excerpt of each novel, byte for byte.

usage: make_samples.py TEXTS_FOLDER

TEXTS_FOLDER holds the whole novels as NAME.txt.bz2 and a manifest.csv (file, lang, bytes, sha256,
bom, crlf, origin). An excerpt begins with the novel's byte order mark, if it has one, and is cut
from its middle at line ends, so it has the line ends and characters of the file it came from.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import hashlib
import json
import sys
from pathlib import Path

import word_oracle

SIZE = 40_000
SAMPLES = Path(__file__).resolve().parents[1] / "samples"

#: Where the texts of a manifest's origin folder come from.
SOURCES = {
    "100_english_novels": "computationalstylistics/100_english_novels, commit 143e601",
    "68_german_novels": "computationalstylistics/68_german_novels, commit 4cc71e1",
    "ELTeC-eng": "COST-ELTeC/ELTeC-eng, commit 3db3b67",
    "ELTeC-fra": "COST-ELTeC/ELTeC-fra, commit 83f0a43",
    "ELTeC-hun": "COST-ELTeC/ELTeC-hun, commit 5977c03",
    "ELTeC-por": "COST-ELTeC/ELTeC-por, commit 8886868",
    "ELTeC-spa": "COST-ELTeC/ELTeC-spa, commit 83e2a22",
}

HEADING = """\
# Where these texts come from

120 excerpts of about 40 kB, cut at line ends from the middle of 120 novels in six languages. All
novels are by authors long dead and were published by 1928; their texts are in the public domain.
Byte order marks and line ends are those of the files they were cut from.

| origin | public GitHub repository | what it states |
| --- | --- | --- |
| 100_english_novels | {100_english_novels} | public-domain texts, a benchmark corpus |
| 68_german_novels | {68_german_novels} | public-domain texts, a benchmark corpus |
| ELTeC-fra | {ELTeC-fra} | all texts are in the public domain |
| ELTeC-eng | {ELTeC-eng} | texts in the public domain; body text of the TEI files |
| ELTeC-hun | {ELTeC-hun} | texts in the public domain; body text of the TEI files |
| ELTeC-por | {ELTeC-por} | texts in the public domain; body text of the TEI files |
| ELTeC-spa | {ELTeC-spa} | texts in the public domain; body text of the TEI files |

ELTeC is the *European Literary Text Collection* of COST Action Distant Reading (CA16204). Its TEI
markup is CC BY; no markup is kept here, and the body texts were wrapped at 72 columns.

`expected.json` holds the ten most used words of each file under both rules, found by
`tools/word_oracle.py`, which shares no code with the app. `tools/make_samples.py` made all of it.

| file | bytes | SHA-256 of the excerpt | origin |
| --- | --- | --- | --- |
"""


def excerpt(novel: bytes) -> bytes:
    """About `SIZE` bytes from the middle of `novel`, whole lines, after its byte order mark."""
    mark = codecs.BOM_UTF8 if novel.startswith(codecs.BOM_UTF8) else b""
    start = novel.index(b"\n", len(novel) // 2) + 1
    end = novel.find(b"\n", start + SIZE) + 1
    if not end:
        raise ValueError("the novel is too short")
    return mark + novel[start:end]


def expected(data: bytes) -> dict[str, object]:
    """What the app must find in `data`."""
    words = word_oracle.words(data)
    return {
        "total": words.total(),
        "distinct": len(words),
        "words": word_oracle.top(words),
        "classic": word_oracle.top(word_oracle.classic(data)),
    }


def main(texts: Path) -> None:
    """Write samples/*.txt, samples/expected.json and samples/SOURCES.md."""
    SAMPLES.mkdir(exist_ok=True)
    answers, lines = {}, []
    with (texts / "manifest.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            novel = bz2.decompress((texts / f"{row['file']}.bz2").read_bytes())
            data = excerpt(novel)
            (SAMPLES / row["file"]).write_bytes(data)
            answers[row["file"]] = expected(data)
            digest = hashlib.sha256(data).hexdigest()
            lines.append(f"| {row['file']} | {len(data)} | {digest} | {row['origin']} |\n")
    dump = [f"{json.dumps(n)}: {json.dumps(a, ensure_ascii=False)}" for n, a in answers.items()]
    (SAMPLES / "expected.json").write_text("{\n" + ",\n".join(dump) + "\n}\n", encoding="utf-8")
    heading = HEADING
    for name, source in SOURCES.items():
        heading = heading.replace(f"{{{name}}}", source)
    (SAMPLES / "SOURCES.md").write_text(heading + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
