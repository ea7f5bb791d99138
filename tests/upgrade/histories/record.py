"""Records the histories beside it anew: `PYTHONPATH=tests python tests/upgrade/histories/record.py`."""

import asyncio
import tempfile
from pathlib import Path

from fairlead.clouds.port import OperationKind
from fairlead.engine.embedded import EmbeddedServer
from fairlead.fleet.file import Wave
from fairlead.upgrade.state import Action
from fairlead.worker.places import temporal_binary
from fakes.run import Rig

HERE = Path(__file__).parent
RATES = {"tokyo": 3000.0, "osaka": 1000.0}


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(temporal_binary(), Path(folder))
        address = (await server.ensure()).address
        try:
            await _record(address)
        finally:
            server.stop()


async def _record(address: str) -> None:
    """One run that goes well, one that is held and tried again, one that is aborted in the middle of a roll."""
    async with Rig(dict(RATES)).working(address) as rig:
        await rig.start()
        await rig.end()
        await _save(rig, "well")
    async with Rig(dict(RATES)).with_policy(waves=(Wave(name="all", count=1),)).working(address) as rig:
        rig.cloud.end_next_with_error(OperationKind.UPGRADE_POOL, "stock-out")
        await rig.start()
        await rig.until(lambda view: view.run.held == ["osaka"])
        await rig.tell(Action.RETRY, "osaka")
        await rig.end()
        await _save(rig, "held")
    async with Rig(dict(RATES)).with_policy(waves=(Wave(name="all", count=1),)).working(address) as rig:
        rig.cloud.looks = 40
        await rig.start()
        await rig.until(lambda view: any("roll" in e.name for c in view.run.clusters.values() for e in c.steps))
        await rig.tell(Action.ABORT)
        await rig.end()
        await _save(rig, "aborted")


async def _save(rig: Rig, name: str) -> None:
    view = await rig.runs.view()
    ids = {"fleet": rig.runs.id, **{each.cluster: each.workflow for each in view.run.clusters.values()}}
    for what, workflow_id in ids.items():
        history = await rig.client.get_workflow_handle(workflow_id).fetch_history()
        (HERE / f"{name}-{what}.json").write_text(history.to_json())


if __name__ == "__main__":
    asyncio.run(main())
