//! The rules of the team.

use crate::scenario::{
    AGENT, OTHER_AGENT, Scenario, TEAM, admin, agent, customer, import, lead, other_agent, scenario,
};
use domain::actor::Actor;
use domain::aggregate::TeamAggregate;
use domain::ids::UserId;
use domain::team::command::TeamCommand;
use domain::team::error::TeamError;
use domain::team::event::{
    TeamCreated, TeamMemberAdded, TeamMemberRemoved, TeamPrivacySet, TeamRenamed,
};
use domain::team::state::PresentTeam;
use domain::text::Name;
use std::collections::BTreeSet;
use uuid::Uuid;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn absent() -> Scenario<TeamAggregate> {
    scenario(TeamAggregate, TEAM)
}

fn present() -> Scenario<TeamAggregate> {
    absent()
        .given(
            0,
            TeamCreated {
                name: name("Printers"),
            },
        )
        .given(0, TeamMemberAdded { user_id: AGENT })
}

fn create(members: impl IntoIterator<Item = UserId>) -> TeamCommand {
    TeamCommand::Create {
        name: name("Printers"),
        private: false,
        members: members.into_iter().collect(),
    }
}

fn set_members(members: impl IntoIterator<Item = UserId>) -> TeamCommand {
    TeamCommand::Update {
        name: None,
        private: None,
        members: Some(members.into_iter().collect()),
    }
}

fn many(count: usize) -> BTreeSet<UserId> {
    (0..count)
        .map(|n| UserId(Uuid::from_u128(n as u128)))
        .collect()
}

#[test]
fn a_lead_an_admin_the_operator_and_an_import_make_teams_once() {
    for actor in [lead(), admin(), Actor::Operator, import()] {
        absent().when(0, actor.clone(), create([AGENT])).yields([
            TeamCreated {
                name: name("Printers"),
            }
            .into(),
            TeamMemberAdded { user_id: AGENT }.into(),
        ]);
        present()
            .when(1, actor, create([]))
            .refuses(TeamError::AlreadyExists);
    }
}

#[test]
fn nobody_else_makes_or_changes_teams() {
    for actor in [agent(), customer(), Actor::Timer] {
        absent()
            .when(0, actor.clone(), create([]))
            .refuses(TeamError::NotAllowed);
        present()
            .when(1, actor, set_members([]))
            .refuses(TeamError::NotAllowed);
    }
}

#[test]
fn only_those_who_leave_or_join_are_told() {
    present()
        .when(1, admin(), set_members([OTHER_AGENT]))
        .yields([
            TeamMemberRemoved { user_id: AGENT }.into(),
            TeamMemberAdded {
                user_id: OTHER_AGENT,
            }
            .into(),
        ]);
    present()
        .when(1, admin(), set_members([AGENT, OTHER_AGENT]))
        .yields([TeamMemberAdded {
            user_id: OTHER_AGENT,
        }
        .into()]);
}

#[test]
fn what_stays_the_same_is_no_event() {
    let same = TeamCommand::Update {
        name: Some(name("Printers")),
        private: Some(false),
        members: Some([AGENT].into()),
    };
    present().when(1, admin(), same.clone()).changes_nothing();
    absent().when(1, admin(), same).refuses(TeamError::NotFound);
}

#[test]
fn a_new_name_tells_both() {
    let rename = TeamCommand::Update {
        name: Some(name("Fire brigade")),
        private: None,
        members: None,
    };
    present().when(1, admin(), rename).yields([TeamRenamed {
        from: name("Printers"),
        to: name("Fire brigade"),
    }
    .into()]);
}

fn set_private(private: bool) -> TeamCommand {
    TeamCommand::Update {
        name: None,
        private: Some(private),
        members: None,
    }
}

#[test]
fn a_team_is_private_only_when_that_was_told() {
    let made = TeamCommand::Create {
        name: name("Printers"),
        private: true,
        members: BTreeSet::new(),
    };
    absent().when(0, lead(), made).yields([
        TeamCreated {
            name: name("Printers"),
        }
        .into(),
        TeamPrivacySet { private: true }.into(),
    ]);
    let told = TeamPrivacySet { private: true };
    present()
        .when(1, admin(), set_private(true))
        .yields([told.clone().into()]);
    present()
        .when(1, admin(), set_private(false))
        .changes_nothing();
    let private = present().given(1, told);
    private
        .when(2, admin(), set_private(true))
        .changes_nothing();
    private
        .when(2, admin(), set_private(false))
        .yields([TeamPrivacySet { private: false }.into()]);
    for actor in [agent(), customer(), Actor::Timer] {
        private
            .when(2, actor, set_private(false))
            .refuses(TeamError::NotAllowed);
    }
}

#[test]
fn a_private_team_is_hidden_from_agents_and_leads_who_are_not_in_it() {
    let team = |private| PresentTeam {
        name: name("Printers"),
        private,
        members: [AGENT].into(),
    };
    for actor in [other_agent(), lead()] {
        assert!(team(true).is_hidden_from(&actor), "{actor:?}");
        assert!(!team(false).is_hidden_from(&actor), "{actor:?}");
    }
    for actor in [
        agent(),
        admin(),
        Actor::Operator,
        Actor::Timer,
        import(),
        customer(),
    ] {
        assert!(!team(true).is_hidden_from(&actor), "{actor:?}");
    }
}

#[test]
fn a_team_has_a_bounded_number_of_members() {
    assert!(
        absent()
            .when(0, admin(), create(many(PresentTeam::MAX_MEMBERS)))
            .result
            .is_ok()
    );
    let too_many = many(PresentTeam::MAX_MEMBERS + 1);
    absent()
        .when(0, admin(), create(too_many.clone()))
        .refuses(TeamError::TooManyMembers);
    present()
        .when(1, admin(), set_members(too_many))
        .refuses(TeamError::TooManyMembers);
}
