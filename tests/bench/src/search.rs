//! `bench search`: the search and lists with words, over tickets with five messages each.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rand::prelude::*;
use rand::rngs::StdRng;

use crate::cli::Cli;
use crate::history::Desk;
use crate::http::Api;
use crate::machine;
use crate::measure::{Sample, microseconds};
use crate::plans;
use crate::product::Installation;
use crate::report::{Fact, Report};
use crate::servers::BenchServers;
use crate::talk::{MESSAGES_A_TICKET, said};
use crate::words::{Vocabulary, word};

/// How often each kind of question is asked, each time with other words.
const TIMES: usize = 100;
const LIMIT_MS: f64 = 100.0;

/// Measures.
///
/// # Errors
/// When a server does not come up or a request fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let count = cli.thousand_tickets as usize * 1_000;
    eprintln!("writing {count} tickets with {MESSAGES_A_TICKET} messages each");
    let vocabulary = Vocabulary::new();
    desk.talk_for_a_year(&servers.store, &vocabulary, count, cli.seed)
        .await?;
    let (rebuilt, _) = product.time(&["rebuild"]).await?;
    drop(server);
    // As the server's own vacuum does after a while.
    servers
        .connect()
        .await?
        .batch_execute("VACUUM ANALYZE")
        .await?;
    let server = product.serve("api,projector,saga").await?;
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{count} tickets of one organization with {MESSAGES_A_TICKET} messages each, seed {}; each kind {TIMES} times by one \
             client, with other words each time",
            cli.seed
        ),
    ];
    let mut report = Report::new("search", conditions);
    let rebuild_s = rebuilt.as_secs_f64();
    report
        .facts
        .push(Fact::new("the rebuild before it", rebuild_s, "s", None));
    let api = Api::new(&server.url(), &desk.agent_token);
    let mut random = StdRng::seed_from_u64(cli.seed);
    let mut asked = Vec::new();
    for (what, paths) in questions(&vocabulary, count, cli.seed, &mut random) {
        report.facts.extend(times(&api, what, &paths).await?);
        asked.extend(paths.into_iter().next().map(|path| (what.to_owned(), path)));
    }
    drop(server);
    let planned = plans::write(&servers, &product, &desk.agent_token, "search", &asked).await;
    plans::tell(planned);
    servers.stop().await?;
    Ok(report)
}

/// What is asked, in words and as paths.
fn questions(
    vocabulary: &Vocabulary,
    count: usize,
    seed: u64,
    random: &mut StdRng,
) -> Vec<(&'static str, Vec<String>)> {
    let mut ask = |path: &str, text: &mut dyn FnMut(&mut StdRng) -> String| {
        let asked = (0..TIMES).map(|_| format!("{path}{}", encoded(&text(random))));
        asked.collect::<Vec<_>>()
    };
    let frequent = |random: &mut StdRng| word(random.random_range(0..20));
    let middle = |random: &mut StdRng| word(random.random_range(300..3_000));
    let rare = |random: &mut StdRng| word(random.random_range(20_000..50_000));
    let (search, list) = ("/search?query=", "/tickets?query=");
    let phrase = |random: &mut StdRng| {
        let text = said(vocabulary, seed, random.random_range(0..count));
        let words: Vec<&str> = text.split(' ').take(3).collect();
        format!("\"{}\"", words.join(" "))
    };
    vec![
        ("a frequent word", ask(search, &mut |it| frequent(it))),
        ("a word of the middle", ask(search, &mut |it| middle(it))),
        ("a rare word", ask(search, &mut |it| rare(it))),
        (
            "a word that nobody wrote",
            ask(search, &mut |it| format!("{}x", rare(it))),
        ),
        (
            "two frequent words",
            ask(search, &mut |it| {
                format!("{} {}", frequent(it), frequent(it))
            }),
        ),
        (
            "a frequent and a rare word",
            ask(search, &mut |it| format!("{} {}", frequent(it), rare(it))),
        ),
        (
            "two words of the middle",
            ask(search, &mut |it| format!("{} {}", middle(it), middle(it))),
        ),
        (
            "three words as they stand",
            ask(search, &mut |it| phrase(it)),
        ),
        (
            "a number",
            ask(search, &mut |it| it.random_range(1..=count).to_string()),
        ),
        (
            "a name",
            ask(search, &mut |it| {
                format!("\"customer {}\"", it.random_range(0..200))
            }),
        ),
        (
            "a part of an address",
            ask(search, &mut |it| {
                format!("mer{}@exam", it.random_range(0..200))
            }),
        ),
        (
            "a frequent word with conditions",
            ask(search, &mut |it| {
                format!("{} status:open priority:>=high", frequent(it))
            }),
        ),
        (
            "a word of the middle with conditions",
            ask(search, &mut |it| {
                format!("{} status:open assignee:none", middle(it))
            }),
        ),
        (
            "a word of the middle with a tag",
            ask(search, &mut |it| {
                format!("{} tag:tag-{}", middle(it), it.random_range(0..50))
            }),
        ),
        (
            "a frequent word without another",
            ask(search, &mut |it| {
                format!("{} -{}", frequent(it), middle(it))
            }),
        ),
        (
            "a list with a frequent word",
            ask(list, &mut |it| frequent(it)),
        ),
        (
            "a list with a word of the middle",
            ask(list, &mut |it| middle(it)),
        ),
        ("a list with a rare word", ask(list, &mut |it| rare(it))),
        (
            "the beginning of a word",
            ask(search, &mut |it| rare(it).chars().take(5).collect()),
        ),
    ]
}

async fn times(api: &Api, what: &str, paths: &[String]) -> Result<[Fact; 3]> {
    let (mut times_us, mut given_up) = (Vec::new(), 0);
    for path in paths {
        let begun = Instant::now();
        match api.get_for_status(path).await? {
            200 => {}
            // Its pages were not in memory, and the disk took longer than a statement may.
            503 => given_up += 1,
            status => bail!("{path}: {status}"),
        }
        times_us.push(microseconds(begun.elapsed()));
    }
    let sample = Sample::of(times_us, Duration::from_secs(1));
    let given_up = f64::from(given_up);
    Ok([
        Fact::new(format!("{what}: p50"), sample.p50_ms, "ms", None),
        Fact::new(format!("{what}: p99"), sample.p99_ms, "ms", LIMIT_MS),
        Fact::new(format!("{what}: given up"), given_up, "answers", 0.0),
    ])
}

/// A text in a query string.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let encode = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
