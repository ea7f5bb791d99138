"""Who gets a place in which pod, and when."""

import asyncio

from fairlead.twin.traffic.pods import Pods


class Ask:
    """One request: the pods it was given, None for a refusal."""

    def __init__(self, pods: Pods) -> None:
        self.got: list[str | None] = []
        pods.take(self.got.append)


async def test_the_least_busy_ready_pod_is_given() -> None:
    pods = Pods()
    pods.set_ready(frozenset({"a", "b"}))
    first, second = Ask(pods), Ask(pods)
    assert {*first.got, *second.got} == {"a", "b"}


async def test_a_pod_has_no_more_than_its_places() -> None:
    pods = Pods(patience=0.01, concurrency=2)
    pods.set_ready(frozenset({"a"}))
    asked = [Ask(pods) for _ in range(3)]
    assert [each.got for each in asked] == [["a"], ["a"], []]
    await asyncio.sleep(0.03)
    assert asked[2].got == [None]
    assert pods.waiting == 0


async def test_without_a_ready_pod_a_request_waits_and_is_refused() -> None:
    pods = Pods(patience=0.01)
    asked = Ask(pods)
    assert asked.got == []
    await asyncio.sleep(0.03)
    assert asked.got == [None]


async def test_who_waits_gets_the_place_that_is_given_back_in_order() -> None:
    pods = Pods(concurrency=1)
    pods.set_ready(frozenset({"a"}))
    first, second, third = Ask(pods), Ask(pods), Ask(pods)
    pods.give_back("a")
    assert (first.got, second.got, third.got) == (["a"], ["a"], [])


async def test_who_waits_gets_a_pod_that_becomes_ready() -> None:
    pods = Pods()
    asked = Ask(pods)
    pods.set_ready(frozenset({"a"}))
    assert asked.got == ["a"]


async def test_a_pod_that_leaves_gets_nothing_new_and_finishes_what_it_has() -> None:
    pods = Pods()
    pods.set_ready(frozenset({"a"}))
    first = Ask(pods)
    pods.set_ready(frozenset({"b"}))
    assert [Ask(pods).got for _ in range(4)] == [["b"]] * 4
    assert pods.busy == 5
    pods.give_back("a")
    assert first.got == ["a"]
    assert pods.busy == 4


async def test_a_newcomer_does_not_overtake_who_waits() -> None:
    pods = Pods(concurrency=1)
    pods.set_ready(frozenset({"a"}))
    Ask(pods)
    waiting = Ask(pods)
    newcomer = Ask(pods)
    pods.set_ready(frozenset({"a", "b"}))
    assert (waiting.got, newcomer.got) == (["b"], [])
