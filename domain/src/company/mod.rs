//! Companies: customers who belong together. Who belongs to one is said by the customers' own streams, so that nobody is in
//! two; which mail domains bring new customers into one is said here, and each domain has a stream that reserves it.

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod state;

use crate::ids::OrganizationId;
use crate::text::MailDomain;
use uuid::Uuid;

/// The type of a company's stream.
pub const STREAM_TYPE: &str = "company";

/// The type of the stream that reserves a mail domain in an organization.
pub const DOMAIN_CLAIM_STREAM_TYPE: &str = "mail_domain";

/// The stream that reserves a mail domain: the same for the same organization and domain, so that a domain belongs to one
/// company of the organization (the reservation pattern).
#[must_use]
pub fn domain_claim_id(organization: OrganizationId, domain: &MailDomain) -> Uuid {
    Uuid::new_v5(&organization.0, format!("mail_domain:{domain}").as_bytes())
}

/// Providers where anybody gets an address: people of one of them have nothing in common.
const PUBLIC_PROVIDERS: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "web.de",
    "wp.pl",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// Whether anybody can get an address of this domain.
#[must_use]
pub fn is_public_provider(domain: &MailDomain) -> bool {
    PUBLIC_PROVIDERS.binary_search(&domain.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_providers_are_in_order_and_are_domains() {
        assert!(PUBLIC_PROVIDERS.is_sorted());
        for domain in PUBLIC_PROVIDERS {
            assert!(MailDomain::parse(domain).is_ok_and(|it| is_public_provider(&it)));
        }
    }
}
