//! The data keys: in the database, wrapped, and the recent ones in memory.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use const_format::formatcp;
use deadpool_postgres::Pool;
use domain::ids::UserId;
use event_store::{OrgId, Partition};
use metrics::gauge;
use moka::sync::Cache;
use schema::table::{DATA_KEYS, MASTER_KEYS};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::cipher::{Cipher, KeyBytes, random};
use crate::error::{MasterKeyMismatch, SealingError, UnusableKey};
use crate::master::MasterKeys;
use crate::newcomers::Newcomers;

/// The most data keys in memory, about 1 KiB each.
pub const KEYS_MAX: u64 = 10_000;
/// The longest that a data key stays in memory: by then a process has forgotten the key of an erased person, whatever it
/// did not hear of.
pub const KEY_LIFETIME: Duration = Duration::from_secs(60);
/// The longest wait for a first key.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How far back [`Keyring::recently_erased`] looks, so that nobody who asks every second misses one.
const RECENTLY_S: i32 = 15;

/// The most people that [`Keyring::people`] gives at a time.
const PEOPLE_PAGE: i64 = 500;

const FIND: &str = formatcp!(
    "SELECT k.org_id, k.subject_id, k.wrapped, k.master_key_id \
       FROM unnest($2::uuid[], $3::uuid[]) AS n(org_id, subject_id) \
       JOIN {DATA_KEYS} k ON k.partition = $1 AND k.org_id = n.org_id AND k.subject_id = n.subject_id"
);
/// The keys of people, made for those who have none. One that another transaction makes in this moment is in neither part.
const FIND_OR_ADD: &str = formatcp!(
    "WITH wanted AS ( \
       SELECT n.org_id, n.subject_id, n.wrapped FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS n(org_id, subject_id, wrapped)), \
     made AS ( \
       INSERT INTO {DATA_KEYS} (partition, org_id, subject_id, wrapped, master_key_id) \
       SELECT $1, n.org_id, n.subject_id, n.wrapped, $5 FROM wanted n ORDER BY n.org_id, n.subject_id \
       ON CONFLICT (partition, org_id, subject_id) DO NOTHING RETURNING org_id, subject_id, wrapped, master_key_id) \
     SELECT m.org_id, m.subject_id, m.wrapped, m.master_key_id FROM made m \
     UNION ALL \
     SELECT k.org_id, k.subject_id, k.wrapped, k.master_key_id FROM wanted n \
       JOIN {DATA_KEYS} k ON k.partition = $1 AND k.org_id = n.org_id AND k.subject_id = n.subject_id"
);
/// Destroys a key: `$1` partition, `$2` organization, `$3` person. A person without a key gets the mark, so that they
/// never get one. The projector runs it in the transaction in which the read models forget.
pub const DESTROY: &str = formatcp!(
    "INSERT INTO {DATA_KEYS} AS k (partition, org_id, subject_id, erased_at) VALUES ($1, $2, $3, now()) \
     ON CONFLICT (partition, org_id, subject_id) DO UPDATE \
        SET wrapped = NULL, master_key_id = NULL, erased_at = EXCLUDED.erased_at WHERE k.wrapped IS NOT NULL"
);
/// People whose key is there, some at a time.
const PEOPLE: &str = formatcp!(
    "SELECT k.subject_id FROM {DATA_KEYS} k \
      WHERE k.partition = $1 AND k.org_id = $2 AND k.wrapped IS NOT NULL AND k.subject_id > $3 \
      ORDER BY k.subject_id LIMIT {PEOPLE_PAGE}"
);
/// Of every partition: a server forgets whomever it may know.
const RECENTLY_ERASED: &str = formatcp!(
    "SELECT k.org_id, k.subject_id FROM {DATA_KEYS} k \
      WHERE k.erased_at > now() - make_interval(secs => {RECENTLY_S})"
);
const PROOFS: &str =
    formatcp!("SELECT m.id, m.proof FROM {MASTER_KEYS} m ORDER BY m.created_at, m.id");
const ADD_PROOF: &str =
    formatcp!("INSERT INTO {MASTER_KEYS} (id, proof) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING");

/// Where a person's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The partition of their organization.
    pub partition: Partition,
    /// Their organization.
    pub org_id: OrgId,
}

/// A person within the partition of a page.
pub(crate) type Person = (OrgId, UserId);

/// What is known of a person's key.
#[derive(Clone)]
pub(crate) enum Known {
    /// It is there.
    Key(Arc<Cipher>),
    /// It was destroyed.
    Erased,
}

/// What is found out about a person's key. One that cannot be used is that person's matter and nobody else's.
pub(crate) type Found = Result<Known, UnusableKey>;

