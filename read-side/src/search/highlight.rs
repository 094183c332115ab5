//! Highlighted texts as parts, so that whoever shows them escapes what people wrote and nothing else.

use super::statements::{ANGLES, MATCH_BEGINS, MATCH_ENDS};

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its words.
    pub text: String,
    /// Whether they are what was searched for.
    pub matches: bool,
}

/// The parts of a text that PostgreSQL has marked.
pub(super) fn segments(marked: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut add = |text: &str, matches| {
        if !text.is_empty() {
            let text = ANGLES
                .iter()
                .fold(text.to_owned(), |text, (sign, stands_in)| {
                    text.replace(*stands_in, &sign.to_string())
                });
            segments.push(Segment { text, matches });
        }
    };
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once(MATCH_BEGINS) {
        add(before, false);
        let (matching, behind) = after.split_once(MATCH_ENDS).unwrap_or((after, ""));
        add(matching, true);
        rest = behind;
    }
    add(rest, false);
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(marked: &str) -> Vec<(String, bool)> {
        let segments = segments(marked).into_iter();
        segments.map(|it| (it.text, it.matches)).collect()
    }

    #[test]
    fn marks_become_parts_and_the_text_stays() {
        let part = |text: &str, matches| (text.to_owned(), matches);
        assert_eq!(
            shown("The \u{2}printer\u{3} \u{4}b\u{5}burns\u{2}now\u{3}"),
            [
                part("The ", false),
                part("printer", true),
                part(" <b>burns", false),
                part("now", true)
            ]
        );
        assert_eq!(shown("none"), [part("none", false)]);
        assert_eq!(shown("\u{2}open"), [part("open", true)]);
        assert_eq!(shown(""), []);
    }
}
