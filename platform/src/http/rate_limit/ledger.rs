//! The buckets of this process.

use std::collections::HashMap;

use super::{Budget, Class, Micros, Refusal, Standing, Subject, SubjectKind};

/// Subjects that are counted apart. More share one bucket of their kind: a crowd does not get more by being larger, and
/// memory stays bounded (about 10 MB).
const ACCOUNTS_MAX: usize = 50_000;

/// A request to be taken from a budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub class: Class,
    pub subject: Subject,
    pub budget: Budget,
}

/// What was spent here and not yet settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Debt {
    pub charge: Charge,
    pub spent: u64,
}

/// How far a process may go by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spending {
    /// Up to a lease; more waits for a settlement.
    UpToTheLease,
    /// As far as its own bucket goes: nobody else can be asked.
    Alone,
}

/// A charge was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Somebody has spent half of a lease.
    pub settle_soon: bool,
}

/// Why it was not.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    Refused(Refusal),
    /// The lease is spent: settle first.
    Owes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    One(Class, Subject),
    /// Everybody for whom there is no room. It is not settled: what many share is shared with nobody else.
    Crowd(Class, SubjectKind),
}

#[derive(Debug, Default)]
struct Account {
    /// When the bucket is full again.
    full_at: Micros,
    unsettled: u64,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    accounts: HashMap<Key, Account>,
    /// Those with something unsettled, each once.
    debtors: Vec<Charge>,
}

impl Ledger {
    /// Takes one request from every bucket, or from none, to be settled later.
    pub fn take(
        &mut self,
        charges: &[Charge],
        now: Micros,
        spending: Spending,
    ) -> Result<Taken, NotTaken> {
        self.check(charges, now).map_err(NotTaken::Refused)?;
        if spending == Spending::UpToTheLease && charges.iter().any(|charge| self.owes(charge)) {
            return Err(NotTaken::Owes);
        }
        self.spend(charges, now);
        let mut settle_soon = false;
        for charge in charges {
            let Some(account) = self.accounts.get_mut(&one(charge)) else {
                continue;
            };
            account.unsettled += 1;
            settle_soon |= account.unsettled == charge.budget.lease().div_ceil(2);
            if account.unsettled == 1 {
                self.debtors.push(*charge);
            }
        }
        Ok(Taken { settle_soon })
    }

    /// Takes one request from every bucket, or from none, with nothing to settle.
    pub fn take_settled(&mut self, charges: &[Charge], now: Micros) -> Result<(), Refusal> {
        self.check(charges, now)?;
        self.spend(charges, now);
        Ok(())
    }

    /// Undoes a [`Self::take_settled`].
    pub fn give_back(&mut self, charges: &[Charge]) {
        for charge in charges {
            if let Some(account) = self.accounts.get_mut(&self.key(charge)) {
                account.full_at = account.full_at.minus(charge.budget.interval());
            }
        }
    }

    fn check(&self, charges: &[Charge], now: Micros) -> Result<(), Refusal> {
        let is_spent = |charge: &&Charge| {
            let budget = charge.budget;
            self.backlog(charge, now).plus(budget.interval()) > budget.tolerance()
        };
        match charges.iter().find(is_spent) {
            Some(charge) => Err(self.refusal(charge, now)),
            None => Ok(()),
        }
    }

    fn owes(&self, charge: &Charge) -> bool {
        let account = self.accounts.get(&one(charge));
        account.is_some_and(|account| account.unsettled >= charge.budget.lease())
    }

    fn spend(&mut self, charges: &[Charge], now: Micros) {
        for charge in charges {
            let account = self.accounts.entry(self.key(charge)).or_default();
            account.full_at = account.full_at.max(now).plus(charge.budget.interval());
        }
    }

    /// How the bucket is.
    pub fn standing(&self, charge: &Charge, now: Micros) -> Standing {
        let (backlog, budget) = (self.backlog(charge, now), charge.budget);
        Standing {
            kind: charge.subject.kind(),
            budget,
            remaining: budget.tolerance().minus(backlog).0 / budget.interval().0,
            full_in: backlog.into(),
        }
    }

    /// Why the bucket gives nothing.
    pub fn refusal(&self, charge: &Charge, now: Micros) -> Refusal {
        let budget = charge.budget;
        let after = self.backlog(charge, now).plus(budget.interval());
        Refusal {
            kind: charge.subject.kind(),
            budget,
            retry_in: after.minus(budget.tolerance()).into(),
        }
    }

