"""report.html: one file that asks for nothing, in which every name from the data stays text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from auditor.report import gate, html, pictures, words
from auditor.report.pictures import Album
from auditor.report.result import Finding, Result
from auditor.report.words import evidence_words
from tests.unit import report_sample as sample

VOID = {"meta", "img", "br", "input"}
FROM_OUTSIDE = {"src", "href", "srcset", "action", "poster", "data", "background", "xlink:href"}


class Page(HTMLParser):
    """The page as a browser would take it: elements, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.inside: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inner = self.open[-1] if self.open else ""
        self.inside.get(inner, self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def hostile() -> Result:
    audit = sample.result()
    rules = gate.parse_all(["label_errors>1%"], ["label_errors"])
    return audit.model_copy(update={"gate": gate.evaluate(rules, audit, sample.flagged_table())})


@pytest.fixture(scope="module")
def source() -> str:
    audit = hostile()
    return html.render(audit, {i: sample.thumbnail() for i in pictures.wanted(audit)})


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_the_page_is_whole_and_every_element_is_closed(page: Page) -> None:
    assert page.open == []
    assert [tag for tag, _ in page.tags].count("h1") == 1


def test_nothing_is_asked_from_outside(page: Page, source: str) -> None:
    for _, attributes in page.tags:
        for name in FROM_OUTSIDE & set(attributes):
            assert re.match(r"(#|data:image/(png|jpeg);base64,)", attributes[name] or "")
    style = "".join(page.inside["style"])
    assert "@import" not in style
    assert "url(" not in style
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.tags}


def test_the_policy_allows_only_what_the_page_holds(page: Page) -> None:
    (policy,) = (
        attributes["content"] or ""
        for _, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = page.inside[tag]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_no_element_or_handler_comes_from_the_data(page: Page) -> None:
    assert [tag for tag, _ in page.tags].count("script") == 1
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag == "img":
            assert "evil" not in (attributes["src"] or "")


@pytest.mark.parametrize(
    "name", [sample.SCRIPT, sample.QUOTES, sample.RIGHT_TO_LEFT, sample.FORMULA]
)
def test_a_hostile_name_is_shown_as_it_is(page: Page, name: str) -> None:
    assert name in page.text


def test_signs_that_would_hide_or_turn_text_are_written_out(source: str, page: Page) -> None:
    assert "\u202e" not in source
    assert "\x07" not in source
    assert "gpj.\\u202egnp" in page.text
    assert "bell\\u0007\\u0000" in page.text
    assert words.visible("\udce9") == "\\udce9"


def test_the_page_says_what_the_audit_found(page: Page) -> None:
    for sentence in (
        "We looked at 6 images. About 5 (4\u20137) labels look wrong; 4 are flagged.",
        "2 files could not be read; not done: Votes.",
        "4 of 6 samples flagged (66.7 %).",
        "All 4 flagged, worst first",
        "Skipped: the set has no votes",
        "errors that everybody makes",
        "Labels that <script>alert('x')</script> doubts.",
        "75.0 % were right (30.1 % to 95.4 %, 95 % interval)",
        "auditor audit",
        sample.ODD_BYTES,
        "7, cpu",
    ):
        assert sentence in page.text


def test_the_measured_number_stands_beside_the_one_where_nothing_is_wrong(page: Page) -> None:
    assert "Estimated errors 5 (4\u20137) 0.5 (0\u20131)" in page.text


def test_a_cut_list_says_that_it_is_cut() -> None:
    audit = sample.result()
    first = audit.checks[0]
    cut = audit.model_copy(
        update={"checks": (first.model_copy(update={"top": first.top[:3], "flagged": 91}),)}
    )
    assert "Showing 3 of 91, worst first" in Page(html.render(cut)).text


def test_every_picture_has_a_text_and_a_missing_one_says_so(page: Page) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert images
    assert all("alt" in attributes for attributes in images)
    assert "No picture" in Page(html.render(sample.result())).text


def test_pictures_stop_at_the_budget_and_the_page_says_so() -> None:
    audit = sample.result()
    thumbnails = {i: sample.thumbnail() for i in pictures.wanted(audit)}
    whole = Page(html.render(audit, thumbnails))
    cut = Page(html.render(audit, thumbnails, budget=200))
    assert [tag for tag, _ in cut.tags].count("img") < [tag for tag, _ in whole.tags].count("img")
    assert "pictures were left out to keep this file small" in cut.text


def test_what_is_no_picture_is_not_embedded() -> None:
    album = Album({1: b"<svg onload=alert(1)>", 2: b"", 3: sample.thumbnail(kind="BMP")})
    assert [album.large(i) for i in (1, 2, 3, 4)] == [None] * 4


def test_a_neighbour_is_shown_small_and_a_finding_as_it_is() -> None:
    album = Album({1: sample.thumbnail(256, "JPEG")})
    large, small = album.large(1), album.small(1)
    assert large is not None
    assert small is not None
    assert (large.width, small.width, large.tiny) == (256, 96, False)
    assert album.spent == len(large.uri) + len(small.uri)


def test_an_audit_of_nothing_still_makes_a_page() -> None:
    audit = sample.result().model_copy(
        update={"checks": (), "unreadable": (), "decisions": None, "truth": ()}
    )
    assert Page(html.render(audit)).open == []


@pytest.mark.parametrize(
    ("p_error", "sentence"),
    [
        (None, "No probability for this one"),
        (0.9, "9 in 10 of those like this are wrong"),
        (0.12, "1 in 10 of those like this are wrong"),
        (0.02, "Hardly any of those like this are wrong"),
        (0.97, "97 in 100 of those like this are wrong"),
        (0.999, "Nearly all of those like this are wrong"),
    ],
)
def test_a_probability_is_said_as_a_frequency(p_error: float | None, sentence: str) -> None:
    assert words.chance(p_error) == sentence


def test_an_interval_that_is_not_known_is_not_invented() -> None:
    finding = Finding(sample_id=1, path="a", quality=0.25, p_error=0.5)
    assert words.chance_interval(finding) == "p 0.50"
    assert words.chance_interval(finding.model_copy(update={"p_error": None})) == "quality 0.25"


def test_the_headline_counts_one_as_one() -> None:
    audit = sample.result(flagged=1)
    check = audit.checks[0].model_copy(update={"metrics": ()})
    one = audit.model_copy(update={"checks": (check,)})
    assert words.headline(one)[0] == "We looked at 6 images. 1 label looks wrong."


def test_the_headline_praises_no_labels_that_are_not_there() -> None:
    audit = sample.result(flagged=0)
    check = audit.checks[0].model_copy(update={"judged": 0})
    bare = audit.model_copy(update={"checks": (check,)})
    assert words.headline(bare)[0] == "We looked at 6 images. There was no label to judge."


def test_the_views_of_a_label_finding_are_put_in_words() -> None:
    evidence = {"agree": 2, "of": 3, "views": {"suggested": ["a", "b"], "given": ["c"]}}
    assert evidence_words(evidence) == "2 of 3 views say what is suggested, c what is given"
