#!/usr/bin/env bash
# Checks the API against its description: schema/openapi.json is what the program describes, a linter finds no fault in
# it, and a freshly started server keeps it under schemathesis, for every role, and between two organizations.
# Needs cargo, python3 with venv, node with npx, and what `insightdesk up` needs.
# usage: tests/openapi/check.sh [more options of `schemathesis run`]
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly REDOCLY=@redocly/cli@2.77.0
readonly SCHEMATHESIS=schemathesis==4.32.5
readonly VENV=target/openapi-venv
readonly START_TIMEOUT_S=120
readonly STOP_TIMEOUT_S=20
# Whose token is sent alone. Admins of two organizations attack each other.
readonly ROLES="AGENT CUSTOMER"
readonly CONFIG=tests/openapi/schemathesis.toml

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
    # All load comes from one address and a few people.
    (cd "$dir" && exec env -u DATABASE_URL -u VALKEY_URL INSIGHTDESK_RATE_LIMITS=off ./insightdesk up) >"$dir/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq "$START_TIMEOUT_S"); do
        [ -f "$dir/.insightdesk/tokens.env" ] && return
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 1
    done
    cat "$dir/server.log" >&2
    die "the server did not start"
}

# Someone of another organization: prints their token.
make_stranger() {
    local name=$1 role=$2
    local email=$name@globex.example
    ./insightdesk user create --org globex --name "$name" --email "$email" --role "$role" >/dev/null
    ./insightdesk token --org globex --user "$email" --hours 8
}

# Another organization with an admin, PEER_TOKEN, and a ticket in each, which the other must not see.
make_peers() {
    local token stranger
    pushd "$dir" >/dev/null
    ./insightdesk organization create --slug globex --name Globex >/dev/null
    PEER_TOKEN=$(make_stranger gloria admin)
    stranger=$(make_stranger gerd customer)
    popd >/dev/null
    for token in "$CUSTOMER_TOKEN" "$stranger"; do
        curl --fail --silent --show-error --output /dev/null "$API/tickets" --header "Authorization: Bearer $token" \
            --json '{"subject": "Printer on fire", "body": "Smoke comes out of it."}'
    done
    {
        printf 'auth:\n'
        for token in ADMIN_TOKEN PEER_TOKEN; do
            printf -- '- {name: %s, fixedHeaders: [{name: Authorization, value: "Bearer %s"}]}\n' "$token" "${!token}"
        done
    } >"$dir/peers.yaml"
    {
        # Paths in it are relative to it.
        sed "s|^hooks = \"|&$PWD/|" "$CONFIG"
        printf '\n[auth.wfc]\npath = "%s"\npeers = ["ADMIN_TOKEN", "PEER_TOKEN"]\n' "$dir/peers.yaml"
    } >"$dir/peers.toml"
}

# Attacks with the configuration $2, as $1 for the report; further arguments go to schemathesis. Prints its summary, and
# everything when it found something.
attack() {
    local name=$1 config=$2 status=0
    shift 2
    say "attacking as $name"
    "$VENV/bin/schemathesis" --config-file "$config" --no-color run "${API%/api/v1}/openapi.json" \
        "$@" >"$dir/attack.log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        printf '%-9s ok: %s\n' "$name" "$(sed -n '/^Test cases:/{n;s/^ *//;p}' "$dir/attack.log")"
    else
        cat "$dir/attack.log"
        printf '%-9s FAILED, see above\n' "$name"
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
make_peers
failed=0
attack PEERS "$dir/peers.toml" "$@" || failed=1
for role in $ROLES; do
    token=${role}_TOKEN
    attack "$role" "$CONFIG" --header "Authorization: Bearer ${!token}" "$@" || failed=1
done
if grep -n 'panicked' "$dir/server.log" >&2; then
    failed=1
fi
[ "$failed" -eq 0 ] || die "the server does not keep its description"
say "the description is sound and the server keeps it"
