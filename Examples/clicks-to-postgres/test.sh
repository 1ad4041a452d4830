#!/usr/bin/env bash
# Runs the pipeline three times in a row against a PostgreSQL server of its own, while a reader polls the view.
#
#     Examples/clicks-to-postgres/test.sh SKIFF [OPTION OF `skiff run`…]
#
# The server is Debian's (package postgresql). It runs as an ordinary user, listens on a free port of the loopback interface, and ends with
# this script, whatever happens. Exit status 0: the view was never missing, never empty, and shows the last run's rows.
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 SKIFF [OPTION…]" >&2; exit 2; }
skiff=$(command -v "$1") || { echo "$0: no program '$1'" >&2; exit 2; }
skiff=$(realpath "$skiff")
shift
here=$(cd "$(dirname "$0")" && pwd)

fail() { echo "clicks-to-postgres: $*" >&2; exit 1; }

binaries=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin -type d 2>/dev/null | sort --version-sort | tail -1 || true)
[[ -x $binaries/initdb ]] || fail "no PostgreSQL server found; install Debian's package 'postgresql'"

# PostgreSQL refuses to run as root.
as_server=()
owner=$(id -un)
if [[ $(id -u) -eq 0 ]]; then
    owner=$(getent passwd postgres >/dev/null && echo postgres || echo nobody)
    as_server=(setpriv "--reuid=$owner" "--regid=$(id -gn "$owner")" --clear-groups)
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/clicks-to-postgres.XXXXXX")
server= reader=
finish() {
    local status=$?
    for process in $reader $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    [[ $status -eq 0 ]] || { echo "--- the server's last words" >&2; tail -20 "$work/server.log" >&2 2>/dev/null || true; }
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

chmod 711 "$work"
install -d -o "$owner" -m 700 "$work/database"
export PGHOST=127.0.0.1 PGUSER=clicks PGDATABASE=postgres
PGPASSWORD=$(python3 -c 'import secrets; print(secrets.token_hex(24))')
export PGPASSWORD

install -m 600 -o "$owner" /dev/null "$work/password"
echo "$PGPASSWORD" > "$work/password"
"${as_server[@]}" "$binaries/initdb" --pgdata="$work/database" --username="$PGUSER" --pwfile="$work/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync > "$work/initdb.log" || { cat "$work/initdb.log" >&2; fail "initdb failed"; }

# Another process may take the port between the question and the start; then another one is tried.
start_server() {
    for _ in 1 2 3 4 5; do
        PGPORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        export PGPORT
        # The log is opened here, where the user may differ from the server's. With --pdeathsig the server ends with this script even
        # when the script is killed.
        (cd / && exec setpriv "${as_server[@]:1}" --pdeathsig INT "$binaries/postgres" -D "$work/database" -h "$PGHOST" -p "$PGPORT" -k '' \
            -c fsync=off) > "$work/server.log" 2>&1 &
        server=$!
        while kill -0 "$server" 2>/dev/null; do
            "$binaries/pg_isready" --quiet && return 0
            sleep 0.05
        done
        server=
    done
    fail "the server does not start"
}
start_server

query() { "$binaries/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command "$1"; }
expect() { [[ $2 == "$3" ]] || fail "$1: found '$2', expected '$3'"; echo "ok: $1: $2"; }

(
    umask 077
    cat > "$work/secret.yaml" <<SECRET
apiVersion: v1
kind: Secret
metadata: {name: clicks-database}
stringData: {host: "$PGHOST", port: "$PGPORT", database: "$PGDATABASE", user: "$PGUSER", password: "$PGPASSWORD"}
SECRET
)

run_pipeline() {
    # The steps get their connection from the Secret and from nowhere else.
    env -u PGHOST -u PGPORT -u PGUSER -u PGPASSWORD -u PGDATABASE \
        "$skiff" run --data-dir "$work/skiff" "$@" "$here/workflow.yaml" "$work/secret.yaml" || fail "the pipeline failed"
}

# What the view `clicks` is made from.
shown_table() {
    query "SELECT DISTINCT d.refobjid::regclass FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
           WHERE r.ev_class = 'clicks'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class"
}
newest_table() { query "SELECT max(tablename) FROM pg_tables WHERE tablename LIKE 'clicks\\_2%'"; }
number_of_tables() { query "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'clicks\\_2%'"; }

setpriv --pdeathsig TERM "$here/reader.py" "$binaries/psql" "$work/seen" > "$work/reader.log" 2>&1 &
reader=$!

run_pipeline "$@"
first=$(shown_table)
rows=$(query "SELECT count(*) FROM clicks")
[[ $rows -ge 200000 ]] || fail "the first run loaded only $rows rows"
expect "clicks counted by the first run" "$(query 'SELECT sum(clicks) FROM clicks')" 600000
expect "the view shows the newest table" "$first" "$(newest_table)"
until [[ -e $work/seen ]]; do
    kill -0 "$reader" 2>/dev/null || { cat "$work/reader.log" >&2; fail "the reader ended early"; }
    sleep 0.05
done

run_pipeline "$@" -p seed=2
second=$(shown_table)
[[ $second > $first ]] || fail "the second run's table '$second' does not come after '$first'"
expect "the view shows the newest table" "$second" "$(newest_table)"
expect "tables after two runs" "$(number_of_tables)" 2

run_pipeline "$@" -p clicks=50000
third=$(shown_table)
expect "the view shows the newest table" "$third" "$(newest_table)"
expect "clicks counted by the third run" "$(query 'SELECT sum(clicks) FROM clicks')" 50000
expect "tables after three runs" "$(number_of_tables)" 2
expect "the first table is gone" "$(query "SELECT count(*) FROM pg_tables WHERE tablename = '$first'")" 0
expect "indexes of the shown table" "$(query "SELECT count(*) FROM pg_indexes WHERE tablename = '$third'")" 1

kill -TERM "$reader"
wait "$reader" || { cat "$work/reader.log" >&2; fail "a reader was disturbed"; }
reader=
echo "ok: reader: $(cat "$work/reader.log")"

if grep --recursive --files-with-matches --fixed-strings -- "$PGPASSWORD" "$work/skiff" >&2; then
    fail "the password is in the data directory"
fi
echo "ok: the password is nowhere in the data directory"
