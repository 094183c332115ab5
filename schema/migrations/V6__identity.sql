-- Who may sign in, and the sign-ins. Not part of the log: passwords, keys and sessions change and go. What happened to them
-- is told by events.

-- A login of a person: one e-mail address, whatever the number of organizations that they belong to. Looked up by address
-- or id, and joined by no transaction of the log.
CREATE TABLE accounts (
    account_id          uuid        NOT NULL,
    -- Lower case, and the owner has shown that mail to it reaches them.
    email               text        NOT NULL CHECK (email <> ''),
    -- A PHC string. None: they sign in otherwise.
    password            text,
    password_changed_at timestamptz,
    -- Raised when every session of the account has to end: a session carries the number that it began with.
    generation          integer     NOT NULL DEFAULT 1 CHECK (generation > 0),
    -- The secret of the second factor, sealed with a master key; none before it is asked for.
    totp_secret         bytea,
    totp_confirmed_at   timestamptz,
    -- The step of the last code that was taken: it and everything before it are used up.
    totp_last_step      bigint      NOT NULL DEFAULT 0,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id),
    CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);
CREATE UNIQUE INDEX accounts_by_email ON accounts (email);

-- The people of organizations that an account may act as.
CREATE TABLE memberships (
    account_id uuid        NOT NULL,
    org_id     uuid        NOT NULL,
    partition  smallint    NOT NULL,
    user_id    uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, org_id)
);
CREATE UNIQUE INDEX memberships_by_user ON memberships (org_id, user_id);

-- Used up one by one. Only hashes: each has 80 random bits.
CREATE TABLE recovery_codes (
    account_id uuid        NOT NULL,
    hash       bytea       NOT NULL CHECK (octet_length(hash) = 32),
    used_at    timestamptz,
    PRIMARY KEY (account_id, hash)
);

-- What somebody was asked to show once: a link or a code that was mailed, or the next step of a sign-in.
CREATE TABLE challenges (
    challenge_id uuid        NOT NULL,
    purpose      text        NOT NULL CHECK (purpose IN ('sign_up', 'reset_password', 'email_code', 'invitation', 'sign_in')),
    -- Of the secret that was given out.
    hash         bytea       NOT NULL CHECK (octet_length(hash) = 32),
    -- What the secret leads to; without secrets of its own but the hash of a chosen password.
    data         jsonb       NOT NULL,
    -- One of them at a time stands for the same account, address or invitation.
    subject      text        NOT NULL,
    attempts     smallint    NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    PRIMARY KEY (challenge_id)
);
CREATE INDEX challenges_by_subject ON challenges (purpose, subject) WHERE used_at IS NULL;
CREATE UNIQUE INDEX challenges_by_hash ON challenges (hash);
CREATE INDEX challenges_by_end ON challenges (expires_at);

-- A sign-in on one device. The projector ends the sessions of people who lost their role, in its transaction.
CREATE TABLE sessions (
    partition          smallint    NOT NULL,
    session_id         uuid        NOT NULL,
    org_id             uuid        NOT NULL,
    user_id            uuid        NOT NULL,
    -- None: the operator made it.
    account_id         uuid,
    account_generation integer     NOT NULL,
    -- The version of the user's stream whose role the tokens carry.
    user_version       bigint      NOT NULL,
    -- Only hashes of refresh tokens. `tag_key` proves that a token was once one of this session's.
    tag_key            bytea       NOT NULL CHECK (octet_length(tag_key) = 32),
    generation         integer     NOT NULL DEFAULT 1 CHECK (generation > 0),
    token_hash         bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    former_hash        bytea       CHECK (octet_length(former_hash) = 32),
    -- The present secret, readable with the former one alone: a client whose answer was lost gets the same again.
    blinded_secret     bytea       CHECK (octet_length(blinded_secret) = 32),
    methods            text[]      NOT NULL,
    device             text        NOT NULL,
    address            text        NOT NULL,
    created_at         timestamptz NOT NULL,
    last_used_at       timestamptz NOT NULL,
    -- Of the refresh token.
    expires_at         timestamptz NOT NULL,
    -- Until then an access token of the session may be good.
    access_until       timestamptz NOT NULL,
    ended_at           timestamptz,
    end_reason         text,
    PRIMARY KEY (partition, session_id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_by_user ON sessions (partition, org_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_account ON sessions (account_id) WHERE ended_at IS NULL;
-- Every server looks each second for those whose access tokens are still good.
CREATE INDEX sessions_ended ON sessions (access_until) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- What happened to credentials, on its way to the log: written with the change, taken out once the event is in the log.
CREATE TABLE security_outbox (
    event_id      uuid        NOT NULL,
    org_id        uuid        NOT NULL,
    event         jsonb       NOT NULL,
    actor         jsonb       NOT NULL,
    request_id    text,
    address       text,
    occurred_at   timestamptz NOT NULL,
    PRIMARY KEY (event_id)
);
CREATE INDEX security_outbox_by_age ON security_outbox (occurred_at, event_id);
