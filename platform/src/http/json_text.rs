//! A JSON answer that was written already, so that one that many ask for is written once.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{IntoResponse, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};

/// The text of a `T`, described as `Json<T>` is. Cloning is cheap.
#[derive(Debug)]
pub struct JsonText<T> {
    text: Bytes,
    of: PhantomData<fn() -> T>,
}

impl<T: ToJSON> JsonText<T> {
    /// Writes a view.
    #[must_use]
    pub fn of(view: &T) -> Self {
        Self {
            text: view.to_json_string().into(),
            of: PhantomData,
        }
    }
}

impl<T> Clone for JsonText<T> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            of: PhantomData,
        }
    }
}

impl<T: Type> Payload for JsonText<T> {
    const CONTENT_TYPE: &'static str = Json::<T>::CONTENT_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Send> IntoResponse for JsonText<T> {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(CONTENT_TYPE)
            .body(self.text)
    }
}

/// As the framework's own JSON answers say it.
const CONTENT_TYPE: &str = "application/json; charset=utf-8";