    /// Up to `most` of those who owe; they go on owing until [`Self::end_settlement`].
    pub fn begin_settlement(&mut self, most: usize) -> Vec<Debt> {
        let rest = self.debtors.split_off(self.debtors.len().min(most));
        let debtors = std::mem::replace(&mut self.debtors, rest);
        let spent = |charge: &Charge| {
            let account = self.accounts.get(&one(charge));
            account.map_or(0, |account| account.unsettled)
        };
        let debts = debtors.into_iter().map(|charge| Debt {
            charge,
            spent: spent(&charge),
        });
        debts.collect()
    }

    /// `backlogs` are those of the shared buckets, with the debts in them; none when they could not be told: then the
    /// debts are forgotten, as they were taken from the buckets here already.
    pub fn end_settlement(&mut self, debts: &[Debt], backlogs: Option<&[Micros]>, now: Micros) {
        for (place, Debt { charge, spent }) in debts.iter().enumerate() {
            // Who owes is not swept.
            let Some(account) = self.accounts.get_mut(&one(charge)) else {
                continue;
            };
            account.unsettled = account.unsettled.saturating_sub(*spent);
            if account.unsettled > 0 {
                self.debtors.push(*charge);
            }
            if let Some(backlog) = backlogs.and_then(|backlogs| backlogs.get(place)) {
                let since = charge.budget.interval().times(account.unsettled);
                raise(account, now, backlog.plus(since));
            }
        }
    }

    /// What the shared buckets lack more than ours, others spent.
    pub fn learn(&mut self, charges: &[Charge], backlogs: &[Micros], now: Micros) {
        for (charge, backlog) in charges.iter().zip(backlogs) {
            if let Some(account) = self.accounts.get_mut(&one(charge)) {
                raise(account, now, *backlog);
            }
        }
    }

    /// Forgets the buckets that are full: they are as if they had never been.
    pub fn sweep(&mut self, now: Micros) {
        self.accounts
            .retain(|_, account| account.unsettled > 0 || account.full_at > now);
    }

    /// Of how many something is known.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    fn backlog(&self, charge: &Charge, now: Micros) -> Micros {
        let account = self.accounts.get(&self.key(charge));
        account.map_or(Micros(0), |account| account.full_at.minus(now))
    }

    fn key(&self, charge: &Charge) -> Key {
        let one = one(charge);
        if self.accounts.len() < ACCOUNTS_MAX || self.accounts.contains_key(&one) {
            one
        } else {
            Key::Crowd(charge.class, charge.subject.kind())
        }
    }
}

fn one(charge: &Charge) -> Key {
    Key::One(charge.class, charge.subject)
}

