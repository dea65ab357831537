-- Who works on what is claimed, and whether the process that did has ended: then whoever asks again goes on under the same name.
ALTER TABLE souk_idempotency ADD COLUMN worker TEXT NOT NULL DEFAULT '';
ALTER TABLE souk_idempotency ADD COLUMN left_behind BIGINT NOT NULL DEFAULT 0;
