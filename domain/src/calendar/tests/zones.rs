//! What is known of zones.

use super::super::zone::Zone;
use chrono_tz::TZ_VARIANTS;

#[test]
fn no_setting_of_a_clock_is_overlooked() {
    for name in [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Africa/Cairo",
        "America/Argentina/San_Luis",
        "Antarctica/Troll",
    ] {
        let zone = Zone::parse(name).unwrap();
        assert_eq!(
            zone.transitions(),
            zone.find_transitions(7_200),
            "{name} sets its clock more often than it is looked at"
        );
    }
}

#[test]
fn each_zone_keeps_its_own_settings() {
    for (index, tz) in TZ_VARIANTS.iter().enumerate() {
        assert_eq!(*tz as usize, index);
        assert_eq!(Zone::parse(tz.name()).unwrap().as_str(), tz.name());
    }
    assert_eq!(Zone::UTC.transitions().len(), 1);
}

#[test]
fn a_zone_is_named_as_the_database_does() {
    assert!(Zone::parse("Europe/Berlin").is_ok());
    for wrong in ["europe/berlin", "CEST", "+02:00", "", "Europe/Berlin "] {
        assert!(Zone::parse(wrong).is_err(), "{wrong}");
    }
    let json = serde_json::to_string(&Zone::parse("Asia/Kathmandu").unwrap()).unwrap();
    assert_eq!(json, "\"Asia/Kathmandu\"");
    assert!(serde_json::from_str::<Zone>("\"Mars/Olympus\"").is_err());
}
