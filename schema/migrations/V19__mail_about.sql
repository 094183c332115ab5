-- Whom a letter is about: the people, and the account, who get it or whose words are in it. An erasure takes it out of the
-- outbox. Letters that a former version wrote name nobody; they are sent or given up within two days.
ALTER TABLE mail_outbox ADD COLUMN about uuid[] NOT NULL DEFAULT '{}';
