//! The language of queries: what is written reads back, what does not fit is pointed at, and no text is too much for it.

use crate::scenario::{AGENT, TEAM, at};
use chrono::{DateTime, Utc};
use domain::calendar::zone::Zone;
use domain::ids::{TeamId, UserId};
use domain::sla::Metric;
use domain::text::{FieldKey, FieldText, Tag};
use domain::ticket::field::FieldValue;
use domain::ticket::query::{
    Called, Comparison, Condition, Fault, FieldIs, NameOf, Person, Query, Requester, Span, TeamOf,
    Term, TimeField, TimeTest, TimeValue, Unit,
};
use domain::ticket::state::{Channel, Priority, Status};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

fn parsed(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn the_only(text: &str) -> Condition {
    let mut terms = parsed(text).terms;
    assert_eq!(terms.len(), 1, "{text}");
    terms.remove(0).condition
}

#[test]
fn a_text_is_read_into_its_conditions() {
    let text = format!(
        "status:open,on_hold priority:>=high Assignee:me,none,{AGENT} team:{TEAM} requester:me \
         tag:VIP,a:b #12 number:3,4 updated:<2d created:2026-03-01 due:none printer \"out of \\\"paper\\\"\""
    );
    let conditions: Vec<_> = parsed(&text)
        .terms
        .into_iter()
        .map(|it| it.condition)
        .collect();
    let tag = |text| Tag::parse(text).unwrap();
    let day = "2026-03-01".parse().unwrap();
    let two_days = Span {
        amount: 2,
        unit: Unit::Day,
    };
    assert_eq!(
        conditions,
        [
            Condition::Status(vec![Status::Open, Status::OnHold]),
            Condition::PriorityCompared(Comparison::AtLeast, Priority::High),
            Condition::Assignee(vec![Person::Me, Person::Nobody, Person::One(AGENT)]),
            Condition::Team(vec![TeamOf::One(TEAM)]),
            Condition::Requester(vec![Requester::Me]),
            Condition::Tag(vec![tag("vip"), tag("a:b")]),
            Condition::Number(vec![12]),
            Condition::Number(vec![3, 4]),
            Condition::Time(
                TimeField::Updated,
                TimeTest::Compared(Comparison::Less, TimeValue::Age(two_days)),
            ),
            Condition::Time(TimeField::Created, TimeTest::On(TimeValue::Day(day))),
            Condition::Time(TimeField::Due, TimeTest::Never),
            Condition::Word("printer".to_owned()),
            Condition::Phrase("out of \"paper\"".to_owned()),
        ]
    );
}

fn called(name: &str) -> Called {
    Called {
        name: name.to_owned(),
        column: 1,
    }
}

fn said(text: &str) -> FieldIs {
    FieldIs::Said(FieldText::parse(text).unwrap())
}

#[test]
fn what_has_no_id_is_called_by_its_name() {
    let text = r#"team:billing,"Second \"level\", all",none assignee:ada@acme.example,"me" requester:none"#;
    let conditions: Vec<_> = parsed(text)
        .terms
        .into_iter()
        .map(|it| it.condition)
        .collect();
    let team = |name| TeamOf::Called(called(name));
    let person = |name| Person::Called(called(name));
    assert_eq!(
        conditions,
        [
            Condition::Team(vec![
                team("billing"),
                team("Second \"level\", all"),
                TeamOf::None
            ]),
            Condition::Assignee(vec![person("ada@acme.example"), person("me")]),
            Condition::Requester(vec![Requester::Called(called("none"))]),
        ]
    );
}

#[test]
fn names_become_ids_and_the_first_that_does_not_is_pointed_at() {
    let query = parsed(r#"status:open team:none,billing requester:"Ada B""#);
    let names: Vec<_> = query
        .names()
        .map(|(of, it)| (of, it.name.clone()))
        .collect();
    let expected = [(NameOf::Team, "billing"), (NameOf::Requester, "Ada B")];
    assert_eq!(names, expected.map(|(of, name)| (of, name.to_owned())));
    let id = |of: NameOf, _: &str| match of {
        NameOf::Team => Ok(TEAM.0),
        NameOf::Assignee | NameOf::Requester => Ok(AGENT.0),
    };
    let found = query.clone().with_ids(id).unwrap();
    assert_eq!(
        found,
        parsed(&format!("status:open team:none,{TEAM} requester:{AGENT}"))
    );
    let nobody = |of: NameOf, _: &str| match of {
        NameOf::Team => Ok(TEAM.0),
        NameOf::Assignee | NameOf::Requester => Err(Fault::UnknownPerson),
    };
    let error = query.with_ids(nobody).unwrap_err();
    assert_eq!(error.column, 41);
    assert!(error.to_string().contains("nobody is called so"), "{error}");
}

#[test]
fn channels_custom_fields_and_missed_promises_are_conditions() {
    let text = r#"channel:email,web Field.floor_2:3,"on hold",none,"none" missed:any missed:first_reply,resolution"#;
    let conditions: Vec<_> = parsed(text)
        .terms
        .into_iter()
        .map(|it| it.condition)
        .collect();
    let floor = vec![said("3"), said("on hold"), FieldIs::Empty, said("none")];
    assert_eq!(
        conditions,
        [
            Condition::Channel(vec![Channel::Email, Channel::Web]),
            Condition::Field(FieldKey::parse("floor_2").unwrap(), floor),
            Condition::Missed(vec![]),
            Condition::Missed(vec![Metric::FirstReply, Metric::Resolution]),
        ]
    );
}

#[test]
fn a_word_may_be_what_fields_of_several_kinds_hold() {
    let kinds = |word: &str| said(word).values();
    let text = |word: &str| FieldValue::Text(FieldText::parse(word).unwrap());
    let number = |number: f64| FieldValue::Number(number.try_into().unwrap());
    assert_eq!(kinds("third"), [text("third")]);
    assert_eq!(kinds("3.50"), [text("3.50"), number(3.5)]);
    assert_eq!(kinds("true"), [text("true"), FieldValue::Boolean(true)]);
    assert_eq!(kinds("inf"), [text("inf")]);
    assert_eq!(FieldIs::Empty.values(), []);
}

#[test]
fn a_minus_negates_one_condition() {
    let negated = parsed("-status:closed tag:vip -\"a b\" -word");
    let negated: Vec<_> = negated.terms.iter().map(|term| term.negated).collect();
    assert_eq!(negated, [true, false, true, true]);
}

#[test]
fn what_does_not_fit_is_pointed_at_by_its_column() {
    for (text, column, says) in [
        ("status:open prio:high", 13, "no such condition"),
        ("status:open,lost", 13, "must be new, open"),
        ("status:", 8, "a value is missing"),
        ("status:open,,new", 13, "a value is missing"),
        ("status:>open", 8, "only priority"),
        ("priority:>=high,low", 16, "one value"),
        ("priority:>=", 12, "a value is missing"),
        ("channel:mail", 9, "must be api, web"),
        ("channel:>web", 9, "only priority"),
        ("team:>billing", 6, "only priority"),
        ("assignee:a,\"  \"", 12, "a value is missing"),
        ("field.:a", 7, "name of a custom field"),
        ("field.1a:a", 7, "name of a custom field"),
        ("field.floor:", 13, "a value is missing"),
        ("field.floor:<3", 13, "only priority"),
        ("missed:first_reply,any", 20, "must be any, first_reply"),
        ("missed:late", 8, "must be any, first_reply"),
        ("tag:a,b!", 7, "letters, digits"),
        ("number:0", 8, "number of a ticket"),
        ("#1x", 2, "number of a ticket"),
        ("updated:2d", 9, "an age needs"),
        ("updated:2026-03-01T09:00:00Z", 9, "a point in time needs"),
        ("updated:<soon", 10, "must be a day"),
        ("created:2026-02-30", 9, "must be a day"),
        ("updated:none", 9, "must be a day"),
        ("a \"b c", 3, "not closed"),
        ("a \"b c\\", 3, "not closed"),
        ("\"  \"", 1, "no words"),
        ("\"a\"b", 4, "a blank has to follow"),
        ("tag:\"a\"b", 8, "a blank or a comma has to follow"),
        (
            "tag:a\"b\"",
            6,
            "quotes stand around words and whole values",
        ),
        (
            "tag:a:\"b\"",
            7,
            "quotes stand around words and whole values",
        ),
        ("a,\"b\"", 3, "quotes stand around words and whole values"),
        (
            "created:>=\"today\"",
            11,
            "quotes stand around words and whole values",
        ),
        ("team:a,\"b c", 8, "not closed"),
        ("a - b", 3, "has to follow the -"),
        ("größe -", 7, "has to follow the -"),
        ("a\u{7}", 2, "control characters"),
    ] {
        let error = Query::parse(text).unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("column {column}: ")),
            "{message}"
        );
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[test]
fn there_is_an_end_to_length_conditions_and_values() {
    let error = Query::parse(&"a".repeat(1_001)).unwrap_err();
    assert_eq!(
        (error.column, parsed(&"a".repeat(1_000)).terms.len()),
        (1_001, 1)
    );
    let error = Query::parse(&"a ".repeat(41)).unwrap_err();
    assert_eq!(
        (error.column, parsed(&"a ".repeat(40)).terms.len()),
        (81, 40)
    );
    let list = |values: usize| format!("number:{}", vec!["7"; values].join(","));
    assert!(Query::parse(&list(40)).is_ok());
    assert_eq!(Query::parse(&list(41)).unwrap_err().column, 88);
}

#[test]
fn nothing_asks_for_nothing() {
    assert_eq!(parsed(" \t\n"), Query::default());
    assert!(!parsed("status:open channel:web assignee:me created:<2d").is_for_staff());
    for internal in [
        "tag:vip",
        "-team:none",
        "due:<2h",
        "field.floor:3",
        "missed:any",
        "assignee:ada",
        "requester:\"Ada B\"",
    ] {
        assert!(parsed(internal).is_for_staff(), "{internal}");
    }
}

fn bounds(text: &str, zone: &str) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    match the_only(text) {
        Condition::Time(field, test) => {
            let zone = Zone::parse(zone).unwrap();
            test.bounds(field, at(0), zone).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// Now is 2026-03-02, 09:00 UTC.
#[test]
fn times_mean_ranges_of_the_zone() {
    let time = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    let first = time("2026-03-01T23:00:00Z");
    let next = time("2026-03-02T23:00:00Z");
    for (text, expected) in [
        ("created:today", (first, next)),
        ("created:2026-03-02", (first, next)),
        ("created:yesterday", (time("2026-02-28T23:00:00Z"), first)),
        ("created:>=2026-03-02", (first, None)),
        ("created:>2026-03-02", (next, None)),
        ("created:<2026-03-02", (None, first)),
        ("created:<=today", (None, next)),
        ("updated:<2d", (time("2026-02-28T09:00:00.000001Z"), None)),
        ("updated:<=2d", (time("2026-02-28T09:00:00Z"), None)),
        ("updated:>2d", (None, time("2026-02-28T09:00:00Z"))),
        ("due:<2h", (None, time("2026-03-02T11:00:00Z"))),
        ("due:>1w", (time("2026-03-09T09:00:00.000001Z"), None)),
        (
            "created:>=2026-03-02T01:00:00+01:00",
            (time("2026-03-02T00:00:00Z"), None),
        ),
    ] {
        assert_eq!(bounds(text, "Europe/Berlin"), expected, "{text}");
    }
    // The day on which clocks were set has 23 hours.
    let (from, to) = bounds("created:2026-03-29", "Europe/Berlin");
    assert_eq!((to.unwrap() - from.unwrap()).num_hours(), 23);
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{AtLeast, AtMost, Greater, Less};
    select(vec![Less, AtMost, Greater, AtLeast])
}

fn span() -> impl Strategy<Value = Span> {
    let unit = select(vec![Unit::Minute, Unit::Hour, Unit::Day, Unit::Week]);
    (1..=Span::MAX_AMOUNT, unit).prop_map(|(amount, unit)| Span { amount, unit })
}

fn day() -> impl Strategy<Value = TimeValue> {
    let day = (0_i64..9_000).prop_map(|days| TimeValue::Day(at(days * 1_440).date_naive()));
    prop_oneof![Just(TimeValue::Today), Just(TimeValue::Yesterday), day]
}

fn time_test() -> impl Strategy<Value = TimeTest> {
    let instant = (0_i64..4_102_444_800_000_000)
        .prop_map(|micros| TimeValue::Instant(DateTime::from_timestamp_micros(micros).unwrap()));
    let value = prop_oneof![day(), instant, span().prop_map(TimeValue::Age)];
    let compared = (comparison(), value);
    prop_oneof![
        day().prop_map(TimeTest::On),
        compared.prop_map(|(comparison, value)| TimeTest::Compared(comparison, value)),
    ]
}

fn name() -> impl Strategy<Value = Called> {
    "[^\\p{Cc}\\s]([^\\p{Cc}]{0,15}[^\\p{Cc}\\s])?".prop_map(|name| called(&name))
}

fn of_field() -> impl Strategy<Value = Condition> {
    let is = prop_oneof![Just(FieldIs::Empty), name().prop_map(|it| said(&it.name))];
    let key = "[a-z][a-z0-9_]{0,10}".prop_map(|key| FieldKey::parse(&key).unwrap());
    (key, vec(is, 1..4)).prop_map(|(key, values)| Condition::Field(key, values))
}

fn condition() -> impl Strategy<Value = Condition> {
    let field = select(vec![TimeField::Created, TimeField::Updated, TimeField::Due]);
    let priority = || select(Priority::ALL.to_vec());
    let person = prop_oneof![
        Just(Person::Me),
        Just(Person::Nobody),
        id().prop_map(|id| Person::One(UserId(id))),
        name().prop_map(Person::Called)
    ];
    let team = prop_oneof![
        Just(TeamOf::None),
        id().prop_map(|id| TeamOf::One(TeamId(id))),
        name().prop_map(TeamOf::Called)
    ];
    let requester = prop_oneof![
        Just(Requester::Me),
        id().prop_map(|id| Requester::One(UserId(id))),
        name().prop_map(Requester::Called)
    ];
    let tag = "[a-zäöü0-9_.:-]{1,20}".prop_map(|tag| Tag::parse(&tag).unwrap());
    prop_oneof![
        vec(select(Status::ALL.to_vec()), 1..5).prop_map(Condition::Status),
        vec(priority(), 1..4).prop_map(Condition::Priority),
        (comparison(), priority()).prop_map(|(how, than)| Condition::PriorityCompared(how, than)),
        vec(select(Channel::ALL.to_vec()), 1..4).prop_map(Condition::Channel),
        of_field(),
        vec(select(Metric::ALL.to_vec()), 0..4).prop_map(Condition::Missed),
        vec(person, 1..4).prop_map(Condition::Assignee),
        vec(team, 1..4).prop_map(Condition::Team),
        vec(requester, 1..4).prop_map(Condition::Requester),
        vec(tag, 1..4).prop_map(Condition::Tag),
        vec(1..i64::MAX, 1..4).prop_map(Condition::Number),
        (field, time_test()).prop_map(|(field, test)| Condition::Time(field, test)),
        Just(Condition::Time(TimeField::Due, TimeTest::Never)),
        "[^\\s\\p{Cc}:\"#-][^\\s\\p{Cc}:\"]{0,15}".prop_map(Condition::Word),
        "[^\\p{Cc}]{0,15}[^\\s\\p{Cc}][^\\p{Cc}]{0,15}".prop_map(Condition::Phrase),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let term = (any::<bool>(), condition());
    let term = term.prop_map(|(negated, condition)| Term { negated, condition });
    vec(term, 0..5).prop_map(|terms| Query { terms })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same(query in query()) {
        let text = query.to_string();
        prop_assert_eq!(Query::parse(&text), Ok(query), "{}", text);
    }

    #[test]
    fn no_text_is_too_much_and_a_fault_lies_within_it(text in "\\PC{0,60}") {
        check_any(&text)?;
    }

    /// Nearer to the language than any text.
    #[test]
    fn no_text_of_its_own_signs_is_too_much(
        parts in vec(select(vec![
            "status:", "priority", ":", ">=", "<", "open", ",", "-", "\"", "\\", " ", "#", "2d", "me",
            "updated:", "2026-03-01", "é", "\t", "\u{0}", "tag:", "vip", "team:", "field.a:", "missed:", "any",
        ]), 0..20),
    ) {
        check_any(&parts.concat())?;
    }
}

fn check_any(text: &str) -> Result<(), TestCaseError> {
    match Query::parse(text) {
        Ok(query) => prop_assert_eq!(Query::parse(&query.to_string()), Ok(query)),
        Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column)),
    }
    Ok(())
}
