"""What variants do: streamed annotation of VCF files with gene models in GFF3 and FASTA."""

from annotator.annotate import annotate
from annotator.counts import Counts
from annotator.cytobands import ASSEMBLIES
from annotator.known import Known
from annotator.reference import BadReference, References, bundled

__all__ = ["ASSEMBLIES", "BadReference", "Counts", "Known", "References", "annotate", "bundled"]
