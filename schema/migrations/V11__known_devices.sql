-- The devices that an account is known to sign in from: only hashes. One that is not among them, or was not used for long, is
-- told of to the account's owner by mail.
CREATE TABLE known_devices (
    account_id  uuid        NOT NULL,
    -- Of what the program calls itself and the network that it comes from.
    fingerprint bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
    -- The last sign-in.
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
);
CREATE INDEX known_devices_by_age ON known_devices (seen_at);
