//! JSON objects whose top-level values are replaced without being understood: everything else stays byte for byte.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The fields of an object in their order, each value as its text.
pub(crate) struct Object<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(field) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl Object<'_> {
    /// The object with other values where there are some, in the order of the fields.
    pub(crate) fn with(&self, values: &[Option<String>]) -> Result<String, serde_json::Error> {
        let length = |(index, (name, raw)): (usize, &(Cow<'_, str>, &RawValue))| {
            let value = values.get(index).and_then(Option::as_deref);
            name.len() + value.unwrap_or(raw.get()).len() + 4
        };
        let mut text =
            String::with_capacity(2 + self.0.iter().enumerate().map(length).sum::<usize>());
        text.push('{');
        for (index, (name, raw)) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(name)?);
            text.push(':');
            let value = values.get(index).and_then(Option::as_deref);
            text.push_str(value.unwrap_or(raw.get()));
        }
        text.push('}');
        Ok(text)
    }
}

/// What stands in the place of a sealed value: `{"sealed": "<base64url>", "subject": "<user id>"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    sealed: &'a str,
    pub(crate) subject: Uuid,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope; none when the value is in clear.
    pub(crate) fn read(raw: &'a RawValue) -> Option<Self> {
        let text = raw.get();
        if !text.starts_with('{') {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// The sealed bytes; none when it is not base64url.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(self.sealed).ok()
    }

    /// Writes an envelope.
    pub(crate) fn write(sealed: &[u8], subject: Uuid) -> String {
        let sealed = URL_SAFE_NO_PAD.encode(sealed);
        format!(r#"{{"sealed":"{sealed}","subject":"{subject}"}}"#)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_not_replaced_stays_byte_for_byte() {
        let text = r#"{"b":1.50e+3,"a\"":{"x": [1, 2]},"c":null}"#;
        let object: Object<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(object.with(&[]).unwrap(), text);
        let replaced = object.with(&[None, Some("2".to_owned())]).unwrap();
        assert_eq!(replaced, r#"{"b":1.50e+3,"a\"":2,"c":null}"#);
    }

    #[test]
    fn an_envelope_is_told_from_values_in_clear() {
        let subject = Uuid::from_u128(5);
        let sealed = Envelope::write(b"bytes", subject);
        let raw: Box<RawValue> = RawValue::from_string(sealed).unwrap();
        let envelope = Envelope::read(&raw).unwrap();
        assert_eq!(
            (envelope.bytes().unwrap().as_slice(), envelope.subject),
            (&b"bytes"[..], subject)
        );
        for clear in [
            r#""sealed""#,
            r#"{"kind":"text","value":"x"}"#,
            "null",
            r#"{"sealed":"x"}"#,
        ] {
            let raw = RawValue::from_string(clear.to_owned()).unwrap();
            assert!(Envelope::read(&raw).is_none(), "{clear}");
        }
    }
}
