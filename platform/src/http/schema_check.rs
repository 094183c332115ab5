//! Says which fields of a JSON body do not fit the schema that the API's description gives.
//!
//! Runs on every body: the framework alone takes numbers and booleans for texts. It finds all fields at once.

use super::problem::FieldError;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::Value;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// More are not listed.
const ERRORS_MAX: usize = 20;

/// The schemas of each type of body, made once: a program has few of them.
static REGISTRIES: LazyLock<RwLock<HashMap<TypeId, Arc<Registry>>>> =
    LazyLock::new(RwLock::default);

fn registry<T: Type + 'static>() -> Arc<Registry> {
    let known = REGISTRIES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(registry) = known.get(&TypeId::of::<T>()) {
        return registry.clone();
    }
    drop(known);
    let mut registry = Registry::new();
    T::register(&mut registry);
    let registry = Arc::new(registry);
    let mut known = REGISTRIES.write().unwrap_or_else(PoisonError::into_inner);
    known.insert(TypeId::of::<T>(), registry.clone());
    registry
}

/// The fields of `value` that do not fit `T`.
pub(super) fn errors<T: Type + 'static>(value: &Value) -> Vec<FieldError> {
    let registry = registry::<T>();
    let mut found = Found {
        registry: &registry,
        errors: Vec::new(),
    };
    found.check(&T::schema_ref(), value, "");
    found.errors
}

struct Found<'a> {
    registry: &'a Registry,
    errors: Vec<FieldError>,
}

