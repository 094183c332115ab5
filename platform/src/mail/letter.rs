//! What mails say.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A mail before it has words. It holds secrets: `Debug` shows only what kind it is, and it is sealed wherever it waits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case", deny_unknown_fields)]
pub enum Letter {
    /// Asks somebody who signs up to show that the address is theirs.
    VerifyAddress {
        /// The token of the link.
        token: String,
        /// For how long it is good.
        valid_minutes: u32,
    },
    /// Answers a sign-up for an address that has an account, in place of [`Letter::VerifyAddress`], so that the sign-up
    /// itself tells nobody.
    AnotherOrganization {
        /// The name of the organization that was signed up for.
        organization: String,
        /// The token of the link.
        token: String,
        /// For how long it is good.
        valid_minutes: u32,
    },
    /// Asks somebody into an organization.
    Invitation {
        /// The name of the organization.
        organization: String,
        /// The name of who invites.
        inviter: String,
        /// The token of the link.
        token: String,
        /// For how long it is good.
        valid_minutes: u32,
    },
    /// Lets somebody set a new password.
    PasswordReset {
        /// The token of the link.
        token: String,
        /// For how long it is good.
        valid_minutes: u32,
    },
    /// Lets somebody sign in without a password.
    OneTimeCode {
        /// The digits.
        code: String,
        /// For how long they are good.
        valid_minutes: u32,
    },
    /// Tells of a sign-in from a device that was not known.
    NewDevice {
        /// What the device calls itself.
        device: String,
        /// The address it came from.
        address: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Tells of a new password.
    PasswordChanged {
        /// When.
        at: DateTime<Utc>,
    },
    /// Tells of a change of the second factor.
    SecondFactorChanged {
        /// Which.
        change: FactorChange,
        /// When.
        at: DateTime<Utc>,
    },
    /// Warns staff of a deadline of a ticket.
    SlaWarning {
        /// The name of the organization.
        organization: String,
        /// The ticket.
        ticket_id: Uuid,
        /// What it is about.
        subject: String,
        /// What was promised, such as `first reply`.
        promise: String,
        /// How far it is, such as `has used 80 percent of its time`.
        state: String,
        /// The deadline, as it was then.
        deadline_at: DateTime<Utc>,
    },
    /// Reminds a customer of a ticket that waits for their answer.
    TicketReminder {
        /// The name of the organization.
        organization: String,
        /// The ticket.
        ticket_id: Uuid,
        /// What it is about, in their own words.
        subject: String,
    },
}

/// What happened to a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// An authenticator app was set up.
    TurnedOn,
    /// It was given up.
    TurnedOff,
    /// There are new recovery codes, and the former ones are dead.
    RecoveryCodesRenewed,
    /// A recovery code signed the person in.
    RecoveryCodeUsed,
}

impl Letter {
    /// What kind it is: also the name of its templates, and a label of metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::VerifyAddress { .. } => "verify_address",
            Self::AnotherOrganization { .. } => "another_organization",
            Self::Invitation { .. } => "invitation",
            Self::PasswordReset { .. } => "password_reset",
            Self::OneTimeCode { .. } => "one_time_code",
            Self::NewDevice { .. } => "new_device",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SecondFactorChanged { .. } => "second_factor_changed",
            Self::SlaWarning { .. } => "sla_warning",
            Self::TicketReminder { .. } => "ticket_reminder",
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.kind())
    }
}
