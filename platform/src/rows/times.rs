//! How the times that reports measure are packed.

use serde::{Deserialize, Serialize};

use super::column::{Column, RowError};

/// Times in seconds that were added and taken away, packed: each as twice its seconds, and one more where it was taken away,
/// in groups of seven bits, the lowest first, the eighth bit set on all but the last.
///
/// Two of these one after the other are the times of both, so PostgreSQL sums them by `||` and by `string_agg`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Times(pub Vec<u8>);

impl Times {
    /// Notes a time; `sign` is negative for one that is taken away.
    pub fn push(&mut self, seconds: i64, sign: i64) {
        // Times begin at an opening and end later: see the fold of the facts.
        let mut rest = seconds.unsigned_abs() << 1 | u64::from(sign < 0);
        while rest >= 0x80 {
            self.0.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    /// The times that are left, in no order.
    #[must_use]
    pub fn left(&self) -> Vec<u32> {
        let (mut added, mut taken) = (Vec::with_capacity(self.0.len() / 2), Vec::new());
        let (mut value, mut shift) = (0_u64, 0_u32);
        for byte in &self.0 {
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                let seconds = u32::try_from(value >> 1).unwrap_or(u32::MAX);
                if value & 1 == 0 {
                    added.push(seconds);
                } else {
                    taken.push(seconds);
                }
                (value, shift) = (0, 0);
            }
        }
        if taken.is_empty() {
            return added;
        }
        added.sort_unstable();
        taken.sort_unstable();
        let mut taken = taken.into_iter().peekable();
        added.retain(|seconds| taken.next_if_eq(seconds).is_none());
        added
    }
}

impl Column for Times {
    const TYPE: &'static str = "bytea";
    type Parameter = Vec<u8>;
    type Stored = Vec<u8>;

    fn parameter(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn from_stored(stored: Vec<u8>) -> Result<Self, RowError> {
        Ok(Self(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_but_for_those_that_were_taken_away() {
        let mut times = Times::default();
        for seconds in [0, 1, 63, 64, 5_000_000, 64] {
            times.push(seconds, 1);
        }
        times.push(64, -1);
        times.push(0, -1);
        let mut left = times.left();
        left.sort_unstable();
        assert_eq!(left, [1, 63, 64, 5_000_000]);
    }

    #[test]
    fn the_times_of_both_are_one_after_the_other() {
        let (mut one, mut other) = (Times::default(), Times::default());
        one.push(300, 1);
        other.push(300, -1);
        other.push(7, 1);
        one.0.extend(other.0);
        assert_eq!(one.left(), [7]);
    }
}
