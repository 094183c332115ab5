//! Headers and parameters that many operations share, described once.

use serde_json::{Map, Value};

use super::amendment::Keyword::{self, MaxLength, Pattern};
use super::amendment::{ONE_LINE, TAG};

/// A parameter with its form. The handlers check the same form; the contract tests compare.
struct Shared {
    place: &'static str,
    name: &'static str,
    description: &'static str,
    keywords: &'static [Keyword],
}

/// Types of events, or beginnings of such.
const EVENT_TYPES: &str = r"^[a-z_]+\.[a-z_]*(,[a-z_]+\.[a-z_]*)*$";

const SHARED: [Shared; 15] = [
    Shared {
        place: "header",
        name: "Idempotency-Key",
        description: "Makes a repetition safe: the same key again gives the same answer and does nothing twice. \
                      1 to 255 visible ASCII characters.",
        keywords: &[Pattern(r"^[\x21-\x7E]{1,255}$")],
    },
    Shared {
        place: "header",
        name: "If-Match",
        description: "Refuse with 412 unless the resource still has this `ETag`; `*` is any.",
        keywords: &[Pattern(r#"^(\*|"[0-9]{1,18}(-[0-9a-f]{32})?")$"#)],
    },
    Shared {
        place: "header",
        name: "If-None-Match",
        description: "Answer with 304 and no body when the answer still has this `ETag`, or one of several with commas \
                      between them.",
        keywords: &[],
    },
    Shared {
        place: "header",
        name: "Prefer",
        description: "`wait=<seconds>` (RFC 7240, at most 10) waits for the read models and adds the full view as `ticket`. \
                      Other preferences are ignored.",
        keywords: &[],
    },
    Shared {
        place: "header",
        name: "Consistency-Token",
        description: "What the answer has to show at least: the token of an earlier answer of the same organization.",
        keywords: &[Pattern("^[0-9]{1,4}-[0-9]{1,18}$")],
    },
    Shared {
        place: "query",
        name: "cursor",
        description: "Where to go on: `next_cursor` of the page before, with the same filter and order.",
        keywords: &[Pattern("^[A-Za-z0-9_-]{1,2048}$")],
    },
    Shared {
        place: "query",
        name: "after",
        description: "Where to go on: `next_cursor` of the page before, or the `cursor` of an event. From the first event when \
                      absent; `latest` begins at the end.",
        keywords: &[Pattern("^[A-Za-z0-9_-]{1,2048}$")],
    },
    Shared {
        place: "query",
        name: "q",
        description: "How the name begins, in upper or lower case.",
        keywords: &[Pattern(ONE_LINE)],
    },
    Shared {
        place: "query",
        name: "tag",
        description: "All of these tags; repeat the parameter for several, at most 20. Staff only.",
        keywords: &[MaxLength(64), Pattern(TAG)],
    },
    Shared {
        place: "query",
        name: "type",
        description: "One of these types; a comma between several, or repeat the parameter. `session.` stands for all that \
                      begin so.",
        keywords: &[MaxLength(1_000), Pattern(EVENT_TYPES)],
    },
    Shared {
        place: "path",
        name: "tag",
        description: "The tag: letters, digits, `-`, `_`, `.` and `:`; upper case becomes lower case.",
        keywords: &[MaxLength(64), Pattern(TAG)],
    },
    Shared {
        place: "path",
        name: "ticket_id",
        description: "The ticket.",
        keywords: &[],
    },
    Shared {
        place: "path",
        name: "message_id",
        description: "The message.",
        keywords: &[],
    },
    Shared {
        place: "path",
        name: "user_id",
        description: "The user.",
        keywords: &[],
    },
    Shared {
        place: "path",
        name: "team_id",
        description: "The team.",
        keywords: &[],
    },
];

/// The framework's name for a day, which no standard knows (OpenAPI 3.0.3, section 4.4).
const NAIVE_DATE: &str = "naive-date";

/// Completes a parameter of an operation, when it is one of those.
pub(super) fn complete(parameter: &mut Map<String, Value>) {
    if let Some(schema) = parameter.get_mut("schema")
        && schema["format"] == NAIVE_DATE
    {
        schema["format"] = "date".into();
    }
    let is = |shared: &&Shared| {
        parameter
            .get("in")
            .is_some_and(|place| place == shared.place)
            && parameter
                .get("name")
                .is_some_and(|name| name == shared.name)
    };
    let Some(shared) = SHARED.iter().find(is) else {
        return;
    };
    parameter.insert("description".to_owned(), shared.description.into());
    let Some(mut schema) = parameter.get_mut("schema") else {
        return;
    };
    if schema["type"] == "array" {
        schema = &mut schema["items"];
    }
    if let Some(schema) = schema.as_object_mut() {
        for keyword in shared.keywords {
            keyword.write(schema);
        }
    }
}
