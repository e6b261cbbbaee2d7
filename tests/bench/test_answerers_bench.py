"""Questions per second: one reading per picture against one generate() per question; many requests at once."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest
import torch
from PIL import Image

from auditor.ask import answerers
from auditor.ask.answerers import ServerOptions, prompting, vision_language, wire
from auditor.ask.base import Answer, Answerer, AnswererError, Pixels, Prompt
from tests import answerer_world as world
from tests.answer_server import Body, Handler, serving
from tests.serve import MISSING, VLLM_PYTHON, transformers_serve, vllm_serve

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]
QUESTIONS = world.yes_no("cat", "dog", "red car", "wheel", "tree", "wing")
TEXT = {"hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4}
VISION = {**TEXT, "image_size": 64}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The demo's model; until it is there, one of its kind and size with random weights."""
    try:
        return "demo:digits", answerers.folder_of(answerers.parse("demo:digits"))
    except AnswererError:
        folder = tmp_path_factory.mktemp("model") / "llava"
        return "a random LLaVA", world.llava(folder, text=TEXT, vision=VISION)


def asked(who: Answerer, pictures: list[Pixels]) -> float:
    """Seconds for all questions about all pictures."""
    began = time.perf_counter()
    kept: list[int] = []
    who.answer(
        pictures, [QUESTIONS] * len(pictures), lambda i, j, a: kept.append(i), lambda *_: None
    )
    assert len(kept) == len(pictures) * len(QUESTIONS)
    return time.perf_counter() - began


def generated(model: Any, processor: Any, pictures: list[Pixels]) -> float:
    """Seconds with one generate() call per question, as such models are mostly used."""
    began = time.perf_counter()
    for picture in pictures:
        for prompt in QUESTIONS:
            ask_once(model, processor, picture, prompt)
    return time.perf_counter() - began


def ask_once(model: Any, processor: Any, picture: Pixels, prompt: Prompt) -> str:
    text = prompting.render(processor, str(model.config.model_type), prompt)
    inputs = processor(text=[text], images=[[Image.fromarray(picture)]], return_tensors="pt")
    # A word and the end of the reply: less would favour nobody, more would favour us.
    said = model.generate(**inputs, max_new_tokens=2, min_new_tokens=2, do_sample=False)
    reply: str = processor.tokenizer.decode(said[0, inputs["input_ids"].shape[1] :])
    return reply


def test_questions_per_second_against_one_generate_call_each(model: tuple[str, Path]) -> None:
    name, folder = model
    library = import_module("transformers")
    processor = library.AutoProcessor.from_pretrained(folder)
    plain = library.AutoModelForImageTextToText.from_pretrained(folder).eval()
    ours = vision_language.load("hf:local-dir:bench", folder, "cpu")
    full = vision_language.load("hf:local-dir:bench", folder, "cpu")
    full.shares = False
    pictures = world.pictures(64, sizes=False)
    for who in (ours, full):
        asked(who, pictures[:8])
    generated(plain, processor, pictures[:1])
    rounds = [
        (asked(ours, pictures), asked(full, pictures), generated(plain, processor, pictures[:16]))
        for _ in range(3)
    ]
    count = len(pictures) * len(QUESTIONS)
    shared, whole, one = (min(column) for column in zip(*rounds, strict=True))
    mine, batched, theirs = count / shared, count / whole, count / 4 / one
    million = sum(p.numel() for p in plain.parameters()) / 1e6
    print(
        f"\n{name}, {million:.1f} million parameters, {torch.get_num_threads()} CPU threads, "
        f"{len(QUESTIONS)} questions a picture, best of 3:\n"
        f"  one reading of the picture  {mine:7.1f} questions/s\n"
        f"  batches of whole prompts    {batched:7.1f} questions/s\n"
        f"  one generate() each         {theirs:7.1f} questions/s\n"
        f"  {mine / theirs:.1f} times generate() (bar: 5)"
    )
    assert mine >= 5 * theirs


