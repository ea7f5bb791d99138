#!/usr/bin/env bash
# The main job, end to end: three clusters under traffic, upgraded while you watch. KEEP=1 leaves everything running.
set -euo pipefail
cd "$(dirname "$0")/.."

out=build/demo
mkdir -p "$out"
# Its own state, so that nothing of yours is touched: the twin, Temporal's database, who runs.
export XDG_STATE_HOME=$PWD/$out/state
fleet=$XDG_STATE_HOME/fairlead/twins/demo/fleet.yaml
began=$SECONDS

step() { printf '\n\033[1m» %s\033[0m\n' "$*" >&2; }

clean_up() {
    local code=$?
    if [ -n "${KEEP:-}" ] && [ "$code" = 0 ]; then
        how_to_look_around
        exit 0
    fi
    step "taking the twin down"
    fairlead worker stop || true
    fairlead twin down --name demo || true
    exit "$code"
}

how_to_look_around() {
    cat >&2 <<END

Everything is still running. To look around:

  export XDG_STATE_HOME=$XDG_STATE_HOME FAIRLEAD_FLEET=$fleet
  kubectl --kubeconfig \$XDG_STATE_HOME/fairlead/twins/demo/kubeconfigs/tokyo.yaml get nodes
      (kubectl of the twin: $(dirname "$(fairlead twin build -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["kubectl"])')"))
  echo 'show stat' | socat stdio $(find "$XDG_STATE_HOME" /tmp -maxdepth 4 -name balancer.sock 2>/dev/null | head -n 1)
  fairlead worker status          # Temporal's pages are at the address it shows
  fairlead twin status --name demo; fairlead twin load --name demo; fairlead twin fault --help

To end it:

  make demo-down
END
}

trap clean_up EXIT
trap 'exit 130' INT TERM

step "three clusters on 1.35 with traffic"
fairlead twin down --name demo >/dev/null 2>&1 || true
fairlead worker stop >/dev/null 2>&1 || true
rm -rf "$XDG_STATE_HOME"
fairlead twin up --name demo

step "what the upgrade would do"
fairlead upgrade plan --fleet "$fleet"

step "the upgrade"
fairlead upgrade start --fleet "$fleet"

step "the report"
fairlead upgrade report --fleet "$fleet"
fairlead upgrade report --fleet "$fleet" -o json >"$out/report.json"

step "the traffic, as the load generator saw it"
fairlead twin load --name demo
fairlead twin load --name demo -o json >"$out/load.json"
python3 - "$out/load.json" <<'END'
import json, sys
load = json.load(open(sys.argv[1]))
print(f"{load['served']} requests served, {load['failed']} failed")
sys.exit(load["failed"] != 0 or load["served"] < 50_000)
END
printf '\nreport: %s   whole demo: %d s\n' "$out/report.json" "$((SECONDS - began))"
