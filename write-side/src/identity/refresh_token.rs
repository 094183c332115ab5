//! The text of a refresh token: opaque to clients, 94 characters after its prefix.
//!
//! It names its session, says the how-manieth token of the session it is, and holds a random secret of which the table
//! keeps a hash. A tag proves that the session once gave it out: only such a token, used too late, ends the session. A
//! guess ends nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::SessionId;
use event_store::Partition;
use rand::TryRngCore;
use rand::rngs::OsRng;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Secret scanners find it by this.
const PREFIX: &str = "idf_";
const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const TOKEN_BYTES: usize = 2 + 16 + 4 + SECRET_BYTES + TAG_BYTES;
const HASH_CONTEXT: &str = "InsightDesk 2026 hashes of refresh tokens";
const TAG_CONTEXT: &str = "InsightDesk 2026 tags of refresh tokens";
const BLIND_CONTEXT: &str = "InsightDesk 2026 blinds of refresh tokens";

/// 32 bytes that nobody else knows.
pub(super) type Secret = Zeroizing<[u8; SECRET_BYTES]>;

/// The operating system gives no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// Fresh random bytes.
pub(super) fn random_secret() -> Result<Secret, NoRandomness> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    OsRng
        .try_fill_bytes(bytes.as_mut_slice())
        .map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A refresh token.
pub(super) struct RefreshToken {
    pub(super) partition: Partition,
    pub(super) session_id: SessionId,
    /// From 1.
    pub(super) generation: i32,
    secret: Secret,
    tag: [u8; TAG_BYTES],
}

impl RefreshToken {
    /// The token of a session with this secret.
    pub(super) fn issue(
        partition: Partition,
        session_id: SessionId,
        generation: i32,
        secret: Secret,
        tag_key: &[u8; 32],
    ) -> Self {
        let tag = tag(tag_key, session_id, generation, &secret);
        Self {
            partition,
            session_id,
            generation,
            secret,
            tag,
        }
    }

    /// Reads what a client sent; none when it is no refresh token.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        let bytes: &[u8; TOKEN_BYTES] = bytes.as_slice().try_into().ok()?;
        let (partition, rest) = bytes.split_first_chunk::<2>()?;
        let (session_id, rest) = rest.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (secret, rest) = rest.split_first_chunk::<SECRET_BYTES>()?;
        Some(Self {
            partition: Partition::new(i16::from_be_bytes(*partition)).ok()?,
            session_id: SessionId(Uuid::from_bytes(*session_id)),
            generation: i32::from_be_bytes(*generation),
            secret: Zeroizing::new(*secret),
            tag: rest.try_into().ok()?,
        })
    }

    /// The text for the client.
    pub(super) fn text(&self) -> String {
        let mut bytes = Zeroizing::new(Vec::with_capacity(TOKEN_BYTES));
        bytes.extend_from_slice(&self.partition.get().to_be_bytes());
        bytes.extend_from_slice(self.session_id.0.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(self.secret.as_slice());
        bytes.extend_from_slice(&self.tag);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    /// What the table keeps.
    pub(super) fn hash(&self) -> [u8; 32] {
        blake3::derive_key(HASH_CONTEXT, self.secret.as_slice())
    }

    /// Whether the session gave this token out once. In constant time.
    pub(super) fn was_given_out(&self, tag_key: &[u8; 32]) -> bool {
        let expected = tag(tag_key, self.session_id, self.generation, &self.secret);
        constant_time_eq(&expected, &self.tag)
    }

    /// A secret of the next token, so that only who holds this one reads it: both are random and used once, so this is a
    /// one-time pad. Blinding twice gives the secret back.
    pub(super) fn blind(&self, other: &[u8; SECRET_BYTES]) -> Secret {
        let pad = Zeroizing::new(blake3::derive_key(BLIND_CONTEXT, self.secret.as_slice()));
        let mut blinded = Zeroizing::new(*other);
        for (byte, pad) in blinded.iter_mut().zip(pad.iter()) {
            *byte ^= pad;
        }
        blinded
    }
}

fn tag(
    tag_key: &[u8; 32],
    session_id: SessionId,
    generation: i32,
    secret: &Secret,
) -> [u8; TAG_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(tag_key);
    hasher.update(TAG_CONTEXT.as_bytes());
    hasher.update(session_id.0.as_bytes());
    hasher.update(&generation.to_be_bytes());
    hasher.update(secret.as_slice());
    let mut tag = [0; TAG_BYTES];
    hasher.finalize_xof().fill(&mut tag);
    tag
}

/// BLAKE3's hashes compare in constant time; so do hashes of what is compared.
pub(super) fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    blake3::hash(a) == blake3::hash(b)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    use proptest::prelude::*;

    const TAG_KEY: [u8; 32] = [7; 32];

    proptest! {
        #[test]
        fn what_is_read_as_a_token_gives_the_same_text(
            text in "(idf_)?[A-Za-z0-9_-]{0,120}",
            bytes in any::<[u8; TOKEN_BYTES]>(),
            other in "\\PC{0,120}",
        ) {
            let full = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            for text in [text, full, other] {
                if let Some(token) = RefreshToken::parse(&text) {
                    prop_assert_eq!(token.text(), text);
                    prop_assert!(!token.was_given_out(&TAG_KEY));
                }
            }
        }
    }

    fn token(generation: i32) -> RefreshToken {
        let partition = Partition::new(3).unwrap();
        let session_id = SessionId(Uuid::from_u128(1));
        let secret = random_secret().unwrap();
        RefreshToken::issue(partition, session_id, generation, secret, &TAG_KEY)
    }

    #[test]
    fn a_token_reads_back_and_proves_its_session() {
        let text = token(2).text();
        let read = RefreshToken::parse(&text).unwrap();
        assert_eq!(read.text(), text);
        assert_eq!(read.generation, 2);
        assert!(read.was_given_out(&TAG_KEY));
        assert!(!read.was_given_out(&[8; 32]));
    }

    #[test]
    fn a_changed_token_was_never_given_out() {
        let text = token(2).text();
        let bytes = URL_SAFE_NO_PAD
            .decode(text.strip_prefix(PREFIX).unwrap())
            .unwrap();
        for index in 2..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let changed = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(changed));
            let read = RefreshToken::parse(&changed);
            assert!(!read.unwrap().was_given_out(&TAG_KEY), "byte {index}");
        }
    }

    #[test]
    fn only_the_former_token_reads_the_blinded_secret() {
        let (former, other, next) = (token(1), token(1), random_secret().unwrap());
        let blinded = former.blind(&next);
        assert_eq!(former.blind(&blinded), next);
        assert_ne!(other.blind(&blinded), next);
    }

    #[test]
    fn what_is_no_refresh_token_is_refused() {
        let good = token(1).text();
        let short = &good[..good.len() - 4];
        let without_prefix = good.strip_prefix(PREFIX).unwrap();
        for wrong in [
            "",
            "idf_",
            "idr_!",
            short,
            without_prefix,
            &format!("{good}AAAA"),
        ] {
            assert!(RefreshToken::parse(wrong).is_none(), "{wrong}");
        }
    }
}
