#!/usr/bin/env bash
# Works with the console in headless Chromium on a freshly started server: signs in, answers and resolves a ticket by
# clicking, looks at its past and at the charts, and has axe look for what keeps people out. Screenshots are kept in
# target/console, those of docs/CONSOLE.md in target/console/pictures.
# Needs cargo, chromium, curl, node with npm, python3, and what `insightdesk up` needs.
set -euo pipefail
cd "$(dirname "$0")/../.."

# shellcheck source=tests/live_server.sh
. tests/live_server.sh

readonly BUILT=${CARGO_TARGET_DIR:-$PWD/target}/console

build_server
say "installing the driver of the browser"
mkdir -p "$BUILT"
cp -r tests/console/. "$BUILT"
(cd "$BUILT" && npm ci --silent --no-audit --no-fund)
say "building the stage"
cargo build --locked --package stage
start_server
CUSTOMER_EMAIL=$(give_login "$CUSTOMER_TOKEN" "$ADMIN_TOKEN")
AGENT_EMAIL=$(give_login "$AGENT_TOKEN" "$ADMIN_TOKEN")
CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || die "chromium is missing"
# The stage works in the database of the server.
DATABASE_URL=$(cat "$dir/.insightdesk/database-url")
INSIGHTDESK_MASTER_KEY=$(cat "$dir/.insightdesk/master-key")
INSIGHTDESK_TOKEN_SECRET=$(head -c 32 /dev/urandom | base64)
STAGE=${CARGO_TARGET_DIR:-$PWD/target}/debug/stage
export DATABASE_URL INSIGHTDESK_MASTER_KEY INSIGHTDESK_TOKEN_SECRET STAGE
export API CUSTOMER_TOKEN AGENT_TOKEN ADMIN_TOKEN CUSTOMER_EMAIL AGENT_EMAIL PASSWORD CHROMIUM
say "working with the console"
(cd "$BUILT" && node console.js)
