#![allow(clippy::unwrap_used)]

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// An SMTP server that takes one connection and says what it is told to: `answers` by the first word of a command.
struct Server {
    port: u16,
    heard: JoinHandle<Vec<String>>,
}

impl Server {
    async fn start(answers: &'static [(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            converse(stream, answers).await
        });
        Self { port, heard }
    }

    fn mailer(&self) -> SmtpMailer {
        mailer(&format!("smtp://127.0.0.1:{}?tls=none", self.port))
    }
}

async fn converse(
    stream: tokio::net::TcpStream,
    answers: &'static [(&'static str, &'static str)],
) -> Vec<String> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut heard = Vec::new();
    writer.write_all(b"220 server.example\r\n").await.unwrap();
    let mut in_data = false;
    while let Ok(Some(line)) = lines.next_line().await {
        let word = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
        heard.push(line);
        if in_data && word != "." {
            continue;
        }
        in_data = word == "DATA";
        let told = answers.iter().find(|(command, _)| *command == word);
        let answer = told.map_or_else(|| usual(&word), |(_, answer)| answer);
        if writer
            .write_all(format!("{answer}\r\n").as_bytes())
            .await
            .is_err()
        {
            break;
        }
    }
    heard
}

fn usual(word: &str) -> &'static str {
    match word {
        "EHLO" => "250-server.example\r\n250 8BITMIME",
        "DATA" => "354 go on",
        _ => "250 fine",
    }
}

fn mailer(url: &str) -> SmtpMailer {
    let from: Sender = "InsightDesk <desk@server.example>".parse().unwrap();
    SmtpMailer::new(&url.parse().unwrap(), from).unwrap()
}

