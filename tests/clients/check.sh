#!/usr/bin/env bash
# Generates clients in TypeScript, Python and Rust from schema/openapi.json, and takes each of them through the life of a
# ticket on a freshly started server. Nothing that is generated is kept in the checkout.
# Needs cargo, curl, python3 with venv, node with npm, and what `insightdesk up` needs.
# usage: tests/clients/check.sh [typescript] [python] [rust]
set -euo pipefail
cd "$(dirname "$0")/../.."

# shellcheck source=tests/live_server.sh
. tests/live_server.sh

readonly HERE=tests/clients
readonly TARGET=${CARGO_TARGET_DIR:-$PWD/target}
readonly BUILT=$TARGET/clients
readonly SPEC=$PWD/schema/openapi.json

typescript() {
    local at=$BUILT/typescript
    say "generating the TypeScript client"
    mkdir -p "$at"
    cp -r "$HERE"/typescript/. "$at"
    (
        cd "$at"
        npm ci --silent --no-audit --no-fund
        npx openapi-typescript "$SPEC" --output api.d.ts
        npx tsc
        node journey.js
    )
}

python() {
    local at=$BUILT/python
    say "generating the Python client"
    if ! cmp --silent "$HERE/python/requirements.txt" "$at/requirements.txt"; then
        python3 -m venv --clear "$at"
        "$at/bin/pip" install --quiet --disable-pip-version-check --requirement "$HERE/python/requirements.txt"
        cp "$HERE/python/requirements.txt" "$at"
    fi
    # The generator formats its output with the ruff that it finds.
    PATH="$at/bin:$PATH" openapi-python-client generate --path "$SPEC" --config "$HERE/python/generator.yaml" \
        --output-path "$at/client" --overwrite --fail-on-warning
    PYTHONPATH="$at/client" PYTHONDONTWRITEBYTECODE=1 "$at/bin/python" "$HERE/python/journey.py"
}

rust() {
    say "generating the Rust client"
    # Its warnings say what was left out.
    CARGO_TARGET_DIR=$BUILT cargo test --quiet --locked --manifest-path "$HERE/rust/Cargo.toml"
    CARGO_TARGET_DIR=$BUILT cargo run --quiet --locked --manifest-path "$HERE/rust/Cargo.toml"
}

[ $# -gt 0 ] || set -- typescript python rust
build_server
start_server
CUSTOMER_EMAIL=$(give_login "$CUSTOMER_TOKEN" "$ADMIN_TOKEN")
AGENT_EMAIL=$(give_login "$AGENT_TOKEN" "$ADMIN_TOKEN")
export API AGENT_ID CUSTOMER_EMAIL AGENT_EMAIL PASSWORD
for client in "$@"; do
    case $client in
    typescript | python | rust) "$client" ;;
    *) die "there is no client $client: typescript, python or rust" ;;
    esac
done
say "every client came to the end of its journey"
