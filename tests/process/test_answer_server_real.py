"""A real OpenAI-compatible server: `transformers serve` with a tiny model, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from auditor.ask import answerers
from auditor.ask.answerers.server import Server
from auditor.ask.base import Answer, AnswerState, Prompt
from tests import answerer_world as world
from tests.serve import MISSING, transformers_serve

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {', '.join(MISSING)}"),
]

PICTURES = world.pictures(3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.llava(tmp_path_factory.mktemp("model") / "llava")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with transformers_serve(folder) as url:
        who = answerers.load(f"server:{url}#{folder}")
        assert isinstance(who, Server)
        yield who


def ask(who: Server, prompts: list[Prompt]) -> dict[tuple[int, int], Answer]:
    given: dict[tuple[int, int], Answer] = {}
    asked = [prompts] * len(PICTURES)
    who.answer(PICTURES, asked, lambda i, j, a: given.__setitem__((i, j), a), lambda *_: None)
    return given


def test_its_probabilities_are_those_of_the_models_yes_and_no(server: Server, folder: Path) -> None:
    given = ask(server, world.yes_no("cat", "very long red car"))
    assert len(given) == 6
    library = import_module("transformers")
    processor = library.AutoProcessor.from_pretrained(folder)
    model = library.AutoModelForImageTextToText.from_pretrained(folder)
    choices = processor.tokenizer.convert_tokens_to_ids(["Yes", "No"])
    for (i, j), answer in given.items():
        thing = ("cat", "very long red car")[j]
        text = (
            f"<|im_start|>user\n<image>\n\nIs there a {thing} in the picture?\n"
            "Answer Yes or No only.<|im_end|>\n<|im_start|>assistant\n"
        )
        inputs = processor(text=text, images=Image.fromarray(PICTURES[i]), return_tensors="pt")
        expected = model(**inputs).logits[0, -1][choices].softmax(-1)[0].item()
        assert answer.p_yes == pytest.approx(expected, abs=1e-3)


def test_it_answers_in_words_too(server: Server) -> None:
    prompts = [Prompt("How many wheels has it?", "number"), Prompt("What is shown?", "open")]
    given = ask(server, prompts)
    assert all(given[i, 1].text for i in range(3))
    assert {given[i, 0].state for i in range(3)} <= {AnswerState.UNKNOWN, AnswerState.ANSWERED}


def test_it_writes_when_asked_without_a_picture(server: Server) -> None:
    assert server.say("Write questions about cats.", 12)