/// Seals and opens. Clones are cheap and share the keys in memory.
#[derive(Clone)]
pub struct Keyring {
    pub(crate) pool: Pool,
    pub(crate) master: MasterKeys,
    recent: Cache<Person, Known>,
    newcomers: Arc<Newcomers>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("master", &self.master)
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// The keys in the database of `pool`. Nothing is checked: see [`Keyring::check`].
    #[must_use]
    pub fn new(pool: Pool, master: MasterKeys) -> Self {
        let recent = Cache::builder()
            .max_capacity(KEYS_MAX)
            .time_to_live(KEY_LIFETIME)
            .build();
        Self {
            pool,
            master,
            recent,
            newcomers: Arc::new(Newcomers::new()),
        }
    }

    /// Holds the configured master keys against the database: every one that it needs must be here and the right one. A
    /// new current key is made known.
    ///
    /// # Errors
    /// When one is missing or wrong, or the database cannot be asked.
    pub async fn check(&self) -> Result<(), MasterKeyMismatch> {
        let known = self.proofs().await?;
        for (id, proof) in &known {
            match self.master.holds(id, proof) {
                Some(true) => {}
                Some(false) => return Err(MasterKeyMismatch::Wrong { id: id.clone() }),
                None => {
                    return Err(MasterKeyMismatch::Missing {
                        id: id.clone(),
                        configured: self.master.clone(),
                    });
                }
            }
        }
        let current = self.master.current_id();
        if !known.iter().any(|(id, _)| id == current) {
            self.add_proof(current).await?;
        }
        Ok(())
    }

    /// The key of a person, made if they have none yet. It is in the database before anybody seals with it.
    ///
    /// # Errors
    /// [`SealingError::Erased`] when it was destroyed; else when the database or a master key is at fault.
    pub(crate) async fn key(
        &self,
        place: Place,
        subject: UserId,
    ) -> Result<Arc<Cipher>, SealingError> {
        let person = (place.org_id, subject);
        if let Some(known) = self.recent.get(&person) {
            return known.usable(subject);
        }
        let waited = timeout(WAIT_MAX, self.wait_for_key(place.partition, person)).await;
        waited.map_err(|_| SealingError::Busy)???.usable(subject)
    }

    /// Waits until somebody else has asked for this person's key along with others, or does so for all who wait.
    async fn wait_for_key(
        &self,
        partition: Partition,
        person: Person,
    ) -> Result<Found, SealingError> {
        loop {
            let mut answer = self.newcomers.join(partition, person);
            let turn = tokio::select! {
                biased;
                answered = &mut answer => match answered {
                    Ok(found) => return Ok(found),
                    // Whoever took this person along failed.
                    Err(_) => continue,
                },
                turn = self.newcomers.turn() => turn.map_err(|_| SealingError::Busy)?,
            };
            let batch = self.newcomers.take(partition);
            let people = batch.people();
            if !people.is_empty() {
                batch.answer(&self.find_or_make(partition, &people).await?);
            }
            drop(turn);
            if let Ok(found) = answer.await {
                return Ok(found);
            }
        }
    }

    /// What is known of everybody's key after those who had none got one.
    async fn find_or_make(
        &self,
        partition: Partition,
        people: &BTreeSet<Person>,
    ) -> Result<HashMap<Person, Found>, SealingError> {
        let mut made = Vec::with_capacity(people.len());
        for (org_id, subject) in people {
            let key: KeyBytes = Zeroizing::new(random().map_err(SealingError::Seal)?);
            let wrapped = self.master.wrap(&key, org_id.0, subject.0);
            made.push(wrapped.map_err(SealingError::Seal)?);
        }
        let (org_ids, subjects) = columns(people);
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(FIND_OR_ADD).await?;
        let values: [&(dyn ToSql + Sync); 5] = [
            &partition.get(),
            &org_ids,
            &subjects,
            &made,
            &self.master.current_id(),
        ];
        let rows = client.query(&statement, &values).await?;
        drop(client);
        let mut found = self.keep(&rows)?;
        let of_others: Vec<Person> = people
            .iter()
            .filter(|person| !found.contains_key(person))
            .copied()
            .collect();
        if !of_others.is_empty() {
            // Another server made them in this moment, or destroyed them.
            let made_elsewhere = self.read(partition, &of_others).await?;
            found.extend(of_others.into_iter().map(|who| (who, Ok(Known::Erased))));
            found.extend(made_elsewhere);
        }
        Ok(found)
    }

    /// A key that is in memory.
    pub(crate) fn recent(&self, person: &Person) -> Option<Known> {
        self.recent.get(person)
    }

