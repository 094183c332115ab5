//! The fields of a sent form, and of a query string.

use std::collections::BTreeMap;

use platform::http::body::RawBody;
use poem::Request;

/// Fields by name. Of one that is sent several times, each value.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<String, Vec<String>>);

impl Form {
    /// Of a sent form.
    pub(super) fn of_body(request: &Request) -> Self {
        request
            .data::<RawBody>()
            .map(|RawBody(bytes)| Self::parse(bytes))
            .unwrap_or_default()
    }

    /// Of a query string.
    pub(super) fn of_query(request: &Request) -> Self {
        Self::of_text(request.uri().query().unwrap_or_default())
    }

    /// Of what stands in another field.
    pub(super) fn of_text(query: &str) -> Self {
        Self::parse(query.as_bytes())
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            // Browsers send line breaks as two characters.
            let value = value.replace("\r\n", "\n");
            fields.entry(name.into_owned()).or_default().push(value);
        }
        Self(fields)
    }

    /// A field, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a field that is not empty.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.get(name).into_iter().flatten();
        values
            .map(String::as_str)
            .filter(|value| !value.trim().is_empty())
    }
}

/// A path with a query string of these pairs.
pub(super) fn address<'a>(
    path: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let query = query(pairs);
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// A query string of these pairs.
pub(super) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_none_and_repeated_ones_are_all_there() {
        let form = Form::parse(b"status=new&status=&status=open&q=+&body=a%0D%0Ab");
        assert_eq!(form.all("status").collect::<Vec<_>>(), ["new", "open"]);
        assert_eq!(form.get("q"), None);
        assert_eq!(form.get("body"), Some("a\nb"));
    }

    #[test]
    fn an_address_says_its_pairs_safely() {
        assert_eq!(address("/a", [("q", "x&y=z")]), "/a?q=x%26y%3Dz");
        assert_eq!(address("/a", []), "/a");
    }
}
