//! From letters to mails, by templates in `templates/`: one of text and one of HTML for each kind of letter.

use chrono::{DateTime, Utc};
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use uuid::Uuid;

use super::letter::{FactorChange, Letter};
use super::{Address, Mail, PublicUrl, one_line};

/// Characters of a name in a mail. More is not a name but a text, and a mail to a stranger must not carry one.
const NAME_CHARACTERS_MAX: usize = 80;
/// Characters of a ticket's subject in a mail.
const SUBJECT_CHARACTERS_MAX: usize = 120;

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("templates/", $name)))),*]
    };
}

const SOURCES: [(&str, &str); 21] = sources![
    "layout.html",
    "another_organization.html",
    "another_organization.txt",
    "invitation.html",
    "invitation.txt",
    "new_device.html",
    "new_device.txt",
    "one_time_code.html",
    "one_time_code.txt",
    "password_changed.html",
    "password_changed.txt",
    "password_reset.html",
    "password_reset.txt",
    "second_factor_changed.html",
    "second_factor_changed.txt",
    "sla_warning.html",
    "sla_warning.txt",
    "ticket_reminder.html",
    "ticket_reminder.txt",
    "verify_address.html",
    "verify_address.txt",
];

/// A template is wrong, or asks for what its letter has not. A fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("the template of the mail cannot be used")]
pub struct RenderError(#[from] minijinja::Error);

/// The templates, read once, with the base of all links.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    public_url: PublicUrl,
}

impl Templates {
    /// Reads the templates.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub fn new(public_url: PublicUrl) -> Result<Self, RenderError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        for (name, source) in SOURCES {
            environment.add_template(name, source)?;
        }
        Ok(Self {
            environment,
            public_url,
        })
    }

    /// The mail of a letter. The same input gives the same mail, so that a second try is no other one.
    ///
    /// # Errors
    /// When a template asks for what the letter has not.
    pub fn mail(
        &self,
        id: Uuid,
        written_at: DateTime<Utc>,
        to: &Address,
        letter: &Letter,
    ) -> Result<Mail, RenderError> {
        let kind = letter.kind();
        let values = self.values(letter);
        let render = |name: String| self.environment.get_template(&name)?.render(&values);
        Ok(Mail {
            id,
            written_at,
            to: to.clone(),
            subject: subject(letter),
            text: render(format!("{kind}.txt"))?,
            html: render(format!("{kind}.html"))?,
        })
    }

    fn values(&self, letter: &Letter) -> Value {
        match letter {
            Letter::VerifyAddress {
                token,
                valid_minutes,
            } => self.with_link("verify-address", token, *valid_minutes),
            Letter::PasswordReset {
                token,
                valid_minutes,
            } => self.with_link("reset-password", token, *valid_minutes),
            Letter::Invitation {
                organization,
                inviter,
                token,
                valid_minutes,
            } => context! {
                organization => name(organization),
                inviter => name(inviter),
                ..self.with_link("invitation", token, *valid_minutes)
            },
            Letter::AnotherOrganization {
                organization,
                token,
                valid_minutes,
            } => context! {
                organization => name(organization),
                reset_link => self.public_url.page("forgot-password"),
                ..self.with_link("verify-address", token, *valid_minutes)
            },
            Letter::OneTimeCode {
                code,
                valid_minutes,
            } => context! { code, valid_for => span(*valid_minutes) },
            Letter::NewDevice {
                device,
                address,
                at,
            } => context! {
                device => name(device),
                address => name(address),
                ..self.with_time(*at)
            },
            Letter::PasswordChanged { at } => self.with_time(*at),
            Letter::SecondFactorChanged { change, at } => context! {
                what => what_changed(*change),
                ..self.with_time(*at)
            },
            Letter::SlaWarning {
                organization,
                ticket_id,
                subject,
                promise,
                state,
                deadline_at,
            } => context! {
                organization => name(organization),
                link => self.public_url.page(&format!("tickets/{ticket_id}")),
                subject => subject_line(subject),
                promise,
                state,
                deadline_at => time(*deadline_at),
            },
            Letter::TicketReminder {
                organization,
                ticket_id,
                subject,
            } => context! {
                organization => name(organization),
                link => self.public_url.page(&format!("tickets/{ticket_id}")),
                subject => subject_line(subject),
            },
        }
    }

    fn with_link(&self, path: &str, token: &str, valid_minutes: u32) -> Value {
        context! {
            link => self.public_url.page_with_secret(path, token),
            valid_for => span(valid_minutes),
        }
    }

    fn with_time(&self, at: DateTime<Utc>) -> Value {
        context! {
            at => time(at),
            reset_link => self.public_url.page("forgot-password"),
        }
    }
}

fn subject(letter: &Letter) -> String {
    match letter {
        Letter::VerifyAddress { .. } => "Confirm your e-mail address".to_owned(),
        Letter::AnotherOrganization { .. } => "Confirm your new organization".to_owned(),
        Letter::Invitation { organization, .. } => format!("Invitation to {}", name(organization)),
        Letter::PasswordReset { .. } => "Set a new password".to_owned(),
        Letter::OneTimeCode { .. } => "Your sign-in code".to_owned(),
        Letter::NewDevice { .. } => "New sign-in to your account".to_owned(),
        Letter::PasswordChanged { .. } => "Your password was changed".to_owned(),
        Letter::SecondFactorChanged { change, .. } => what_changed(*change).to_owned(),
        Letter::SlaWarning {
            subject, promise, ..
        } => format!("Deadline of the {promise}: {}", subject_line(subject)),
        Letter::TicketReminder { subject, .. } => {
            format!("Waiting for your answer: {}", subject_line(subject))
        }
    }
}

fn what_changed(change: FactorChange) -> &'static str {
    match change {
        FactorChange::TurnedOn => "Two-step sign-in was turned on",
        FactorChange::TurnedOff => "Two-step sign-in was turned off",
        FactorChange::RecoveryCodesRenewed => "New recovery codes were made",
        FactorChange::RecoveryCodeUsed => "A recovery code was used to sign in",
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// What a ticket is about, on one line.
fn subject_line(text: &str) -> String {
    one_line(text, SUBJECT_CHARACTERS_MAX)
}

fn name(text: &str) -> String {
    one_line(text, NAME_CHARACTERS_MAX)
}

/// In the largest unit that says it exactly.
fn span(minutes: u32) -> String {
    let (count, unit) = match minutes {
        0 => (0, "minute"),
        _ if minutes.is_multiple_of(24 * 60) => (minutes / (24 * 60), "day"),
        _ if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests;
