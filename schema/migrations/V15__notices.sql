-- What is to be written to people because of what happened to tickets: a row each, until its letters are in the outbox.
-- The saga writes it in the transaction of its checkpoint.
CREATE TABLE notices (
    partition smallint NOT NULL,
    -- That of the event.
    position  bigint   NOT NULL CHECK (position > 0),
    org_id    uuid     NOT NULL,
    ticket_id uuid     NOT NULL,
    event_id  uuid     NOT NULL,
    -- To whom, and of what. No words of a customer.
    notice    json     NOT NULL,
    PRIMARY KEY (partition, position)
);

-- How far notices were ever written. Unlike `position` it is never set back: who was told once is not told again because
-- the saga folds the log anew.
ALTER TABLE saga_checkpoints ADD COLUMN noticed bigint NOT NULL DEFAULT 0 CHECK (noticed >= 0);
