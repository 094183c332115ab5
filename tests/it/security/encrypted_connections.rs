//! TLS to PostgreSQL and Valkey: what is encrypted, and who is not taken for them.

mod authority;

use std::sync::Arc;

use insightdesk::node::Node;
use platform::clock::SystemClock;
use platform::config::{Config, Secret};
use platform::private::{Durability, PrivateServers, test_dir, test_servers};
use platform::valkey::Valkey;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use self::authority::{Authority, Signed};
use crate::harness::{DEADLINE, Database, TestApp, eventually};

const PASSWORD: &str = "of-the-encrypted";

/// Lets PostgreSQL speak TLS with this certificate from now on, and the product's login come over the network.
async fn encrypt(superuser: &Client, signed: &Signed) {
    for (file, text) in [
        ("server.crt", &signed.certificate),
        ("server.key", &signed.key),
    ] {
        // Its own account writes the files: nobody else's key is good enough for it.
        let write = format!(
            "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO PROGRAM 'umask 077; cat > {file}'",
            text.trim_end()
        );
        superuser.batch_execute(&write).await.unwrap();
    }
    let statements = [
        "ALTER SYSTEM SET ssl = on".to_owned(),
        "ALTER SYSTEM SET ssl_cert_file = 'server.crt'".to_owned(),
        "ALTER SYSTEM SET ssl_key_file = 'server.key'".to_owned(),
        format!("ALTER ROLE insightdesk PASSWORD '{PASSWORD}'"),
        "SELECT pg_reload_conf()".to_owned(),
    ];
    for statement in statements {
        superuser.batch_execute(&statement).await.unwrap();
    }
}

/// The configuration of a server on the same database, over the network.
fn by_network(config: &Config, host: &str, mode: &str, authority: Option<&Authority>) -> Config {
    let socket: tokio_postgres::Config = config.database_url.expose().parse().unwrap();
    let (port, name) = (socket.get_ports()[0], socket.get_dbname().unwrap());
    let url = format!("postgresql://insightdesk:{PASSWORD}@{host}:{port}/{name}?{mode}");
    let mut config = config.clone();
    config.database_url = Secret::new(url);
    config.pools.ca_file = authority.map(|authority| authority.file.clone());
    config
}

async fn start(config: &Config) -> Result<Node, String> {
    let node = Node::start(config, Arc::new(SystemClock)).await;
    node.map_err(|error| format!("{error:#}"))
}

/// Until the server has read its new certificate, which it does soon after it was told.
async fn starts(config: &Config) {
    let node = eventually(|| start(config), DEADLINE).await;
    node.stop().await;
}

