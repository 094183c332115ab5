//! Rotation of the master key: every data key is wrapped anew with the current one. No event is touched.

use const_format::formatcp;
use event_store::Partition;
use schema::table::{DATA_KEYS, MASTER_KEYS};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::{SealingError, UnusableKey};
use crate::keyring::Keyring;
use domain::ids::UserId;

/// Keys in one batch: a statement that reads them and one that writes them.
const BATCH_KEYS: i64 = 500;

const WRAPPED_OTHERWISE: &str = formatcp!(
    "SELECT k.org_id, k.subject_id, k.wrapped, k.master_key_id FROM {DATA_KEYS} k \
      WHERE k.partition = $1 AND k.master_key_id <> $2 ORDER BY k.org_id, k.subject_id LIMIT {BATCH_KEYS}"
);
/// Only where the key still is what was read: one that was destroyed meanwhile stays destroyed.
const WRAP: &str = formatcp!(
    "UPDATE {DATA_KEYS} k SET wrapped = n.fresh, master_key_id = $2 \
       FROM unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::bytea[]) AS n(org_id, subject_id, old, fresh) \
      WHERE k.partition = $1 AND k.org_id = n.org_id AND k.subject_id = n.subject_id AND k.wrapped = n.old"
);
const COUNT_OTHERWISE: &str = formatcp!(
    "SELECT count(*) FROM {DATA_KEYS} k WHERE k.partition = $1 AND k.master_key_id <> $2"
);
/// No data key needs the others any more.
const DROP_PROOFS: &str = formatcp!("DELETE FROM {MASTER_KEYS} WHERE id <> $1");

struct Wrapped {
    org_id: Uuid,
    subject: Uuid,
    old: Vec<u8>,
    fresh: Vec<u8>,
}

impl Keyring {
    /// How many data keys of a partition another master key than the current one wraps.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_to_rotate(&self, partition: Partition) -> Result<u64, SealingError> {
        let client = self.pool.get().await?;
        let row = client
            .query_one(
                COUNT_OTHERWISE,
                &[&partition.get(), &self.master.current_id()],
            )
            .await?;
        Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
    }

    /// Wraps one batch of a partition's data keys anew with the current master key, and says how many that were; 0 when
    /// none is left. May be interrupted and run again at any time, beside live servers.
    ///
    /// # Errors
    /// When the database fails, or a master key that wraps one of them is not configured.
    pub async fn rotate_batch(&self, partition: Partition) -> Result<u64, SealingError> {
        let client = self.pool.get().await?;
        let current = self.master.current_id();
        let rows = client
            .query(WRAPPED_OTHERWISE, &[&partition.get(), &current])
            .await?;
        let batch: Vec<Wrapped> = rows
            .iter()
            .map(|row| self.wrapped_anew(row))
            .collect::<Result<_, _>>()?;
        let org_ids: Vec<Uuid> = batch.iter().map(|key| key.org_id).collect();
        let subjects: Vec<Uuid> = batch.iter().map(|key| key.subject).collect();
        let old: Vec<&[u8]> = batch.iter().map(|key| key.old.as_slice()).collect();
        let fresh: Vec<&[u8]> = batch.iter().map(|key| key.fresh.as_slice()).collect();
        client
            .execute(
                WRAP,
                &[
                    &partition.get(),
                    &current,
                    &org_ids,
                    &subjects,
                    &old,
                    &fresh,
                ],
            )
            .await?;
        Ok(batch.len() as u64)
    }

    /// Forgets the proofs of all master keys but the current one, so that servers start without them. Only once
    /// [`Keyring::rotate_batch`] has left none in any partition.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retire_other_master_keys(&self) -> Result<u64, SealingError> {
        let client = self.pool.get().await?;
        let current = self.master.current_id();
        Ok(client.execute(DROP_PROOFS, &[&current]).await?)
    }

    fn wrapped_anew(&self, row: &Row) -> Result<Wrapped, SealingError> {
        let (org_id, subject): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        let (old, master_key): (Vec<u8>, &str) = (row.try_get(2)?, row.try_get(3)?);
        let key = self.master.unwrap(master_key, &old, org_id, subject);
        let key = key.ok_or_else(|| UnusableKey::NoMasterKey {
            subject: UserId(subject),
            master_key: master_key.to_owned(),
        })?;
        let key = key.map_err(|source| UnusableKey::Damaged {
            subject: UserId(subject),
            source,
        })?;
        let fresh = self.master.wrap(&key, org_id, subject);
        Ok(Wrapped {
            org_id,
            subject,
            old,
            fresh: fresh.map_err(SealingError::Seal)?,
        })
    }
}
