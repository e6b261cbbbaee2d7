"""What the released package of VDC does wrong (specification, 23.4), one test each on our code.

How replies are read (failures 3 to 7) is tested further in test_ask_parser, servers that fail (11)
in tests/process/test_answer_server, odd pictures (12) in test_media_decode.
"""

from __future__ import annotations

import io
import re
import subprocess
import tomllib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from PIL import Image

from auditor import checks
from auditor.ask import answerers
from auditor.ask.agreement import agreement
from auditor.ask.answerers import ServerOptions, keys, limits
from auditor.ask.bank import generate
from auditor.ask.base import Answer, AnswerState, Kind, Pixels, Prompt, Question
from auditor.ask.judging import vote
from auditor.ask.parser import parse, parse_many
from auditor.ask.reliability import Answers
from auditor.checks.base import Outcome, parameters
from auditor.media.decode import decode
from auditor.model import ASKED_SCHEMA, LABELS
from auditor.session.ask_plan import of_labels
from auditor.session.asked import asked_table
from tests.answer_server import Body, Handler, question, serving
from tests.contract.context import Context

ROOT = Path(__file__).parents[2]
PETS = ("cat", "dog", "great_white_shark")
_KEYS = re.compile(
    r"\bsk-(?!geheim)[A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{30,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)


def test_failure_1_every_folder_with_code_is_a_package_that_the_wheel_takes() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    find = import_module("setuptools").find_packages
    taken = set(find(str(ROOT), include=settings["packages"]["find"]["include"]))
    folders = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for top in ("auditor", "ui")
        for file in (ROOT / top).rglob("*.py")
    }
    assert folders - taken == set()


def judged(rows: Sequence[tuple[int, float | None]], samples: int, **values: object) -> Outcome:
    """What the check says of samples labelled cat, after answers that agree so far."""
    check = checks.load("visual_language")
    table = pa.table(
        {
            "sample_id": pa.array(range(samples), pa.int64()),
            "labels": pa.array([["cat"]] * samples, LABELS),
            "split": pa.nulls(samples, pa.string()),
            "group": pa.nulls(samples, pa.string()),
        }
    )
    answers = [
        {
            "sample_id": sample,
            "about": "cat",
            "text": f"question {place % 4}",
            "kind": "specific",
            "expected": "yes",
            "agree": agree,
            "state": "unknown" if agree is None else "answered",
            "p_yes": agree,
            "number": None,
            "reply": None,
            "by_person": False,
        }
        for place, (sample, agree) in enumerate(rows)
    ]
    told = {"answers": pa.Table.from_pylist(answers, schema=ASKED_SCHEMA)}
    context = Context(parameters(check.spec, dict(values)), {}, told, PETS)
    return check.run(table, context)


def test_failure_2_there_is_a_verdict_on_every_sample_that_was_asked_about() -> None:
    rows = [(sample, 0.95 if sample < 28 else 0.05) for sample in range(30) for _ in range(4)]
    found = judged(rows, 30, score="vote").findings
    assert found["flagged"].to_pylist() == [False] * 28 + [True] * 2


def test_failure_3_no_is_not_yes_for_a_word_inside_another() -> None:
    asked = Question(about="cat", text="Is it a cat?", expected="yes", kind=Kind.SPECIFIC)
    assert agreement(asked, parse("No, only its eyes are visible", "yes_no"), PETS) == 0.0
    for reply in ("I know.", "snow", "eyes"):
        assert agreement(asked, parse(reply, "yes_no"), PETS) is None


def test_failure_4_a_preamble_or_a_blank_line_ends_nothing() -> None:
    answers = parse_many("Sure! Here you are:\n\n1. Yes\n\n2. No.", 2, "yes_no")
    assert [one.p_yes for one in answers] == [1.0, 0.0]


def test_failure_5_a_reply_that_fails_is_unknown_and_no_other_question_gets_its_answer() -> None:
    """Over a real server each question is a request of its own; the second one gets garbage."""

    def script(handler: Handler, body: Body) -> None:
        if not handler.path.endswith("completions"):
            handler.reply({}, status=404)
        elif "thing 1 " in question(body):
            handler.say("")
        else:
            handler.say("Yes" if "thing 0 " in question(body) else "No")

    asked = [Prompt(f"Is there a thing {n} in it?", "yes_no") for n in range(4)]
    with serving(script) as server:
        kept = told(server.id, asked)
    assert [kept[place].p_yes for place in range(4)] == [1.0, None, 0.0, 0.0]
    assert kept[1].state is AnswerState.UNKNOWN


def told(name: str, prompts: Sequence[Prompt]) -> dict[int, Answer]:
    kept: dict[int, Answer] = {}
    picture: Pixels = np.full((8, 8, 3), 200, np.uint8)
    who = answerers.load(name, options=ServerOptions())
    who.answer([picture], [prompts], lambda _, j, one: kept.update({j: one}), lambda *_: None)
    return kept


def test_failure_6_no_answers_are_no_score_and_no_flag() -> None:
    nothing = Answers(np.empty(0, int), np.empty(0, int), np.empty(0), np.empty(0, bool))
    assert np.isnan(vote(nothing, 1).score[0])
    rows = [(sample, 0.9 if sample else None) for sample in range(20) for _ in range(4)]
    for score in ("vote", "likelihood"):
        first = judged(rows, 20, score=score).findings.to_pylist()[0]
        assert first["sample_id"] == 0
        assert not first["flagged"]


