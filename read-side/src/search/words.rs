//! The words of a query, and how PostgreSQL is asked what they mean.

use domain::organization::language::SearchLanguage;
use domain::ticket::query::{Condition, Query};
use tokio_postgres::types::Type;

use crate::database::Statement;
use crate::viewer::Viewer;

/// Words that have to be in one text together: never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Wanted>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Word(String),
    /// Words one behind the other.
    Phrase(String),
    /// Words that begin so.
    Beginning(String),
}

/// What a query says beside its conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wording {
    /// What has to be there.
    pub wanted: Option<Words>,
    /// Of each of these, what must not be there.
    pub unwanted: Vec<Words>,
}

impl Wording {
    /// The words of a query, and the rest of it.
    #[must_use]
    pub fn split(query: Query) -> (Self, Query) {
        let (mut wanted, mut unwanted, mut terms) = (Vec::new(), Vec::new(), Vec::new());
        for term in query.terms {
            let word = match &term.condition {
                Condition::Word(word) => Wanted::Word(word.clone()),
                Condition::Phrase(phrase) => Wanted::Phrase(phrase.clone()),
                _ => {
                    terms.push(term);
                    continue;
                }
            };
            match term.negated {
                true => unwanted.push(Words(vec![word])),
                false => wanted.push(word),
            }
        }
        let wanted = (!wanted.is_empty()).then_some(Words(wanted));
        (Self { wanted, unwanted }, Query { terms })
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_none() && self.unwanted.is_empty()
    }
}

impl Words {
    /// Each of the words by itself.
    pub(super) fn each(&self) -> Vec<Self> {
        self.0.iter().map(|it| Self(vec![it.clone()])).collect()
    }

    /// The numbers of tickets that may be meant.
    pub(super) fn numbers(&self) -> Vec<i64> {
        let words = self.0.iter().filter_map(|wanted| match wanted {
            Wanted::Word(word) => word.parse().ok(),
            Wanted::Phrase(_) | Wanted::Beginning(_) => None,
        });
        words.collect()
    }

    /// The patterns of names, addresses and subjects that have each of the words somewhere within, if all are long enough to
    /// be found by their trigrams.
    pub(super) fn patterns(&self) -> Option<Vec<String>> {
        let pattern = |text: &str| is_part(text).then(|| pattern(text));
        self.texts().map(pattern).collect()
    }

    /// The words as beginnings of others, if all are long enough; none where all are phrases, which are found as they stand.
    pub(super) fn beginnings(&self) -> Option<Self> {
        let beginning = |wanted: &Wanted| match wanted {
            Wanted::Word(text) => is_part(text).then(|| Wanted::Beginning(text.clone())),
            found_as_it_is => Some(found_as_it_is.clone()),
        };
        let all: Vec<Wanted> = self.0.iter().map(beginning).collect::<Option<_>>()?;
        (all != self.0).then_some(Self(all))
    }

    /// The words as they were written.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Wanted::text)
    }

    /// Adds what yields them as the text of a `tsquery`. A text is of one language, so all words have to be there as one of the
    /// languages has them: each in its form of that language, or as it is written. What the language takes for no word (`the`,
    /// `der`) is in no text of it, and is not asked for there; another language may take it for one.
    fn push(&self, statement: &mut Statement, languages: &[SearchLanguage], viewer: &Viewer) {
        statement.push("(");
        for (index, language) in languages.iter().enumerate() {
            statement.push(if index == 0 { "(" } else { " || (" });
            for (index, wanted) in self.0.iter().enumerate() {
                let operand = wanted.operand(viewer);
                statement.push(if index == 0 { "CASE" } else { " && CASE" });
                push_forms(statement, " WHEN numnode(", *language, &operand);
                // Names and tags are of no language. What looks the same in it is not looked for twice.
                push_forms(
                    statement,
                    ") = 0 THEN ''::tsquery WHEN ",
                    *language,
                    &operand,
                );
                push_forms(statement, " = ", SearchLanguage::Simple, &operand);
                push_forms(statement, " THEN ", *language, &operand);
                push_forms(statement, " ELSE ", *language, &operand);
                push_forms(statement, " || ", SearchLanguage::Simple, &operand);
                statement.push(" END");
            }
            statement.push(")");
        }
        statement.push(")::text");
    }
}

/// The fewest characters that are found by their trigrams, and as a beginning: with fewer nearly every text has it.
const TRIGRAM: usize = 3;

