# shellcheck shell=bash
# A server with a database of its own for a script that looks at the product from outside. To be sourced in the root of the
# checkout: `build_server`, `start_server`, then $API and the tokens of the demo's people are there; it ends with the script.
# Needs cargo, curl, python3 and what `insightdesk up` needs.

readonly START_TIMEOUT_S=120
readonly STOP_TIMEOUT_S=20

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

server_pid=
dir=$(mktemp -d)
stop_server() {
    if [ -n "$server_pid" ] && kill -INT "$server_pid" 2>/dev/null; then
        for _ in $(seq "$STOP_TIMEOUT_S"); do
            kill -0 "$server_pid" 2>/dev/null || break
            sleep 1
        done
    fi
    rm -rf "$dir"
}
trap stop_server EXIT

build_server() {
    say "building"
    cargo build --locked --bin insightdesk
    # The account of the private PostgreSQL has to reach the directory.
    chmod 755 "$dir"
    cp "${CARGO_TARGET_DIR:-target}/debug/insightdesk" "$dir/insightdesk"
}

start_server() {
    say "starting a server with a database of its own"
    # All load comes from one address and a few people. A busy machine is waited for.
    (cd "$dir" && exec env -u DATABASE_URL -u VALKEY_URL INSIGHTDESK_RATE_LIMITS=off INSIGHTDESK_TOKEN_WAIT_MS=20000 \
        INSIGHTDESK_REQUEST_DEADLINE_MS=60000 INSIGHTDESK_POOL_WAIT_TIMEOUT_MS=60000 INSIGHTDESK_POOL_CREATE_TIMEOUT_MS=60000 \
        INSIGHTDESK_STATEMENT_TIMEOUT_MS=60000 ./insightdesk up) >"$dir/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq "$START_TIMEOUT_S"); do
        # Its last line is there: it is written whole.
        if grep -qs '^export TEAM_ID=' "$dir/.insightdesk/tokens.env"; then
            # shellcheck source=/dev/null
            . "$dir/.insightdesk/tokens.env"
            PASSWORD=$DEMO_PASSWORD
            return
        fi
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 1
    done
    cat "$dir/server.log" >&2
    die "the server did not start"
}

# The text that begins with $2 in the mail to $1.
mailed() {
    python3 - "$dir/.insightdesk/mail" "$1" "$2" <<'PY'
import email, pathlib, re, sys, time

directory, address, kind = sys.argv[1:]
deadline = time.monotonic() + 90
while time.monotonic() < deadline:
    for path in pathlib.Path(directory).glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes())
        parts = mail.walk() if address in str(mail["To"]) else ()
        for part in parts:
            text = part.get_payload(decode=True)
            found = re.search((kind + "[A-Za-z0-9_-]+").encode(), text or b"")
            if found:
                print(found.group().decode())
                sys.exit()
    time.sleep(0.2)
sys.exit(f"no mail to {address} with {kind}")
PY
}

field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

send() { curl --fail --silent --show-error "$@"; }

# Gives whoever has the token $1 a login, by an invitation of the admin whose token is $2, and prints the address. The demo's
# people have one already, by the same password.
give_login() {
    local id address
    id=$(python3 -c 'import base64, json, sys
print(json.loads(base64.urlsafe_b64decode(sys.argv[1].split(".")[1] + "=="))["sub"])' "$1")
    # Whoever was made a moment ago may not be shown yet.
    address=$(send --retry 60 --retry-delay 1 --retry-all-errors "$API/users/$id" --header "Authorization: Bearer $2" |
        field '["email"]')
    [ -n "$address" ] || die "nobody is shown by the id $id"
    send --request POST "$API/users/$id/invite" --header "Authorization: Bearer $2"
    send "$API/auth/invitations/accept" \
        --json "{\"token\": \"$(mailed "$address" idi_)\", \"password\": \"$PASSWORD\"}" >/dev/null
    printf '%s\n' "$address"
}
