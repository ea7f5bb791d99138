"""A run on a real Temporal server, against fakes of our own ports."""

import pytest
from fakes.run import Rig

from fairlead.upgrade.state import Phase

pytestmark = pytest.mark.twin


async def test_a_healthy_fleet_is_upgraded_least_traffic_first(temporal: str) -> None:
    async with Rig().working(temporal) as rig:
        await rig.start()
        view = await rig.end()
        for each in view.run.clusters.values():
            print(each.cluster, each.phase, each.reason)
            for step in each.steps:
                print(
                    "   ", step.name, step.state, step.reason, step.ended and (step.ended - step.began).total_seconds()
                )
        print(view.run.traffic, view.run.traffic_missing)
        assert view.run.phase is Phase.DONE
        assert {str(each.after) for each in view.run.clusters.values()} == {"1.36.3-gke.1000"}
        began = {name: each.began for name, each in view.run.clusters.items()}
        assert sorted(began, key=lambda name: began[name])[0] == "osaka"
        assert all(entry.state == "ready" for entry in await rig.balancer.entries())
        assert all(
            pool.auto_repair and pool.surge.max_surge == 1 for c in rig.cloud.clusters.values() for pool in c.pools
        )