impl<'a> Found<'a> {
    fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(FieldError {
                pointer: pointer.to_owned(),
                detail: detail.into(),
            });
        }
    }

    /// The schema behind a reference, with what is added beside it.
    fn schemas(&self, schema: &'a MetaSchemaRef) -> Vec<&'a MetaSchema> {
        let direct = match schema {
            MetaSchemaRef::Inline(schema) => Some(&**schema),
            MetaSchemaRef::Reference(name) => self.registry.schemas.get(name),
        };
        let Some(direct) = direct else {
            return Vec::new();
        };
        let parts = direct.all_of.iter().flat_map(|part| self.schemas(part));
        std::iter::once(direct).chain(parts).collect()
    }

    fn check(&mut self, schema: &MetaSchemaRef, value: &Value, pointer: &str) {
        let registry = self.registry;
        let view = Found {
            registry,
            errors: Vec::new(),
        };
        for schema in view.schemas(schema) {
            self.check_one(schema, value, pointer);
        }
    }

    fn check_one(&mut self, schema: &MetaSchema, value: &Value, pointer: &str) {
        // The framework calls every union an object.
        if !schema.any_of.is_empty() {
            return self.check_union(&schema.any_of, value, pointer);
        }
        if !has_type(schema.ty, value) {
            return self.add(pointer, format!("must be {}", type_in_words(schema.ty)));
        }
        if !schema.enum_items.is_empty() && !schema.enum_items.contains(value) {
            let items: Vec<String> = schema.enum_items.iter().map(plain).collect();
            return self.add(pointer, format!("must be one of {}", items.join(", ")));
        }
        match value {
            Value::Object(fields) => self.check_fields(schema, fields, pointer),
            Value::Array(items) => self.check_items(schema, items, pointer),
            Value::String(text) => self.check_text(schema, text, pointer),
            Value::Number(number) => self.check_number(schema, number, pointer),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn check_union(&mut self, variants: &[MetaSchemaRef], value: &Value, pointer: &str) {
        let registry = self.registry;
        let view = Found {
            registry,
            errors: Vec::new(),
        };
        let variants: Vec<&MetaSchema> = variants
            .iter()
            .flat_map(|part| view.schemas(part))
            .collect();
        if !variants.iter().any(|variant| has_type(variant.ty, value)) {
            let words: Vec<_> = variants
                .iter()
                .map(|variant| type_in_words(variant.ty))
                .collect();
            self.add(pointer, format!("must be {}", words.join(" or ")));
        }
    }

    fn check_fields(
        &mut self,
        schema: &MetaSchema,
        fields: &serde_json::Map<String, Value>,
        pointer: &str,
    ) {
        for name in &schema.required {
            if !fields.contains_key(*name) {
                self.add(&child(pointer, name), "is missing");
            }
        }
        for (name, value) in fields {
            let known = schema
                .properties
                .iter()
                .find(|(property, _)| property == name);
            match (known, &schema.additional_properties) {
                // An optional field may be null: that is the same as leaving it out, or says "nobody".
                (Some(_), _) if value.is_null() && !schema.required.contains(&name.as_str()) => {}
                (Some((_, schema)), _) => self.check(schema, value, &child(pointer, name)),
                (None, Some(schema)) => self.check(schema, value, &child(pointer, name)),
                (None, _)
                    if schema.one_of.is_empty()
                        && schema.any_of.is_empty()
                        && schema.ty == "object" =>
                {
                    self.add(&child(pointer, name), "is not a field of this object");
                }
                (None, _) => {}
            }
        }
    }

    fn check_items(&mut self, schema: &MetaSchema, items: &[Value], pointer: &str) {
        if let Some(most) = schema.max_items.filter(|most| items.len() > *most) {
            self.add(pointer, format!("must have at most {most} items"));
        }
        if let Some(least) = schema.min_items.filter(|least| items.len() < *least) {
            self.add(pointer, format!("must have at least {least} items"));
        }
        let Some(item) = &schema.items else { return };
        for (index, value) in items.iter().enumerate() {
            self.check(item, value, &child(pointer, &index.to_string()));
        }
    }

    fn check_text(&mut self, schema: &MetaSchema, text: &str, pointer: &str) {
        let length = text.chars().count();
        if let Some(most) = schema.max_length.filter(|most| length > *most) {
            self.add(pointer, format!("must be at most {most} characters"));
        }
        if let Some(least) = schema.min_length.filter(|least| length < *least) {
            self.add(pointer, format!("must be at least {least} characters"));
        }
        match schema.format {
            Some("uuid") if uuid::Uuid::parse_str(text).is_err() => {
                self.add(pointer, "must be a UUID")
            }
            Some("date") if text.parse::<chrono::NaiveDate>().is_err() => {
                self.add(pointer, "must be a date such as 2026-03-01");
            }
            Some("date-time") if chrono::DateTime::parse_from_rfc3339(text).is_err() => {
                self.add(pointer, "must be a time such as 2026-03-01T12:00:00Z");
            }
            _ => {}
        }
    }

    fn check_number(&mut self, schema: &MetaSchema, number: &serde_json::Number, pointer: &str) {
        let Some(number) = number.as_f64() else {
            return;
        };
        if let Some(most) = schema.maximum.filter(|most| number > *most) {
            self.add(pointer, format!("must be at most {most}"));
        }
        if let Some(least) = schema.minimum.filter(|least| number < *least) {
            self.add(pointer, format!("must be at least {least}"));
        }
        if schema.format == Some("uint32") && !(0.0..=f64::from(u32::MAX)).contains(&number) {
            self.add(pointer, "must be a whole number from 0 to 4294967295");
        }
    }
}

fn has_type(ty: &str, value: &Value) -> bool {
    match ty {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn type_in_words(ty: &str) -> &'static str {
    match ty {
        "object" => "an object",
        "array" => "an array",
        "string" => "a string",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "of another type",
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Escapes as RFC 6901, section 3.
fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::{Enum, Object, Union};
    use serde_json::json;

    #[derive(Enum)]
    #[oai(rename_all = "snake_case")]
    enum Size {
        Small,
        Large,
    }

    #[derive(Object)]
    #[oai(deny_unknown_fields)]
    struct Item {
        #[oai(validator(max_length = 3))]
        name: String,
        size: Option<Size>,
    }

    #[derive(Union)]
    enum Note {
        Flag(bool),
        Text(String),
    }

    #[derive(Object)]
    #[oai(deny_unknown_fields)]
    struct Order {
        id: uuid::Uuid,
        items: Vec<Item>,
        count: Option<u32>,
        note: Option<Note>,
    }

    fn found(value: &Value) -> Vec<(String, String)> {
        errors::<Order>(value)
            .into_iter()
            .map(|error| (error.pointer, error.detail))
            .collect()
    }

    fn pointers(value: &Value) -> Vec<String> {
        found(value)
            .into_iter()
            .map(|(pointer, _)| pointer)
            .collect()
    }

    #[derive(Object)]
    struct Basket {
        #[oai(validator(min_items = 1))]
        items: Vec<Item>,
    }

    #[test]
    fn a_list_with_too_few_items_is_named() {
        let found = errors::<Basket>(&json!({"items": []}));
        let found: Vec<_> = found
            .into_iter()
            .map(|it| (it.pointer, it.detail))
            .collect();
        let expected = ("/items".to_owned(), "must have at least 1 items".to_owned());
        assert_eq!(found, [expected]);
        assert!(errors::<Basket>(&json!({"items": [{"name": "a"}]})).is_empty());
    }

    #[test]
    fn every_field_at_fault_is_named_at_once() {
        let value = json!({"id": "no", "items": [{"name": "long", "size": "huge"}, {"x/y": 1}], "count": "1"});
        let mut pointers = pointers(&value);
        pointers.sort();
        assert_eq!(
            pointers,
            [
                "/count",
                "/id",
                "/items/0/name",
                "/items/0/size",
                "/items/1/name",
                "/items/1/x~1y"
            ]
        );
    }

    #[test]
    fn messages_name_no_rust_type() {
        let value =
            json!({"id": 1, "items": [{"name": 2, "size": "x"}], "other": null, "count": -1});
        for (pointer, detail) in found(&value) {
            for name in ["Uuid", "String", "Order", "Item", "Size", "u32", "integer("] {
                assert!(!detail.contains(name), "{pointer}: {detail}");
            }
        }
    }

    #[test]
    fn a_number_or_a_boolean_is_no_text() {
        for name in [json!(1), json!(false)] {
            let value = json!({"id": uuid::Uuid::nil(), "items": [{"name": name}]});
            let wrong = ("/items/0/name".to_owned(), "must be a string".to_owned());
            assert_eq!(found(&value), [wrong]);
        }
    }

    #[test]
    fn a_value_of_several_types_has_one_of_them() {
        let note = |note: Value| json!({"id": uuid::Uuid::nil(), "items": [], "note": note});
        for right in [json!(true), json!("x"), json!(null)] {
            assert!(found(&note(right)).is_empty());
        }
        let wrong = (
            "/note".to_owned(),
            "must be true or false or a string".to_owned(),
        );
        assert_eq!(found(&note(json!([]))), [wrong]);
    }

    #[test]
    fn a_body_that_is_no_object_is_named_as_a_whole() {
        assert_eq!(
            found(&json!([1])),
            [(String::new(), "must be an object".to_owned())]
        );
    }
}
