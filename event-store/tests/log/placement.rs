//! Organizations and their partitions.

use std::collections::HashMap;

use event_store::{OrgId, PlacementError};
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn organizations_spread_over_all_partitions_and_stay_where_they_are() {
    let database = Database::new().await;
    let store = database.store().await;
    let partitions = store.partitions().await.unwrap();
    assert_eq!(partitions.len(), 16);
    let mut filled = HashMap::new();
    for number in 0..32 {
        let org_id = OrgId(Uuid::from_u128(number));
        let placement = store
            .place_organization(org_id, &format!("org-{number}"))
            .await
            .unwrap();
        *filled.entry(placement.partition).or_insert(0) += 1;
        assert_eq!(
            store.placement(org_id).await.unwrap(),
            Some(placement.partition)
        );
        assert_eq!(
            store
                .placement_by_slug(&format!("org-{number}"))
                .await
                .unwrap(),
            Some(placement)
        );
    }
    assert!(
        partitions.iter().all(|partition| filled[partition] == 2),
        "{filled:?}"
    );
}

#[tokio::test]
async fn a_taken_slug_gives_the_placement_of_its_owner() {
    let database = Database::new().await;
    let stores = [database.store().await, database.store().await];
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                store
                    .place_organization(OrgId(Uuid::now_v7()), "acme")
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut placements = Vec::new();
    for task in tasks {
        placements.push(task.await.unwrap());
    }
    assert!(
        placements
            .iter()
            .all(|placement| *placement == placements[0])
    );
    let again = stores[0]
        .place_organization(OrgId(Uuid::now_v7()), "acme")
        .await
        .unwrap();
    assert_eq!(again, placements[0]);
}

#[tokio::test]
async fn what_is_not_placed_is_nowhere_and_a_bad_slug_is_refused() {
    let database = Database::new().await;
    let store = database.store().await;
    assert_eq!(store.placement(OrgId(Uuid::now_v7())).await.unwrap(), None);
    assert_eq!(store.placement_by_slug("nobody").await.unwrap(), None);
    let refused = store
        .place_organization(OrgId(Uuid::now_v7()), "Not A Slug")
        .await;
    assert!(matches!(refused, Err(PlacementError::InvalidSlug)));
    assert_eq!(database.count("organization_placements").await, 0);
}
