"""Local vision-language models, on tiny random models of real families, from files alone."""

# ruff: noqa: S106  (the names of tokens are no passwords)

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from auditor.ask import answerers
from auditor.ask.answerers import first_token, prompting, rows
from auditor.ask.answerers.vision_language import VisionLanguage, load
from auditor.ask.base import Answer, AnswererError, AnswerState, Pixels, Prompt
from auditor.checks.base import Cancelled
from tests import answerer_world as world

# One processor of the library asks NumPy in an older manner.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

COUNT = Prompt("How many wheels has it?", "number")
OPEN = Prompt("What is shown?", "open")


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))


@pytest.fixture(autouse=True)
def all_is_said_aloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights seldom say yes or no: their ratio counts here however rare both are."""
    if "mass" not in request.node.name:
        monkeypatch.setattr(first_token, "LEAST_MASS", 0.0)


def ask(
    who: VisionLanguage, pictures: Sequence[Pixels], prompts: Sequence[Sequence[Prompt]]
) -> dict[tuple[int, int], Answer]:
    given: dict[tuple[int, int], Answer] = {}

    def keep(i: int, j: int, answer: Answer) -> None:
        assert (i, j) not in given
        given[i, j] = answer

    who.answer(pictures, prompts, keep, lambda done, total: None)
    assert set(given) == {(i, j) for i, mine in enumerate(prompts) for j in range(len(mine))}
    return given


def in_full(folder: Path) -> VisionLanguage:
    """The same model, one whole prompt at a time: no padding, nothing shared."""
    who = load("hf:local-dir:x", folder, "cpu")
    who.shares = False
    who.batch = 1
    return who


@pytest.mark.parametrize("family", world.FAMILIES)
def test_sharing_the_picture_answers_as_reading_each_prompt_in_full(
    family: str, tmp_path: Path
) -> None:
    folder = world.FAMILIES[family](tmp_path / "model")
    pictures = world.pictures(3)
    prompts = [
        [*world.yes_no("cat", "dog", "very long red car"), COUNT, OPEN],
        [OPEN, *world.yes_no("dog")],
        world.yes_no("cat", "bird"),
    ]
    quick, slow = load("hf:local-dir:x", folder, "cpu"), in_full(folder)
    fast, plain = ask(quick, pictures, prompts), ask(slow, pictures, prompts)
    assert quick.shares is (None if family == "paligemma" else True)
    for place, answer in plain.items():
        assert fast[place].text == answer.text
        assert fast[place].number == answer.number
        if answer.p_yes is not None:
            assert fast[place].p_yes == pytest.approx(answer.p_yes, abs=1e-3)
    said = [a.p_yes for a in plain.values() if a.p_yes is not None]
    assert len(said) == 6
    assert np.ptp(said) > 0.01  # the questions and the pictures matter


def test_a_family_whose_attention_forbids_sharing_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.llava(tmp_path / "model")
    who = load("hf:local-dir:x", folder, "cpu")
    plain = ask(in_full(folder), world.pictures(2), [world.yes_no("cat", "dog")] * 2)
    real = rows.padded

    def forgetful(*args: object) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask = real(*args)  # type: ignore[arg-type]
        return ids.flip(1), mask

    monkeypatch.setattr("auditor.ask.answerers.vision_language.padded", forgetful)
    given = ask(who, world.pictures(2), [world.yes_no("cat", "dog")] * 2)
    assert who.shares is False
    for place, answer in plain.items():
        assert given[place].p_yes == pytest.approx(answer.p_yes, abs=1e-5)


def test_a_picture_is_encoded_once_for_all_its_questions(tmp_path: Path) -> None:
    who = load("hf:local-dir:x", world.llava(tmp_path / "model"), "cpu")
    prompts = [world.yes_no("cat", "dog", "car", "house")] * 3
    ask(who, world.pictures(3), prompts)
    seen: list[int] = []
    tower = who._network.model.model.vision_tower  # noqa: SLF001
    tower.register_forward_hook(lambda module, args, output: seen.append(len(output[0])))
    ask(who, world.pictures(3), prompts)
    assert sum(seen) == 3


def test_more_questions_than_a_block_holds_are_all_answered_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.llava(tmp_path / "model")
    prompts = [world.yes_no("cat", "dog", "car", "bird", "house"), world.yes_no("cat")]
    whole = ask(load("hf:local-dir:x", folder, "cpu"), world.pictures(2), prompts)
    monkeypatch.setattr(rows, "COLUMNS", 2)
    parts = ask(load("hf:local-dir:x", folder, "cpu"), world.pictures(2), prompts)
    for place, answer in whole.items():
        assert parts[place].p_yes == pytest.approx(answer.p_yes, abs=1e-5)


@pytest.mark.parametrize("family", ["llava", "paligemma"])
def test_memory_running_out_halves_the_batch_for_good(family: str, tmp_path: Path) -> None:
    folder = world.FAMILIES[family](tmp_path / "model")
    prompts = [world.yes_no("cat", "dog")] * 5
    plain = ask(load("hf:local-dir:x", folder, "cpu"), world.pictures(5), prompts)
    who = load("hf:local-dir:x", folder, "cpu")
    tower = who._network.model.model.vision_tower  # noqa: SLF001

    def narrow(module: object, args: object, kwargs: object, output: object) -> None:
        if len(output[0]) > 2:  # type: ignore[index]
            raise torch.OutOfMemoryError

    tower.register_forward_hook(narrow, with_kwargs=True)
    given = ask(who, world.pictures(5), prompts)
    assert who.batch == 2
    for place, answer in plain.items():
        assert given[place].p_yes == pytest.approx(answer.p_yes, abs=1e-5)
    tower.register_forward_hook(lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(AnswererError, match="does not fit into the GPU's memory"):
        ask(who, world.pictures(1), prompts[:1])


def test_yes_and_no_of_little_mass_are_no_vote(tmp_path: Path) -> None:
    who = load("hf:local-dir:x", world.llava(tmp_path / "model"), "cpu")
    spelled = who._first._yes + who._first._no  # noqa: SLF001
    with torch.no_grad():
        who._network.model.lm_head.weight[spelled] = 0  # noqa: SLF001
    for answer in ask(who, world.pictures(2), [world.yes_no("cat")] * 2).values():
        assert answer.state is AnswerState.UNKNOWN
        assert answer.p_yes is None
        assert "of the probability; likeliest:" in str(answer.text)


def test_a_model_of_broken_numbers_knows_no_mass(tmp_path: Path) -> None:
    who = load("hf:local-dir:x", world.llava(tmp_path / "model"), "cpu")
    torch.nn.init.constant_(who._network.model.lm_head.weight, float("nan"))  # noqa: SLF001
    answer = ask(who, world.pictures(1), [world.yes_no("cat")])[0, 0]
    assert answer.state is AnswerState.UNKNOWN
    assert answer.text == "(the model gave no numbers)"


def reader(words: str) -> tuple[first_token.FirstToken, dict[str, int]]:
    tokenizer = world.tokenizer(words)
    return first_token.FirstToken(tokenizer), tokenizer.get_vocab()


def test_every_spelling_of_yes_and_no_counts_mass() -> None:
    reading, vocabulary = reader(world.WORDS)
    mass = torch.zeros(len(vocabulary))
    for token, share in {"ĠYes": 0.1, "Ġyes": 0.2, "ĠYES": 0.1, "ĠNo": 0.05, "ĠNO": 0.05}.items():
        mass[vocabulary[token]] = share
    mass[0] = 0.5
    assert reading.yes_no(mass, 0.0).p_yes == pytest.approx(0.8)


def test_numerals_are_read_where_none_begins_another_else_words_mass() -> None:
    reading, _ = reader(world.WORDS)
    assert not reading.reads_numbers  # "1" may go on as "12"
    assert reading.reads_yes_no
    whole = first_token.FirstToken(_numerals())
    assert whole.reads_numbers
    mass = torch.zeros(30)
    mass[[3, 12, 1]] = torch.tensor([0.2, 0.4, 0.3])
    assert whole.number(mass, 0.0).number == 12
    mass[:21] = 0.001
    mass[25] = 0.97
    assert whole.number(mass, 0.0).state is AnswerState.UNKNOWN


def _numerals() -> object:
    """A tokenizer of whole words: 0 to 20 have one token each."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = [*map(str, range(21)), "yes", "no", *map(chr, range(97, 103)), "<unk>"]
    plain = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    return import_module("transformers").PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="<unk>"
    )


