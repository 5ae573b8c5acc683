"""What every schema of a plug-in keeps."""

from __future__ import annotations

from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.testing.check import check
from slotfill.extractors.testing.checking.findings import LawBroken
from slotfill.schemas.sources.schema_sources import PluggedSchema, resolve

__all__ = ["SchemaConformance"]


class SchemaConformance:
    """Tests of a schema: `class TestPerson(SchemaConformance): schema = Person`.

    Attributes:
        schema: What the entry point loads.
        examples: How many values each law is tried on.
    """

    schema: PluggedSchema
    examples = 20

    def test_it_keeps_the_laws_of_schemas(self) -> None:
        """As `slotfill check` does; of what it only advises nothing fails."""
        findings = check(resolve(self.schema), max_examples=self.examples)
        for finding in findings:
            if finding.kind == "broken":
                raise LawBroken(finding)

    def test_other_processes_make_the_same_of_it(self) -> None:
        """A worker finds it by its module and name, or has its JSON Schema sent."""
        extractor = Extractor(resolve(self.schema), model=DEFAULT_MODEL)
        recipe = Recipe.read(Recipe.of(extractor).text)
        made = recipe.extractor().schema
        if made.id != extractor.schema.id:
            raise AssertionError(f"another process makes the schema {made.id} of it, not {extractor.schema.id}")
