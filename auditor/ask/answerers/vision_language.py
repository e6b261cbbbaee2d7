"""A vision-language model on this machine: one reading of a picture for all its questions.

Answers to yes/no and number questions are read from the distribution of the first token, so a
question costs a few tokens of prefill and no text is generated or parsed. The tokens that the
prompts of a picture share, the picture's own among them, are read once; their keys and values are
then used for every question. Where a family's attention does not allow it (PaliGemma sees its
whole prompt both ways), prompts are read in full: on first use both ways are compared.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from auditor.ask.answerers import prompting
from auditor.ask.answerers.first_token import FirstToken
from auditor.ask.answerers.network import Inputs, Network, State
from auditor.ask.answerers.rows import Place, Rows, blocks, padded, prefix, split
from auditor.ask.base import Answer, AnswererError, Form, Keep, Pixels, Prompt, Report
from auditor.ask.parser import parse
from auditor.ml.encoders import hub, runner
from auditor.ml.encoders.base import ModelFormatError

_PICTURES = {"cpu": 8, "cuda": 16}
# Total variation between two ways of computing the same distribution: rounding, or a wrong mask.
_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1}

Asked = Sequence[Sequence[Prompt]]


def load(answerer_id: str, folder: Path, device: str) -> VisionLanguage:
    """The model from files in `folder`. Raises ModelFormatError."""
    import transformers

    hub.require_file(folder, "config.json")
    hub.weights(folder)
    dtype = torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32
    with hub.offline():
        processor = _from(transformers.AutoProcessor, folder)
        model, report = _from(
            transformers.AutoModelForImageTextToText,
            folder,
            use_safetensors=True,
            output_loading_info=True,
            dtype=dtype,
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelFormatError(
            f"The weights in {folder} lack {len(missing)} parts of the model, first {missing[0]}."
        )
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise ModelFormatError(f"{folder} has no processor for pictures and text together.")
    return VisionLanguage(
        answerer_id, model.to(device).eval(), processor, hub.hashes(answerer_id, folder), device
    )


def _from(kind: Any, folder: Path, **options: Any) -> Any:
    try:
        return hub.from_pretrained(kind, folder, **options)
    except (ValueError, OSError, ImportError, KeyError) as error:
        why = str(error).strip().split("\n", 1)[0]
        raise ModelFormatError(f"{folder} is no vision-language model: {why}") from error


class VisionLanguage:
    """Answers questions by a transformers model. Not thread-safe."""

    forms: frozenset[Form] = frozenset({"yes_no", "number", "open"})

    def __init__(
        self, answerer_id: str, model: Any, processor: Any, files: dict[str, str], device: str
    ) -> None:
        self.id = answerer_id
        self.batch = _PICTURES[torch.device(device).type]
        """Pictures that are read at once; halved for good when the GPU's memory runs out."""
        self.shares: bool | None = None
        """Whether a picture's tokens are read once for all its questions; None until tried."""
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._tokenizer.padding_side = "left"
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token or self._tokenizer.unk_token
        self._family = str(model.config.model_type)
        self._network = Network(model, device)
        self._first = FirstToken(self._tokenizer)
        self._ends = _ends(model, self._tokenizer)
        self._text = functools.cache(functools.partial(prompting.render, processor, self._family))
        self.fingerprint = self._hash(files)

    def _hash(self, files: dict[str, str]) -> str:
        facts = {
            "files": files,
            "processor": repr(self._processor.to_dict()),
            "template": repr(getattr(self._processor, "chat_template", None)),
            "wording": prompting.version(),
            "dtype": runner.number_type(self._network.device),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def answer(
        self, pictures: Sequence[Pixels], prompts: Asked, keep: Keep, report: Report
    ) -> None:
        """See Answerer. Raises AnswererError where not even one picture fits the memory."""
        total = sum(len(mine) for mine in prompts)
        # Equal numbers of questions side by side: a block has as many for each picture.
        order = sorted(
            (i for i in range(len(pictures)) if prompts[i]), key=lambda i: len(prompts[i])
        )
        done = start = 0
        report(done, total)
        while start < len(order):
            chosen = order[start : start + self.batch]
            answers = self._attempt([pictures[i] for i in chosen], [prompts[i] for i in chosen])
            if answers is None:
                continue  # again, with the smaller batch
            for i, mine in zip(chosen, answers, strict=True):
                for j, given in enumerate(mine):
                    keep(i, j, given)
                done += len(mine)
            start += len(chosen)
            report(done, total)

    def _attempt(self, pictures: list[Pixels], prompts: Asked) -> list[list[Answer]] | None:
        """The answers, or None after halving the batch because memory ran out."""
        try:
            return self._ask(pictures, prompts)
        except torch.OutOfMemoryError as error:
            if self.batch == 1:
                raise AnswererError(
                    f"{self.id} does not fit into the GPU's memory with one picture; "
                    "take a smaller model, or free memory that other programs hold."
                ) from error
            self.batch = max(1, min(self.batch, len(pictures)) // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None

    @torch.inference_mode()
    def _ask(self, pictures: list[Pixels], prompts: Asked) -> list[list[Answer]]:
        began = time.perf_counter()
        each = sum(len(mine) for mine in prompts)
        found: dict[tuple[int, int], Answer] = {}
        for places, state in self._states(pictures, prompts):
            seconds = (time.perf_counter() - began) / each
            wanted = [(n, p.picture, p.column) for n, p in enumerate(places) if p.wanted]
            asked = {n: prompts[i][j] for n, i, j in wanted}
            answers = self._read(state, asked, seconds)
            found |= {(i, j): answers[n] for n, i, j in wanted}
        return [[found[i, j] for j in range(len(mine))] for i, mine in enumerate(prompts)]

    def _states(
        self, pictures: list[Pixels], prompts: Asked
    ) -> Iterator[tuple[list[Place], State]]:
        """The model's state at the end of every prompt, by blocks."""
        texts = [[self._text(prompt) for prompt in mine] for mine in prompts]
        spoken = [[self._is_spoken(prompt.form) for prompt in mine] for mine in prompts]
        inputs = self._process(pictures, [mine[0] for mine in texts])
        rows = self._rows(inputs, texts) if any(len(mine) > 1 for mine in texts) else None
        if rows is None or not self._may_share(inputs, rows, pictures, texts):
            yield from self._in_full(pictures, texts, spoken)
            return
        shared = self._network.first(prefix(inputs, rows, self._pad))
        for places in blocks(spoken):
            yield places, self._branch(shared, rows, places)

    def _branch(self, shared: State, rows: Sequence[Rows], places: Sequence[Place]) -> State:
        """The state after the rest of each place's prompt; equally many places per picture."""
        rest = [rows[p.picture].tokens[p.column][rows[p.picture].shared :] for p in places]
        ids, mask = padded(rest, self._pad)
        return self._network.extend(shared.repeated(len(places) // len(rows)), ids, mask)

    def _in_full(
        self, pictures: list[Pixels], texts: Sequence[Sequence[str]], spoken: list[list[bool]]
    ) -> Iterator[tuple[list[Place], State]]:
        for block in blocks(spoken):
            wanted = [place for place in block if place.wanted]
            for start in range(0, len(wanted), self.batch):
                places = wanted[start : start + self.batch]
                yield (
                    places,
                    self._read_through(
                        [pictures[p.picture] for p in places],
                        [texts[p.picture][p.column] for p in places],
                    ),
                )

    def _read_through(self, pictures: list[Pixels], texts: list[str]) -> State:
        return self._network.first(self._process(pictures, texts))

    def _may_share(
        self,
        inputs: Inputs,
        rows: Sequence[Rows],
        pictures: list[Pixels],
        texts: Sequence[Sequence[str]],
    ) -> bool:
        """Whether sharing gives what reading in full gives; found out once, on real prompts."""
        if self.shares is None:
            places = [Place(i, min(j, len(texts[i]) - 1)) for i in range(len(rows)) for j in (0, 1)]
            fast = self._by_sharing(inputs, rows, places)
            few = [*range(2), *range(len(places) - 2, len(places))]
            asked = [
                (pictures[places[n].picture], texts[places[n].picture][places[n].column])
                for n in few
            ]
            plain = torch.cat([self._read_through([one], [text]).logits for one, text in asked])
            self.shares = fast is not None and self._agree(fast[few], plain)
        return self.shares

    def _by_sharing(
        self, inputs: Inputs, rows: Sequence[Rows], places: Sequence[Place]
    ) -> torch.Tensor | None:
        """The logits of the places, or None where the family's cache or masks forbid it."""
        try:
            shared = self._network.first(prefix(inputs, rows, self._pad))
            return self._branch(shared, rows, places).logits
        except torch.OutOfMemoryError:
            raise
        except (TypeError, ValueError, AttributeError, LookupError, RuntimeError):
            return None

    def _agree(self, one: torch.Tensor, other: torch.Tensor) -> bool:
        apart = (one.softmax(-1) - other.softmax(-1)).abs().sum(-1).max() / 2
        return bool(apart <= _TOLERANCE[self._network.model.dtype])

    def _rows(self, inputs: Inputs, texts: Sequence[Sequence[str]]) -> list[Rows] | None:
        """Token rows of each picture; None where a picture cannot be told from the text."""
        placeholder = getattr(self._processor, "image_token_id", None)
        if placeholder is None:
            return None
        found: list[Rows] = []
        for i, mine in enumerate(texts):
            real = inputs["attention_mask"][i].bool()
            row = split(inputs["input_ids"][i][real].tolist(), self._tokens(mine), placeholder)
            if row is None:
                return None
            found.append(row)
        return found

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self._tokenizer(list(texts), **self._begin(texts[0]))["input_ids"]
        return ids

    def _begin(self, text: str) -> dict[str, bool]:
        """A template that writes the first token itself gets no second one."""
        bos = self._tokenizer.bos_token
        return {"add_special_tokens": not (bos and text.startswith(bos))}

    def _process(self, pictures: list[Pixels], texts: list[str]) -> dict[str, torch.Tensor]:
        ready = self._processor(
            images=[[Image.fromarray(picture)] for picture in pictures],
            text=texts,
            padding=True,
            return_tensors="pt",
            **self._begin(texts[0]),
        )
        return {n: v for n, v in ready.items() if isinstance(v, torch.Tensor) and n != "labels"}

    @property
    def _pad(self) -> int:
        return int(self._tokenizer.pad_token_id or 0)

    def _is_spoken(self, form: Form) -> bool:
        """Whether the answer must be read from words, not from the first token."""
        if form == "yes_no":
            return not self._first.reads_yes_no
        return form == "open" or not self._first.reads_numbers

    def _read(self, state: State, prompts: dict[int, Prompt], seconds: float) -> dict[int, Answer]:
        """Row -> its answer; either all are read from words or none."""
        if any(self._is_spoken(prompt.form) for prompt in prompts.values()):
            return self._listen(state, prompts, seconds)
        reading = {"yes_no": self._first.yes_no, "number": self._first.number}
        rows = state.logits.softmax(-1).cpu()
        return {n: reading[p.form](rows[n], seconds) for n, p in prompts.items()}

    def _listen(
        self, state: State, prompts: dict[int, Prompt], seconds: float
    ) -> dict[int, Answer]:
        most = max(prompting.TOKENS[prompt.form] for prompt in prompts.values())
        said = self._network.greedy(state, most, self._ends).cpu()
        answers = {}
        for n, prompt in prompts.items():
            words = said[n, : prompting.TOKENS[prompt.form]]
            reply = self._tokenizer.decode(words, skip_special_tokens=True).strip()
            answers[n] = replace(parse(reply, prompt.form), seconds=seconds)
        return answers


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """Tokens that end a reply."""
    settings = getattr(model, "generation_config", None)
    declared = getattr(settings, "eos_token_id", None)
    ends = declared if isinstance(declared, list) else [declared]
    known = model.get_input_embeddings().num_embeddings
    named = dict.fromkeys([*ends, tokenizer.eos_token_id])
    return [int(i) for i in named if i is not None and i < known]
