"""A loss is held once and released once, whatever breaks off around the write, on real portals.

tests/crash kills real task processes of a real Airflow at the same places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.guard.hold_and_release import is_held, release
from tests.support.fake_portal.managed import Killed
from tests.support.lossy_proxy import LossyProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.models import HarvestSource
    from tests.support.guarded_world import World

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def proxy(world: World) -> Iterator[LossyProxy]:
    """What is between the guard and the portal."""
    with LossyProxy(world.portal.url) as running:
        world.url = running.url
        yield running


@pytest.fixture
def loss(world: World) -> HarvestSource:
    """A source whose catalogue lost 5 of 8 records since yesterday."""
    source = world.new_source(datasets=8)
    world.days_pass(source)
    world.serve(source, datasets=3)
    world.harvest(source)
    return source


def changes(world: World, source: HarvestSource) -> int:
    """How often the source was changed."""
    path = f"/api/1/harvest/source/{source.id}"
    return sum(request.method == "PUT" and request.path.rstrip("/") == path for request in world.portal.requests())


def break_off(patch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Let the process be killed at its write, before the portal has it or right after."""
    update = HarvestClient.update_source

    def killed(*arguments: Any, **named: Any) -> None:
        if after:
            update(*arguments, **named)
        raise Killed

    patch.setattr(HarvestClient, "update_source", killed)


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
def test_killed_guard_and_killed_release(
    world: World, loss: HarvestSource, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    with monkeypatch.context() as patch:
        break_off(patch, after=after)
        with pytest.raises(Killed):
            world.guard(loss)
    assert is_held(world.read(loss)) is after
    assert world.guard(loss)["newly_held_ids"] == [loss.id]
    assert changes(world, loss) == 1

    with monkeypatch.context() as patch:
        break_off(patch, after=after)
        with pytest.raises(Killed):
            release(world.admin, loss.id, accept=True)
    assert release(world.admin, loss.id, accept=True)[1] is not after
    assert world.read(loss).autoarchive is True
    assert world.guard(loss)["must_hold_ids"] == []
    assert changes(world, loss) == 2


def test_lost_answer_to_the_hold_and_to_the_release(world: World, loss: HarvestSource, proxy: LossyProxy) -> None:
    """The same request is sent again, which changes nothing more."""
    proxy.lose_answer(f"/api/1/harvest/source/{loss.id}", "PUT")
    assert world.guard(loss)["newly_held_ids"] == [loss.id]
    assert str(world.read(loss).description).count("harvest guard") == 1
    with HarvestClient(proxy.url, world.portal.keys.org_admin) as client:
        proxy.lose_answer(f"/api/1/harvest/source/{loss.id}", "PUT")
        release(client, loss.id, accept=True)
    assert len(proxy.lost) == 2
    source = world.read(loss)
    assert (source.autoarchive, str(source.description).count("harvest guard")) == (True, 1)
    assert changes(world, loss) == 4


def test_portal_down_from_the_write_on(
    world: World, loss: HarvestSource, proxy: LossyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = HarvestClient.update_source

    def goes_down(*arguments: Any, **named: Any) -> Any:
        proxy.is_down = True
        return update(*arguments, **named)

    monkeypatch.setattr("airflow_provider_harvest.portal.clock.Clock.sleep", lambda *_: None)
    with monkeypatch.context() as patch:
        patch.setattr(HarvestClient, "update_source", goes_down)
        result = world.guard(loss)
    assert result["cannot_hold_ids"] == [loss.id]
    assert "CANNOT BE HELD" in result["message"]
    proxy.is_down = False
    assert world.guard(loss, examine_all=False)["newly_held_ids"] == [loss.id]  # examined again, though nothing is new
    assert changes(world, loss) == 1
