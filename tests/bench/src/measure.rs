//! Running a number of clients for a while, and what comes out.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::task::JoinSet;

/// Runs before a measurement that do not count: connections, plans and caches get warm.
const WARM_UP: Duration = Duration::from_millis(300);

/// One client's single operation, called again and again.
pub type Operation = Box<dyn FnMut() -> BoxFuture<'static, Result<()>> + Send>;

/// What one measurement gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// Operations (or rows, as the line says) a second, all clients together.
    pub rate: f64,
    /// The median time of an operation in milliseconds.
    pub p50_ms: f64,
    /// The time that 99 of 100 operations did not exceed, in milliseconds.
    pub p99_ms: f64,
    /// The same of 999 of 1,000.
    pub p999_ms: f64,
}

impl Sample {
    /// Of the time of each operation that ended within `duration`, in microseconds.
    pub fn of(mut latencies_us: Vec<u64>, duration: Duration) -> Self {
        latencies_us.sort_unstable();
        Self {
            rate: latencies_us.len() as f64 / duration.as_secs_f64(),
            p50_ms: percentile_ms(&latencies_us, 0.5),
            p99_ms: percentile_ms(&latencies_us, 0.99),
            p999_ms: percentile_ms(&latencies_us, 0.999),
        }
    }

    /// A rate alone, where single operations have no meaning.
    pub fn of_rate(rate: f64) -> Self {
        Self {
            rate,
            p50_ms: f64::NAN,
            p99_ms: f64::NAN,
            p999_ms: f64::NAN,
        }
    }

    /// The same with `factor` times the rate, for operations of several rows.
    pub fn times(self, factor: f64) -> Self {
        Self {
            rate: self.rate * factor,
            ..self
        }
    }
}

/// Lets every client repeat its operation for `duration` and measures.
///
/// # Errors
/// The first error of a client.
pub async fn measure(clients: Vec<Operation>, duration: Duration) -> Result<Sample> {
    let start = Instant::now() + WARM_UP;
    let end = start + duration;
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(repeat(client, start, end));
    }
    let mut latencies_us = Vec::new();
    while let Some(client) = running.join_next().await {
        latencies_us.extend(client??);
    }
    Ok(Sample::of(latencies_us, duration))
}

async fn repeat(mut operation: Operation, start: Instant, end: Instant) -> Result<Vec<u64>> {
    let mut latencies_us = Vec::new();
    loop {
        let begun = Instant::now();
        operation().await?;
        let done = Instant::now();
        if done >= end {
            return Ok(latencies_us);
        }
        if done >= start {
            latencies_us.push(microseconds(done - begun));
        }
    }
}

/// Whole microseconds.
pub fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn percentile_ms(sorted_us: &[u64], share: f64) -> f64 {
    let at = (sorted_us.len() as f64 * share) as usize;
    sorted_us
        .get(at.min(sorted_us.len().saturating_sub(1)))
        .map_or(f64::NAN, |latency_us| *latency_us as f64 / 1_000.0)
}

/// The middle one by rate; the lower middle of an even number.
pub fn median(samples: &[Sample]) -> Option<Sample> {
    let mut samples = samples.to_vec();
    samples.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    samples.get(samples.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times = (1..=1_000).rev().map(|ms| ms * 1_000).collect();
        let sample = Sample::of(times, Duration::from_secs(2));
        assert_eq!(
            (sample.rate, sample.p50_ms, sample.p99_ms, sample.p999_ms),
            (500.0, 501.0, 991.0, 1_000.0)
        );
        assert!(
            Sample::of(Vec::new(), Duration::from_secs(1))
                .p50_ms
                .is_nan()
        );
    }

    #[test]
    fn the_median_is_the_middle_by_rate() {
        let samples = [9.0, 1.0, 5.0].map(Sample::of_rate);
        assert_eq!(median(&samples).unwrap().rate, 5.0);
        assert_eq!(median(&[]), None);
    }
}
