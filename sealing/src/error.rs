//! Why something was not sealed or opened.

use domain::ids::UserId;

use crate::cipher::CipherError;

/// Why something was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The text would be about a person whose data was erased.
    #[error("the person {0} was erased: nothing more about them can be kept")]
    Erased(UserId),
    /// Too many people get their first key at once.
    #[error("too many people get their first key at this moment: retry later")]
    Busy,
    /// No connection was free in time.
    #[error("the keys of personal data cannot be reached: retry later")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The keys cannot be read or written.
    #[error("the keys of personal data cannot be read: retry later")]
    Database(#[from] tokio_postgres::Error),
    /// A key is there and cannot be used.
    #[error(transparent)]
    Key(#[from] UnusableKey),
    /// A sealed field does not open.
    #[error("the sealed field {field} of person {subject} cannot be opened")]
    Field {
        /// Its name.
        field: String,
        /// The person.
        subject: UserId,
        /// What was wrong.
        source: CipherError,
    },
    /// The machine cannot seal.
    #[error("a text could not be sealed")]
    Seal(#[source] CipherError),
    /// What should be a JSON object is none.
    #[error("what is to be sealed or opened is no JSON object")]
    Json(#[from] serde_json::Error),
}

impl SealingError {
    /// Whether the same may go well a moment later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Busy | Self::Pool(_) | Self::Database(_))
    }
}

/// Why a data key that is there cannot be used. It is about one person: those who ask along with them get their keys.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UnusableKey {
    /// It is wrapped with a master key that this process does not have.
    #[error(
        "the data key of person {subject} is wrapped with the master key {master_key}, which is not configured: add it to INSIGHTDESK_MASTER_KEY_FILE"
    )]
    NoMasterKey {
        /// The person.
        subject: UserId,
        /// The name of the master key.
        master_key: String,
    },
    /// It does not unwrap.
    #[error("the data key of person {subject} cannot be unwrapped")]
    Damaged {
        /// The person.
        subject: UserId,
        /// What was wrong.
        source: CipherError,
    },
}

/// Why a process does not start with its master keys.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyMismatch {
    /// The database needs a key that is not configured.
    #[error(
        "personal data of this database is sealed under the master key {id}, which is not configured (configured: {configured:?}): give it in INSIGHTDESK_MASTER_KEY or INSIGHTDESK_MASTER_KEY_FILE"
    )]
    Missing {
        /// The name of the missing key.
        id: String,
        /// The names of those that are configured.
        configured: crate::MasterKeys,
    },
    /// A key of the right name is another one.
    #[error(
        "the master key {id} is not the one that personal data of this database is sealed under: configure the right one, or give the new one a name of its own"
    )]
    Wrong {
        /// The name.
        id: String,
    },
    /// The database cannot be asked.
    #[error(
        "the master keys could not be checked against the database: is it migrated? run `insightdesk migrate`"
    )]
    Unchecked(#[from] SealingError),
}
