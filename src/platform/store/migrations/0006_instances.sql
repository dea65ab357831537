-- Processes that share this database (PostgreSQL): who lives, and who goes on with the work of those that have gone. heir: NULL, it lives; 0, it
-- has left, and nobody has taken its work yet.
CREATE TABLE souk_instance (
    number BIGINT PRIMARY KEY,
    heir   BIGINT
);
-- One row. The epoch counts those who have led: what one writes as the leader is checked against it.
CREATE TABLE souk_leader (
    one   BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL
);
INSERT INTO souk_leader (one, epoch) VALUES (1, 0);

-- who began it
ALTER TABLE souk_saga ADD COLUMN instance BIGINT NOT NULL DEFAULT 0;
ALTER TABLE souk_idempotency ADD COLUMN instance BIGINT NOT NULL DEFAULT 0;
