//! The rules of the organization and its settings.

use crate::scenario::lead;
use crate::scenario::{ORGANIZATION, Scenario, admin, agent, customer, import, scenario};
use domain::actor::Actor;
use domain::aggregate::OrganizationAggregate;
use domain::error::Kind;
use domain::organization::command::OrganizationCommand;
use domain::organization::error::OrganizationError;
use domain::organization::event::{
    OrganizationCreated, OrganizationDeleted, OrganizationRenamed, OrganizationResumed,
    OrganizationSettingsChanged, OrganizationSuspended,
};
use domain::organization::settings::{FieldDefinition, FieldKind, Settings};
use domain::text::{FieldKey, FieldText, Name, Slug};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn created() -> OrganizationCreated {
    let slug = Slug::parse("acme").unwrap();
    OrganizationCreated {
        name: name("Acme"),
        slug,
        settings: Settings::default(),
    }
}

fn absent() -> Scenario<OrganizationAggregate> {
    scenario(OrganizationAggregate, ORGANIZATION)
}

fn present() -> Scenario<OrganizationAggregate> {
    absent().given(0, created())
}

fn create() -> OrganizationCommand {
    OrganizationCommand::Create {
        name: name("Acme"),
        slug: created().slug,
    }
}

fn update(change: impl FnOnce(&mut Settings)) -> OrganizationCommand {
    let mut settings = Settings::default();
    change(&mut settings);
    OrganizationCommand::Update {
        name: None,
        settings: Some(settings),
    }
}

fn field(key: &str, kind: FieldKind) -> (FieldKey, FieldDefinition) {
    (
        FieldKey::parse(key).unwrap(),
        FieldDefinition {
            label: name("Field"),
            kind,
        },
    )
}

fn options(options: &[&str]) -> FieldKind {
    FieldKind::Choice {
        options: options
            .iter()
            .map(|text| FieldText::parse(text).unwrap())
            .collect(),
    }
}

#[test]
fn the_operator_makes_it_with_the_default_settings_once() {
    absent()
        .when(0, Actor::Operator, create())
        .yields([created().into()]);
    present()
        .when(1, Actor::Operator, create())
        .refuses(OrganizationError::AlreadyExists);
}

#[test]
fn nobody_else_makes_one() {
    for actor in [admin(), agent(), customer(), import(), Actor::Timer] {
        absent()
            .when(0, actor, create())
            .refuses(OrganizationError::OperatorOnly);
    }
}

#[test]
fn an_admin_and_the_operator_change_it_and_nobody_else() {
    let rename = OrganizationCommand::Update {
        name: Some(name("Acme Inc")),
        settings: None,
    };
    for actor in [admin(), Actor::Operator] {
        present()
            .when(1, actor, rename.clone())
            .yields([OrganizationRenamed {
                from: name("Acme"),
                to: name("Acme Inc"),
            }
            .into()]);
    }
    for actor in [agent(), lead(), customer(), import(), Actor::Timer] {
        present()
            .when(1, actor, rename.clone())
            .refuses(OrganizationError::AdminOnly);
    }
    absent()
        .when(1, admin(), rename)
        .refuses(OrganizationError::NotFound);
}

#[test]
fn what_stays_the_same_is_no_event() {
    let same = OrganizationCommand::Update {
        name: Some(name("Acme")),
        settings: Some(Settings::default()),
    };
    present().when(1, admin(), same).changes_nothing();
}

#[test]
fn changed_settings_are_told_whole() {
    let settings = Settings {
        auto_close_after_hours: 1,
        ..Settings::default()
    };
    present()
        .when(
            1,
            admin(),
            update(|settings| settings.auto_close_after_hours = 1),
        )
        .yields([OrganizationSettingsChanged { settings }.into()]);
}

#[track_caller]
fn refuses_setting(command: OrganizationCommand, field: &str) {
    let error = present().when(1, admin(), command).result.unwrap_err();
    assert_eq!(error.kind(), Kind::invalid(field.to_owned()));
}

#[test]
fn a_setting_out_of_its_limits_is_refused_by_its_name() {
    refuses_setting(
        update(|s| s.auto_close_after_hours = 8_761),
        "settings/auto_close_after_hours",
    );
    refuses_setting(
        update(|s| s.reopen_window_days = 3_651),
        "settings/reopen_window_days",
    );
    refuses_setting(
        update(|s| s.edit_window_minutes = 43_201),
        "settings/edit_window_minutes",
    );
    refuses_setting(
        update(|s| s.sla_targets.low.first_response_minutes = 0),
        "settings/sla_targets/low/first_response_minutes",
    );
    refuses_setting(
        update(|s| s.sla_targets.urgent.resolution_minutes = 5_256_001),
        "settings/sla_targets/urgent/resolution_minutes",
    );
}