    /// Reads keys of a partition and keeps them in memory. Those who have none are absent. One that cannot be used is an
    /// error.
    pub(crate) async fn find(
        &self,
        partition: Partition,
        people: &[Person],
    ) -> Result<HashMap<Person, Known>, SealingError> {
        let found = self.read(partition, people).await?;
        let usable = found.into_iter().map(|(who, found)| Ok((who, found?)));
        usable.collect()
    }

    async fn read(
        &self,
        partition: Partition,
        people: &[Person],
    ) -> Result<HashMap<Person, Found>, SealingError> {
        let (org_ids, subjects) = columns(people);
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(FIND).await?;
        let rows = client
            .query(&statement, &[&partition.get(), &org_ids, &subjects])
            .await?;
        self.keep(&rows)
    }

    /// Unwraps keys and keeps in memory what can be used.
    fn keep(&self, rows: &[Row]) -> Result<HashMap<Person, Found>, SealingError> {
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let person = (OrgId(row.try_get(0)?), UserId(row.try_get(1)?));
            let (wrapped, master_key) = (row.try_get(2)?, row.try_get(3)?);
            let known = match (wrapped, master_key) {
                (Some(wrapped), Some(master_key)) => self.unwrapped(person, wrapped, master_key),
                _ => Ok(Known::Erased),
            };
            if let Ok(known) = &known {
                self.recent.insert(person, known.clone());
                gauge!("insightdesk_cache_entries", "cache" => "data_keys")
                    .set(self.recent.entry_count() as f64);
            }
            found.insert(person, known);
        }
        Ok(found)
    }

    fn unwrapped(&self, (org_id, subject): Person, wrapped: &[u8], master_key: &str) -> Found {
        match self.master.unwrap(master_key, wrapped, org_id.0, subject.0) {
            Some(Ok(key)) => Ok(Known::Key(Arc::new(Cipher::new(&key)))),
            Some(Err(source)) => Err(UnusableKey::Damaged { subject, source }),
            None => Err(UnusableKey::NoMasterKey {
                subject,
                master_key: master_key.to_owned(),
            }),
        }
    }

    /// Destroys a person's key for ever, in the database and in the memory of this process. A second time changes nothing.
    ///
    /// # Errors
    /// When the database fails; the key is there as before then.
    pub async fn destroy(&self, place: Place, subject: UserId) -> Result<(), SealingError> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(DESTROY).await?;
        client
            .execute(
                &statement,
                &[&place.partition.get(), &place.org_id.0, &subject.0],
            )
            .await?;
        self.forget(place.org_id, subject);
        Ok(())
    }

    /// People of an organization whose data can still be read, in the order of their ids: those after `after`, some at a
    /// time. None when there are no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people(&self, place: Place, after: UserId) -> Result<Vec<UserId>, SealingError> {
        let client = self.pool.get().await?;
        let values: [&(dyn ToSql + Sync); 3] = [&place.partition.get(), &place.org_id.0, &after.0];
        let rows = client.query(PEOPLE, &values).await?;
        rows.iter().map(|row| Ok(UserId(row.try_get(0)?))).collect()
    }

    /// Drops a person's key from the memory of this process.
    pub fn forget(&self, org_id: OrgId, subject: UserId) {
        self.recent.invalidate(&(org_id, subject));
    }

    /// Those who were erased within the last seconds, through whichever server. Ask about every second, and forget them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recently_erased(&self) -> Result<HashSet<(OrgId, UserId)>, SealingError> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(RECENTLY_ERASED).await?;
        let rows = client.query(&statement, &[]).await?;
        let person = |row: &Row| Ok((OrgId(row.try_get(0)?), UserId(row.try_get(1)?)));
        rows.iter().map(person).collect()
    }

    pub(crate) async fn proofs(&self) -> Result<Vec<(String, Vec<u8>)>, SealingError> {
        let client = self.pool.get().await?;
        let rows = client.query(PROOFS, &[]).await?;
        let proof = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(proof).collect()
    }

    async fn add_proof(&self, id: &str) -> Result<(), SealingError> {
        let proof = self.master.prove().map_err(SealingError::Seal)?;
        let client = self.pool.get().await?;
        client.execute(ADD_PROOF, &[&id, &proof]).await?;
        Ok(())
    }
}

/// As the parameters of a statement.
fn columns<'a>(people: impl IntoIterator<Item = &'a Person>) -> (Vec<Uuid>, Vec<Uuid>) {
    let ids = people.into_iter().map(|(org, subject)| (org.0, subject.0));
    ids.unzip()
}

impl Known {
    fn usable(self, subject: UserId) -> Result<Arc<Cipher>, SealingError> {
        match self {
            Self::Key(cipher) => Ok(cipher),
            Self::Erased => Err(SealingError::Erased(subject)),
        }
    }
}
