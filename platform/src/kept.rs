//! How full the caches of this process are, as the metrics show it.

use std::hash::Hash;

use metrics::gauge;
use moka::sync::Cache;

/// Says how many entries a cache has, about: it takes stock by itself a few times a second. Called where something comes in,
/// so a cache that nobody asks shows what it had then.
pub fn count<K, V>(name: &'static str, cache: &Cache<K, V>)
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    gauge!("insightdesk_cache_entries", "cache" => name).set(cache.entry_count() as f64);
}
