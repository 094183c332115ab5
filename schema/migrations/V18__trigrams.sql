-- Parts of names, addresses and subjects are found by their trigrams. The extension is trusted: the owner of the tables may make
-- it. It is part of PostgreSQL, in the package of its additional modules.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
