"""A blue/green pool rolls with its own settings; an earlier run can be read again."""

import pytest

from fairlead.clouds.port import SurgeSettings
from fairlead.fleet.file import Wave
from fairlead.model.errors import UsageError
from fairlead.upgrade.state import Phase
from fakes.run import Rig

pytestmark = pytest.mark.twin
OWN = SurgeSettings(0, 0, '{"strategy": "BLUE_GREEN"}', blue_green=True)


async def test_its_settings_are_left_alone_and_its_run_can_be_read_by_id(temporal: str) -> None:
    rig = Rig({"tokyo": 3000.0, "osaka": 1000.0}).with_policy(waves=(Wave(name="all", clusters=("osaka",)),))
    rig.cloud.change_pool("osaka", "app", surge=OWN)
    async with rig.working(temporal):
        await rig.start()
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert rig.cloud.pool("osaka", "app").surge == OWN
        assert rig.cloud.pool("osaka", "app").auto_repair
        said = {step.name: step.reason for step in view.run.clusters["osaka"].steps}
        assert said["park settings of pool app"] == "auto-repair off; blue/green, its own settings"
        past = await rig.runs.history()
        again = await rig.runs.finished(past[0].id)
        assert again.run.clusters["osaka"].steps == view.run.clusters["osaka"].steps
        with pytest.raises(UsageError):
            await rig.runs.finished("no-such-run")
