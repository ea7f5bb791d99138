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
    local kubectl socket kubeconfig pages talk
    kubectl=$(fairlead twin build -o json 2>/dev/null | value kubectl)
    kubeconfig=$(fairlead twin kubeconfig tokyo --name demo --path)
    socket=$(fairlead twin status --name demo -o json | value balancer_socket)
    pages=$(fairlead worker status -o json | value ui)
    talk="socat stdio $socket"
    if ! command -v socat >/dev/null; then
        talk="python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read()); print(s.makefile().read())' $socket"
    fi
    cat >&2 <<END

Everything is still running. To look around:

  export PATH=$PWD/.venv/bin:\$PATH XDG_STATE_HOME=$XDG_STATE_HOME FAIRLEAD_FLEET=$fleet

  $kubectl --kubeconfig $kubeconfig get nodes
  echo 'show stat' | $talk
  fairlead twin status --name demo
  fairlead twin load --name demo
  fairlead twin fault --help
  fairlead upgrade report

Temporal's pages: $pages

To end it: make demo-down
END
}

# One value of the JSON object on stdin.
value() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

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
