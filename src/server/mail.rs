//! The delivery of mail in a server process.

use std::sync::Arc;

use anyhow::{Context, Result};
use platform::clock::Clock;
use platform::config::{MailSettings, MailWay};
use platform::mail::{MailDirectory, Mailer, SmtpMailer, Templates};
use platform::shutdown::Shutdown;
use write_side::mail::{Delivery, Options};

use crate::node::Node;

/// Sends the letters of the outbox until shutdown, if there is a way for them.
///
/// # Errors
/// When the way cannot be used.
pub fn start(
    settings: &MailSettings,
    node: &Node,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<()> {
    let Some(mailer) = mailer(settings)? else {
        tracing::warn!(
            "no mail is sent, it waits: set INSIGHTDESK_MAIL_SMTP_URL or INSIGHTDESK_MAIL_DIRECTORY"
        );
        return Ok(());
    };
    let delivery = Delivery {
        outbox: node.outbox.clone(),
        pool: node.pools.identity.clone(),
        mailer,
        templates: Arc::new(Templates::new(settings.public_url.clone())?),
        clock,
        options: Options::default(),
    };
    tokio::spawn(delivery.run(shutdown.clone()));
    Ok(())
}

fn mailer(settings: &MailSettings) -> Result<Option<Arc<dyn Mailer>>> {
    let from = settings.from.clone();
    Ok(match &settings.way {
        MailWay::Nowhere => None,
        MailWay::Smtp(url) => Some(Arc::new(
            SmtpMailer::new(url, from).context("mail cannot be sent by SMTP")?,
        )),
        MailWay::Directory(path) => {
            let directory = MailDirectory::open(path, from)
                .with_context(|| format!("the mail directory {} cannot be made", path.display()))?;
            Some(Arc::new(directory))
        }
    })
}
