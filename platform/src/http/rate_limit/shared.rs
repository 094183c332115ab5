//! The buckets that all processes share, in Valkey.

use std::sync::LazyLock;

use fred::types::scripts::Script;
use schema::key;

use super::ledger::{Charge, Debt};
use super::{Micros, SHARED_TIMEOUT, Subject};
use crate::valkey::Valkey;

/// Charges buckets by the clock of the server. A bucket is the time at which it would be full again, in microseconds; it
/// is gone when it is full.
/// KEYS: the buckets. ARGV: `settle` charges all of them whatever they hold, `take` all or none of them; then for each
/// bucket the time in which one request is filled in, the time in which all of it is, and how many requests to take.
/// Returns the number of the bucket that gave nothing, or 0, and for each bucket the time until it is full.
const CHARGE: &str = r#"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local backlogs, charged, refused = {}, {}, 0
for i, key in ipairs(KEYS) do
  local interval, tolerance, count = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  backlogs[i] = math.max(tonumber(redis.call('GET', key) or 0) - now, 0)
  charged[i] = backlogs[i] + interval * count
  if refused == 0 and charged[i] > tolerance then
    refused = i
  end
end
if ARGV[1] == 'take' and refused > 0 then
  return {refused, unpack(backlogs)}
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', now + charged[i]), 'PX', math.ceil(charged[i] / 1000) + 1)
end
return {0, unpack(charged)}
"#;

static CHARGE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::from_lua(CHARGE));

/// What Valkey says to a request. The backlogs are the times until the buckets are full.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SharedVerdict {
    Allowed(Vec<Micros>),
    /// `by` is the place of the first bucket that gave nothing; nothing was taken.
    Refused {
        by: usize,
        backlogs: Vec<Micros>,
    },
}

#[derive(Debug)]
pub(super) struct SharedBuckets {
    valkey: Valkey,
}

impl SharedBuckets {
    pub fn new(valkey: Valkey) -> Self {
        Self { valkey }
    }

    pub fn is_connected(&self) -> bool {
        self.valkey.is_connected()
    }

    /// Takes one request from all buckets or none; none when Valkey does not say in time.
    pub async fn take(&self, charges: &[Charge]) -> Option<SharedVerdict> {
        let (refused, backlogs) = self
            .run("take", charges.iter().map(|charge| (charge, 1)))
            .await?;
        Some(match refused.checked_sub(1) {
            Some(by) if by < charges.len() => SharedVerdict::Refused { by, backlogs },
            _ => SharedVerdict::Allowed(backlogs),
        })
    }

    /// Takes what was spent here; gives the backlogs with it, or none when Valkey does not say in time.
    pub async fn settle(&self, debts: &[Debt]) -> Option<Vec<Micros>> {
        let charges = debts.iter().map(|debt| (&debt.charge, debt.spent));
        let (_, backlogs) = self.run("settle", charges).await?;
        Some(backlogs)
    }

    async fn run(
        &self,
        mode: &str,
        charges: impl Iterator<Item = (&Charge, u64)>,
    ) -> Option<(usize, Vec<Micros>)> {
        let (mut keys, mut arguments) = (Vec::new(), vec![mode.to_owned()]);
        for (charge, count) in charges {
            keys.push(bucket(charge));
            let (interval, tolerance) = (charge.budget.interval(), charge.budget.tolerance());
            arguments.extend([interval.0, tolerance.0, count].map(|number| number.to_string()));
        }
        let expected = keys.len();
        let answer = self
            .valkey
            .run_script::<Vec<i64>>(&CHARGE_SCRIPT, keys, arguments);
        let answer = match tokio::time::timeout(SHARED_TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "no shared rate limits"
                );
                return None;
            }
            Err(_elapsed) => return None,
        };
        let mut numbers = answer
            .into_iter()
            .map(|number| u64::try_from(number).unwrap_or_default());
        let refused = usize::try_from(numbers.next()?).ok()?;
        let backlogs: Vec<Micros> = numbers.map(Micros).collect();
        (backlogs.len() == expected).then_some((refused, backlogs))
    }
}

/// The name of a bucket.
fn bucket(charge: &Charge) -> String {
    let (class, kind) = (charge.class.as_str(), charge.subject.kind().as_str());
    match charge.subject {
        Subject::Address(address) => key::rate_limit(class, kind, address),
        Subject::Person(id) => key::rate_limit(class, kind, id.0),
        Subject::Organization(id) => key::rate_limit(class, kind, id.0),
        Subject::ApiKey(id) => key::rate_limit(class, kind, id),
        Subject::Account(hash) => key::rate_limit(class, kind, first_half(hash.0)),
    }
}

/// Enough of a hash to tell accounts apart.
fn first_half(hash: [u8; 32]) -> String {
    let half = std::array::from_fn(|place| hash[place]);
    format!("{:032x}", u128::from_be_bytes(half))
}
