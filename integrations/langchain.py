"""An extractor as a Runnable of LangChain (extra `langchain`, which is langchain-core alone).

from slotfill import Extractor
from slotfill.integrations.langchain import ExtractionRunnable

chain = ExtractionRunnable(Extractor("feedback")) | route
chain.batch(texts, config={"max_concurrency": 8})
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from copy import deepcopy
from dataclasses import replace
from typing import Any, Literal, TypeAlias, cast

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.joining.document_joining import Passage, join_passages
from slotfill.extractors.errors import InputError, SettingsError
from slotfill.extractors.extractions.extraction import Extraction, ExtractionError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.texts import as_document
from slotfill.schemas.errors import MissingExtraError

try:
    from langchain_core.documents import Document as LangChainDocument
    from langchain_core.runnables import Runnable, RunnableConfig
except ImportError as error:
    raise MissingExtraError("the Runnable needs the extra `langchain`: pip install 'slotfill[langchain]'") from error

__all__ = ["ExtractionRunnable", "RunnableInput"]

RunnableInput: TypeAlias = "str | Document | LangChainDocument | Sequence[LangChainDocument] | Mapping[str, Any]"
"""What can be extracted from: a text, a document of slotfill or of LangChain, what a retriever gave, or a mapping that
holds one of these under `text`."""

_Output = Literal["record", "value"]
_OnFailure = Literal["return", "raise"]


class ExtractionRunnable(Runnable[RunnableInput, Any]):
    """An extractor as a step of a chain: invoked, batched, streamed, with callbacks, sync and async.

    What callbacks, and so traces, are told of an input is its id, source and length, never its text; a record holds no
    text either, unless `text` asks for it.

    Attributes:
        extractor: What extracts; whoever made it closes it.
        output: Whether a record comes out, as plain JSON data, or the value alone, as the schema's model has it.
        on_failure: Whether a document without a whole value gives its record all the same, or raises.
        text: Whether records hold the document's text, under `text`.
        text_key: Under which key a mapping holds what to extract from; its `source` is what it is called.
    """

    def __init__(
        self,
        extractor: Extractor[Any],
        *,
        output: _Output = "record",
        on_failure: _OnFailure | None = None,
        text: bool = False,
        text_key: str = "text",
        name: str | None = None,
    ) -> None:
        """Make a Runnable of an extractor.

        Args:
            extractor: What extracts.
            output: `record`, or `value`.
            on_failure: `return` or `raise`: by an exception `with_retry` and `with_fallbacks` learn of a failure. By
                default a record is returned, and where the value alone is to come out it is raised.
            text: Whether records hold the document's text, too.
            text_key: As in the attributes.
            name: What traces call it; by default by the schema's name.

        Raises:
            SettingsError: An argument has no such value, or some exclude each other.
        """
        on_failure = on_failure or ("return" if output == "record" else "raise")
        _check_choice("output", output, ("record", "value"))
        _check_choice("on_failure", on_failure, ("return", "raise"))
        if output == "value" and on_failure == "return":
            raise SettingsError("output='value' has nothing to return of a document that failed: on_failure='raise'")
        if output == "value" and text:
            raise SettingsError("text=True is for records: leave it out, or output='value'")
        self.extractor, self.output, self.on_failure = extractor, output, on_failure
        self.text, self.text_key = text, text_key
        self.name = name or f"extract_{extractor.schema.name}"

    @property
    def InputType(self) -> Any:  # noqa: N802 - LangChain's own name
        """What goes in, as LangChain describes it to others."""
        return str | dict[str, Any]

    @property
    def OutputType(self) -> Any:  # noqa: N802 - likewise
        """What comes out."""
        return dict[str, Any] if self.output == "record" else self.extractor.schema.model

    def invoke(self, input: RunnableInput, config: RunnableConfig | None = None, **_: Any) -> Any:  # noqa: A002 - likewise
        """Extract from one text.

        Args:
            input: As in `RunnableInput`.
            config: LangChain's: callbacks, tags, metadata.

        Returns:
            The record, or the value.

        Raises:
            ExtractionError: There is no whole value, and `on_failure` is `raise`; it holds the extraction.
            InputError: The input holds nothing to extract from.
        """
        document = self._document(input)
        return self._call_with_config(lambda _: self._result(self.extractor.extract(document)), _note(document), config)

    async def ainvoke(self, input: RunnableInput, config: RunnableConfig | None = None, **_: Any) -> Any:  # noqa: A002
        """Do what `invoke` does, without blocking."""
        document = self._document(input)

        async def extract(_: RunnableInput) -> Any:
            return self._result(await self.extractor.aextract(document))

        return await self._acall_with_config(extract, _note(document), config)

    def stream(
        self,
        input: RunnableInput,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Iterator[Any]:
        """Extract from one text, and yield the value as it grows: each time all that has arrived.

        Yields:
            Of a record, `{"value": …}` as plain JSON data while it grows, the whole record last; of a value the typed
            one, incomplete but for the last. `on_failure="raise"` raises in place of the last.
        """
        document = self._document(input)

        def grow(_: Iterator[Any]) -> Iterator[Any]:
            for event in self.extractor.stream(document):
                yield self._grown(event) if isinstance(event, Partial) else self._result(event)

        yield from self._transform_stream_with_config(iter([_note(document)]), grow, config)

    async def astream(
        self,
        input: RunnableInput,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> AsyncIterator[Any]:
        """Do what `stream` does, without blocking."""
        document = self._document(input)

        async def note() -> AsyncIterator[Any]:
            yield _note(document)

        async def grow(_: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async with aclosing(self.extractor.astream(document)) as events:
                async for event in events:
                    yield self._grown(event) if isinstance(event, Partial) else self._result(event)

        async for grown in self._atransform_stream_with_config(note(), grow, config):
            yield grown

    def _grown(self, event: Partial[Any]) -> Any:
        """Copy what has arrived: it grows in place, and a chain may keep each piece."""
        return {"value": deepcopy(event.data)} if self.output == "record" else deepcopy(event.value)

    def _result(self, extraction: Extraction[Any]) -> Any:
        if not extraction.ok and self.on_failure == "raise":
            # Whoever keeps the exception, as a trace does, keeps no text with it.
            bare = replace(extraction, document=replace(extraction.document, text="", pages=()))
            raise ExtractionError(bare)
        if self.output == "value":
            return extraction.value
        return {**extraction.to_json(), **({"text": extraction.document.text} if self.text else {})}

    def _document(self, given: object) -> Document:
        """Read an input as a document; a mapping may name its source."""
        if not isinstance(given, Mapping):
            return _as_document(given)
        if self.text_key not in given:
            known = ", ".join(map(repr, given)) or "nothing"
            raise InputError(f"the input has no {self.text_key!r}, it has {known}: name its key with text_key=…")
        document, source = _as_document(given[self.text_key]), given.get("source")
        return replace(document, source=source) if isinstance(source, str) else document


def _as_document(given: object) -> Document:
    match given:
        case LangChainDocument():
            passage = _passage_of(given)
            return Document.of(passage.text, passage.source)
        case str() | Document():
            return as_document(given, native=True)
        case list() | tuple() if given and all(isinstance(one, LangChainDocument) for one in given):
            return join_passages([_passage_of(one) for one in cast("Sequence[LangChainDocument]", given)])
    raise InputError(
        f"an input of type {type(given).__name__} is nothing to extract from: pass a text, a Document, what a "
        "retriever gave, or a mapping that holds one"
    )


def _passage_of(document: LangChainDocument) -> Passage:
    """Read what splitters and loaders write of a passage: its source, and where it begins there."""
    source, start = document.metadata.get("source"), document.metadata.get("start_index")
    return Passage(document.page_content, str(source) if source else None, start if isinstance(start, int) else 0)


def _note(document: Document) -> dict[str, Any]:
    """Say of a document what a trace may know."""
    return {"id": document.id, "source": document.source, "chars": len(document.text)}


def _check_choice(name: str, given: object, known: Sequence[str]) -> None:
    if given not in known:
        raise SettingsError(f"{name}={given!r}: there are {' and '.join(map(repr, known))}")
