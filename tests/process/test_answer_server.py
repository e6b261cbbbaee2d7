"""An OpenAI-compatible server as an answerer: real HTTP on loopback, with all that goes wrong."""

from __future__ import annotations

import base64
import io
import math
import socket
import threading
import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auditor.ask import answerers
from auditor.ask.answerers import ServerOptions, keys, limits
from auditor.ask.answerers.server import Server, is_loopback
from auditor.ask.base import Answer, AnswererError, AnswerState, Pixels, Prompt
from auditor.checks.base import Cancelled
from tests.answer_server import Body, Handler, question, serving

SECRET = "sk-geheim-123"  # noqa: S105  (no real one)
PICTURE = np.full((40, 60, 3), 200, np.uint8)
Kept = dict[tuple[int, int], Answer]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off in hundredths of a second; no key of whoever runs the tests."""
    monkeypatch.setattr(limits, "_FIRST_S", 0.01)
    monkeypatch.setattr(keys, "_from_keyring", lambda host: "")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def ask(
    name: str,
    prompts: Sequence[Sequence[Prompt]],
    pictures: Sequence[Pixels] | None = None,
    kept: Kept | None = None,
    **options: Any,
) -> Kept:
    """All answers; those kept before an error are in `kept`."""
    given: Kept = {} if kept is None else kept
    caller = threading.get_ident()

    def keep(i: int, j: int, answer: Answer) -> None:
        assert threading.get_ident() == caller
        assert (i, j) not in given
        given[i, j] = answer

    told: list[tuple[int, int]] = []
    who = answerers.load(name, options=ServerOptions(**options))
    who.answer(pictures or [PICTURE] * len(prompts), prompts, keep, lambda *done: told.append(done))
    total = sum(map(len, prompts))
    assert told[-1] == (total, total)
    return given


def questions(count: int) -> list[Prompt]:
    return [Prompt(f"Is there a thing {n} in the picture?", "yes_no") for n in range(count)]


def yes(handler: Handler, body: Body) -> None:
    """Says yes with P = 0.75, spread over spellings."""
    shares = {"Yes": 0.5, " yes": 0.1, "No": 0.2, "Maybe": 0.05}
    handler.say("Yes", {token: math.log(share) for token, share in shares.items()})


def test_the_probability_is_read_from_the_logprobs_of_all_spellings() -> None:
    with serving(yes) as server:
        given = ask(server.id, [questions(2)] * 2)
    assert [a.p_yes for a in given.values()] == pytest.approx([0.75] * 4)
    assert all(a.state is AnswerState.ANSWERED and a.seconds > 0 for a in given.values())
    path, _, body = server.seen[0]
    assert path == "/v1/chat/completions"
    assert (body["model"], body["logprobs"], body["temperature"]) == ("tiny", True, 0)
    assert set(server.questions().values()) == {2}


def test_one_token_is_asked_for_once_a_reply_began_with_the_answer() -> None:
    with serving(yes) as server:
        ask(server.id, [questions(5)])
    counts = [body["max_tokens"] for _, _, body in server.seen]
    assert counts[0] > 1
    assert counts[1:] == [1] * 4
    assert all(body["logprobs"] for _, _, body in server.seen)


def test_a_reply_that_begins_otherwise_is_asked_for_whole() -> None:
    def script(handler: Handler, body: Body) -> None:
        if "thing 0 " in question(body):
            yes(handler, body)
        elif "thing 1 " in question(body):
            handler.say(
                "I" if body["max_tokens"] == 1 else "I'm sorry, but I can't assist with that.",
                {"I": -0.1},
            )
        elif body["max_tokens"] == 1:
            handler.reply({"error": {"message": "too few tokens"}}, 400)
        else:
            handler.say("No", {"No": -0.2, "Yes": -1.9})

    with serving(script) as server:
        given = ask(server.id, [questions(3)])
    assert given[0, 1].state is AnswerState.REFUSED
    assert given[0, 2].p_yes == pytest.approx(math.exp(-1.9) / (math.exp(-0.2) + math.exp(-1.9)))
    assert sorted(server.questions().values()) == [1, 2, 2]


def test_a_model_whose_replies_begin_with_a_blank_line_is_asked_for_more_tokens() -> None:
    def script(handler: Handler, body: Body) -> None:
        assert body["max_tokens"] > 1
        blank = {"token": "\n", "logprob": -0.01, "top_logprobs": []}
        word = {"token": "No", "logprob": -0.5, "top_logprobs": [{"token": "Yes", "logprob": -1.0}]}
        message = {"role": "assistant", "content": "\nNo"}
        handler.reply({"choices": [{"message": message, "logprobs": {"content": [blank, word]}}]})

    with serving(script) as server:
        given = ask(server.id, [questions(4)])
    share = math.exp(-1) / (math.exp(-1) + math.exp(-0.5))
    assert [a.p_yes for a in given.values()] == pytest.approx([share] * 4)
    assert set(server.questions().values()) == {1}


def test_words_are_read_where_a_server_gives_no_logprobs_and_nothing_is_asked_twice() -> None:
    def words(handler: Handler, body: Body) -> None:
        if handler.path.endswith("systemone"):
            handler.reply({"detail": "Not Found"}, 404)
        else:
            handler.say("No." if "0" in question(body) else "Yes")

    with serving(words) as server:
        given = ask(server.id, [questions(6)])
    assert [given[0, j].p_yes for j in range(6)] == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert set(server.questions().values()) == {1}
    assert "logprobs" not in server.seen[-1][2]


def test_a_typed_decision_endpoint_is_used_where_chat_gives_no_logprobs() -> None:
    def decide(handler: Handler, body: Body) -> None:
        if handler.path.endswith("systemone"):
            handler.reply({"answers": {"question": {"type": "noul", "noul": 0.3}}})
        else:
            handler.say("Yes")

    with serving(decide) as server:
        given = ask(server.id, [questions(4)])
    assert {a.p_yes for a in given.values()} == {0.3}
    assert sum(server.questions().values()) == 1  # only the first, to find out
    _, _, body = server.seen[-1]
    assert body["questions"]["question"]["type"] == "noul"
    (mark, asset), *_ = body["assets"].items()
    assert body["state"] == mark
    assert asset["format"] == "png"


def test_a_server_that_lists_few_alternatives_still_gives_probabilities() -> None:
    def few(handler: Handler, body: Body) -> None:
        if body.get("top_logprobs", 0) > 5:
            handler.reply({"error": {"message": "top_logprobs: at most 5"}}, 400)
        else:
            yes(handler, body)

    with serving(few) as server:
        given = ask(server.id, [questions(4)])
    assert [a.p_yes for a in given.values()] == pytest.approx([0.75] * 4)
    assert sorted(server.questions().values()) == [1, 1, 1, 2]


def test_a_picture_that_is_not_taken_leaves_the_number_of_alternatives() -> None:
    def picky(handler: Handler, body: Body) -> None:
        if not handler.path.endswith("completions") or "thing 0 " in question(body):
            handler.reply({"error": {"message": "no such picture"}}, 400)
        else:
            yes(handler, body)

    with serving(picky) as server:
        given = ask(server.id, [questions(3)], concurrency=1)
    assert given[0, 0].p_yes is None
    assert server.seen[-1][2]["top_logprobs"] == 20


def test_a_model_that_refuses_settings_is_asked_without_them() -> None:
    def strict(handler: Handler, body: Body) -> None:
        if handler.path.endswith("systemone"):
            handler.reply("no", 404)
        elif {"temperature", "max_tokens", "logprobs"} & set(body):
            handler.reply({"error": {"message": "Unsupported parameter"}}, 400)
        else:
            handler.say("Yes")

    with serving(strict) as server:
        given = ask(server.id, [questions(3)])
    assert {a.p_yes for a in given.values()} == {1.0}
    # Four ways for the first, one of them with fewer alternatives, too; then the last at once.
    assert len(server.seen) == 5 + 2


def test_numbers_and_open_questions_are_answered_in_words() -> None:
    def words(handler: Handler, body: Body) -> None:
        handler.say("4" if "How many" in question(body) else "A red car.")

    asked = [Prompt("How many wheels?", "number"), Prompt("What is shown?", "open")]
    with serving(words) as server:
        given = ask(server.id, [asked])
    assert given[0, 0].number == 4
    assert given[0, 1].text == "A red car."


@pytest.mark.parametrize(
    "garbage",
    ["<html>", "", "[]", '{"choices": []}', '{"choices": [{"message": null}]}', '"yes"', "{"],
)
def test_garbage_is_unknown_for_that_question_only(garbage: str) -> None:
    def script(handler: Handler, body: Body) -> None:
        if "thing 1 " in question(body):
            handler.reply(garbage)
        else:
            yes(handler, body)

    with serving(script) as server:
        given = ask(server.id, [questions(3)])
    assert given[0, 1].state is AnswerState.UNKNOWN
    assert given[0, 1].p_yes is None
    assert given[0, 0].p_yes == given[0, 2].p_yes == pytest.approx(0.75)


@pytest.mark.parametrize(
    "logprobs",
    [{}, {"content": None}, {"content": [None]}, {"content": [{"token": 1}]}, "x", [1],
     {"content": [{"token": "Yes", "logprob": "x", "top_logprobs": [3]}]}],
)  # fmt: skip
def test_odd_logprobs_leave_the_words(logprobs: object) -> None:
    def script(handler: Handler, body: Body) -> None:
        if handler.path.endswith("systemone"):
            handler.reply("", 404)
            return
        message = {"role": "assistant", "content": "No"}
        handler.reply({"choices": [{"message": message, "logprobs": logprobs}]})

    with serving(script) as server:
        assert ask(server.id, [questions(1)])[0, 0].p_yes == 0.0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    turned_away: set[str] = set()

    def script(handler: Handler, body: Body) -> None:
        if question(body) in turned_away:
            yes(handler, body)
        else:
            turned_away.add(question(body))
            handler.reply({"error": {"message": "busy"}}, status, retry_after="0")

    with serving(script) as server:
        given = ask(server.id, [questions(5)])
    assert len(given) == 5
    assert set(server.questions().values()) == {2}


def test_the_server_says_how_long_to_wait() -> None:
    assert 7 <= limits.delay(0, "7") < 8
    assert 0 <= limits.delay(0, "Wed, 21 Oct 2015 07:28:00 GMT") < 1
    assert limits.delay(0, "soon") < 1
    assert limits.delay(0, "1e9") < 301
    waits = [[limits.delay(n, None) for _ in range(20)] for n in (0, 3, 50)]
    assert max(waits[0]) <= 0.01
    assert 0.04 <= min(waits[1]) < max(waits[1]) <= 0.08  # it grows, and not all wait alike
    assert max(waits[2]) <= 30


def test_a_connection_that_is_cut_is_tried_again() -> None:
    cut: set[str] = set()

    def script(handler: Handler, body: Body) -> None:
        if question(body) in cut:
            yes(handler, body)
        else:
            cut.add(question(body))
            handler.cut()

    with serving(script) as server:
        assert len(ask(server.id, [questions(4)])) == 4


def test_a_server_that_hangs_ends_the_run_with_a_sentence_and_what_came_is_kept() -> None:
    over = threading.Event()

    def script(handler: Handler, body: Body) -> None:
        if "thing 0 " in question(body):
            yes(handler, body)
        else:
            over.wait(20)
            handler.cut()

    kept: Kept = {}
    with serving(script) as server:
        with pytest.raises(AnswererError, match=r"no reply within 0.2 s.*kept") as told:
            ask(server.id, [questions(6)], kept=kept, timeout_s=0.2, failures=3, concurrency=2)
        over.set()
    assert f"127.0.0.1:{server.server_port}" in str(told.value)
    assert set(kept) == {(0, 0)}
    assert max(server.questions().values()) == 2  # a time-out is tried once more


def test_a_server_that_vanishes_in_the_middle_ends_the_run_and_what_came_is_kept() -> None:
    def script(handler: Handler, body: Body) -> None:
        if len(handler.server.seen) > 4:
            handler.server.socket.close()
            handler.cut()
        else:
            yes(handler, body)

    kept: Kept = {}
    with serving(script) as server, pytest.raises(AnswererError, match="what was answered is kept"):
        ask(server.id, [questions(40)], kept=kept, concurrency=2, retries=1)
    assert 0 < len(kept) <= 4


def test_nobody_there_is_told_with_the_way_on() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(AnswererError, match=f"127.0.0.1:{port} does not answer.*Start it"):
        ask(f"server:http://127.0.0.1:{port}/v1#m", [questions(9)], retries=0)


def test_too_many_garbage_replies_in_a_row_end_the_run() -> None:
    with (
        serving(lambda handler, body: handler.reply("<html>log in</html>")) as server,
        pytest.raises(AnswererError, match="the reply is no JSON"),
    ):
        ask(server.id, [questions(50)], failures=5, concurrency=1)
    assert len(server.seen) == 5


def test_a_few_questions_without_answer_are_counted_at_the_end() -> None:
    def script(handler: Handler, body: Body) -> None:
        if "thing 2 " in question(body):
            handler.reply({"error": {"message": "out of memory"}}, 500)
        else:
            yes(handler, body)

    kept: Kept = {}
    with (
        serving(script) as server,
        pytest.raises(AnswererError, match=r"1 of 6 questions.*out of memory.*Run again"),
    ):
        ask(server.id, [questions(6)], kept=kept, retries=1)
    assert len(kept) == 5


def test_what_the_server_will_not_take_is_unknown_if_it_takes_others() -> None:
    def script(handler: Handler, body: Body) -> None:
        if "thing 2 " in question(body):
            handler.reply({"error": {"message": "picture too thin"}}, 400)
        elif "thing 3 " in question(body):
            handler.reply({"error": {"message": "by our content_filter"}}, 400)
        else:
            yes(handler, body)

    with serving(script) as server:
        given = ask(server.id, [questions(5)], concurrency=1)
        assert given[0, 2].state is AnswerState.UNKNOWN
        assert "picture too thin" in str(given[0, 2].text)
        assert given[0, 3].state is AnswerState.REFUSED
        server.script = lambda handler, body: handler.reply("no pictures here", 400)
        with pytest.raises(AnswererError, match=r"takes no question.*no pictures here"):
            ask(server.id, [questions(2)])


@pytest.mark.parametrize(("status", "told"), [(404, "has no model 'tiny'"), (307, "not followed")])
def test_what_no_repetition_mends_ends_the_run_at_once(status: int, told: str) -> None:
    with (
        serving(lambda h, body: h.reply("gone", status, location="http://example.org/")) as server,
        pytest.raises(AnswererError, match=told),
    ):
        ask(server.id, [questions(30)], concurrency=1)
    assert len(server.seen) <= 4


def test_the_key_is_sent_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(handler: Handler, body: Body) -> None:
        handler.reply({"error": {"message": f"Incorrect key {SECRET}"}}, 401)

    monkeypatch.setenv("MY_KEY", SECRET)
    with serving(script) as server, pytest.raises(AnswererError, match="refuses the key") as told:
        ask(server.id, [questions(3)], key_variable="MY_KEY")
    assert server.seen[0][1]["Authorization"] == f"Bearer {SECRET}"
    shown = "".join(
        traceback.TracebackException.from_exception(told.value, capture_locals=True).format()
    )
    own = [line for line in shown.splitlines() if "handler" not in line]
    assert not [line for line in own if SECRET in line and "SECRET" not in line]
    assert SECRET not in str(told.value)
    assert SECRET not in repr(keys.find("h", "MY_KEY", loopback=True))


def test_the_key_of_a_service_is_not_sent_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with serving(yes) as server:
        ask(server.id, [questions(1)])
    assert "Authorization" not in server.seen[0][1]
    assert keys.find("api.example.org", None, loopback=False) is not None


def test_a_key_that_was_named_but_is_nowhere_is_asked_for() -> None:
    with serving(yes) as server, pytest.raises(AnswererError, match="MY_KEY is not set"):
        ask(server.id, [questions(1)], key_variable="MY_KEY")


def test_pictures_leave_this_machine_only_if_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "server:http://192.0.2.1:8000/v1#m"
    with pytest.raises(AnswererError, match=r"192.0.2.1:8000 is not this machine"):
        answerers.load(name)
    allowed = answerers.load(name, options=ServerOptions(allow_remote=True))
    assert isinstance(allowed, Server)
    assert not allowed.is_loopback
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with pytest.raises(AnswererError, match="https"):
        allowed.answer([PICTURE], [questions(1)], lambda *_: None, lambda *_: None)


@pytest.mark.parametrize(
    ("name", "here"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
     ("localhost.example.org", False), ("10.0.0.1", False), ("", False)],
)  # fmt: skip
def test_this_machine_is_told_from_others_by_name(name: str, here: bool) -> None:
    assert is_loopback(name) is here


def test_a_proxy_of_the_environment_sees_nothing_that_stays_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(yes) as server:
        assert len(ask(server.id, [questions(1)], retries=0)) == 1


def test_as_many_requests_as_allowed_are_under_way_and_no_more() -> None:
    together = threading.Barrier(4)

    def script(handler: Handler, body: Body) -> None:
        if "logprobs" in body and question(body) != questions(1)[0].text:
            together.wait(20)  # breaks, and fails the test, unless four come at once
        yes(handler, body)

    with serving(script) as server:
        assert len(ask(server.id, [questions(13)], concurrency=4)) == 13
    assert server.most == 4


def test_the_budget_counts_every_request() -> None:
    kept: Kept = {}
    with (
        serving(yes) as server,
        pytest.raises(AnswererError, match=r"budget of requests.*used up"),
    ):
        ask(server.id, [questions(20)], kept=kept, max_calls=7)
    assert len(server.seen) == len(kept) == 7


def test_requests_keep_their_pace() -> None:
    with serving(yes) as server:
        given = ask(server.id, [questions(4)], requests_per_minute=600)
    assert len(given) == 4
    assert given[0, 3].seconds >= 0.19  # the fourth waits for three tenths, less what went before


def test_stopping_keeps_what_is_under_way_and_asks_no_more() -> None:
    go_on = threading.Event()

    def script(handler: Handler, body: Body) -> None:
        if "thing 0 " not in question(body):
            go_on.wait(20)
        yes(handler, body)

    kept: Kept = {}
    with serving(script) as server:

        def report(done: int, total: int) -> None:
            if len(server.seen) == 4:  # the first, and three that wait
                go_on.set()
                raise Cancelled

        who = answerers.load(server.id, options=ServerOptions(concurrency=3))
        with pytest.raises(Cancelled):
            who.answer(
                [PICTURE], [questions(30)], lambda i, j, a: kept.__setitem__((i, j), a), report
            )
    assert len(kept) == len(server.seen) == 4


def test_stopping_waits_for_no_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.ask.answerers.server._GRACE_S", 0.05)
    over = threading.Event()

    def hang(handler: Handler, body: Body) -> None:
        over.wait(20)
        handler.cut()

    with serving(hang) as server:

        def report(done: int, total: int) -> None:
            if server.seen:
                raise Cancelled

        who = answerers.load(server.id, options=ServerOptions(timeout_s=600))
        with pytest.raises(Cancelled):
            who.answer([PICTURE], [questions(3)], lambda *_: None, report)
        assert not over.is_set()
        over.set()


def test_pictures_are_made_small_enough_and_small_ones_sent_without_loss() -> None:
    rng = np.random.default_rng(0)
    pictures = [
        rng.integers(0, 256, (900, 300, 3), dtype=np.uint8),
        rng.integers(0, 256, (28, 28, 3), dtype=np.uint8),
    ]
    with serving(yes) as server:
        ask(server.id, [questions(1)] * 2, pictures, longest_side=600, concurrency=1)
    sent = []
    for _, _, body in server.seen:
        head, data = body["messages"][0]["content"][0]["image_url"]["url"].split(",")
        sent.append((head, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))))
    assert [head for head, _ in sent] == ["data:image/jpeg;base64", "data:image/png;base64"]
    assert sent[0][1].shape == (600, 200, 3)
    np.testing.assert_array_equal(sent[1][1], pictures[1])


def test_the_fingerprint_tells_models_and_sizes_apart() -> None:
    url = "server:http://127.0.0.1:1/v1#"
    same = answerers.load(url + "a").fingerprint
    assert same == answerers.load(url + "a", options=ServerOptions(concurrency=2)).fingerprint
    assert same != answerers.load(url + "b").fingerprint
    assert same != answerers.load(url + "a", options=ServerOptions(longest_side=64)).fingerprint


@pytest.mark.parametrize("odd", [{"concurrency": 0}, {"timeout_s": 0}, {"max_calls": -1}])
def test_options_outside_their_range_are_refused_by_name(odd: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(odd))):
        ServerOptions(**odd)  # type: ignore[arg-type]
