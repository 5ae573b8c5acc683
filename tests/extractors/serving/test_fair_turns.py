"""Turns: a greedy key has the places that nobody else wants, and no more."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from slotfill.extractors.serving.fair_turns import Turns


async def served_in_turn(places, wanted):
    """Have requests wait at once, each for a moment; return the keys in the order of their places."""
    turns, order = Turns(places), []

    async def one(key):
        async with turns.turn(key, 30):
            order.append(key)
            await asyncio.sleep(0.001)

    await asyncio.gather(*map(one, wanted))
    return order


async def test_a_greedy_key_does_not_starve_another():
    order = await served_in_turn(4, ["greedy"] * 100 + ["modest"] * 3)
    assert [place for place, key in enumerate(order) if key == "modest"][-1] < 12
    assert len(order) == 103


async def test_those_that_wait_take_turns():
    order = await served_in_turn(1, ["first"] * 4 + ["second"] * 4 + ["third"] * 4)
    assert all(set(order[at : at + 3]) == {"first", "second", "third"} for at in (1, 4, 7))


async def test_within_a_key_what_nobody_waits_for_comes_last():
    turns, order = Turns(1), []

    async def one(name, *, later):
        async with turns.turn("key", None, later=later):
            order.append(name)
            await asyncio.sleep(0)

    asked = [("run 1", True), ("run 2", True), ("run 3", True), ("person 1", False), ("person 2", False)]
    await asyncio.gather(*(one(name, later=later) for name, later in asked))
    assert order == ["run 1", "person 1", "person 2", "run 2", "run 3"]
    assert not turns._later


async def test_who_waits_too_long_gives_up_and_takes_no_place():
    turns = Turns(1)
    async with turns.turn("a", 1):
        with pytest.raises(TimeoutError):
            async with turns.turn("b", 0.01):
                raise AssertionError("there was no place")
        assert (turns.waiting, turns.taken("b")) == (0, 0)
    async with turns.turn("b", 1):
        assert turns.taken("b") == 1
    assert turns.taken("b") == 0


async def test_who_leaves_while_it_waits_loses_no_place():
    turns = Turns(2)
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(turns.turn("a", 1))
        waiting = [asyncio.create_task(held_for_a_moment(turns, "b")) for _ in range(6)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    async with turns.turn("a", 0.01), turns.turn("b", 0.01):
        assert turns.waiting == 0


async def test_a_place_that_is_given_to_who_has_just_left_goes_on_to_the_next():
    turns = Turns(1)
    place = turns.turn("a", 1)
    await place.__aenter__()
    gone, next_one = (asyncio.create_task(held_for_a_moment(turns, key)) for key in "bc")
    await asyncio.sleep(0)
    await place.__aexit__(None, None, None)
    gone.cancel()
    await asyncio.wait_for(next_one, 5)
    async with turns.turn("a", 0.01):
        assert turns.taken("a") == 1


async def held_for_a_moment(turns, key):
    async with turns.turn(key, 5):
        await asyncio.sleep(0)


async def test_all_who_wait_are_refused_at_the_end_and_no_place_is_lost():
    turns = Turns(1)
    async with turns.turn("a", 1):
        waiting = [asyncio.create_task(held_for_a_moment(turns, key)) for key in "abb"]
        await asyncio.sleep(0)
        turns.refuse_waiting(RuntimeError("the end"))
        assert {str(one) for one in await asyncio.gather(*waiting, return_exceptions=True)} == {"the end"}
        assert (turns.waiting, turns.taken("b")) == (0, 0)
    async with turns.turn("b", 1):
        assert turns.taken("b") == 1
