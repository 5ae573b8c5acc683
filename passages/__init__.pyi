from slotfill.extractors.documents.joining.document_joining import SEPARATOR as SEPARATOR
from slotfill.extractors.documents.joining.document_joining import Passage as Passage
from slotfill.extractors.documents.joining.document_joining import join_passages as join_passages
from slotfill.extractors.extractions.source_spans import seam_crossings as seam_crossings
from slotfill.extractors.extractions.source_spans import source_spans as source_spans
from slotfill.extractors.record.joined_inputs import JoinedInput as JoinedInput
from slotfill.extractors.record.joined_inputs import SourceSpan as SourceSpan
