//! The secret that an app and the server share.

use std::fmt;

use chrono::{DateTime, Utc};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::{DRIFT_STEPS, STEP_SECONDS, Step};
use crate::code::is_six_digits;
use crate::random::{self, NoRandomness};

/// Bytes of a secret: the 160 bits that RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// Characters of the issuer and of the account in the URI. What is longer is cut: an app shows a line.
const LABEL_CHARACTERS_MAX: usize = 64;
const QR_PIXELS_MIN: u32 = 240;

/// A stored value is no secret of TOTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored secret of the authenticator app is not 20 bytes: the row was damaged")]
pub struct UnreadableSecret;

/// The names make no URI or no picture that an app can read.
#[derive(Debug, thiserror::Error)]
#[error("the authenticator app cannot be set up under these names")]
pub struct EnrolmentError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A shared secret of 160 bits. It is needed in the clear at every check, so whoever stores it seals it. Overwritten when
/// dropped; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// When the machine has no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::bytes().map(Self)
    }

    /// Takes back what was stored.
    ///
    /// # Errors
    /// When it is not of the length of a secret.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, UnreadableSecret> {
        let bytes = bytes.try_into().map_err(|_| UnreadableSecret)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// What is sealed and stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// In base 32, for who types it into an app.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(totp_rs::Secret::new_stack(*self.0).to_base32())
    }

    /// The `otpauth` URI that an app reads. A colon, which the URI keeps for itself, becomes a space.
    ///
    /// # Errors
    /// When there is no account name.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>, EnrolmentError> {
        let named = self
            .builder()
            .with_issuer(Some(label(issuer)))
            .with_account_name(label(account));
        let totp = named
            .build()
            .map_err(|error| EnrolmentError(error.into()))?;
        let uri = totp
            .to_url()
            .map_err(|error| EnrolmentError(error.into()))?;
        Ok(Zeroizing::new(uri))
    }

    /// The URI as a QR code: an SVG picture that names nothing outside itself.
    ///
    /// # Errors
    /// When the URI does not fit into one.
    pub fn qr_svg(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>, EnrolmentError> {
        let uri = self.uri(issuer, account)?;
        let code = QrCode::with_error_correction_level(uri.as_bytes(), EcLevel::M);
        let code = code.map_err(|error| EnrolmentError(error.into()))?;
        let mut picture = code.render::<svg::Color<'_>>();
        picture.min_dimensions(QR_PIXELS_MIN, QR_PIXELS_MIN);
        Ok(Zeroizing::new(picture.build()))
    }

    /// The step whose code this is: the present one, the one before or the one after, and later than the last one used.
    /// Takes the same time whatever six digits are given. Storing the step, if it still is later than the stored one, is
    /// what makes a code work once: do so in one statement.
    #[must_use]
    pub fn check(&self, code: &str, now: DateTime<Utc>, last_used: Option<Step>) -> Option<Step> {
        if !is_six_digits(code) {
            return None;
        }
        let present = u64::try_from(now.timestamp()).ok()? / STEP_SECONDS;
        let totp = self.builder().build_noncompliant();
        let first = present.saturating_sub(DRIFT_STEPS);
        let (mut right, mut found) = (Choice::from(0), 0);
        // All of them, also after one that is right.
        for step in first..=present + DRIFT_STEPS {
            let same = code_of(&totp, step).as_bytes().ct_eq(code.as_bytes());
            let fresh = last_used.is_none_or(|used| Step(step) > used);
            let same = same & Choice::from(u8::from(fresh));
            found = u64::conditional_select(&found, &step, same);
            right |= same;
        }
        bool::from(right).then_some(Step(found))
    }

    fn builder(&self) -> Builder {
        // The defaults of the library are those of the apps; named here because a change of theirs would lock people out.
        Builder::new()
            .with_algorithm(totp_rs::Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP_SECONDS)
            .with_secret(totp_rs::Secret::new_stack(*self.0))
    }

    #[cfg(test)]
    pub(super) fn code_at(&self, seconds: u64) -> Zeroizing<String> {
        code_of(&self.builder().build_noncompliant(), seconds / STEP_SECONDS)
    }
}

fn code_of(totp: &Totp, step: u64) -> Zeroizing<String> {
    Zeroizing::new(totp.generate(step * STEP_SECONDS).to_string())
}

fn label(name: &str) -> String {
    let plain = |c: char| if c == ':' || c.is_control() { ' ' } else { c };
    let cut = name.trim().chars().take(LABEL_CHARACTERS_MAX);
    cut.map(plain).collect()
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}
