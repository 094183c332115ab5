//! What came of the faults: lines, a table, a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Error, Result};
use serde::Serialize;

use crate::checker::{Findings, Rule, Violation};
use crate::load::Counts;
use crate::stage::{Options, Record};

/// Broken rules that are printed of each fault; the file has all.
const SHOWN_MAX: usize = 10;

/// One fault.
#[derive(Debug, Serialize)]
pub struct Report {
    id: &'static str,
    name: &'static str,
    seed: u64,
    /// Why it was not tried.
    skipped: Option<String>,
    times: u32,
    hits: u32,
    shown: BTreeMap<&'static str, u64>,
    statuses: BTreeMap<u16, u64>,
    not_sent: u64,
    unanswered: u64,
    lost: usize,
    doubled: usize,
    recovery: Recovery,
    findings: Findings,
}

/// From the end of a harm, in milliseconds.
#[derive(Debug, Default, Serialize)]
struct Recovery {
    first_success: Option<Quantiles>,
    zero_lag: Option<Quantiles>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Quantiles {
    p50_ms: u64,
    p99_ms: u64,
    max_ms: u64,
}

impl Quantiles {
    /// None where nothing was measured.
    fn of(times_ms: &[u64]) -> Option<Self> {
        let mut sorted = times_ms.to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(index).copied().unwrap_or_default()
        };
        (!sorted.is_empty()).then(|| Self {
            p50_ms: at(50),
            p99_ms: at(99),
            max_ms: at(100),
        })
    }
}

impl Report {
    /// Of a fault that was tried.
    #[must_use]
    pub fn new(
        id: &'static str,
        name: &'static str,
        seed: u64,
        counts: &Counts,
        record: &Record,
        findings: Findings,
    ) -> Self {
        Self {
            id,
            name,
            seed,
            skipped: None,
            times: record.times,
            hits: record.hits,
            shown: record.shown.clone(),
            statuses: counts.statuses.clone(),
            not_sent: counts.not_sent,
            unanswered: counts.unanswered,
            lost: findings.count(Rule::AcknowledgedIsThere),
            doubled: findings.count(Rule::Once),
            recovery: Recovery {
                first_success: Quantiles::of(&record.first_success_ms),
                zero_lag: Quantiles::of(&record.caught_up_ms),
            },
            findings,
        }
    }

    /// Of a fault that cannot be tried here.
    #[must_use]
    pub fn skipped(id: &'static str, name: &'static str, seed: u64, why: String) -> Self {
        let nothing = (Counts::default(), Record::default(), Findings::default());
        Self {
            skipped: Some(why),
            ..Self::new(id, name, seed, &nothing.0, &nothing.1, nothing.2)
        }
    }

    /// Of a fault whose outcome is not known, because it could not be set up or judged.
    #[must_use]
    pub fn failed(id: &'static str, name: &'static str, seed: u64, error: &Error) -> Self {
        let findings = Findings {
            violations: vec![Violation::new(Rule::Hit, format!("not tried: {error:#}"))],
            ..Findings::default()
        };
        let nothing = (Counts::default(), Record::default());
        Self::new(id, name, seed, &nothing.0, &nothing.1, findings)
    }

    /// Whether no rule was broken. A skipped one broke none.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.findings.violations.is_empty()
    }

    /// Everything that was found, for people.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if let Some(why) = &self.skipped {
            return vec![format!("skipped: {why}")];
        }
        let findings = &self.findings;
        let mut lines = vec![
            format!(
                "{} times, {} of them shown to hit: {:?}",
                self.times, self.hits, self.shown
            ),
            format!(
                "{} events; {} acknowledged, {} refused, {} unknown at first ({} of those were carried out), {} deadlines told",
                findings.events,
                findings.acknowledged,
                findings.refused,
                findings.unknown,
                findings.unknown_carried_out,
                findings.deadlines
            ),
            format!(
                "statuses {:?}, {} unanswered, {} not sent",
                self.statuses, self.unanswered, self.not_sent
            ),
        ];
        let violations = &findings.violations;
        lines.extend(violations.iter().take(SHOWN_MAX).map(ToString::to_string));
        if violations.len() > SHOWN_MAX {
            lines.push(format!("and {} more", violations.len() - SHOWN_MAX));
        }
        if !self.is_right() {
            lines.push(format!(
                "again with: ./dev faults {} --seed {}",
                self.name, self.seed
            ));
        }
        lines
    }

    fn verdict(&self) -> &'static str {
        match (&self.skipped, self.is_right()) {
            (Some(_), _) => "skipped",
            (None, true) => "held",
            (None, false) => "BROKEN",
        }
    }
}

/// Prints all of them, a line each.
pub fn print_table(reports: &[Report]) {
    println!(
        "| fault | times | hit | acknowledged | refused | unknown | lost | doubled | first success p50/p99/max ms | zero lag p50/p99/max ms | verdict |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let shown = |quantiles: Option<Quantiles>| {
        let shown = quantiles.map(|q| format!("{}/{}/{}", q.p50_ms, q.p99_ms, q.max_ms));
        shown.unwrap_or_else(|| "-".to_owned())
    };
    for report in reports {
        let findings = &report.findings;
        println!(
            "| {} {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            report.id,
            report.name,
            report.times,
            report.hits,
            findings.acknowledged,
            findings.refused,
            findings.unknown,
            report.lost,
            report.doubled,
            shown(report.recovery.first_success),
            shown(report.recovery.zero_lag),
            report.verdict()
        );
    }
    for report in reports {
        if let Some(why) = &report.skipped {
            println!("{} {} skipped: {why}", report.id, report.name);
        }
    }
}

/// Writes all of them, with everything that was found.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(reports: &[Report], options: &Options) -> Result<PathBuf> {
    std::fs::create_dir_all(&options.output)?;
    let path = options.output.join(format!("report-{}.json", options.seed));
    std::fs::write(&path, serde_json::to_vec_pretty(reports)?)?;
    Ok(path)
}
