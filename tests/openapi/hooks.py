"""What a schema, or the tool, cannot say of a request that is meant to be right."""

import atexit
import base64
import binascii
import collections
import json
import os
import re
import uuid

import schemathesis

# Both are only right as an earlier answer gave them: a cursor belongs to its list, a token to its organization.
GIVEN_BY_ANSWERS = (("query", "cursor"), ("headers", "Consistency-Token"))
# The tool makes If-Match by the general standard, whatever form the description gives it.
ENTITY_TAG = re.compile(r'\*|"[0-9]{1,18}"')
# What each caller changed last: queries that carry it show what was just made, instead of 404.
LAST_CHANGE = {}
# How often each operation was answered with which status.
ANSWERS = collections.defaultdict(collections.Counter)


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


def keep_described_entity_tag(case):
    given = (case.headers or {}).get("If-Match")
    if given is not None and not ENTITY_TAG.fullmatch(given):
        del case.headers["If-Match"]


def keep_possible_tags(case):
    """A filter by a text that cannot be a tag is refused; patterns cannot name all letters of Unicode."""
    tags = (case.query or {}).get("tag")
    if isinstance(tags, list):
        case.query["tag"] = [tag for tag in tags if str(tag).strip().lower().isalnum()]