#[test]
fn a_setting_at_its_limit_passes() {
    let limits = update(|settings| {
        settings.auto_close_after_hours = 8_760;
        settings.reopen_window_days = 0;
        settings.edit_window_minutes = 0;
        settings.sla_targets.low.first_response_minutes = 1;
        settings.sla_targets.low.resolution_minutes = 5_256_000;
    });
    assert!(present().when(1, admin(), limits).result.is_ok());
}

#[test]
fn an_organization_has_a_bounded_number_of_fields() {
    let fields = |count: usize| {
        update(|s| {
            s.custom_fields = (0..count)
                .map(|n| field(&format!("f{n}"), FieldKind::Text))
                .collect()
        })
    };
    assert!(present().when(1, admin(), fields(200)).result.is_ok());
    refuses_setting(fields(201), "settings/custom_fields");
}

#[test]
fn the_texts_of_all_custom_fields_together_are_bounded() {
    let with_options = |options: usize| {
        let option = |number| FieldText::parse(&format!("{number:0>1000}")).unwrap();
        let kind = FieldKind::Choice {
            options: (0..options).map(option).collect(),
        };
        update(|settings| {
            let fields = ["one", "two"].map(|key| field(key, kind.clone()));
            settings.custom_fields = fields.into_iter().collect();
        })
    };
    refuses_setting(with_options(132), "settings/custom_fields");
    assert!(present().when(1, admin(), with_options(131)).result.is_ok());
}

#[test]
fn a_choice_has_options_and_none_of_them_twice() {
    let with = |kind| update(|settings| settings.custom_fields = [field("color", kind)].into());
    assert!(
        present()
            .when(1, admin(), with(options(&["red", "blue"])))
            .result
            .is_ok()
    );
    refuses_setting(with(options(&[])), "settings/custom_fields/color/options");
    refuses_setting(
        with(options(&["red", "red"])),
        "settings/custom_fields/color/options",
    );
    let many: Vec<_> = (0..201).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    refuses_setting(with(options(&many)), "settings/custom_fields/color/options");
}

#[test]
fn a_suspended_organization_is_resumed_or_deleted_and_a_second_time_changes_nothing() {
    let suspended = || present().given(1, OrganizationSuspended {});
    present()
        .when(1, Actor::Operator, OrganizationCommand::Suspend)
        .yields([OrganizationSuspended {}.into()]);
    suspended()
        .when(2, Actor::Operator, OrganizationCommand::Suspend)
        .yields([]);
    suspended()
        .when(2, Actor::Operator, OrganizationCommand::Resume)
        .yields([OrganizationResumed {}.into()]);
    present()
        .when(1, Actor::Operator, OrganizationCommand::Resume)
        .yields([]);
    suspended()
        .when(2, Actor::Operator, OrganizationCommand::Delete)
        .yields([OrganizationDeleted {}.into()]);
}

#[test]
fn an_organization_is_deleted_only_once_it_is_suspended() {
    present()
        .when(1, Actor::Operator, OrganizationCommand::Delete)
        .refuses(OrganizationError::NotSuspended);
    present()
        .given(1, OrganizationSuspended {})
        .given(2, OrganizationResumed {})
        .when(3, Actor::Operator, OrganizationCommand::Delete)
        .refuses(OrganizationError::NotSuspended);
}

#[test]
fn a_deleted_organization_stays_deleted() {
    let deleted = || {
        present()
            .given(1, OrganizationSuspended {})
            .given(2, OrganizationDeleted {})
    };
    for command in [OrganizationCommand::Suspend, OrganizationCommand::Resume] {
        deleted()
            .when(3, Actor::Operator, command)
            .refuses(OrganizationError::Deleted);
    }
    deleted()
        .when(3, Actor::Operator, OrganizationCommand::Delete)
        .yields([]);
}

#[test]
fn only_the_operator_shuts_an_organization() {
    for command in [
        OrganizationCommand::Suspend,
        OrganizationCommand::Resume,
        OrganizationCommand::Delete,
    ] {
        present()
            .when(1, admin(), command)
            .refuses(OrganizationError::OperatorOnly);
    }
}
