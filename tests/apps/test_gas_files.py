"""Files in, files out: what is kept byte by byte, what is refused and how, what memory it takes."""

import gzip
import random
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import billow

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/gas"))
sys.path.insert(0, str(Path(__file__).parents[2] / "apps/gas/tools"))

import make_vcf
from annotator import Counts, annotate, vcf_input
from annotator.annotate import stem_of

GAS = Path(__file__).parents[2] / "apps/gas"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HEADER = f"##fileformat=VCFv4.2\n##contig=<ID=MT,length=16569>\n{COLUMNS}\n"
RECORD = "MT\t3335\trs1\tT\tC\t50\tPASS\tAC=1\n"
ADDED = "VC=SNV;REGION=CDS;CSQ=missense|MT-ND1|MT-ND1.1|protein_coding|+|10I>10T|3335T>C"


def run(folder: Path, data: bytes | str, name: str = "a.vcf") -> tuple[Counts, list[str]]:
    """The counts, and the result's records."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    counts = annotate(path, folder / "out")
    text = (folder / "out" / f"{stem_of(name)}.annot.vcf").read_bytes().decode("latin-1")
    return counts, [line for line in text.split("\n") if line and not line.startswith("#")]


def test_a_record_gains_fields_and_loses_nothing(tmp_path: Path) -> None:
    counts, lines = run(tmp_path, HEADER + RECORD)
    assert lines == [f"{RECORD[:-1]};{ADDED}"]
    assert counts.as_json()["consequences"] == {"missense": 1}
    assert (counts.transitions, counts.transversions) == (1, 0)


@pytest.mark.parametrize(("info", "result"), [(".", ADDED), ("", ADDED), ("DP=3", f"DP=3;{ADDED}")])
def test_an_empty_info_is_replaced(info: str, result: str, tmp_path: Path) -> None:
    _, lines = run(tmp_path, HEADER + RECORD.replace("AC=1", info))
    assert lines[0].split("\t")[7] == result


def test_the_header_tells_the_fields(tmp_path: Path) -> None:
    run(tmp_path, HEADER + RECORD)
    head = (tmp_path / "out/a.annot.vcf").read_text().split(COLUMNS)[0]
    assert re.findall(r"##INFO=<ID=(\w+)", head) == [
        "VC",
        "REGION",
        "CSQ",
        "CYTOBAND",
        "REF_MISMATCH",
    ]


def test_fields_that_the_file_has_already_are_left_alone(tmp_path: Path) -> None:
    info = '##INFO=<ID=CSQ,Number=.,Type=String,Description="of another program">\n'
    head = HEADER.replace("##contig", f"{info}##contig")
    _, lines = run(tmp_path, head + RECORD.replace("AC=1", "CSQ=x"))
    assert ";CSQ_2=missense|" in lines[0]
    assert "\tCSQ=x;" in lines[0]


def test_lines_end_as_they_did(tmp_path: Path) -> None:
    _, lines = run(tmp_path, (HEADER + RECORD * 2).replace("\n", "\r\n"))
    assert lines == [f"{RECORD[:-1]};{ADDED}\r"] * 2
    head = (tmp_path / "out/a.annot.vcf").read_bytes().split(b"MT\t")[0]
    assert head.count(b"\n") == head.count(b"\r\n")


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    assert run(tmp_path, HEADER + RECORD[:-1])[1] == [f"{RECORD[:-1]};{ADDED}"]


def test_samples_stay_as_they_are(tmp_path: Path) -> None:
    rng = random.Random(1)
    cells = [bytes(rng.choices(range(33, 256), k=rng.randint(1, 9))).decode("latin-1")]
    cells += [f"0|{rng.randint(0, 1)}:{rng.random():.3f}" for _ in range(2999)]
    names = "\t".join(f"S{number}" for number in range(3000))
    head = HEADER.replace(COLUMNS, f"{COLUMNS}\tFORMAT\t{names}")
    tail = "\tGT:DS\t" + "\t".join(cells)
    body = (RECORD[:-1] + tail + "\n") * 40
    counts, lines = run(tmp_path, (head + body).encode("latin-1"))
    assert counts.samples == 3000
    assert all(line.endswith(tail) for line in lines)
    assert lines[0] == f"{RECORD[:-1]};{ADDED}{tail}"


@pytest.mark.parametrize("level", [0, 1, 9])
def test_packed_files_are_unpacked(level: int, tmp_path: Path) -> None:
    packed = gzip.compress((HEADER + RECORD * 50).encode(), level)
    assert run(tmp_path, packed, "a.vcf.gz")[0].records == 50


def bgzf(data: bytes) -> bytes:
    """Packed as bgzip does, in blocks that say how long they are."""
    blocks = []
    for at in range(0, len(data), 5000):
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = squeeze.compress(data[at : at + 5000]) + squeeze.flush()
        size = (len(body) + 25).to_bytes(2, "little")
        head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\x06\x00BC\x02\x00" + size
        check = zlib.crc32(data[at : at + 5000]).to_bytes(4, "little")
        blocks.append(head + body + check + len(data[at : at + 5000]).to_bytes(4, "little"))
    return b"".join(blocks)


END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def test_bgzip_is_read_and_its_end_is_needed(tmp_path: Path) -> None:
    packed = bgzf((HEADER + RECORD * 1000).encode())
    assert run(tmp_path, packed + END, "a.vcf.gz")[0].records == 1000
    with pytest.raises(billow.Rejected, match="cut off"):
        run(tmp_path, packed, "b.vcf.gz")


GOOD = gzip.compress((HEADER + RECORD * 5000).encode())
REFUSED = {
    "empty": (b"", "the file is empty"),
    "packed nothing": (gzip.compress(b""), "the file is empty"),
    "cut off": (GOOD[: len(GOOD) // 2], "cut off"),
    "damaged": (GOOD[:150] + b"\0\0\0\0" + GOOD[154:], "damaged"),
    "followed by something": (GOOD + b"garbage", "damaged"),
    "no header": (RECORD.encode(), "no header"),
    "header without columns": (f"##fileformat=VCFv4.2\n{RECORD}".encode(), "line 2 should be"),
    "half a header": (b"##fileformat=VCFv4.2\n##x", "ends within its header"),
    "columns in disorder": (HEADER.replace("REF\tALT", "ALT\tREF").encode(), "the columns must"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a VCF"),
    "a page": (b"<html>\n</html>", "begins with '<html>'"),
    "BCF": (gzip.compress(b"BCF\x02\x02" + bytes(99)), "a BCF file"),
    "UTF-16": ((HEADER + RECORD).encode("utf-16"), "UTF-16"),
    "FASTA": (b">MT\nACGT\n", "a FASTA file"),
    "few columns": ((HEADER + RECORD + "MT\t1\t.\n").encode(), "line 5 has 3 columns"),
    "spaces": ((HEADER + RECORD.replace("\t", " ")).encode(), "line 4 has 1 columns"),
    "no position": ((HEADER + RECORD * 2 + RECORD.replace("3335", "x")).encode(), "line 6: POS"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_vcf_is_refused_with_the_reason(case: str, tmp_path: Path) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(billow.Rejected, match=re.escape(reason)):
        run(tmp_path, data)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vcf_input, "LONGEST_LINE", 3 * billow.MiB)
    with pytest.raises(billow.Rejected, match="line 5 is longer than 3 MiB"):
        run(tmp_path, HEADER + RECORD + RECORD[:-1] + "A" * (5 * billow.MiB) + "\n" + RECORD)


def test_a_file_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vcf_input, "LARGEST", 2 * billow.MiB)
    with pytest.raises(billow.Rejected, match="unpacked"):
        run(tmp_path, gzip.compress((HEADER + RECORD * 100_000).encode()))


def test_a_header_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vcf_input, "LARGEST_HEADER", billow.MiB)
    with pytest.raises(billow.Rejected, match="header is larger"):
        run(tmp_path, "##fileformat=VCFv4.2\n" + "##x=1\n" * 500_000)


def test_a_file_without_records_has_none(tmp_path: Path) -> None:
    counts, lines = run(tmp_path, HEADER)
    assert (counts.records, lines) == (0, [])


@pytest.mark.parametrize(
    ("record", "added"),
    [
        ("MT\t0\t.\tN\tA", "VC=SNV;REGION=intergenic;REF_MISMATCH"),
        ("MT\t99999\t.\tA\tC", "VC=SNV;REGION=intergenic;REF_MISMATCH"),
        ("MT\t3335\t.\tA\tC", "VC=SNV;REGION=CDS;CSQ=coding_sequence|MT-ND1|MT-ND1.1|"),
        ("MT\t3335\t.\tt\tc", ADDED),
        ("chrM\t3335\t.\tT\tC", ADDED),
        ("M\t3335\t.\tT\tC", ADDED),
        ("MT\t3335\t.\tT\t.", "VC=NONE;REGION=CDS"),
        ("MT\t3335\t.\tT\tC,*", "VC=SNV,SYMBOLIC;REGION=CDS;CSQ=missense|"),
        ("MT\t3335\t.\tTT\tCG", "VC=MNV;REGION=CDS;CSQ=missense|"),
        ("MT\t3335\t.\tT\tTA", "VC=INS;REGION=CDS;CSQ=stop_gained&frameshift|"),
        ("MT\t3335\t.\tTTGT\tT", "VC=DEL;REGION=CDS;CSQ=inframe_deletion|"),
        ("MT\t3107\t.\tN\tA", "VC=SNV;REGION=non_coding_exon;CSQ=non_coding|MT-RNR2||Mt_rRNA"),
        ("MT\t3107\t.\tC\tA", "VC=SNV;REGION=non_coding_exon;CSQ=non_coding|MT-RNR2||Mt_rRNA"),
        ("7\t100\t.\tA\tC", "VC=SNV"),
    ],
)
def test_records_of_all_sorts(record: str, added: str, tmp_path: Path) -> None:
    _, lines = run(tmp_path, f"{HEADER}{record}\t.\t.\t.\n")
    assert lines[0].split("\t")[7].startswith(added)


def test_sequences_without_a_reference_are_counted(tmp_path: Path) -> None:
    other = RECORD.replace("MT", "chr7")
    counts, _ = run(tmp_path, HEADER + other + RECORD + other * 2)
    told = counts.as_json()
    assert told["unknown_sequences"] == {"chr7": 3}
    assert told["regions"] == {"CDS": 1, "unknown": 3}


def test_names_without_end_take_no_memory(tmp_path: Path) -> None:
    body = "".join(RECORD.replace("MT", f"s{number}") for number in range(3000))
    counts, _ = run(tmp_path, HEADER + body)
    assert len(counts.unknown) == 1001
    assert counts.unknown["others"] == 2000


def test_another_mitochondrion_is_not_taken_for_ours(tmp_path: Path) -> None:
    """The chrM of hg19 has 16,571 bases."""
    head = HEADER.replace("ID=MT,length=16569", "ID=chrM,length=16571")
    counts, lines = run(tmp_path, head + RECORD.replace("MT", "chrM"))
    assert lines[0].endswith(";VC=SNV")
    assert "16,571" in counts.notes[0]


def test_bands_are_told_where_the_assembly_is_known(tmp_path: Path) -> None:
    head = HEADER.replace("ID=MT,length=16569", "ID=chr1,length=249250621")
    counts, lines = run(tmp_path, head + RECORD.replace("MT\t3335", "chr1\t2300000") * 2)
    assert lines[0].endswith(";VC=SNV;CYTOBAND=1p36.33")
    assert (counts.assembly, counts.bands) == ("hg19", 2)
    assert run(tmp_path, HEADER + RECORD.replace("MT", "chr1"))[1][0].endswith(";VC=SNV")


def test_the_log_begins_with_the_lines_of_the_original(tmp_path: Path) -> None:
    run(tmp_path, HEADER + RECORD, "My.sample.VCF")
    log = (tmp_path / "out/My.sample.vcf.count.log").read_text().splitlines()
    assert log[2:6] == ["Total: 1", "Variants located:", "In interGenic 0", "In CDS 1"]
    assert log[12] == "In Putative Promoter Region 0"
    assert {"missense: 1", "Transitions: 1", "SNV: 1"} <= set(log)


def test_progress_ends_with_all_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(HEADER + RECORD * 100_000)
    told: list[float] = []
    annotate(path, tmp_path, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 3
    assert told[-1] == path.stat().st_size


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["MT", "chr1", "", "#", "\0"]),
            st.one_of(st.integers(-5, 17_000).map(str), st.text(max_size=3)),
            st.text("ACGTNacgtn.*<>[]:é", max_size=12),
            st.text("ACGTNacgtn.*<>[]:,é", max_size=12),
        ),
        max_size=6,
    )
)
def test_any_record_is_annotated_or_refused(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, str, str, str]]
) -> None:
    body = "".join(f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\t.\n" for c, p, r, a in records)
    path = tmp_path_factory.mktemp("any") / "a.vcf"
    path.write_bytes((HEADER + body).encode("utf-8"))
    try:
        counts = annotate(path, path.parent)
    except billow.Rejected:
        assert not list(path.parent.glob("*.annot.vcf*"))
    else:
        assert counts.records == len(records)


MEASURE = """
import re, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from annotator import annotate
counts = annotate(Path(sys.argv[2]), Path(sys.argv[3]))
# Not ru_maxrss: that is at least what the process held that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(counts.records, int(peak[1]) // 1024)
"""


@pytest.mark.drill
def test_a_million_records_take_little_memory(tmp_path: Path) -> None:
    _, bases = make_vcf.read_fasta(GAS / "references/sarscov2/sequence.fa")
    once = list(make_vcf.all_snvs(bases))
    path = tmp_path / "a.vcf"
    with path.open("w") as out:
        out.writelines(make_vcf.vcf_lines("MN908947.3", len(bases), once))
        body = "".join(list(make_vcf.vcf_lines("MN908947.3", len(bases), once))[5:])
        for _ in range(11):
            out.write(body)
    command = [sys.executable, "-c", MEASURE, str(GAS), str(path), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    records, memory = map(int, done.stdout.split())
    assert records > 1_000_000
    assert memory < 150