def one_after_the_other(url: str, name: str, pictures: list[Pixels]) -> float:
    """Seconds with one chat request per question, its picture packed anew, as a script asks."""
    began = time.perf_counter()
    with httpx2.Client(timeout=60) as http:
        for picture in pictures:
            for prompt in QUESTIONS:
                body = wire.body(wire.Way.WORDS, name, prompt, wire.packed(picture, 768))
                wire.reply_text(http.post(f"{url}/chat/completions", json=body).json())
    return time.perf_counter() - began


def sequential_and_concurrent(url: str, name: str, pictures: int, at_once: int) -> float:
    """How many times a script's rate; prints all rates, each the best of 3."""
    few = world.pictures(pictures, sizes=False)
    one, many = (
        answerers.load(f"server:{url}#{name}", options=ServerOptions(concurrency=concurrency))
        for concurrency in (1, at_once)
    )
    asked(many, few[:4])
    rounds = [
        (one_after_the_other(url, name, few), asked(one, few), asked(many, few)) for _ in range(3)
    ]
    count = pictures * len(QUESTIONS)
    script, alone, together = (count / min(column) for column in zip(*rounds, strict=True))
    print(
        f"  a script {script:.1f}, our client one at a time {alone:.1f}, {at_once} at once "
        f"{together:.1f} questions/s: {together / script:.1f} and {together / alone:.1f} times"
    )
    ratio: float = together / script
    return ratio


@pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {', '.join(MISSING)}")
@pytest.mark.parametrize("flags", [(), ("--continuous-batching",)])
def test_many_requests_at_once_to_transformers_serve(
    model: tuple[str, Path], flags: tuple[str, ...]
) -> None:
    """No bar here: the server computes on the same few cores, one request after the other."""
    name, folder = model
    print(f"\ntransformers serve {' '.join(flags)} with {name} on the CPU:")
    with transformers_serve(folder, *flags, threads=torch.get_num_threads()) as url:
        sequential_and_concurrent(url, str(folder), 16, 8)


@pytest.mark.skipif(VLLM_PYTHON is None, reason="AUDITOR_VLLM_PYTHON names no Python with vLLM")
def test_many_requests_at_once_to_vllm(model: tuple[str, Path]) -> None:
    """No bar for its speed: server and client share a few cores. It must say what the model says."""
    name, folder = model
    print(f"\nvLLM with {name} on the CPU, one thread:")
    flags = ("--model-impl", "transformers", "--max-model-len", "512")
    uni = ("--distributed-executor-backend", "uni")
    few = world.pictures(16, sizes=False)
    with vllm_serve(str(VLLM_PYTHON), folder, *flags, *uni) as url:
        sequential_and_concurrent(url, str(folder), 64, 32)
        theirs = shares(answerers.load(f"server:{url}#{folder}"), few)
    ours = shares(vision_language.load("hf:local-dir:bench", folder, "cpu"), few)
    off = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    print(f"  P(yes) differs from the local model's by at most {off:.6f}")
    assert off < 0.001


def shares(who: Answerer, pictures: list[Pixels]) -> list[float]:
    """P(yes) of every question about every picture."""
    found: dict[tuple[int, int], float] = {}

    def keep(i: int, j: int, answer: Answer) -> None:
        assert answer.p_yes is not None
        found[i, j] = answer.p_yes

    who.answer(pictures, [QUESTIONS] * len(pictures), keep, lambda *_: None)
    return [found[place] for place in sorted(found)]


@pytest.mark.parametrize("at_once", [8, 32])
def test_many_requests_at_once_to_a_server_that_thinks(at_once: int) -> None:
    def think(handler: Handler, body: Body) -> None:
        threading.Event().wait(0.1)
        handler.say("Yes", {"Yes": -0.1, "No": -2.4})

    print("\na loopback server that thinks 100 ms about each request, all at once:")
    with serving(think) as server:
        ratio = sequential_and_concurrent(server.url, "tiny", 16, at_once)
    print("  (bar: 4 times the script)")
    assert ratio >= 4
