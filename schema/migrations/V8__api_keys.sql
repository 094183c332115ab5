-- What machines show instead of a password. Not part of the log: what happened to keys is told by events.

-- Looked up by the id that a key's text begins with, and joined by no transaction of the log. The user with the same id in
-- the log is the machine as which the key acts.
CREATE TABLE api_keys (
    key_id            uuid        NOT NULL,
    org_id            uuid        NOT NULL,
    name              text        NOT NULL CHECK (name <> ''),
    -- Of the whole text, which nobody has but whoever made it.
    hash              bytea       NOT NULL CHECK (octet_length(hash) = 32),
    scopes            text[]      NOT NULL CHECK (cardinality(scopes) > 0),
    -- The admin.
    created_by        uuid        NOT NULL,
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    -- Within a minute; not written with each request.
    last_used_at      timestamptz,
    last_used_address text,
    revoked_at        timestamptz,
    PRIMARY KEY (key_id)
);
CREATE INDEX api_keys_by_organization ON api_keys (org_id, created_at);
CREATE INDEX api_keys_by_end ON api_keys (expires_at);