/// Whether a statement is there to be cancelled.
async fn sleeps(superuser: &Client) -> Result<(), i64> {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'insightdesk' AND wait_event = 'PgSleep'";
    let count: i64 = superuser.query_one(asleep, &[]).await.unwrap().get(0);
    if count == 1 { Ok(()) } else { Err(count) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_to_the_database_is_encrypted_when_its_url_says_so() {
    let servers = PrivateServers::start(&test_dir(), Durability::Test)
        .await
        .unwrap();
    let database = Database::on(&servers).await;
    let authority = Authority::new();
    let superuser = database.superuser().await;
    encrypt(&superuser, &authority.signs("localhost")).await;
    let config = by_network(
        &database.config(),
        "localhost",
        "sslmode=require",
        Some(&authority),
    );
    starts(&config).await;
    let app = TestApp::on(database, config).await;
    let ticket = app.customer().opens("Broken").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.at_rest().await;
    app.agent().messages(ticket).await;
    let sessions = superuser
        .query(
            "SELECT DISTINCT a.application_name, s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
              WHERE a.usename = 'insightdesk' ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let names: Vec<&str> = sessions.iter().map(|row| row.get(0)).collect();
    // The first are the writers of the log.
    for name in [
        "insightdesk",
        "insightdesk-commands",
        "insightdesk-queries",
        "insightdesk-projector",
        "insightdesk-saga",
    ] {
        assert!(names.contains(&name), "{name} of {names:?}");
    }
    assert!(sessions.iter().all(|row| row.get(1)), "{sessions:?}");

    let busy = app.server.node().pools.queries.get().await.unwrap();
    let cancelling = busy.cancel_token();
    let tls = app.server.node().pools.tls.clone();
    let (slept, cancelled) = tokio::join!(biased; busy.batch_execute("SELECT pg_sleep(60)"), async {
        eventually(|| sleeps(&superuser), DEADLINE).await;
        cancelling.cancel_query(tls).await
    });
    cancelled.unwrap();
    assert_eq!(slept.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
    drop(busy);

    // Somebody else answers at its address.
    encrypt(&superuser, &Authority::new().signs("localhost")).await;
    let ended =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'insightdesk'";
    let refused = async || {
        superuser.batch_execute(ended).await.unwrap();
        let answer = app
            .agent()
            .get("/tickets")
            .without_token()
            .send()
            .await
            .unwrap();
        if answer.status == 503 {
            Ok(())
        } else {
            Err(answer.status)
        }
    };
    eventually(refused, DEADLINE).await;
    let opened = app
        .customer()
        .post("/tickets", serde_json::json!({"subject": "A", "body": "B"}));
    opened.await.expect(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_that_cannot_be_verified_is_refused_with_what_to_do() {
    let database = Database::create().await;
    let (authority, stranger) = (Authority::new(), Authority::new());
    encrypt(&database.superuser().await, &authority.signs("localhost")).await;
    let config = database.config();
    starts(&by_network(
        &config,
        "localhost",
        "sslmode=verify-full",
        Some(&authority),
    ))
    .await;
    // The last would be without TLS if it fell back.
    for (host, mode, trusted) in [
        ("localhost", "sslmode=require", Some(&stranger)),
        ("localhost", "sslmode=require", None),
        ("127.0.0.1", "sslmode=require", Some(&authority)),
        ("db.example", "hostaddr=127.0.0.1", Some(&authority)),
    ] {
        let refused = start(&by_network(&config, host, mode, trusted))
            .await
            .unwrap_err();
        assert!(
            refused.contains("INSIGHTDESK_DATABASE_CA_FILE"),
            "{host} {mode}: {refused}"
        );
    }
    let mut unreadable = by_network(&config, "localhost", "sslmode=require", None);
    unreadable.pools.ca_file = Some("/nowhere/ca.pem".into());
    let refused = start(&unreadable).await.unwrap_err();
    assert!(
        refused.contains("INSIGHTDESK_DATABASE_CA_FILE cannot be used"),
        "{refused}"
    );
}

/// PostgreSQL answers `N` where it speaks no TLS, and so does whoever would like to read along.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_without_tls_is_told_nothing_when_the_url_requires_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = Database::create().await.config();
    let url = format!("postgresql://desk:secret@127.0.0.1:{port}/desk?sslmode=require");
    config.database_url = Secret::new(url);
    let told = tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        peer.read_exact(&mut request).await.unwrap();
        peer.write_all(b"N").await.unwrap();
        let mut more = Vec::new();
        peer.read_to_end(&mut more).await.unwrap();
        more
    });
    let refused = start(&config).await.unwrap_err();
    assert!(refused.contains("server does not support TLS"), "{refused}");
    assert_eq!(told.await.unwrap(), b"", "after the question for TLS");
}

/// The port of the shared Valkey for TLS, with this certificate.
async fn encrypted_valkey(signed: &Signed) -> (String, u16) {
    let url = test_servers().await.unwrap().valkey_url().to_owned();
    let (password, address) = url
        .strip_prefix("valkey://:")
        .unwrap()
        .split_once('@')
        .unwrap();
    let (certificate, key) = signed.files();
    // Another test may take the port before Valkey does.
    let listens = async || {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let order = format!(
            "AUTH {password}\r\nCONFIG SET tls-cert-file {certificate} tls-key-file {key} \
             tls-ca-cert-file {certificate} tls-auth-clients no tls-port {port}\r\n"
        );
        let mut valkey = TcpStream::connect(address).await.unwrap();
        valkey.write_all(order.as_bytes()).await.unwrap();
        let mut answer = [0; 10];
        valkey.read_exact(&mut answer).await.unwrap();
        match &answer {
            b"+OK\r\n+OK\r\n" => Ok(port),
            other => Err(String::from_utf8_lossy(other).into_owned()),
        }
    };
    let port = eventually(listens, DEADLINE).await;
    (password.to_owned(), port)
}

/// Passes everything on to `port`, and tells of each connection that has ended.
async fn watched(port: u16) -> (u16, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let (ended, ends) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let ended = ended.clone();
            tokio::spawn(async move {
                let mut valkey = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                // However it ends, it has.
                let _ = copy_bidirectional(&mut client, &mut valkey).await;
                let _ = ended.send(());
            });
        }
    });
    (own, ends)
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_is_encrypted_and_one_that_cannot_be_verified_is_as_good_as_away() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (password, port) = encrypted_valkey(&authority.signs("localhost")).await;
    for scheme in ["valkeys", "rediss"] {
        let url = format!("{scheme}://:{password}@localhost:{port}");
        let valkey = Valkey::connect(&url, Some(&authority.file)).unwrap();
        tokio::time::timeout(DEADLINE, valkey.connected())
            .await
            .unwrap();
        let kept = async || {
            let set = valkey.set("encrypted", "yes".into(), DEADLINE).await;
            set.map_err(|error| error.to_string())?;
            let got = valkey.get("encrypted").await;
            got.map_err(|error| error.to_string())
        };
        assert_eq!(eventually(kept, DEADLINE).await.unwrap(), "yes");
    }
    for (host, trusted) in [("localhost", &stranger), ("127.0.0.1", &authority)] {
        let (watched_port, mut ends) = watched(port).await;
        let database = Database::create().await;
        let mut config = database.config();
        let url = format!("valkeys://:{password}@{host}:{watched_port}");
        config.valkey_url = Some(Secret::new(url));
        config.valkey_ca_file = Some(trusted.file.clone());
        let app = TestApp::on(database, config).await;
        let ticket = app.customer().opens("Broken").await;
        assert_eq!(app.agent().ticket(ticket).await["status"], "new");
        // It came, refused, and came back to refuse again; there was no connection that stayed.
        for _ in 0..3 {
            tokio::time::timeout(DEADLINE, ends.recv())
                .await
                .unwrap()
                .unwrap();
        }
        let valkey = Valkey::connect(
            app.config.valkey_url.as_ref().unwrap().expose(),
            Some(&trusted.file),
        )
        .unwrap();
        tokio::time::timeout(DEADLINE, ends.recv())
            .await
            .unwrap()
            .unwrap();
        assert!(!valkey.is_connected());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_authorities_without_one_is_no_way_to_valkey() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let refused = Valkey::connect("valkeys://localhost:1", Some(empty.path())).unwrap_err();
    assert!(
        refused.to_string().contains("INSIGHTDESK_VALKEY_CA_FILE"),
        "{refused}"
    );
}
