"""The documentation's site: each page has its place, each public name its anchor, and nothing comes from elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from browsing import Visit, chromium
from checkout import FIXTURES, ROOT
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLong

from slotfill.schemas.lazy_names import lazy_names

DOCS = ROOT / "docs"
CONFIGURATION = ROOT / "mkdocs.yml"
KINDS = ["Home", "Tutorial", "How-to", "Reference", "Explanation"]
BUILDERS = {
    "zensical": ("zensical", "build", "--strict", "--clean"),
    "mkdocs": ("mkdocs", "build", "--strict", "--quiet"),
}

STUBS = {
    ".".join(("slotfill", *stub.parent.relative_to(ROOT).parts))
    for folder in (ROOT, *(ROOT / name for name in ("schemas", "extractors", "distributed", "passages", "plugins")))
    for stub in (folder.glob("__init__.pyi") if folder == ROOT else folder.rglob("__init__.pyi"))
}
"""The packages that list their public names."""


class _Loader(yaml.SafeLoader):
    """Reads the configuration, whose tags name functions of others."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)


@pytest.fixture(scope="module")
def navigation() -> list[Any]:
    return yaml.load(CONFIGURATION.read_text("utf-8"), _Loader)["nav"]


def pages_of(entry: Any) -> Iterator[str]:
    match entry:
        case str():
            yield entry
        case dict():
            yield from pages_of([*entry.values()])
        case list():
            for one in entry:
                yield from pages_of(one)


def test_every_page_stands_once_in_the_navigation(navigation: list[Any]) -> None:
    pages = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    assert sorted(pages_of(navigation)) == pages, "mkdocs.yml lists other pages than docs/ has"


def test_the_four_kinds_of_pages_stand_apart(navigation: list[Any]) -> None:
    assert [name for part in navigation for name in part] == KINDS


def test_each_public_name_stands_once_in_the_reference() -> None:
    text = "".join(page.read_text("utf-8") for page in DOCS.glob("reference/*.md"))
    shown = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    assert sorted(shown) == sorted(f"{package}.{name}" for package in STUBS for name in lazy_names(package)[2])


@pytest.mark.parametrize("record", sorted((FIXTURES / "records").glob("*.json")), ids=lambda record: record.name)
def test_the_schema_of_the_record_takes_records_and_nothing_else(record: Path) -> None:
    schema = json.loads((DOCS / "record.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    data = json.loads(record.read_text("utf-8"))
    judge.validate(data)
    assert not judge.is_valid(data | {"slotfill": 2})
    assert not judge.is_valid(data | {"surprise": 1})
    assert not judge.is_valid({name: part for name, part in data.items() if name != "outcome"})


@pytest.fixture(scope="module", params=BUILDERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as each of the two builds it in a folder of its own."""
    for name in ("zensical", "material", "mkdocstrings_handlers"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install --group docs")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    for file in (CONFIGURATION, ROOT / "CHANGELOG.md"):
        shutil.copy(file, folder)
    documented = folder / "build" / "documented"
    setup = (sys.executable, "-c", "import setuptools; setuptools.setup()", "--quiet", "build_py")
    subprocess.run([*setup, "--build-lib", documented], cwd=ROOT, check=True, capture_output=True)
    program, *arguments = BUILDERS[request.param]
    # A proxy where nobody listens: whoever wanted something from elsewhere would fail.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = os.environ | nowhere | {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", program, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


class _Loads(HTMLParser):
    """Collects what a browser loads for a page: whatever but a link to follow has an address."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        self.anchors.add(named.get("id", ""))
        followed = tag == "a" or (tag == "link" and named.get("rel") in ("canonical", "next", "prev"))
        if not followed:
            self.addresses += [named[name] for name in ("src", "href", "data", "srcset", "poster") if name in named]


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_site_loads_nothing_from_elsewhere_and_has_every_public_name(site: Path) -> None:
    pages = _Loads()
    for page in site.rglob("*.html"):
        pages.feed(page.read_text("utf-8"))
    styles = "".join(file.read_text("utf-8") for kind in ("html", "css", "svg") for file in site.rglob(f"*.{kind}"))
    addresses = pages.addresses + re.findall(r"(?:url\(|@import )\s*[\"']?([^\"')\s]+)", styles)
    assert len(addresses) > 500
    assert [one for one in addresses if re.match(r"(\w+:)?//", one)] == []
    wanted = {f"{package}.{name}" for package in STUBS for name in lazy_names(package)[2]}
    assert wanted - pages.anchors == set()


def search(page: Page, word: str) -> Locator:
    """Give the first result for a word; the search may not listen yet when it is first called."""
    result = page.locator("a", has_text=word).first
    for _ in range(20):
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type(word.lower(), delay=20)
        with suppress(TooLong):
            result.wait_for(state="attached", timeout=3000)
            return result
    pytest.fail(f"the search finds nothing for {word!r}")


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_search_works_from_a_folder_in_light_and_dark(site: Path) -> None:
    with chromium() as browser:
        for scheme, ground in (("light", "default"), ("dark", "slate")):
            visit = Visit(browser, site / "index.html", color_scheme=scheme)
            page = visit.page
            expect(page.locator("body")).to_have_attribute("data-md-color-scheme", ground)
            assert search(page, "Cassette")
            assert visit.requests
            assert [request for request in visit.requests if not request.startswith(("file:", "blob:"))] == []
            visit.close()