fn mail() -> Mail {
    Mail {
        id: uuid::Uuid::from_u128(7),
        written_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        to: "anna@nordlicht.example".parse().unwrap(),
        subject: "Hello".to_owned(),
        text: "Hello Anna\n.\nRCPT TO:<eve@evil.example>\n".to_owned(),
        html: "<p>Hello</p>".to_owned(),
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_to_its_one_recipient() {
    let server = Server::start(&[]).await;
    server.mailer().send(&mail()).await.unwrap();
    let heard = server.heard.await.unwrap();
    let data = heard.iter().position(|line| line == "DATA").unwrap();
    let before: Vec<&str> = heard[..data].iter().map(String::as_str).collect();
    assert!(before[0].starts_with("EHLO server.example"));
    assert!(before[1].starts_with("MAIL FROM:<desk@server.example>"));
    assert_eq!(before[2..], ["RCPT TO:<anna@nordlicht.example>"]);
    let end = heard.iter().position(|line| line == ".").unwrap();
    let body = &heard[data..end];
    assert!(body.contains(&"Subject: Hello".to_owned()));
    assert!(
        body.contains(&"..".to_owned()),
        "a dot in the text ends nothing"
    );
}

#[tokio::test]
async fn what_the_server_says_for_good_about_the_mail_is_permanent() {
    for answers in [
        &[("RCPT", "550 5.1.1 <anna@nordlicht.example> unknown")][..],
        &[("RCPT", "501 5.1.3 bad address")],
        &[(".", "554 5.7.1 refused")],
        &[(".", "552 5.3.4 too large")],
    ] {
        let server = Server::start(answers).await;
        let error = server.mailer().send(&mail()).await.unwrap_err();
        assert!(error.is_permanent(), "{answers:?}: {error}");
        assert!(!error.to_string().contains("anna"), "{error}");
        assert!(error.to_string().contains(&answers[0].1[..3]), "{error}");
    }
}

#[tokio::test]
async fn what_may_pass_or_is_a_fault_of_the_settings_is_tried_again() {
    for answers in [
        &[("RCPT", "450 4.2.0 greylisted")][..],
        &[("MAIL", "421 4.3.2 shutting down")],
        &[("MAIL", "530 5.7.0 authentication required")],
        &[(".", "451 4.3.0 later")],
        &[("EHLO", "502 what?")],
    ] {
        let server = Server::start(answers).await;
        let error = server.mailer().send(&mail()).await.unwrap_err();
        assert!(!error.is_permanent(), "{answers:?}: {error}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_fault_of_the_settings_and_never_shown() {
    let answers = &[
        ("EHLO", "250-server.example\r\n250 AUTH PLAIN LOGIN"),
        ("AUTH", "535 5.7.8 wrong password"),
    ];
    let server = Server::start(answers).await;
    let url = format!("smtp://desk:hunter2@127.0.0.1:{}?tls=none", server.port);
    let error = mailer(&url).send(&mail()).await.unwrap_err();
    assert!(!error.is_permanent());
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mailer = mailer(&format!("smtp://127.0.0.1:{port}?tls=none"));
    assert!(!mailer.send(&mail()).await.unwrap_err().is_permanent());
}

#[tokio::test]
async fn without_starttls_neither_password_nor_mail_is_sent() {
    let answers = &[("EHLO", "250-server.example\r\n250 AUTH PLAIN LOGIN")];
    let server = Server::start(answers).await;
    let url = format!("smtp://desk:hunter2@localhost:{}", server.port);
    let error = mailer(&url).send(&mail()).await.unwrap_err();
    assert!(!error.is_permanent());
    let heard = server.heard.await.unwrap();
    assert!(
        !heard
            .iter()
            .any(|line| line.starts_with("AUTH") || line.starts_with("MAIL"))
    );
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_to_a_server_that_should_speak_tls() {
    let server = Server::start(&[]).await;
    let url = format!("smtps://desk:hunter2@localhost:{}", server.port);
    let error = mailer(&url).send(&mail()).await.unwrap_err();
    assert!(!error.is_permanent());
    let heard = server.heard.await.unwrap_or_default();
    assert!(!heard.iter().any(|line| line.contains("EHLO")));
}

fn url(text: &str) -> Result<SmtpUrl, SmtpUrlError> {
    text.parse()
}

#[test]
fn a_url_says_how_the_connection_is_encrypted() {
    for (text, host, port) in [
        ("smtps://mail.example", "mail.example", 465),
        ("smtp://mail.example", "mail.example", 587),
        ("smtp://mail.example:25", "mail.example", 25),
        ("smtp://[2001:db8::1]:2525", "2001:db8::1", 2525),
        ("smtp://localhost:1025?tls=none", "localhost", 1025),
        ("smtp://[::1]?tls=none", "::1", 25),
    ] {
        let url = url(text).unwrap();
        assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
    }
}

#[test]
fn only_this_machine_may_go_without_tls() {
    for host in ["mail.example", "10.0.0.7", "localhost.evil.example"] {
        let refused = url(&format!("smtp://{host}?tls=none"));
        assert_eq!(refused.unwrap_err(), SmtpUrlError::PlainElsewhere);
    }
}

#[test]
fn user_and_password_are_decoded_and_never_shown() {
    let given = url("smtps://desk%40x.example:p%26a+s%3As%2F@mail.example").unwrap();
    let expected = Credentials::new("desk@x.example".to_owned(), "p&a+s:s/".to_owned());
    assert_eq!(given.credentials, Some(expected));
    assert_eq!(format!("{given:?}"), "SmtpUrl(mail.example:465)");
}

#[test]
fn what_is_no_url_of_a_server_is_refused() {
    for text in [
        "",
        "mail.example",
        "https://mail.example",
        "smtp://",
        "smtp://mail.example?tls=maybe",
        "smtps://mail.example?tls=none",
        "smtp://mail.example/path",
        "smtp://desk@mail.example",
        "smtp://:secret@mail.example",
        "smtp://mail.example:99999",
    ] {
        assert_eq!(url(text).unwrap_err(), SmtpUrlError::Form, "{text}");
    }
}
