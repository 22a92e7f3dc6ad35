"""What variants do: streamed annotation of VCF files with gene models in GFF3 and FASTA."""

from .annotate import annotate
from .counts import Counts
from .cytobands import ASSEMBLIES
from .reference import BadReference, References, bundled

__all__ = ["ASSEMBLIES", "BadReference", "Counts", "References", "annotate", "bundled"]
