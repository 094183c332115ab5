//! The rules of the company, and of the mail domain that only one company of an organization may have.

use crate::scenario::{
    AGENT, COMPANY, OTHER_COMPANY, Scenario, admin, agent, customer, lead, scenario,
};
use domain::actor::Role;
use domain::aggregate::{CompanyAggregate, UserAggregate};
use domain::company::command::CompanyCommand;
use domain::company::decide::{claim, release};
use domain::company::error::CompanyError;
use domain::company::event::{
    CompanyCreated, CompanyDomainAdded, CompanyDomainRemoved, CompanyRenamed, MailDomainClaimed,
    MailDomainReleased,
};
use domain::company::state::{DomainClaim, PresentCompany};
use domain::text::{MailDomain, Name};
use domain::user::command::UserCommand;
use domain::user::error::UserError;
use domain::user::event::{UserCompanySet, UserCreated, UserRoleChanged};
use domain::user::state::User;
use domain::user::state::UserKind;
use std::collections::BTreeSet;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn mail(text: &str) -> MailDomain {
    MailDomain::parse(text).unwrap()
}

fn domains(texts: &[&str]) -> BTreeSet<MailDomain> {
    texts.iter().map(|text| mail(text)).collect()
}

fn absent() -> Scenario<CompanyAggregate> {
    scenario(CompanyAggregate, COMPANY)
}

fn present() -> Scenario<CompanyAggregate> {
    let domain = mail("initech.example");
    absent()
        .given(
            0,
            CompanyCreated {
                name: name("Initech"),
            },
        )
        .given(0, CompanyDomainAdded { domain })
}

fn create(texts: &[&str]) -> CompanyCommand {
    CompanyCommand::Create {
        name: name("Initech"),
        domains: domains(texts),
    }
}

fn set_domains(texts: &[&str]) -> CompanyCommand {
    CompanyCommand::Update {
        name: None,
        domains: Some(domains(texts)),
    }
}

#[test]
fn leads_and_admins_make_companies_and_nobody_else_does() {
    let made = || {
        [
            CompanyCreated {
                name: name("Initech"),
            }
            .into(),
            CompanyDomainAdded {
                domain: mail("initech.example"),
            }
            .into(),
        ]
    };
    absent()
        .when(0, lead(), create(&["initech.example"]))
        .yields(made());
    absent()
        .when(0, admin(), create(&["INITECH.example"]))
        .yields(made());
    for actor in [agent(), customer()] {
        absent()
            .when(0, actor, create(&[]))
            .refuses(CompanyError::NotAllowed);
    }
}

#[test]
fn an_update_yields_what_differs_and_nothing_else() {
    let update = CompanyCommand::Update {
        name: Some(name("Initrode")),
        domains: Some(domains(&["initrode.example"])),
    };
    present().when(1, lead(), update).yields([
        CompanyRenamed {
            from: name("Initech"),
            to: name("Initrode"),
        }
        .into(),
        CompanyDomainRemoved {
            domain: mail("initech.example"),
        }
        .into(),
        CompanyDomainAdded {
            domain: mail("initrode.example"),
        }
        .into(),
    ]);
    present()
        .when(1, lead(), set_domains(&["initech.example"]))
        .yields([]);
}

#[test]
fn a_public_provider_is_no_domain_of_a_company() {
    present()
        .when(1, lead(), set_domains(&["gmail.com"]))
        .refuses(CompanyError::PublicProvider(mail("gmail.com")));
}

#[test]
fn a_company_has_a_bounded_number_of_domains() {
    let many = |count: usize| {
        let texts: Vec<String> = (0..count).map(|n| format!("d{n}.example")).collect();
        CompanyCommand::Create {
            name: name("Initech"),
            domains: texts.iter().map(|text| mail(text)).collect(),
        }
    };
    let limit = PresentCompany::MAX_DOMAINS;
    assert!(absent().when(0, lead(), many(limit)).result.is_ok());
    absent()
        .when(0, lead(), many(limit + 1))
        .refuses(CompanyError::TooManyDomains);
}

#[test]
fn a_domain_belongs_to_one_company() {
    let domain = mail("initech.example");
    let free = DomainClaim::default();
    let taken = DomainClaim {
        held_by: Some(COMPANY),
    };
    let claimed = MailDomainClaimed {
        company_id: COMPANY,
    };
    assert_eq!(claim(&free, COMPANY, &domain), Ok(Some(claimed.into())));
    assert_eq!(claim(&taken, COMPANY, &domain), Ok(None));
    assert_eq!(
        claim(&taken, OTHER_COMPANY, &domain),
        Err(CompanyError::DomainTaken(domain))
    );
    let released = MailDomainReleased {
        company_id: COMPANY,
    };
    assert_eq!(release(&taken, COMPANY), Some(released.into()));
    assert_eq!(release(&taken, OTHER_COMPANY), None);
}

fn person(role: Role) -> Scenario<UserAggregate> {
    scenario(UserAggregate, AGENT).given(
        0,
        UserCreated {
            name: name("Grace"),
            email: None,
            role,
            kind: UserKind::Person,
        },
    )
}

const INTO: UserCommand = UserCommand::SetCompany {
    company_id: Some(COMPANY),
};

#[test]
fn a_customer_is_grouped_by_leads_and_admins_and_a_second_time_changes_nothing() {
    let set = UserCompanySet {
        from: None,
        to: Some(COMPANY),
    };
    person(Role::Customer)
        .when(1, lead(), INTO)
        .yields([set.clone().into()]);
    person(Role::Customer)
        .given(1, set)
        .when(2, admin(), INTO)
        .yields([]);
    for actor in [agent(), customer()] {
        person(Role::Customer)
            .when(1, actor, INTO)
            .refuses(UserError::GroupingNotAllowed);
    }
}

#[test]
fn staff_belong_to_no_company_and_who_becomes_staff_leaves_theirs() {
    person(Role::Agent)
        .when(1, lead(), INTO)
        .refuses(UserError::NoCustomer);
    let promoted = person(Role::Customer)
        .given(
            1,
            UserCompanySet {
                from: None,
                to: Some(COMPANY),
            },
        )
        .given(
            2,
            UserRoleChanged {
                from: Role::Customer,
                to: Role::Agent,
                from_role_id: None,
                to_role_id: None,
            },
        );
    let User::Present(user) = promoted.state() else {
        panic!("they are there");
    };
    assert_eq!(user.company_id, None);
}

#[test]
fn a_mail_domain_is_lower_case_and_has_a_dot() {
    assert_eq!(mail("Mail.Example.COM").as_str(), "mail.example.com");
    for wrong in [
        "localhost",
        "a..b",
        "-a.com",
        "a b.com",
        "a@b.com",
        ".com",
        "münchen.de",
    ] {
        assert!(MailDomain::parse(wrong).is_err(), "{wrong}");
    }
}
