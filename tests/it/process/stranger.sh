#!/bin/sh
# A worker that violates the protocol; its file name selects how. See misbehaving_workers.rs.
ready() { read -r hello && echo '{"ready":{"version":3}}'; }
done_with() {
    echo "{\"answered\":{\"at\":$1,\"task\":$2,\"answer\":{\"Ok\":{\"computed\":{\"answer\":null,\"product\":{\"value\":$2}}}}}}"
}
tasks() { sed -u 's/[^0-9]*\([0-9]*\).*/\1/'; }

case ${0##*/} in
exits) exit 3 ;;
kills-itself) kill -9 $$ ;;
garbage) echo 'Usage: something else [OPTIONS]' ;;
bytes) printf '\377\376\033[2J\n' ;;
endless) exec cat /dev/zero ;;
mute) exec sleep 1000 ;;
closes) exec sleep 1000 >&- ;;
other-version) echo '{"ready":{"version":4}}' ;;
unable) echo '{"unable":{"kind":"worker","message":"it cannot be done: do something else"}}' ;;
early) echo '{"entered":{"at":1,"state":"waiting"}}'; exec sleep 1000 ;;
ready-exits) ready; read -r task; exit 4 ;;
ready-mute) ready; exec sleep 1000 ;;
ready-garbage) ready; read -r task; echo nonsense; exec sleep 1000 ;;
ready-closes) ready; read -r task; exec sleep 1000 >&- ;;
ready-cut) ready; read -r task; printf '{"answered":{"at":7'; exit 0 ;;
ready-endless) ready; read -r task; exec cat /dev/zero ;;
ready-floods) ready; read -r task; exec yes '{"entered":{"at":1,"state":"waiting"}}' ;;
ready-other) ready; read -r task; done_with 1 99; exec sleep 1000 ;;
ready-twice) ready; read -r task; echo '{"ready":{"version":3}}'; exec sleep 1000 ;;
heartbeats)
    ready
    tasks | while read -r task; do
        yes '"alive"' | head -n 30000
        done_with 5 "$task"
    done
    ;;
wrong-clock)
    ready
    tasks | while read -r task; do
        echo '{"entered":{"at":18446744073709551615,"state":"computing"}}'
        echo '{"entered":{"at":0,"state":"native"}}'
        done_with 5 "$task"
    done
    ;;
*) exit 99 ;;
esac
