-- Letters on their way to people. Written in the transaction of what they tell of, sent by any server afterwards. Not part
-- of the log, joined by no transaction of a partition: one queue for all, so that servers share the work by SKIP LOCKED.
CREATE TABLE mail_outbox (
    -- Also in the Message-ID of every try.
    id              uuid        NOT NULL,
    -- Address and letter, sealed with a key derived from the master key. Empty once it is sent or given up.
    sealed          bytea       NOT NULL,
    created_at      timestamptz NOT NULL,
    -- While a server tries to send it: when another one may.
    next_attempt_at timestamptz NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    sent_at         timestamptz,
    failed_at       timestamptz,
    -- Why the last try failed, in few words without personal data.
    failure         text,
    PRIMARY KEY (id),
    CHECK (sent_at IS NULL OR failed_at IS NULL),
    CHECK (failed_at IS NULL OR failure IS NOT NULL),
    CHECK ((octet_length(sealed) = 0) = (sent_at IS NOT NULL OR failed_at IS NOT NULL))
);
-- Every server looks each second for those that are due.
CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at) WHERE sent_at IS NULL AND failed_at IS NULL;
-- Those that are done are removed after a while.
CREATE INDEX mail_outbox_done ON mail_outbox ((coalesce(sent_at, failed_at))) WHERE sent_at IS NOT NULL OR failed_at IS NOT NULL;
