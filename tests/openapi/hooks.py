"""What a schema, or the tool, cannot say of a request that is meant to be right."""

import re

import schemathesis

# Both are only right as an earlier answer gave them: a cursor belongs to its list, a token to its organization.
GIVEN_BY_ANSWERS = (("query", "cursor"), ("headers", "Consistency-Token"))
# The tool makes If-Match by the general standard, whatever form the description gives it.
ENTITY_TAG = re.compile(r'\*|"[0-9]{1,18}"')
# What each caller changed last: queries that carry it show what was just made, instead of 404.
LAST_CHANGE = {}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    for part, name in GIVEN_BY_ANSWERS:
        container = getattr(case, part)
        if container and name in container:
            del container[name]
    keep_described_entity_tag(case)
    keep_possible_tags(case)
    show_last_change(case)


@schemathesis.hook
def after_call(context, case, response):
    token = response.headers.get("consistency-token")
    if token and case.method != "GET":
        LAST_CHANGE[caller(case)] = token[0]


def show_last_change(case):
    token = LAST_CHANGE.get(caller(case))
    if token and case.method == "GET":
        case.headers["Consistency-Token"] = token


def caller(case):
    return (case.headers or {}).get("Authorization")


def keep_described_entity_tag(case):
    given = (case.headers or {}).get("If-Match")
    if given is not None and not ENTITY_TAG.fullmatch(given):
        del case.headers["If-Match"]


def keep_possible_tags(case):
    """A filter by a text that cannot be a tag is refused; patterns cannot name all letters of Unicode."""
    tags = (case.query or {}).get("tag")
    if isinstance(tags, list):
        case.query["tag"] = [tag for tag in tags if str(tag).strip().lower().isalnum()]
