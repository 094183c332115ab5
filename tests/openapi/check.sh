#!/usr/bin/env bash
# Checks the API against its description: schema/openapi.json is what the program describes, and a freshly started server
# keeps it under schemathesis, for every role, and between two organizations. `./dev spec` looks at the description itself.
# Needs cargo, python3 with venv, and what `insightdesk up` needs.
# usage: ./dev openapi-check [more options of `schemathesis run`], which installs that
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SCHEMATHESIS=schemathesis==4.32.5
readonly VENV=target/openapi-venv
# Whose token is sent alone: first, while nobody has erased or deactivated them. Then admins of two organizations attack each
# other.
readonly ROLES="CUSTOMER AGENT"
# It ends the session of the token that is sent, after which everything is refused: attacked last, by itself.
readonly ENDS_ITSELF=sign_out
readonly CONFIG=tests/openapi/schemathesis.toml

# shellcheck source=tests/live_server.sh
. tests/live_server.sh

check_committed() {
    say "comparing schema/openapi.json with what the program describes"
    "$dir/insightdesk" openapi | diff -u schema/openapi.json - >"$dir/diff" ||
        die "schema/openapi.json is out of date: cargo run -- openapi > schema/openapi.json"
}

install_schemathesis() {
    if [ ! -x "$VENV/bin/schemathesis" ]; then
        say "installing $SCHEMATHESIS in $VENV"
        python3 -m venv "$VENV"
        "$VENV/bin/pip" install --quiet --disable-pip-version-check "$SCHEMATHESIS"
    fi
}

# Someone of another organization: prints their token.
make_stranger() {
    local name=$1 role=$2
    local email=$name@globex.example
    ./insightdesk user create --org globex --name "$name" --email "$email" --role "$role" >/dev/null
    ./insightdesk token --org globex --user "$email" --hours 8
}

# A fresh access token, good for a quarter of an hour: with an account and a session behind it, as those of the command line
# have not.
sign_in() {
    send "$API/auth/login" --json "{\"email\": \"$1\", \"password\": \"$PASSWORD\"}" | field '["tokens"]["access_token"]'
}

# Another organization with an admin, and a ticket in each, which the other must not see. Everybody gets a login.
make_peers() {
    local token stranger gloria
    pushd "$dir" >/dev/null
    ./insightdesk organization create --slug globex --name Globex >/dev/null
    gloria=$(make_stranger gloria admin)
    stranger=$(make_stranger gerd customer)
    popd >/dev/null
    CUSTOMER_EMAIL=$(give_login "$CUSTOMER_TOKEN" "$ADMIN_TOKEN")
    AGENT_EMAIL=$(give_login "$AGENT_TOKEN" "$ADMIN_TOKEN")
    ADMIN_EMAIL=$(give_login "$ADMIN_TOKEN" "$ADMIN_TOKEN")
    PEER_EMAIL=$(give_login "$gloria" "$gloria")
    for token in "$CUSTOMER_TOKEN" "$stranger"; do
        send --output /dev/null "$API/tickets" --header "Authorization: Bearer $token" \
            --json '{"subject": "Printer on fire", "body": "Smoke comes out of it."}'
    done
}

# The configuration of an attack by both admins.
write_peers() {
    local token
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
    OPENAPI_TALLY=$dir/tally-$name.json "$VENV/bin/schemathesis" --config-file "$config" --no-color \
        run "${API%/api/v1}/openapi.json" "$@" >"$dir/attack.log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        printf '%-9s ok: %s\n' "$name" "$(sed -n '/^Test cases:/{n;s/^ *//;p}' "$dir/attack.log")"
    else
        cat "$dir/attack.log"
        printf '%-9s FAILED, see above\n' "$name"
    fi
    return "$status"
}

# An attack whose token was refused from some moment on has seen nothing but 401 since then.
check_token() {
    local name=$1 token=$2
    send --output /dev/null "$API/organization" --header "Authorization: Bearer $token" ||
        { printf '%-9s FAILED: the token was not good any more at the end\n' "$name"; return 1; }
}

# What no attack was ever let through to: its answers to success were not looked at.
name_untouched() {
    "$VENV/bin/python" - "$dir"/tally-*.json <<'PY'
import collections, json, sys

answers = collections.defaultdict(collections.Counter)
for path in sys.argv[1:]:
    with open(path) as file:
        for label, statuses in json.load(file).items():
            answers[label].update(statuses)
untouched = sorted(label for label, it in answers.items() if not any(status.startswith("2") for status in it))
print(f"{len(answers) - len(untouched)} of {len(answers)} operations were answered 2xx at least once")
for label in untouched:
    print(f"never 2xx: {label} {dict(sorted(answers[label].items()))}")
PY
}

build_server
check_committed
install_schemathesis
start_server
make_peers
failed=0
for role in $ROLES; do
    email=${role}_EMAIL
    token=$(sign_in "${!email}")
    attack "$role" "$CONFIG" --header "Authorization: Bearer $token" --exclude-operation-id "$ENDS_ITSELF" "$@" || failed=1
    check_token "$role" "$token" || failed=1
done
ADMIN_TOKEN=$(sign_in "$ADMIN_EMAIL")
PEER_TOKEN=$(sign_in "$PEER_EMAIL")
write_peers
attack PEERS "$dir/peers.toml" --exclude-operation-id "$ENDS_ITSELF" "$@" || failed=1
check_token PEERS "$ADMIN_TOKEN" || failed=1
check_token PEERS "$PEER_TOKEN" || failed=1
# It leads nowhere: there are no steps after it.
attack ENDED "$CONFIG" --header "Authorization: Bearer $ADMIN_TOKEN" --include-operation-id "$ENDS_ITSELF" \
    --phases examples,coverage,fuzzing || failed=1
name_untouched
if grep -n 'panicked' "$dir/server.log" >&2; then
    failed=1
fi
[ "$failed" -eq 0 ] || die "the server does not keep its description"
say "the description is sound and the server keeps it"
