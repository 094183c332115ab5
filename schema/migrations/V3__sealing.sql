-- The keys of sealed personal data. Not part of the log: a copy of the log without these tables cannot be read, so keep
-- their backups apart from the log's.

-- One key for each person of an organization, wrapped with a master key of the configuration. An erased person keeps the
-- row without a key, so that they never get another one.
CREATE TABLE data_keys (
    partition     smallint    NOT NULL,
    org_id        uuid        NOT NULL,
    subject_id    uuid        NOT NULL,
    wrapped       bytea,
    master_key_id text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    erased_at     timestamptz,
    PRIMARY KEY (partition, org_id, subject_id),
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL)),
    CHECK ((wrapped IS NULL) = (master_key_id IS NULL))
);

-- Every server looks for new erasures each second.
CREATE INDEX data_keys_by_erasure ON data_keys (erased_at) WHERE erased_at IS NOT NULL;
-- A rotation walks the keys that another master key wraps.
CREATE INDEX data_keys_by_master_key ON data_keys (partition, master_key_id) WHERE master_key_id IS NOT NULL;

-- A known text sealed with each master key in use: a server with a wrong one does not start.
CREATE TABLE master_keys (
    id         text        NOT NULL CHECK (id <> ''),
    proof      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id)
);