def test_failure_7_answers_are_read_with_full_stops_labels_numbers_and_on_two_lines() -> None:
    assert parse("A: Yes.", "yes_no").p_yes == 1.0
    pairs = "1. Q: Is option A: a dog?\nA: Yes.\n2. Q: Is it a cat?\nA: No."
    assert [one.p_yes for one in parse_many(pairs, 2, "yes_no")] == [1.0, 0.0]


def test_failure_8_descriptions_synonyms_and_whole_sets_with_their_rates_are_judged() -> None:
    asked = Question(about="tabby, tiger cat", text="What is it?", expected="tabby, tiger cat",
                     kind=Kind.GENERAL)  # fmt: skip
    said = Answer(state=AnswerState.ANSWERED, text="A tiger cat asleep.")
    assert agreement(asked, said, ()) == 1.0
    rows = [(sample, 0.95 if sample < 28 else 0.05) for sample in range(30) for _ in range(4)]
    outcome = judged(rows, 30)
    assert outcome.findings.num_rows == 30
    names = set(outcome.metrics["name"].to_pylist())
    assert {"noise", "tie_share", "unknown_share", "agrees_if_right"} <= names


def test_failure_9_a_classs_questions_are_made_once_and_the_same_for_all_its_pictures() -> None:
    bank = generate(PETS)
    assert bank == generate(PETS)
    samples = pa.table({"sample_id": range(100), "pixel_hash": [str(i) for i in range(100)]})
    wanted = of_labels(samples, pa.array(["cat"] * 100), bank)
    assert wanted.table.num_rows == 600
    assert len(set(wanted.table["prompt_key"].to_pylist())) == 6


def test_failure_10_who_says_yes_to_everything_does_not_pass() -> None:
    of_cat = [one for one in generate(PETS) if one.about == "cat"]
    yes = Answer(state=AnswerState.ANSWERED, p_yes=1.0)
    assert min(agreement(one, yes, PETS) or 0.0 for one in of_cat) == 0.0
    known = pa.table(
        {
            "sample_id": [0] * len(of_cat),
            "about": ["cat"] * len(of_cat),
            "question": pa.array(range(len(of_cat)), pa.int64()),
            "state": ["answered"] * len(of_cat),
            "p_yes": [1.0] * len(of_cat),
            "number": pa.nulls(len(of_cat), pa.int32()),
            "reply": pa.nulls(len(of_cat), pa.string()),
            "by_person": [False] * len(of_cat),
        }
    )
    assert 0.0 in asked_table(known, of_cat, PETS)["agree"].to_pylist()


def test_failure_11_a_server_here_needs_no_key_and_a_moment_of_trouble_is_waited_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "_FIRST_S", 0.01)
    monkeypatch.setattr(keys, "_from_keyring", lambda host: "")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    models: list[str] = []

    def script(handler: Handler, body: Body) -> None:
        models.append(body["model"])
        if len(models) == 1:
            handler.reply({}, status=503)
        elif not handler.path.endswith("completions"):
            handler.reply({}, status=404)
        else:
            handler.say("Yes")

    with serving(script) as server:
        kept = told(server.id, [Prompt("Is there a cat?", "yes_no")])
        assert all("authorization" not in {n.lower() for n in head} for _, head, _ in server.seen)
    assert kept[0].p_yes == 1.0
    assert set(models) == {"tiny"}  # the model that the user named, and no other


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "CMYK", "L", "1", "P"])
def test_failure_12_pictures_of_every_mode_are_asked_about_as_people_see_them(mode: str) -> None:
    left: npt.NDArray[np.uint8] = np.zeros((6, 10), np.uint8)
    left[:, :5] = 255
    picture = Image.fromarray(left)
    if mode == "I;16":
        picture = Image.fromarray(left.astype(np.uint16) * 257)
    elif mode != "L":
        picture = (picture.convert("RGB") if mode in {"RGBA", "CMYK"} else picture).convert(mode)
    sink = io.BytesIO()
    picture.save(sink, "TIFF")
    seen = decode(sink.getvalue()).pixels
    assert seen.shape == (6, 10, 3)
    assert seen[:, :5].min() > 200
    assert seen[:, 5:].max() < 60


def test_failure_12_a_picture_that_was_turned_by_the_camera_is_turned_back() -> None:
    picture = Image.fromarray(np.zeros((6, 10, 3), np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6
    sink = io.BytesIO()
    picture.save(sink, "JPEG", exif=exif)
    assert decode(sink.getvalue()).pixels.shape == (10, 6, 3)


def test_failure_13_no_file_of_the_repository_holds_what_looks_like_a_key() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: its files cannot be listed")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    found = []
    for name in listed.stdout.decode().split("\0"):
        file = ROOT / name
        if name and file.is_file() and file.stat().st_size < 1_000_000:
            match = _KEYS.search(file.read_text("utf-8", errors="ignore"))
            found += [f"{name}: {match.group()[:12]}"] if match else []
    assert found == []


def test_failure_14_a_label_of_several_words_is_not_there_for_one_of_them() -> None:
    asked = Question(about="great_white_shark", text="What is it?", expected="great_white_shark",
                     kind=Kind.GENERAL)  # fmt: skip
    dog = Answer(state=AnswerState.ANSWERED, text="A white dog on a great beach.")
    shark = Answer(state=AnswerState.ANSWERED, text="A great white shark.")
    assert agreement(asked, dog, PETS) == 0.0
    assert agreement(asked, shark, PETS) == 1.0
