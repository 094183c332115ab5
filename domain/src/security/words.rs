//! The fixed words of security events.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and on the disk.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// How a person shows who they are.
    SignInMethod {
        /// Something they know.
        Password = "password",
        /// The code of the moment that their device shows.
        Totp = "totp",
        /// One of the codes that were written down for the day the device is lost.
        RecoveryCode = "recovery_code",
        /// A code that was mailed to them.
        EmailCode = "email_code",
        /// Another site vouches for them.
        Oidc = "oidc",
        /// A machine's key.
        ApiKey = "api_key",
    }
}

words! {
    /// Why a session is over.
    SessionEnd {
        /// They signed out on this device.
        SignedOut = "signed_out",
        /// They ended it from another device.
        EndedByOwner = "ended_by_owner",
        /// An admin or the operator ended it.
        EndedByAdmin = "ended_by_admin",
        /// The password was changed or reset.
        PasswordChanged = "password_changed",
        /// They have another role by now.
        RoleChanged = "role_changed",
        /// They may no longer act.
        Deactivated = "deactivated",
        /// Their data was forgotten.
        Erased = "erased",
        /// A refresh token came a second time: somebody has a copy.
        TokenReused = "token_reused",
        /// Nobody used it for too long.
        Expired = "expired",
        /// The organization was suspended.
        OrganizationSuspended = "organization_suspended",
    }
}

words! {
    /// Why somebody was not let in.
    SignInFailure {
        /// The password was not right.
        WrongPassword = "wrong_password",
        /// The code was not right.
        WrongCode = "wrong_code",
        /// Too many tries.
        Throttled = "throttled",
        /// The person may not act.
        Inactive = "inactive",
        /// The provider vouches for the person's address under another identity than the one that is linked with them.
        OtherIdentity = "other_identity",
        /// Addresses of this domain may not come by this provider.
        AddressNotAllowed = "address_not_allowed",
    }
}

words! {
    /// How a password came to be.
    PasswordChange {
        /// There was none before.
        Set = "set",
        /// By somebody who knew the former one.
        Changed = "changed",
        /// By a link that was mailed.
        Reset = "reset",
    }
}

words! {
    /// The kind of a second factor.
    SecondFactorKind {
        /// Codes of the moment (RFC 6238).
        Totp = "totp",
    }
}

words! {
    /// How a provider of sign-on is spoken with.
    SignOnKind {
        /// By OpenID Connect.
        Oidc = "oidc",
        /// As GitHub does.
        Github = "github",
    }
}

words! {
    /// What becomes of people who sign on and whom the organization does not know.
    Newcomers {
        /// They are not let in.
        Refused = "refused",
        /// They become customers.
        Customer = "customer",
    }
}

words! {
    /// Why somebody was not let in whom a provider vouches for and of whom nobody knows who they are.
    SignOnRefusal {
        /// The organization has nobody with their address.
        UnknownPerson = "unknown_person",
        /// The provider says no address.
        NoAddress = "no_address",
        /// It does not vouch for the address.
        AddressNotVerified = "address_not_verified",
        /// Addresses of this domain may not come by it.
        AddressNotAllowed = "address_not_allowed",
    }
}

words! {
    /// Whether a person's second factor is asked for after a sign-on.
    SecondFactorRule {
        /// It is, where they have one.
        Asked = "asked",
        /// It is not: the provider has seen to it.
        Trusted = "trusted",
    }
}

words! {
    /// A report that is given out as a file.
    Report {
        /// How many promises were kept.
        Attainment = "attainment",
        /// Numbers of tickets.
        Tickets = "tickets",
        /// Numbers of messages.
        Messages = "messages",
        /// What agents or teams have and did.
        Workload = "workload",
    }
}

words! {
    /// The kind of a report's file.
    ReportFormat {
        /// Comma-separated values.
        Csv = "csv",
        /// Apache Parquet.
        Parquet = "parquet",
    }
}

words! {
    /// As what the operator takes events out.
    LogForm {
        /// Files of JSON lines.
        Ndjson = "ndjson",
        /// Files of Apache Parquet.
        Parquet = "parquet",
        /// Read models of a moment, in a schema of their own.
        ReadModels = "read_models",
    }
}
