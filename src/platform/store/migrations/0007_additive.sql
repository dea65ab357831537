-- Which migrations programs of the version before go on beside. Of those that ran before this was noted nobody knows: no.
ALTER TABLE souk_migration ADD COLUMN additive BIGINT NOT NULL DEFAULT 0;
