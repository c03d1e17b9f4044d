"""How failed tasks are tried again: what a spec may say of it, and what it then means."""

from __future__ import annotations

from sweeper.spec.model import Spec
from sweeper.spec.retry import Retry

HEAD = 'task = "news:Train"\nmetric = "loss"\n'


def test_without_a_table_a_failure_is_for_good_and_a_lost_worker_is_forgiven_twice(spec_of):
    spec = spec_of(HEAD)
    assert (spec.retry, spec.retries) == (Retry(attempts=1, delay=0.0, lost=2), {})


def test_a_class_differs_from_the_others_only_in_what_its_table_says(spec_of):
    text = '[retry]\nattempts = 3\ndelay = 10\non = "OSError"\n[retry.Embed]\nattempts = 5\nlost = 0\n'
    spec = spec_of(HEAD + text)
    assert spec.retry == Retry(attempts=3, delay=10.0, on=("OSError",))
    assert spec.retries == {"Embed": Retry(attempts=5, delay=10.0, on=("OSError",), lost=0)}
    assert Spec.from_document(spec.to_document()) == spec


def test_a_document_from_before_there_were_retries_is_still_read(spec_of):
    spec = spec_of(HEAD)
    document = spec.to_document()
    del document["retry"], document["retries"]
    assert Spec.from_document(document) == spec


def test_every_problem_of_the_table_comes_at_once_with_its_remedy(problems_of):
    text = """
    [retry]
    attempts = 0
    delay = -1
    backoff = 0.5
    max_delay = "x"
    on = []
    lost = true
    atempts = 3
    [retry.Embed]
    on = ["a b"]
    attempts = 1.5
    """
    assert problems_of(HEAD + text) == [
        "sweep.toml: retry.Embed.attempts = 1.5: must be an integer from 1 to 1,000; it counts the first attempt too",
        (
            "sweep.toml: retry.Embed.on = [\"a b\"]: 'a b' is no name of an exception; "
            'as in "ConnectionError" or "requests:Timeout"'
        ),
        "sweep.toml: retry.attempts = 0: must be an integer from 1 to 1,000; it counts the first attempt too",
        "sweep.toml: retry.delay = -1: must be a number of seconds, 0 or more",
        "sweep.toml: retry.backoff = 0.5: must be a number of at least 1",
        'sweep.toml: retry.max_delay = "x": must be a number of seconds, 0 or more',
        'sweep.toml: retry.on = []: must be names of exceptions; as in ["ConnectionError", "requests:Timeout"]',
        "sweep.toml: retry.lost = true: must be an integer from 0 to 1,000",
        "sweep.toml: retry.atempts = 3: is not a key of [retry]; did you mean attempts?",
    ]


def test_a_number_in_the_place_of_the_table_is_told_where_to_go(problems_of):
    assert problems_of(f"{HEAD}retry = 3") == [
        "sweep.toml: retry = 3: must be a table; write attempts = 3 under [retry]"
    ]
