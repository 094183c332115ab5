#!/usr/bin/env bash
# Checks the API against its description: schema/openapi.json is what the program describes, a linter finds no fault in
# it, and a freshly started server keeps it under schemathesis, for every role.
# Needs cargo, python3 with venv, node with npx, and what `insightdesk up` needs.
# usage: tests/openapi/check.sh [more options of `schemathesis run`]
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly REDOCLY=@redocly/cli@2.77.0
readonly SCHEMATHESIS=schemathesis==4.32.5
readonly VENV=target/openapi-venv
readonly START_TIMEOUT_S=120
readonly STOP_TIMEOUT_S=20
readonly ROLES="ADMIN AGENT CUSTOMER"

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'check.sh: %s\n' "$*" >&2
    exit 1
}

server_pid=
dir=$(mktemp -d)
stop() {
    if [ -n "$server_pid" ] && kill -INT "$server_pid" 2>/dev/null; then
        for _ in $(seq "$STOP_TIMEOUT_S"); do
            kill -0 "$server_pid" 2>/dev/null || break
            sleep 1
        done
    fi
    rm -rf "$dir"
}
trap stop EXIT

build() {
    say "building"
    cargo build --locked --bin insightdesk
    # The account of the private PostgreSQL has to reach the directory.
    chmod 755 "$dir"
    cp "${CARGO_TARGET_DIR:-target}/debug/insightdesk" "$dir/insightdesk"
}

check_committed() {
    say "comparing schema/openapi.json with what the program describes"
    "$dir/insightdesk" openapi | diff -u schema/openapi.json - >"$dir/diff" ||
        die "schema/openapi.json is out of date: cargo run -- openapi > schema/openapi.json"
}

lint() {
    say "linting schema/openapi.json"
    npx --yes "$REDOCLY" lint schema/openapi.json --config tests/openapi/redocly.yaml
}

install_schemathesis() {
    if [ ! -x "$VENV/bin/schemathesis" ]; then
        say "installing $SCHEMATHESIS in $VENV"
        python3 -m venv "$VENV"
        "$VENV/bin/pip" install --quiet --disable-pip-version-check "$SCHEMATHESIS"
    fi
}

start_server() {
    say "starting a server with a database of its own"
    (cd "$dir" && exec env -u DATABASE_URL -u VALKEY_URL ./insightdesk up) >"$dir/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq "$START_TIMEOUT_S"); do
        [ -f "$dir/.insightdesk/tokens.env" ] && return
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 1
    done
    cat "$dir/server.log" >&2
    die "the server did not start"
}

# Attacks as the role $1; further arguments go to schemathesis. Prints its summary, and everything when it found something.
attack() {
    local role=$1 token=${1}_TOKEN status=0
    shift
    "$VENV/bin/schemathesis" --config-file tests/openapi/schemathesis.toml --no-color run "${API%/api/v1}/openapi.json" \
        --header "Authorization: Bearer ${!token}" "$@" >"$dir/$role.log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        printf '%-9s ok: %s\n' "$role" "$(sed -n '/^Test cases:/{n;s/^ *//;p}' "$dir/$role.log")"
    else
        cat "$dir/$role.log"
        printf '%-9s FAILED, see above\n' "$role"
    fi
    return "$status"
}

build
check_committed
lint
install_schemathesis
start_server
# shellcheck source=/dev/null
. "$dir/.insightdesk/tokens.env"
failed=0
for role in $ROLES; do
    say "attacking as $role"
    attack "$role" "$@" || failed=1
done
if grep -n 'panicked' "$dir/server.log" >&2; then
    failed=1
fi
[ "$failed" -eq 0 ] || die "the server does not keep its description"
say "the description is sound and the server keeps it"
