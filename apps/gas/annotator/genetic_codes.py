"""The genetic codes, as NCBI numbers them."""

from __future__ import annotations

from functools import cache
from itertools import product

# Codons run through TCAG, the last base fastest: TTT, TTC, TTA, TTG, TCT ... GGG. The first text
# has the amino acids, the second `M` where translation may start and `*` where it ends.
_TABLES = {
    1: (
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "---M------**--*----M---------------M----------------------------",
    ),
    2: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG",
        "----------**--------------------MMMM----------**---M------------",
    ),
    3: (
        "FFLLSSSSYY**CCWWTTTTPPPPHHQQRRRRIIMMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------**----------------------MM---------------M------------",
    ),
    4: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "--MM------**-------M------------MMMM---------------M------------",
    ),
    5: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSSSSVVVVAAAADDEEGGGG",
        "---M------**--------------------MMMM---------------M------------",
    ),
    6: (
        "FFLLSSSSYYQQCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "--------------*--------------------M----------------------------",
    ),
    9: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
        "----------**-----------------------M---------------M------------",
    ),
    10: (
        "FFLLSSSSYY**CCCWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------**-----------------------M----------------------------",
    ),
    11: (
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "---M------**--*----M------------MMMM---------------M------------",
    ),
    12: (
        "FFLLSSSSYY**CC*WLLLSPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------**--*----M---------------M----------------------------",
    ),
    13: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSSGGVVVVAAAADDEEGGGG",
        "---M------**----------------------MM---------------M------------",
    ),
    14: (
        "FFLLSSSSYYY*CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
        "-----------*-----------------------M----------------------------",
    ),
    15: (
        "FFLLSSSSYY*QCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------*---*--------------------M----------------------------",
    ),
    16: (
        "FFLLSSSSYY*LCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------*---*--------------------M----------------------------",
    ),
    21: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
        "----------**-----------------------M---------------M------------",
    ),
    22: (
        "FFLLSS*SYY*LCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "------*---*---*--------------------M----------------------------",
    ),
    23: (
        "FF*LSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "--*-------**--*-----------------M--M---------------M------------",
    ),
    24: (
        "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSSKVVVVAAAADDEEGGGG",
        "---M------**-------M---------------M---------------M------------",
    ),
    25: (
        "FFLLSSSSYY**CCGWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "---M------**-----------------------M---------------M------------",
    ),
    26: (
        "FFLLSSSSYY**CC*WLLLAPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------**--*----M---------------M----------------------------",
    ),
    27: (
        "FFLLSSSSYYQQCCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "--------------*--------------------M----------------------------",
    ),
    28: (
        "FFLLSSSSYYQQCCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------**--*--------------------M----------------------------",
    ),
    29: (
        "FFLLSSSSYYYYCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "--------------*--------------------M----------------------------",
    ),
    30: (
        "FFLLSSSSYYEECC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "--------------*--------------------M----------------------------",
    ),
    31: (
        "FFLLSSSSYYEECCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "----------**-----------------------M----------------------------",
    ),
    32: (
        "FFLLSSSSYY*WCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        "---M------*---*----M------------MMMM---------------M------------",
    ),
    33: (
        "FFLLSSSSYYY*CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSSKVVVVAAAADDEEGGGG",
        "---M-------*-------M---------------M---------------M------------",
    ),
}

#: The numbers of all codes there are.
NUMBERS = tuple(_TABLES)

_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


class GeneticCode:
    """One of NCBI's genetic codes.

    Raises:
        ValueError: there is no code of this number.
    """

    def __init__(self, number: int) -> None:
        if number not in _TABLES:
            known = ", ".join(map(str, NUMBERS))
            raise ValueError(f"there is no genetic code {number}; there are {known}")
        self.number = number
        codons = list(map("".join, product("TCAG", repeat=3)))
        amino_acids, marks = _TABLES[number]
        #: Codon to amino acid in one letter; `*` is a stop.
        self.amino_acids = dict(zip(codons, amino_acids, strict=True))
        #: Codon to `M` for a start, `*` for a stop, `-` for others.
        self.marks = dict(zip(codons, marks, strict=True))

    def translate(self, bases: str) -> tuple[str, str]:
        """Amino acids and marks of whole codons; a codon with an unknown base is `X` and `-`."""
        codons = [bases[i : i + 3] for i in range(0, len(bases) - 2, 3)]
        amino_acid, mark = self.amino_acids.get, self.marks.get
        return (
            "".join([amino_acid(codon, "X") for codon in codons]),
            "".join([mark(codon, "-") for codon in codons]),
        )

    def translate_to_stop(self, bases: str) -> tuple[str, str]:
        """As `translate`, but only up to the first stop, with it."""
        amino_acid, mark = self.amino_acids.get, self.marks.get
        letters, marks = [], []
        for i in range(0, len(bases) - 2, 3):
            codon = bases[i : i + 3]
            letters.append(amino_acid(codon, "X"))
            marks.append(mark(codon, "-"))
            if marks[-1] == "*":
                break
        return "".join(letters), "".join(marks)


@cache
def genetic_code(number: int) -> GeneticCode:
    """The genetic code of this number.

    Raises:
        ValueError: there is none.
    """
    return GeneticCode(number)


def reverse_complement(bases: str) -> str:
    """The other strand, in its own direction."""
    return bases[::-1].translate(_COMPLEMENT)
