#!/usr/bin/env bash
# Takes the README's pictures: `plan` and `watch` of a real run on a twin of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

export XDG_STATE_HOME=$PWD/build/captures/state
fleet=$XDG_STATE_HOME/fairlead/twins/captures/fleet.yaml
clean_up() {
    fairlead worker stop || true
    fairlead twin down --name captures || true
}
trap clean_up EXIT

rm -rf "$XDG_STATE_HOME"
fairlead twin up --name captures
export FAIRLEAD_FLEET=$fleet
python scripts/capture.py docs/pictures/plan.svg --columns 160 --rows 90 -- fairlead upgrade plan
# In the middle of the first cluster's node pools, however fast the machine is.
python scripts/capture.py docs/pictures/watch.svg --columns 130 --rows 46 --until " 3/10 nodes" -- fairlead upgrade start
