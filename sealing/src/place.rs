//! Where a sealed text belongs: the associated data of its seal. It opens nowhere else.

use uuid::Uuid;

/// What kind of thing a text was sealed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The data of an event; by stream and event.
    Event,
    /// The metadata of an event; by correlation.
    Metadata,
    /// The stored answer of a command; by the hash of its request.
    Answer,
}

/// The thing that a text was sealed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) kind: Kind,
    pub(crate) org_id: Uuid,
    /// Its two ids, as its kind says.
    pub(crate) ids: [Uuid; 2],
}

impl Container {
    /// The bytes of a field's place, every part behind its length.
    pub(crate) fn place(&self, subject: Uuid, field: &str) -> Vec<u8> {
        let kind: &[u8] = match self.kind {
            Kind::Event => b"event",
            Kind::Metadata => b"metadata",
            Kind::Answer => b"answer",
        };
        let parts = [
            kind,
            self.org_id.as_bytes(),
            subject.as_bytes(),
            self.ids[0].as_bytes(),
            self.ids[1].as_bytes(),
            field.as_bytes(),
        ];
        let mut place = Vec::with_capacity(96 + field.len());
        for part in parts {
            // A field's name is shorter than 4 GiB.
            place.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            place.extend_from_slice(part);
        }
        place
    }
}
