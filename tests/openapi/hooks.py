"""What a schema, or the tool, cannot say of a request that is meant to be right."""

import atexit
import base64
import binascii
import collections
import json
import os
import re
import urllib.parse
import uuid

import schemathesis

# Both are only right as an earlier answer gave them: a cursor belongs to its list, a token to its organization.
GIVEN_BY_ANSWERS = (
    ("query", "cursor"),
    ("query", "after"),
    ("headers", "Last-Event-ID"),
    ("headers", "Consistency-Token"),
)
# The tool makes If-Match by the general standard, whatever form the description gives it.
ENTITY_TAG = re.compile(r'\*|"[0-9]{1,18}"')
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ANY_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T.*")
METRICS = ("first_reply", "next_reply", "periodic_update", "requester_wait", "agent_work", "resolution")
WARNING = {"percent": 80, "actions": [{"kind": "notify_assignee"}, {"kind": "raise_priority"}]}
URGENT = {"field": "priority", "operator": "is_one_of", "values": ["high", "urgent"]}
# What each caller changed last: queries that carry it show what was just made, instead of 404.
LAST_CHANGE = {}
# The longest query that is sent: the server's library refuses addresses of more than 64 KiB before it reads them.
QUERY_BYTES_MAX = 32_000
# How often each operation was answered with which status.
ANSWERS = collections.defaultdict(collections.Counter)


@schemathesis.hook
def filter_case(context, case):
    return len(urllib.parse.urlencode(case.query or {}, doseq=True)) <= QUERY_BYTES_MAX


@schemathesis.hook
def before_call(context, case, kwargs):
    keep_own_session(case)
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    for part, name in GIVEN_BY_ANSWERS:
        container = getattr(case, part)
        if container and name in container:
            del container[name]
    keep_described_entity_tag(case)
    keep_possible_tags(case)
    keep_known_types(case)
    keep_query_in_its_language(case)
    keep_possible_times(case)
    keep_possible_calendar(case)
    keep_possible_policy(case)
    keep_possible_waits(case)
    keep_waits_short(case)
    keep_possible_reports(case)
    show_last_change(case)


@schemathesis.hook
def after_call(context, case, response):
    ANSWERS[case.operation.label][str(response.status_code)] += 1
    token = response.headers.get("consistency-token")
    if token and case.method != "GET":
        LAST_CHANGE[caller(case)] = token[0]


@atexit.register
def write_tally():
    path = os.environ.get("OPENAPI_TALLY")
    if path and ANSWERS:
        with open(path, "w") as file:
            json.dump(ANSWERS, file)


def show_last_change(case):
    token = LAST_CHANGE.get(caller(case))
    if token and case.method == "GET":
        case.headers["Consistency-Token"] = token


def caller(case):
    return (case.headers or {}).get("Authorization")


def keep_own_session(case):
    """Who ends their own session is refused everything from then on: they end another."""
    claims = claims_of(caller(case))
    ends = case.operation.label.startswith("DELETE ") and "/sessions" in case.operation.label
    for name, claim in (("session_id", "sid"), ("user_id", "sub")):
        if ends and (case.path_parameters or {}).get(name) == claims.get(claim, ""):
            case.path_parameters[name] = str(uuid.uuid4())


def claims_of(authorization):
    try:
        return json.loads(base64.urlsafe_b64decode(authorization.split(".")[1] + "=="))
    except (AttributeError, IndexError, ValueError, binascii.Error):
        return {}


def keep_known_types(case):
    """A filter by a type of event that there is not is refused; a pattern gives their form alone."""
    types = (case.query or {}).get("type")
    if isinstance(types, list):
        case.query["type"] = ["session."] * len(types)
    elif types is not None:
        case.query["type"] = "session."
    if "types" in (case.query or {}):
        case.query["types"] = "ticket.*"


def keep_query_in_its_language(case):
    """No schema tells the language of queries; `tests/it` does. Reports and counts take conditions alone."""
    query = case.query or {}
    if "query" in query:
        query["query"] = "printer status:open" if case.path == "/search" else "status:open priority:>=high"
    if "queries" in query:
        query["queries"] = "status:open\n-tag:vip"