fn is_part(text: &str) -> bool {
    text.chars().count() >= TRIGRAM
}

impl Wanted {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Phrase(text) | Self::Beginning(text) => text,
        }
    }

    /// A quoted operand of `to_tsquery`; several words in it are looked for one behind the other. Customers do not find by what
    /// only staff sees, whose words have the weight C. Source: PostgreSQL manual, section "Parsing Queries".
    fn operand(&self, viewer: &Viewer) -> String {
        let quoted = self.text().replace('\\', r"\\").replace('\'', "''");
        let is_beginning = matches!(self, Self::Beginning(_));
        let signs = match (is_beginning, viewer.is_staff()) {
            (false, true) => "",
            (false, false) => ":ABD",
            (true, true) => ":*",
            (true, false) => ":*ABD",
        };
        format!("'{quoted}'{signs}")
    }
}

fn push_forms(statement: &mut Statement, before: &str, language: SearchLanguage, operand: &str) {
    statement
        .push(&format!("{before}to_tsquery('pg_catalog.{language}', "))
        .bind(operand.to_owned(), Type::TEXT)
        .push(")");
}

/// The pattern of `LIKE` for texts in lower case with this part. Its signs stand for themselves.
fn pattern(part: &str) -> String {
    let part = part.to_lowercase();
    let quoted = part
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    format!("%{quoted}%")
}

/// A row with the text of a `tsquery` for each of some words. Empty where no language takes any of them for a word.
pub(super) fn in_forms<'a>(
    words: impl Iterator<Item = &'a Words>,
    languages: &[SearchLanguage],
    viewer: &Viewer,
) -> Statement {
    let languages = match languages {
        [] => &[SearchLanguage::Simple],
        some => some,
    };
    let mut statement = Statement::default();
    statement.push("SELECT ARRAY[");
    for (index, words) in words.enumerate() {
        statement.push(if index == 0 { "" } else { ", " });
        words.push(&mut statement, languages, viewer);
    }
    statement.push("]::text[]");
    statement
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use domain::actor::Role;

    use super::*;
    use crate::explain::viewer;

    fn split(text: &str) -> (Wording, Query) {
        Wording::split(Query::parse(text).unwrap())
    }

    #[test]
    fn words_are_told_from_conditions_and_what_must_not_be_there_from_what_must() {
        let (wording, rest) = split("status:open printer \"out of\" 12 -toner");
        let word = |text: &str| Wanted::Word(text.to_owned());
        let phrase = Wanted::Phrase("out of".to_owned());
        let wanted = Words(vec![word("printer"), phrase, word("12")]);
        assert_eq!(wanted.numbers(), [12]);
        assert_eq!(wording.wanted, Some(wanted));
        assert_eq!(wording.unwanted, [Words(vec![word("toner")])]);
        assert_eq!(rest, Query::parse("status:open").unwrap());
        assert!(split("status:open").0.is_empty());
    }

    #[test]
    fn signs_of_the_search_are_quoted_and_customers_do_not_find_by_tags() {
        let word = Wanted::Word(r"it's\".to_owned());
        assert_eq!(word.operand(&viewer(Role::Agent)), r"'it''s\\'");
        let word = Wanted::Word("a|!b:*".to_owned());
        assert_eq!(word.operand(&viewer(Role::Customer)), "'a|!b:*':ABD");
        assert_eq!(pattern(r"50%_\"), r"%50\%\_\\%");
    }

    #[test]
    fn words_are_beginnings_and_phrases_stay_as_they_stand() {
        let beginnings = |text: &str| split(text).0.wanted.unwrap().beginnings();
        let begins = |text: &str| Wanted::Beginning(text.to_owned());
        let phrase = Wanted::Phrase("out of".to_owned());
        let all = Words(vec![begins("prin"), phrase]);
        assert_eq!(beginnings("prin \"out of\""), Some(all));
        assert_eq!(beginnings("\"out of\""), None);
        assert_eq!(beginnings("prin ab"), None);
        let word = begins("prin");
        assert_eq!(word.operand(&viewer(Role::Agent)), "'prin':*");
        assert_eq!(word.operand(&viewer(Role::Customer)), "'prin':*ABD");
    }

    #[test]
    fn a_word_of_two_characters_has_no_trigram() {
        let patterns = |text: &str| split(text).0.wanted.unwrap().patterns();
        assert_eq!(patterns("printer"), Some(vec!["%printer%".to_owned()]));
        assert_eq!(patterns("printer ab"), None);
    }
}
