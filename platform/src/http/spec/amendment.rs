//! What the framework cannot say about a field: limits of items, of maps and of texts that the domain checks.

use serde_json::{Map, Value, json};

/// One line of text: something visible, no control character. White space around it is cut off before it is judged.
pub const ONE_LINE: &str = r"^[\u0009-\u000D\u0020\u0085]*[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*[\u0009-\u000D\u0020\u0085]*$";
/// A tag, by what it may not hold: other than in ASCII, only letters and digits are taken, which not every dialect of
/// regular expressions can say.
pub const TAG: &str = r"^[\u0009-\u000D\u0020\u0085]*[^\u0000-\u0020!-,/;-@\[-^`{-\u00A0]+[\u0009-\u000D\u0020\u0085]*$";

/// Something to add to the schema at a place of the description.
#[derive(Debug, Clone)]
pub struct Amendment {
    /// Where, a JSON pointer (RFC 6901) below `/components/schemas`.
    pub pointer: &'static str,
    /// What.
    pub keyword: Keyword,
}

/// A keyword of a schema (OpenAPI 3.0.3, section 4.7.24) with its value.
#[derive(Debug, Clone)]
pub enum Keyword {
    /// The longest text, in characters.
    MaxLength(usize),
    /// The form of a text, a regular expression of ECMA 262.
    Pattern(&'static str),
    /// The smallest number.
    Minimum(u32),
    /// The greatest number.
    Maximum(u32),
    /// The most entries of a map.
    MaxProperties(usize),
    /// The only texts that there are.
    OneOf(Vec<&'static str>),
}

impl Keyword {
    pub(super) fn write(&self, schema: &mut Map<String, Value>) {
        let (name, value) = match self {
            Self::MaxLength(most) => ("maxLength", json!(most)),
            Self::Pattern(form) => ("pattern", json!(form)),
            Self::Minimum(least) => ("minimum", json!(least)),
            Self::Maximum(most) => ("maximum", json!(most)),
            Self::MaxProperties(most) => ("maxProperties", json!(most)),
            Self::OneOf(texts) => ("enum", json!(texts)),
        };
        schema.insert(name.to_owned(), value);
    }
}

impl Amendment {
    /// Whether there was such a place.
    pub(super) fn apply(&self, spec: &mut Value) -> bool {
        let place = spec
            .pointer_mut("/components/schemas")
            .and_then(|schemas| schemas.pointer_mut(self.pointer))
            .and_then(Value::as_object_mut);
        place.map(|schema| self.keyword.write(schema)).is_some()
    }
}