def keep_possible_times(case):
    """A zone is one of IANA's, a range has an end behind its beginning, and a moment is a time or a version."""
    query = case.query or {}
    if "time_zone" in query:
        query["time_zone"] = "Europe/Berlin"
    if "as_of" in query and not ANY_TIME.fullmatch(str(query["as_of"])):
        query["as_of"] = "2026-03-02T09:00:00Z"
    if case.path.endswith("/diff"):
        query.update({name: "2026-03-02T09:00:00Z" for name in ("from", "to") if name in query})
    elif "from" in query and "to" in query:
        of_days = DAY.fullmatch(str(query["from"])) is not None
        beginning, end = ("2026-01-01", "2026-02-01") if of_days else ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
        query.update({"from": beginning, "to": end})
    # What has versions is asked for by one, or by a moment.
    if "policy_version" in query or "version" in query:
        query.pop("as_of", None)


def keep_possible_calendar(case):
    """No schema lists the time zones of IANA, nor says what a time of day is and what goes with what in a holiday."""
    body = case.body if isinstance(case.body, dict) else {}
    if body.get("zone") is not None:
        body["zone"] = "Europe/Berlin"
    if isinstance(body.get("weekly"), list):
        body["weekly"] = [dict(hours, start="09:00", end="17:30") for hours in body["weekly"][:1]]
    if isinstance(body.get("holidays"), list):
        body["holidays"] = []


def keep_possible_policy(case):
    """A metric is promised once to a priority; calendars, teams, companies and fields have to be there."""
    body = case.body if isinstance(case.body, dict) else {}
    targets = body.get("targets")
    if isinstance(targets, list):
        promised = {}
        for number, target in enumerate(targets):
            target.pop("calendar_id", None)
            target["metric"] = METRICS[number % len(METRICS)]
            if target.get("warnings"):
                target["warnings"] = [WARNING]
            promised[target["priority"], target["metric"]] = target
        body["targets"] = list(promised.values())
    conditions = body.get("conditions")
    if isinstance(conditions, dict):
        for name, some in conditions.items():
            conditions[name] = [dict(URGENT) for _ in some or []]


def keep_possible_waits(case):
    """The teams and calendars that waits name have to be there."""
    body = case.body if isinstance(case.body, dict) else {}
    settings = body.get("settings") if isinstance(body.get("settings"), dict) else {}
    if settings.get("team_waiting"):
        settings["team_waiting"] = {}
    waiting = settings.get("waiting") or {}
    for delay in [waiting.get("auto_close"), *(waiting.get("reminders") or [])]:
        if delay:
            delay.pop("calendar_id", None)


def keep_waits_short(case):
    """An answer that waits for events may take longer than the tool waits for answers."""
    if "wait" in (case.query or {}):
        case.query["wait"] = 1


def keep_possible_reports(case):
    """A report is of the past, messages do not tell what their ticket was then, the backlog has no hours, and an hour of the week
    is named by both of its parts."""
    query = case.query or {}
    if case.path.startswith("/reports") and "as_of" in query:
        query["as_of"] = "2026-03-02T09:00:00Z"
        if case.path.startswith("/reports/messages"):
            query.pop("query", None)
            query.pop("view", None)
    if case.path == "/reports/tickets/hours":
        query["figure"] = "opened"
    if case.path == "/reports/tickets/counted" and ("weekday" in query or "hour" in query):
        query["figure"] = "opened"
        query.setdefault("weekday", 1)
        query.setdefault("hour", 9)


def keep_described_entity_tag(case):
    given = (case.headers or {}).get("If-Match")
    if given is not None and not ENTITY_TAG.fullmatch(given):
        del case.headers["If-Match"]


def keep_possible_tags(case):
    """A filter by a text that cannot be a tag is refused; patterns cannot name all letters of Unicode."""
    tags = (case.query or {}).get("tag")
    if isinstance(tags, list):
        case.query["tag"] = [tag for tag in tags if str(tag).strip().lower().isalnum()]