def test_without_a_template_the_prompt_is_of_the_familys_manner(tmp_path: Path) -> None:
    folder = world.llava(tmp_path / "model", template=None)
    processor = import_module("transformers").AutoProcessor.from_pretrained(folder)
    prompt = Prompt("Is there a <image> cat?", "yes_no")
    assert prompting.render(processor, "llava", prompt) == (
        "USER: <image>\nIs there a   cat?\nAnswer Yes or No only. ASSISTANT:"
    )
    assert prompting.render(processor, "paligemma", COUNT) == (
        "<image>answer en How many wheels has it?"
    )
    who = load("hf:local-dir:x", folder, "cpu")
    assert ask(who, world.pictures(1), [[prompt, *world.yes_no("dog")]])[0, 0].p_yes is not None
    assert who.shares


def test_the_fingerprint_changes_with_the_template_and_the_weights(tmp_path: Path) -> None:
    folder = world.llava(tmp_path / "model")
    name = f"hf:local-dir:{folder}"
    seen = {answerers.load(name).fingerprint, answerers.load(name).fingerprint}
    assert len(seen) == 1
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant", "answer"))
    seen.add(answerers.load(name).fingerprint)
    config = json.loads((folder / "config.json").read_text())
    config["vision_feature_layer"] = -2
    (folder / "config.json").write_text(json.dumps(config))
    seen.add(answerers.load(name).fingerprint)
    assert len(seen) == 3


def test_folders_that_hold_no_such_model_are_refused_with_the_reason(tmp_path: Path) -> None:
    tiny = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    library = import_module("transformers")
    library.ViTModel(library.ViTConfig(**tiny, intermediate_size=16)).save_pretrained(
        tmp_path / "vit"
    )
    with pytest.raises(AnswererError, match="is no vision-language model"):
        answerers.load(f"hf:local-dir:{tmp_path / 'vit'}")
    folder = world.llava(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "model.bin")
    with pytest.raises(AnswererError, match="only safetensors are read"):
        answerers.load(f"hf:local-dir:{folder}")


def test_cancelling_stops_between_batches_with_what_was_answered_kept(tmp_path: Path) -> None:
    who = load("hf:local-dir:x", world.llava(tmp_path / "model"), "cpu")
    who.batch = 2
    kept: list[int] = []

    def report(done: int, total: int) -> None:
        assert total == 10
        if done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        who.answer(
            world.pictures(5),
            [world.yes_no("cat", "dog")] * 5,
            lambda i, j, answer: kept.append(i),
            report,
        )
    assert sorted(kept) == [0, 0, 1, 1]


def test_nothing_asked_is_nothing_answered(tmp_path: Path) -> None:
    who = load("hf:local-dir:x", world.llava(tmp_path / "model"), "cpu")
    assert ask(who, [], []) == {}
    assert set(ask(who, world.pictures(2), [[], world.yes_no("cat")])) == {(1, 0)}
