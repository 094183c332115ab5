-- The second factor of a person for when they come by another site: their organization's, which chose that site, and good
-- nowhere else. What an account has is in `accounts`. Its recovery codes are in `recovery_codes`, and the devices that the
-- person signs on from in `known_devices`, both by the person's id in the place of an account's.
CREATE TABLE sign_on_factors (
    user_id           uuid        NOT NULL,
    org_id            uuid        NOT NULL,
    -- Sealed with a master key; none before it is asked for.
    totp_secret       bytea,
    totp_confirmed_at timestamptz,
    -- The step of the last code that was taken: it and everything before it are used up.
    totp_last_step    bigint      NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL,
    PRIMARY KEY (user_id),
    CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);