/// Never lowers: what this process spent itself it knows, also when Valkey has forgotten it.
fn raise(account: &mut Account, now: Micros, backlog: Micros) {
    account.full_at = account.full_at.max(now.plus(backlog));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use uuid::Uuid;

    const SECOND: Micros = Micros(1_000_000);

    fn charge(id: u128, budget: &str) -> Charge {
        Charge {
            class: Class::Default,
            subject: Subject::ApiKey(Uuid::from_u128(id)),
            budget: budget.parse().unwrap(),
        }
    }

    fn spend(ledger: &mut Ledger, charge: Charge, now: Micros) -> u64 {
        let mut spent = 0;
        while ledger.take(&[charge], now, Spending::Alone).is_ok() {
            spent += 1;
        }
        spent
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_what_flows_in() {
        let (mut ledger, charge) = (Ledger::default(), charge(1, "10/s burst 30"));
        assert_eq!(spend(&mut ledger, charge, SECOND), 30);
        assert_eq!(spend(&mut ledger, charge, SECOND), 0);
        assert_eq!(spend(&mut ledger, charge, SECOND.plus(Micros(100_000))), 1);
        assert_eq!(spend(&mut ledger, charge, SECOND.times(2)), 9);
        assert_eq!(spend(&mut ledger, charge, SECOND.times(100)), 30);
    }

    #[test]
    fn a_refusal_says_when_there_is_something_again() {
        let (mut ledger, charge) = (Ledger::default(), charge(1, "30/h burst 10"));
        spend(&mut ledger, charge, SECOND);
        let refused = ledger.take(&[charge], SECOND, Spending::Alone);
        let Err(NotTaken::Refused(refusal)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refusal.retry_after_s(), 120);
        assert_eq!(spend(&mut ledger, charge, SECOND.times(120)), 0);
        assert_eq!(spend(&mut ledger, charge, SECOND.times(121)), 1);
    }

    #[test]
    fn all_buckets_are_charged_or_none() {
        let mut ledger = Ledger::default();
        let (wide, narrow) = (charge(1, "10/s"), charge(2, "1/h"));
        assert!(
            ledger
                .take(&[wide, narrow], SECOND, Spending::Alone)
                .is_ok()
        );
        assert!(
            ledger
                .take(&[wide, narrow], SECOND, Spending::Alone)
                .is_err()
        );
        assert_eq!(ledger.standing(&wide, SECOND).remaining, 9);
    }

    #[test]
    fn whoever_spent_a_lease_settles_before_the_next() {
        let (mut ledger, charge) = (Ledger::default(), charge(1, "10/s burst 40"));
        let take = |ledger: &mut Ledger| ledger.take(&[charge], SECOND, Spending::UpToTheLease);
        assert_eq!(take(&mut ledger), Ok(Taken { settle_soon: true }));
        assert_eq!(take(&mut ledger), Ok(Taken { settle_soon: false }));
        assert_eq!(take(&mut ledger), Err(NotTaken::Owes));
        let debts = ledger.begin_settlement(9);
        assert_eq!(debts[0].spent, 2);
        assert_eq!(take(&mut ledger), Err(NotTaken::Owes));
        ledger.end_settlement(&debts, Some(&[Micros(200_000)]), SECOND);
        assert!(take(&mut ledger).is_ok());
        assert_eq!(ledger.begin_settlement(9).len(), 1);
    }

    #[test]
    fn what_others_spent_is_learned_and_nothing_of_ours_forgotten() {
        let (mut ledger, charge) = (Ledger::default(), charge(1, "10/s burst 40"));
        ledger.take(&[charge], SECOND, Spending::Alone).unwrap();
        let debts = ledger.begin_settlement(9);
        ledger.take(&[charge], SECOND, Spending::Alone).unwrap();
        ledger.end_settlement(&debts, Some(&[Micros(1_000_000)]), SECOND);
        // Ten by everybody, and one of ours since.
        assert_eq!(ledger.standing(&charge, SECOND).remaining, 29);
        let debts = ledger.begin_settlement(9);
        ledger.end_settlement(&debts, Some(&[Micros(0)]), SECOND);
        assert_eq!(ledger.standing(&charge, SECOND).remaining, 29);
    }

    #[test]
    fn a_debt_that_could_not_be_told_is_not_told_twice() {
        let (mut ledger, charge) = (Ledger::default(), charge(1, "10/s burst 40"));
        ledger.take(&[charge], SECOND, Spending::Alone).unwrap();
        let debts = ledger.begin_settlement(9);
        ledger.end_settlement(&debts, None, SECOND);
        assert!(ledger.begin_settlement(9).is_empty());
        assert_eq!(ledger.standing(&charge, SECOND).remaining, 39);
    }

    #[test]
    fn full_buckets_are_forgotten_and_no_others() {
        let mut ledger = Ledger::default();
        let charges = [charge(1, "10/s"), charge(2, "1/h")];
        for charge in charges {
            ledger.take_settled(&[charge], SECOND).unwrap();
        }
        ledger.sweep(SECOND.times(2));
        assert_eq!(ledger.accounts.len(), 1);
        assert_eq!(ledger.standing(&charges[1], SECOND.times(2)).remaining, 0);
    }

    #[test]
    fn more_than_can_be_counted_apart_share_one_bucket() {
        let mut ledger = Ledger::default();
        for id in 0..ACCOUNTS_MAX as u128 {
            ledger
                .take(&[charge(id, "1/h burst 5")], SECOND, Spending::Alone)
                .unwrap();
        }
        let newcomers = (0..9_u128).map(|id| charge(u128::MAX - id, "1/h burst 5"));
        let let_in = newcomers.filter(|charge| {
            let taken = ledger.take(&[*charge], SECOND, Spending::UpToTheLease);
            taken.is_ok()
        });
        assert_eq!(let_in.count(), 5);
        assert_eq!(ledger.accounts.len(), ACCOUNTS_MAX + 1);
        // Who was there before is counted apart as ever.
        assert_eq!(spend(&mut ledger, charge(7, "1/h burst 5"), SECOND), 4);
    }
}
