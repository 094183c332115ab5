//! `insightdesk rotate-master-key`.

use anyhow::{Result, bail};
use indicatif::HumanCount;

use write_side::identity::{reseal_client_secrets, reseal_second_factors};

use super::{connect, progress_bar};
use crate::node::Node;

/// Wraps every data key, and seals every mail that waits, every secret of a second factor and every client secret of a
/// provider of sign-on, with the current master key.
///
/// # Errors
/// When the database fails, or a master key that wraps one of them is not configured.
pub async fn rotate_master_key() -> Result<()> {
    let node = connect().await?;
    let outcome = rotate(&node).await;
    node.stop().await;
    outcome
}

async fn rotate(node: &Node) -> Result<()> {
    let partitions = node.store.partitions().await?;
    let mut total = 0;
    for partition in &partitions {
        total += node.keys.count_to_rotate(*partition).await?;
    }
    let bar = progress_bar("keys")?;
    bar.set_length(total);
    for partition in &partitions {
        loop {
            let done = node.keys.rotate_batch(*partition).await?;
            if done == 0 {
                break;
            }
            bar.inc(done);
        }
    }
    bar.finish_and_clear();
    let letters = reseal_mail(node).await?;
    let factors = reseal_factors(node).await?;
    let secrets = reseal_secrets(node).await?;
    for partition in &partitions {
        let left = node.keys.count_to_rotate(*partition).await?;
        if left > 0 {
            bail!(
                "a server that still has the former master key as its current one made {left} keys meanwhile: restart every server with the new key first, then run this again"
            );
        }
    }
    let late =
        reseal_mail(node).await? + reseal_factors(node).await? + reseal_secrets(node).await?;
    if late > 0 {
        bail!(
            "a server that still has the former master key as its current one sealed mails, second factors or client secrets meanwhile: restart every server with the new key first, then run this again"
        );
    }
    node.keys.retire_other_master_keys().await?;
    println!(
        "{} keys were wrapped anew, {} waiting mails, {} second factors and {} client secrets sealed anew; no other master key than the current one is needed any more",
        HumanCount(total),
        HumanCount(letters),
        HumanCount(factors),
        HumanCount(secrets)
    );
    Ok(())
}

async fn reseal_factors(node: &Node) -> Result<u64> {
    let client = node.pools.identity.get().await?;
    Ok(reseal_second_factors(&**client, &node.master).await?)
}

async fn reseal_secrets(node: &Node) -> Result<u64> {
    let client = node.pools.identity.get().await?;
    Ok(reseal_client_secrets(&**client, &node.master).await?)
}

async fn reseal_mail(node: &Node) -> Result<u64> {
    let client = node.pools.identity.get().await?;
    Ok(node.outbox.reseal(&**client).await?)
}
