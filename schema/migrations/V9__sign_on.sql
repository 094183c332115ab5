-- Signing on by another site: the providers that organizations set up, and who is who there.

CREATE TABLE sign_on_providers (
    partition     smallint    NOT NULL,
    org_id        uuid        NOT NULL,
    provider_id   uuid        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('oidc', 'github')),
    -- To the letter, as ID tokens name it.
    issuer        text        NOT NULL,
    client_id     text        NOT NULL,
    -- Sealed with a key derived from the master key, for this row alone.
    client_secret bytea       NOT NULL,
    -- What the organization decided about it: name, domains, newcomers, second factor.
    settings      jsonb       NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, provider_id)
);

-- The identity that a person has at a provider. It goes with the person and with the provider.
CREATE TABLE sign_on_identities (
    partition   smallint    NOT NULL,
    org_id      uuid        NOT NULL,
    provider_id uuid        NOT NULL,
    -- Who they are there, for ever, whatever their address becomes.
    subject     text        NOT NULL,
    user_id     uuid        NOT NULL,
    -- Their address here when they were linked: who got another one since is somebody else.
    email       text        NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, provider_id, subject)
);
-- One identity of a provider stands for a person: whoever inherits an address at the provider inherits nobody here.
CREATE UNIQUE INDEX sign_on_identities_by_user ON sign_on_identities (partition, org_id, user_id, provider_id);

-- None: they signed in by what is their account's.
ALTER TABLE sessions ADD COLUMN provider_id uuid;

ALTER TABLE challenges DROP CONSTRAINT challenges_purpose_check;
ALTER TABLE challenges ADD CONSTRAINT challenges_purpose_check
    CHECK (purpose IN ('sign_up', 'reset_password', 'email_code', 'invitation', 'sign_in', 'sign_on'));
