//! Where letters wait.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use const_format::formatcp;
use platform::mail::{Address, Letter};
use schema::table::MAIL_OUTBOX;
use sealing::{CipherError, MasterKeys};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// What the key is derived for that seals letters.
const PURPOSE: &str = "mail outbox";

const INSERT: &str = formatcp!(
    "INSERT INTO {MAIL_OUTBOX} (id, sealed, created_at, next_attempt_at, about) VALUES ($1, $2, $3, $3, $4) \
     ON CONFLICT (id) DO NOTHING"
);

/// Letters that are resealed in one go.
const RESEAL_BATCH: i64 = 500;
const WAITING: &str = formatcp!(
    "SELECT o.id, o.sealed FROM {MAIL_OUTBOX} o \
      WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND o.id > $1 ORDER BY o.id LIMIT {RESEAL_BATCH}"
);
/// Only where the letter still is what was read: one that was sent meanwhile stays blank.
const RESEAL: &str =
    formatcp!("UPDATE {MAIL_OUTBOX} o SET sealed = $3 WHERE o.id = $1 AND o.sealed = $2");

/// Why a letter could not be put into the outbox. The transaction must not commit then.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The database did not take it.
    #[error("the letter could not be stored")]
    Database(#[from] tokio_postgres::Error),
    /// It could not be sealed.
    #[error("the letter could not be sealed")]
    Seal(#[from] CipherError),
    /// It could not be written down. A fault of the program.
    #[error("the letter could not be written down")]
    Write(#[from] serde_json::Error),
}

/// Why a stored letter could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnreadableLetter {
    #[error("it cannot be opened: {0}")]
    Sealed(#[from] CipherError),
    #[error("it is of a form that this program does not know")]
    Form(#[from] serde_json::Error),
}

impl UnreadableLetter {
    /// Whether no key and no later program could read it.
    pub(super) fn is_permanent(&self) -> bool {
        matches!(self, Self::Sealed(CipherError::Changed))
    }
}

/// Why waiting letters could not be sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The database failed.
    #[error("the mail outbox cannot be read or written")]
    Database(#[from] tokio_postgres::Error),
    /// One cannot be opened.
    #[error("the letter {id} that waits cannot be opened: configure the master key that sealed it")]
    Open {
        /// The row.
        id: Uuid,
        /// Why.
        source: CipherError,
    },
    /// One cannot be sealed.
    #[error("a letter could not be sealed")]
    Seal(#[source] CipherError),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Addressed {
    pub(super) to: Address,
    pub(super) letter: Letter,
}

/// A letter on its way into the outbox.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where it goes.
    pub to: Address,
    /// What it says.
    pub letter: Letter,
    /// The people, and the account, who get it or whose words are in it: it is not sent any more once one is erased.
    pub about: Vec<Uuid>,
}

/// The way into the outbox. Clones share it with the [`super::Delivery`] of the same process.
#[derive(Debug, Clone)]
pub struct Outbox {
    master: MasterKeys,
    woken: Arc<Notify>,
}

impl Outbox {
    /// An outbox whose letters these keys seal.
    #[must_use]
    pub fn new(master: MasterKeys) -> Self {
        Self {
            master,
            woken: Arc::default(),
        }
    }

    /// Puts a letter into the outbox, in the transaction of what it tells of; gives the id of the mail. Call
    /// [`Outbox::wake`] after the commit.
    ///
    /// # Errors
    /// When it cannot be sealed or stored.
    pub async fn enqueue(
        &self,
        client: &impl GenericClient,
        now: DateTime<Utc>,
        outgoing: Outgoing,
    ) -> Result<Uuid, EnqueueError> {
        let id = Uuid::now_v7();
        self.enqueue_once(client, id, now, outgoing).await?;
        Ok(id)
    }

    /// As [`Outbox::enqueue`], of a letter that may be written more than once: it goes into the outbox under an id that
    /// follows from what it tells, so that only the first one counts, for as long as the outbox remembers it.
    ///
    /// # Errors
    /// As [`Outbox::enqueue`].
    pub async fn enqueue_once(
        &self,
        client: &impl GenericClient,
        id: Uuid,
        now: DateTime<Utc>,
        outgoing: Outgoing,
    ) -> Result<(), EnqueueError> {
        let Outgoing { to, letter, about } = outgoing;
        let addressed = Addressed { to, letter };
        let text = serde_json::to_vec(&addressed)?;
        let sealed = self.master.seal(PURPOSE, id.as_bytes(), &text)?;
        let values: [&(dyn ToSql + Sync); 4] = [&id, &sealed, &now, &about];
        client.execute(INSERT, &values).await?;
        Ok(())
    }

    /// Sends what is due now rather than within a second. A hint: nothing is lost without it.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Where a stored letter goes, and of what kind it is; none when it cannot be read.
    pub(crate) fn outside(&self, id: Uuid, sealed: &[u8]) -> Option<(String, &'static str)> {
        let addressed = self.open(id, sealed).ok()?;
        Some((addressed.to.as_str().to_owned(), addressed.letter.kind()))
    }

    /// Opens a stored letter, with whichever configured key sealed it.
    pub(super) fn open(&self, id: Uuid, sealed: &[u8]) -> Result<Addressed, UnreadableLetter> {
        let text = self.master.open(PURPOSE, id.as_bytes(), sealed)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Seals every waiting letter that another master key sealed anew with the current one; how many. May be interrupted
    /// and run again at any time, beside live servers.
    ///
    /// # Errors
    /// When the database fails, or a letter cannot be opened with the configured keys.
    pub async fn reseal(&self, client: &impl GenericClient) -> Result<u64, ResealError> {
        let (mut after, mut count) = (Uuid::nil(), 0);
        loop {
            let rows = client.query(WAITING, &[&after]).await?;
            for row in &rows {
                let (id, sealed): (Uuid, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                after = id;
                if self.master.sealed_otherwise(PURPOSE, &sealed) {
                    let fresh = self.sealed_anew(id, &sealed)?;
                    count += client.execute(RESEAL, &[&id, &sealed, &fresh]).await?;
                }
            }
            if rows.is_empty() {
                return Ok(count);
            }
        }
    }

    fn sealed_anew(&self, id: Uuid, sealed: &[u8]) -> Result<Vec<u8>, ResealError> {
        let text = self.master.open(PURPOSE, id.as_bytes(), sealed);
        let text = text.map_err(|source| ResealError::Open { id, source })?;
        let fresh = self.master.seal(PURPOSE, id.as_bytes(), &text);
        fresh.map_err(ResealError::Seal)
    }
}
